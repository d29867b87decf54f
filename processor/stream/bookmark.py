"""What is noted beside a committed offset, so that a restart knows which records to learn again."""

import json
from dataclasses import dataclass
from typing import Final

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Bookmark:
    """The window at the committed offset.

    first_live : records before this offset are history: learned, never judged
    window_offset : the record that opened the oldest pane still in the window; None = the window is empty
    stream_time : highest event time seen, ms; None before the first event
    length, pane : of the window, ms
    topic_id : of the input topic, "" where the broker does not tell
    """

    first_live: int
    window_offset: int | None
    stream_time: int | None
    length: int
    pane: int
    topic_id: str = ""

    def encode(self) -> str:
        """As committed: under 200 characters, where brokers refuse 4,096."""
        fields = {
            "v": _FORMAT,
            "live": self.first_live,
            "from": self.window_offset,
            "time": self.stream_time,
            "length": self.length,
            "pane": self.pane,
            "topic": self.topic_id,
        }
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def decode(cls, text: str) -> "Bookmark | None":
        """None where the text is not one of ours, as after an operator reset the offsets."""
        try:
            fields = json.loads(text)
            if fields["v"] != _FORMAT:
                return None
            return cls(
                first_live=int(fields["live"]),
                window_offset=None if fields["from"] is None else int(fields["from"]),
                stream_time=None if fields["time"] is None else int(fields["time"]),
                length=int(fields["length"]),
                pane=int(fields["pane"]),
                topic_id=str(fields.get("topic", "")),
            )
        except (ValueError, KeyError, TypeError):
            return None
