"""Fixtures that every kind of test may ask for."""

import os
from pathlib import Path

import hypothesis
import pytest

from tests.support.absent import absent

pytest_plugins = ["tests.support.plain", "tests.support.fixtures"]

# Time limits are pytest's: on a busy machine a single example can take long. Under CI hypothesis has its own
# profile, without deadlines and with the same examples every time.
hypothesis.settings.register_profile("busy", deadline=None)
if os.environ.get("CI") != "true":
    hypothesis.settings.load_profile("busy")

CHECKOUT = Path(__file__).resolve().parent.parent


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what tests measured and want shown, also in xdist's workers: record_property("shown", text)."""
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            if name == "shown":
                terminalreporter.section(report.nodeid.rpartition("::")[2], sep="-")
                terminalreporter.write_line(str(text))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded streams and oracle files beside the checkout."""
    folder = CHECKOUT.parent / "shared"
    if not (folder / "data").is_dir():
        absent(f"no folder {folder}: the recorded streams and oracle files are not part of the repository")
    return folder
