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

# In the order of formats.READERS: the first needle that a record contains names its reader. No two of them
# claim one record, for its only event id, or that it has none, decides: so they may be asked in any order.
_HOT: Final[tuple[tuple[str, bytes, Callable[[bytes], Sketch | None]], ...]] = (
    (windows_security.FORMAT, b"NewProcessName", windows_security.sketch_process),
    (sysmon.FORMAT, b"ProcessGuid", sysmon.sketch_process),
    (windows_security.FORMAT, b"LogonType", windows_security.sketch_logon),
    (ecs.FORMAT, b'"category', ecs.sketch),
)
_MAX_SHIPPERS: Final = 1_024


class Sketches:
    """Sketches of the records that a Decoder of the same formats reads."""

    def __init__(self, formats: frozenset[str] | None, max_record_size: int) -> None:
        self._max_size = min(MAX_SIZE, max_record_size)
        self._hot = tuple(
            (needle, sketch) for name, needle, sketch in _HOT if formats is None or name in formats
        )
        # What the records that begin like this one were: a needle that is not there costs as much as parsing.
        self._usual: dict[bytes, tuple[bytes, Callable[[bytes], Sketch | None]]] = {}

    def of(self, value: bytes) -> Sketch | None:
        """The sketch of a record, None where it has to be read in full."""
        if len(value) > self._max_size:
            return None
        # Behind a first key and a time: this tells shippers apart.
        shipper = value[42:46]
        usual = self._usual.get(shipper)
        try:
            if usual is not None:
                needle, sketch = usual
                found = sketch(value) if needle in value else None
                if found is not None:
                    return found
            return self._search(value, shipper)
        except (InvalidEvent, *UNREADABLE):
            self._usual.pop(shipper, None)
            return None

    def _search(self, value: bytes, shipper: bytes) -> Sketch | None:
        for needle, sketch in self._hot if value[:1] == b"{" else ():
            if needle in value:
                found = sketch(value)
                if found is not None:
                    if len(self._usual) >= _MAX_SHIPPERS:
                        self._usual.clear()
                    self._usual[shipper] = needle, sketch
                    return found
        return None
