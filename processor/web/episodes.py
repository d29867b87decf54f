"""Anomalies grouped by episode, the one with the newest anomaly first."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import msgspec

from processor.web.summaries import Listed, Summary


class Episode(msgspec.Struct, frozen=True):
    """Anomalies of one scope close in time; those that passed the filter are listed, newest first.

    number : of its newest anomaly that passed: what pages are counted by
    headline : what its anomaly with the highest score says
    count : anomalies published, whatever the filter; passed : those kept that passed it
    anomalies : those that passed, or the newest of them
    """

    id: str
    number: int
    scope: str
    started: str
    last: str
    count: int
    passed: int
    folded: int
    max_score: int
    escalated: bool
    headline: str
    anomalies: list[Summary]


@dataclass(slots=True)
class Whole:
    """What is known of all of an episode; `kept`: its anomalies, oldest first."""

    top: Summary
    started: str
    last: str
    count: int = 0
    folded: int = 0
    escalated: bool = False
    kept: deque[Summary] = field(default_factory=deque)

    def add(self, one: Summary) -> None:
        """Its next anomaly."""
        if one.score > self.top.score:
            self.top = one
        # An event that came late is older than the stream was when the episode began.
        self.started = min(self.started, one.started, one.time)
        self.last = max(self.last, one.time)
        self.count = max(self.count, one.index + 1)
        self.folded += one.folded
        self.escalated |= one.escalated
        self.kept.append(one)


class Group(NamedTuple):
    """An episode and those of its anomalies that are to be shown: ten thousand are grouped, twenty told.

    number : of the newest of them; passed : how many there are
    shown : newest first
    """

    whole: Whole
    number: int
    passed: int
    shown: Iterable[Summary]

    def told(self, limit: int) -> Episode:
        """What is told of it, with `limit` anomalies at most."""
        whole = self.whole
        return Episode(
            id=whole.top.episode,
            number=self.number,
            scope=whole.top.scope,
            started=whole.started,
            last=whole.last,
            count=whole.count,
            passed=self.passed,
            folded=whole.folded,
            max_score=whole.top.score,
            escalated=whole.escalated,
            headline=whole.top.message,
            anomalies=list(islice(self.shown, limit)),
        )


class Book:
    """Episodes by id, that with the newest anomaly last; what an anomaly changes is little."""

    def __init__(self) -> None:
        self._whole: dict[str, Whole] = {}

    def __len__(self) -> int:
        return len(self._whole)

    def add(self, one: Summary) -> None:
        """The next anomaly."""
        whole = self._whole.pop(one.episode, None)
        if whole is None:
            whole = Whole(one, min(one.started, one.time), max(one.started, one.time))
        whole.add(one)
        self._whole[one.episode] = whole

    def drop(self, one: Summary) -> None:
        """The oldest anomaly is no longer kept; what it told of its episode stays known."""
        whole = self._whole[one.episode]
        whole.kept.popleft()
        if not whole.kept:
            del self._whole[one.episode]

    def all(self) -> Iterator[Group]:
        """Every episode whole, newest first."""
        for whole in reversed(self._whole.values()):
            yield Group(whole, whole.kept[-1].number, len(whole.kept), reversed(whole.kept))

    def of(self, chosen: Iterable[Listed]) -> Iterator[Group]:
        """The episodes of the anomalies chosen (newest first), newest first."""
        shown: dict[str, list[Summary]] = {}
        for each in chosen:
            shown.setdefault(each.summary.episode, []).append(each.summary)
        for name, own in shown.items():
            yield Group(self._whole[name], own[0].number, len(own), own)


def episodes(everything: Sequence[Listed]) -> list[Episode]:
    """All episodes of the anomalies (newest first), whole, newest first."""
    book = Book()
    for each in reversed(everything):
        book.add(each.summary)
    return [group.told(group.passed) for group in book.all()]
