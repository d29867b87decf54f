import io
import itertools
import json
import logging
import sys
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


def test_a_repeated_warning_is_written_once_in_ten_seconds() -> None:
    """With the number of those held back; what differs in numbers only is the same."""
    now = 100.0
    bounded = logs.Bounded(clock=lambda: now)

    def written(text: str, level: int = logging.WARNING) -> logging.LogRecord | None:
        record = logging.makeLogRecord({"name": "kafka", "levelno": level, "msg": text})
        return record if bounded.filter(record) else None

    first = [written(f"connection refused after {n} ms") is not None for n in range(5)]
    other = written("disk full")
    now += logs.REPEAT_AFTER_S
    later = written("connection refused after 7 ms")

    assert [True, False, False, False, False] == first
    assert other is not None
    assert later is not None
    assert vars(later)["repeated"] == 4


def test_changes_of_state_in_one_moment_are_a_line_each() -> None:
    """A hundred partitions that are restored together."""
    stream = logged("json")
    for number in range(logs.MOST_OF_A_MESSAGE):
        logging.getLogger("processor.stream").info("restored", extra={"partition": number})

    assert len(stream.getvalue().splitlines()) == logs.MOST_OF_A_MESSAGE


@pytest.mark.parametrize("level", [logging.INFO, logging.ERROR])
def test_a_flood_of_one_message_is_bounded_whatever_its_fields(level: int) -> None:
    """Ten lines a second in the mean, and later the number of those held back."""
    now = 100.0
    bounded = logs.Bounded(clock=lambda: now)

    def written(text: str) -> logging.LogRecord | None:
        given = {"name": "stream", "levelno": level, "msg": "anomaly published", "id": text}
        record = logging.makeLogRecord(given)
        return record if bounded.filter(record) else None

    names = ["".join(letters) for letters in itertools.product("abcdefghij", repeat=3)]
    flood = sum(written(name) is not None for name in names)
    now += logs.REPEAT_AFTER_S
    later = written("last" if level == logging.INFO else names[-1])

    assert flood == logs.MOST_OF_A_MESSAGE
    assert later is not None
    assert vars(later)["repeated"] == (900 if level == logging.INFO else 1)


def test_what_is_remembered_is_bounded() -> None:
    """Ten thousand texts that all differ do not pile up."""
    bounded = logs.Bounded(clock=lambda: 0.0)
    for letters in itertools.product("abcdefghij", repeat=4):
        bounded.filter(logging.makeLogRecord({"levelno": logging.ERROR, "msg": "".join(letters)}))

    assert sys.getsizeof(vars(bounded)["_sorts"]) < 100_000
