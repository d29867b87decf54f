"""What can be said of the image without building it; tests/image builds and runs it."""

import json
from pathlib import Path
from typing import Final

from tests.deploy.tools import CHECKOUT, run

DOCKERFILE: Final = CHECKOUT / "Dockerfile"


def _final_stage() -> str:
    return DOCKERFILE.read_text().rpartition("\nFROM ")[2]


def test_hadolint_has_nothing_to_say() -> None:
    """Clean, but for the two reasons stated in the file: the base is an argument."""
    assert run("hadolint", str(DOCKERFILE)) == ""


def test_the_final_stage_only_copies() -> None:
    """No package is installed and no command is run there: what builds stays behind."""
    assert "RUN" not in _final_stage()


def test_the_user_is_a_number_and_not_root() -> None:
    """Kubernetes' runAsNonRoot can tell from a number alone."""
    assert "\nUSER 10001:10001\n" in _final_stage()


def test_the_context_holds_only_what_the_build_copies() -> None:
    """Everything is ignored but for the named exceptions, and each of them exists."""
    lines = (CHECKOUT / ".dockerignore").read_text().splitlines()
    kept = [line[1:] for line in lines if line.startswith("!")]

    assert "*" in lines
    assert all((CHECKOUT / path).exists() for path in kept)


def test_the_bill_of_materials_lists_what_the_image_installs(tmp_path: Path) -> None:
    """CycloneDX, valid by its schema, one component a pinned requirement with its hashes."""
    pinned = {
        line.split("==")[0]
        for line in (CHECKOUT / "requirements" / "runtime.txt").read_text().splitlines()
        if "==" in line and not line.startswith((" ", "#"))
    }
    bill = tmp_path / "bill.json"
    arguments = ["requirements", "--pyproject", "pyproject.toml", "--validate", "--output-file", str(bill)]
    run("cyclonedx-py", *arguments, "requirements/runtime.txt")

    written = json.loads(bill.read_text())
    assert written["bomFormat"] == "CycloneDX"
    assert written["metadata"]["component"]["name"] == "eventcluster"
    assert pinned == {component["name"] for component in written["components"]}
    assert all(component["externalReferences"] for component in written["components"])
