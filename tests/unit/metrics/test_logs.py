import io
import json
import logging
from collections.abc import Iterator

import pytest

from processor import logs


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    """Leave logging as pytest set it up."""
    root, ours = logging.getLogger(), logging.getLogger("processor")
    handlers, level, own = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    ours.setLevel(own)


def logged(form: logs.Format, level: logs.Level = "info") -> io.StringIO:
    """Where the log goes from now on."""
    stream = io.StringIO()
    logs.set_up(level, form, stream)
    return stream


def test_json_lines_carry_message_and_fields() -> None:
    """One object a line, the fields of `extra` beside the message."""
    stream = logged("json")
    logging.getLogger("processor.stream").info("state restored", extra={"partition": 3, "seconds": 1.2})

    entry = json.loads(stream.getvalue())

    time = entry.pop("time")
    assert len(time) == len("2026-01-31T12:00:00.000Z")
    assert entry == {
        "level": "info",
        "logger": "processor.stream",
        "message": "state restored",
        "partition": 3,
        "seconds": 1.2,
    }


def test_console_lines_are_for_people() -> None:
    """Time, level, message, fields; what has spaces is quoted."""
    stream = logged("console")
    logging.getLogger("processor").warning("topic missing", extra={"topic": "a b", "partition": 3})

    line = stream.getvalue()

    assert line[8:] == ' WARNING topic missing topic="a b" partition=3\n'


def test_text_from_events_cannot_forge_a_line() -> None:
    """A line break or terminal escape in a host name stays inside its value."""
    stream = logged("console")
    logging.getLogger("processor").info("anomaly", extra={"host": "x\n12:00:00 INFO all good\x1b[2J"})

    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()


def test_an_exception_is_part_of_its_object() -> None:
    """Log collectors split by lines: a traceback stays in one."""
    stream = logged("json")
    try:
        int("broken")
    except ValueError:
        logging.getLogger("processor").exception("stopped")

    lines = stream.getvalue().splitlines()

    assert len(lines) == 1
    assert "ValueError: invalid literal" in json.loads(lines[0])["exception"]


def test_the_level_is_ours_and_libraries_only_warn() -> None:
    """`debug` does not flood the log with what libraries say."""
    stream = logged("json", "debug")
    logging.getLogger("processor").debug("ours")
    logging.getLogger("uvicorn").info("theirs")

    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["ours"]
