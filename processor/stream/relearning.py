"""Kinds of event whose features changed: learned again from the log, beside those that state brought back."""

from collections.abc import Collection, Sequence
from typing import Final

from processor.detection import state
from processor.detection.segments import DamagedState, Origin, Segment
from processor.detection.settings import DetectorSettings
from processor.events.event import Kind
from processor.pipeline import Pipeline
from processor.stream.records import Record

_NOWHERE: Final = Origin("", 0, "")


class Relearning:
    """Of the records [begin, end) a second model learns; what is asked of it is handed to the first.

    It cuts its window where the first has: it begins with the first event of one of its parts.
    kinds : those to hand over
    missing : whether the log no longer holds the window's first records
    """

    def __init__(
        self,
        model: Pipeline,
        second: Pipeline,
        settings: DetectorSettings,
        *,
        last: Segment,
        kinds: Collection[Kind],
        low: int,
    ) -> None:
        """Begin with nothing learned.

        model : as the chain of segments that ends with `last` brought it back
        second : an empty one
        low : first offset that the log still has
        """
        self._model = model
        self._second = second
        self._settings = settings
        self.kinds = kinds
        self.end = last.end
        parts = model.detector.window.parts()
        held = [part for part in parts if part[2] >= low]
        self.missing = len(held) < len(parts)
        self.begin = last.end
        if held:
            serial, start, self.begin = held[0]
            second.detector.window.begin(serial, start)

    def learn(self, records: Sequence[Record]) -> None:
        """Learn records before `end`, in order."""
        for record in records:
            self._second.process(
                record.value, record.offset, record.timestamp, record.headers, learn_only=True
            )

    def finish(self) -> None:
        """Hand over; raises DamagedState where the windows are cut otherwise: other settings changed, too."""
        mine, theirs = self._second.detector.window, self._model.detector.window
        known = {part[0] for part in mine.parts()}
        if self.begin < self.end and (
            mine.part != theirs.part or mine.parts() != [each for each in theirs.parts() if each[0] in known]
        ):
            raise DamagedState("the log is cut otherwise than it was")
        recorder = state.Recorder(
            self._second.detector, self._settings, _NOWHERE, list, start=self.begin, whole=self.kinds
        )
        state.complete(self._model.detector, recorder.cut(self.end), self.kinds)
