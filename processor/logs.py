"""Log set-up: JSON, one object a line, for machines; or plain lines for a console."""

import json
import logging
import sys
import time
from typing import Final, Literal, TextIO

Format = Literal["json", "console"]
Level = Literal["debug", "info", "warning", "error"]

# What every LogRecord has anyway: all else was given by the caller as `extra`.
_PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def set_up(level: Level, form: Format, stream: TextIO | None = None) -> None:
    """Send our log and the libraries' warnings to `stream` (standard error), replacing an earlier set-up."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Console())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("processor").setLevel(level.upper())


def quiet() -> None:
    """Log nothing: a command that ends soon tells its errors itself, once; libraries repeat them."""
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


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
