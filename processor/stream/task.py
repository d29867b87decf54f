"""One partition at work."""

from processor.stream.records import Output, Partition, Run
from processor.stream.restore import Restore
from processor.stream.state_topic import Keeper


class Task:
    """One assigned partition: its model, and how far it is."""

    def __init__(self, partition: Partition, restore: Restore) -> None:
        self.partition = partition
        self.pipeline = restore.pipeline
        self.restore: Restore | None = restore
        self.keeper: Keeper | None = None
        self.next_offset = 0
        self.first_live = 0
        self.last_timestamp: int | None = None

    @property
    def live(self) -> bool:
        """Whether its records are judged."""
        return self.restore is None

    @property
    def making(self) -> bool:
        """Whether a segment of its state has been begun."""
        return self.keeper is not None and self.keeper.making

    @property
    def behind(self) -> bool:
        """Whether something was processed that no segment of its state holds."""
        return self.keeper is not None and self.keeper.behind

    def observed(self, run: Run, now: float) -> None:
        """These have been judged."""
        self.last_timestamp = run.timestamps[-1]
        self.next_offset = run.offsets[-1] + 1
        if self.keeper is not None:
            self.keeper.observed(len(run), now)

    def begin_state(self, now: float) -> None:
        """Begin a segment where one is due."""
        if self.keeper is not None and self.keeper.due(now):
            self.keeper.begin(self.next_offset, now)

    def make_state(self, pieces: int | None) -> list[Output]:
        """Go on with the segment that was begun; what to write of it."""
        return [] if self.keeper is None else self.keeper.work(pieces)

    def cut_state(self, now: float) -> list[Output]:
        """All that no segment holds, where its records are judged."""
        return self.keeper.cut(self.next_offset, now) if self.keeper is not None and self.live else []
