"""What decides how a record is judged, read without building its Event: on real logs nearly all repeat.

A sketch is (key, time, record, build). Records with equal keys hold events of one kind, format, host and
text, whatever their process ids, users and times; `build(record, size, max_command_line)` is the Event.
There is a sketch only where `Decoder.decode` gives exactly that Event: elsewhere the Decoder has the word.
"""

from collections.abc import Callable
from typing import Final

from processor.errors import InvalidEvent
from processor.events import ecs, sysmon, windows_security
from processor.events.unreadable import UNREADABLE
from processor.events.windows import Sketch

# Longer records are read in full: keys are kept.
MAX_SIZE: Final = 4_096

# In the order of formats.READERS: the first needle that a record contains names its reader.
_HOT: Final[tuple[tuple[str, bytes, Callable[[bytes], Sketch | None]], ...]] = (
    (windows_security.FORMAT, b"NewProcessName", windows_security.sketch_process),
    (sysmon.FORMAT, b"ProcessGuid", sysmon.sketch_process),
    (windows_security.FORMAT, b"LogonType", windows_security.sketch_logon),
    (ecs.FORMAT, b'"category', ecs.sketch),
)


class Sketches:
    """Sketches of the records that a Decoder of the same formats reads."""

    def __init__(self, formats: frozenset[str] | None, max_record_size: int) -> None:
        self._max_size = min(MAX_SIZE, max_record_size)
        self._hot = tuple(
            (needle, sketch) for name, needle, sketch in _HOT if formats is None or name in formats
        )

    def of(self, value: bytes) -> Sketch | None:
        """The sketch of a record, None where it has to be read in full."""
        if value[:1] != b"{" or len(value) > self._max_size:
            return None
        try:
            for needle, sketch in self._hot:
                if needle in value:
                    return sketch(value)
        except (InvalidEvent, *UNREADABLE):
            pass
        return None
