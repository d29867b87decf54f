"""Log set-up: JSON, one object a line, for machines; or plain lines for a console."""

import json
import logging
import re
import sys
import threading
import time
from collections.abc import Callable
from typing import Final, Literal, TextIO

Format = Literal["json", "console"]
Level = Literal["debug", "info", "warning", "error"]

# What every LogRecord has anyway: all else was given by the caller as `extra`.
_PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

# A warning or error is written once in so long; what differs in numbers only is the same.
REPEAT_AFTER_S: Final = 10.0
_MAX_REMEMBERED: Final = 1_000
_NUMBERS: Final = re.compile(r"\d+")


def set_up(level: Level, form: Format, stream: TextIO | None = None) -> None:
    """Send our log and the libraries' warnings to `stream` (standard error), replacing an earlier set-up."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Console())
    handler.addFilter(Bounded())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("processor").setLevel(level.upper())


def quiet() -> None:
    """Log nothing: a command that ends soon tells its errors itself, once; libraries repeat them."""
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


class Bounded(logging.Filter):
    """Holds back warnings and errors that repeat: a broker that is away is one line, not forty a second.

    The next line of its sort that is written says in `repeated` how many were held back.
    clock : seconds, monotonic
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._written: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write it."""
        if record.levelno < logging.WARNING:
            return True
        sort = (record.name, _NUMBERS.sub("", f"{record.getMessage()} {_fields(record)}"))
        now = self._clock()
        with self._lock:
            written, held_back = self._written.get(sort, (None, 0))
            if written is not None and now - written < REPEAT_AFTER_S:
                self._written[sort] = (written, held_back + 1)
                return False
            if len(self._written) >= _MAX_REMEMBERED:
                self._written.clear()
            self._written[sort] = (now, 0)
        if held_back:
            record.repeated = held_back
        return True


class _Json(logging.Formatter):
    """Message and fields as one JSON object; times in UTC with milliseconds."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": _utc(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str, ensure_ascii=False)


class _Console(logging.Formatter):
    """`12:00:01 INFO    state restored topic=events partition=3 seconds=1.2`."""

    def format(self, record: logging.LogRecord) -> str:
        parts = [_utc(record)[11:19], f"{record.levelname:<7}", record.getMessage()]
        parts += [f"{name}={_quoted(value)}" for name, value in _fields(record).items()]
        line = " ".join(parts)
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _utc(record: logging.LogRecord) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _PLAIN}


def _quoted(value: object) -> str:
    """Text from events may hold line breaks and terminal escapes: neither reaches the console as such."""
    text = str(value)
    return text if text.isprintable() and " " not in text and text else json.dumps(text)
