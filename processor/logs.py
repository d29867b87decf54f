"""Log set-up: JSON, one object a line, for machines; or plain lines for a console."""

import json
import logging
import re
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TextIO

Format = Literal["json", "console"]
Level = Literal["debug", "info", "warning", "error"]

# What every LogRecord has anyway: all else was given by the caller as `extra`.
_PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

# A warning or error is written once in so long; what differs in numbers only is the same.
REPEAT_AFTER_S: Final = 10.0
# Of one message, in the same time: room for a hundred partitions that are restored, none for a flood.
MOST_OF_A_MESSAGE: Final = 100
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
    """Bounds what is written, whatever happens: a broker that is away is one line, not forty a second.

    In REPEAT_AFTER_S a warning or error that repeats is written once, and any message, whatever its fields,
    at most MOST_OF_A_MESSAGE times. The next line of its sort says in `repeated` how many were held back.
    clock : seconds, monotonic
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._sorts: dict[tuple[str, str, bool], _Sort] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write it."""
        with self._lock:
            now = self._clock()
            message = self._sort((record.name, str(record.msg), False), now)
            sort, most = message, MOST_OF_A_MESSAGE
            if record.levelno >= logging.WARNING:
                text = _NUMBERS.sub("", f"{record.getMessage()} {_fields(record)}")
                sort, most = self._sort((record.name, text, True), now), 1
            if sort.written >= most or message.written >= MOST_OF_A_MESSAGE:
                sort.held_back += 1
                return False
            message.written += 1
            if sort is not message:
                sort.written += 1
            if sort.held_back:
                record.repeated = sort.held_back
                sort.held_back = 0
            return True

    def _sort(self, key: tuple[str, str, bool], now: float) -> "_Sort":
        if len(self._sorts) >= _MAX_REMEMBERED and key not in self._sorts:
            self._sorts.clear()
        sort = self._sorts.setdefault(key, _Sort(now))
        if now - sort.began >= REPEAT_AFTER_S:
            sort.began, sort.written = now, 0
        return sort


@dataclass(slots=True)
class _Sort:
    """Lines of one sort since `began`: written, and held back since the last one that was written."""

    began: float
    written: int = 0
    held_back: int = 0


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
