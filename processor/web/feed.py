"""Published anomalies as the page lists them: read from their records, newest first, grouped by episode."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from processor.events.event import LOGON, PROCESS, Kind, program_name
from processor.pipeline import Published
from processor.status import Status

# Characters of an anomaly's text that a search looks at, and that a list shows.
_SEARCHED: Final = 2_048
_SHOWN: Final = 400


class _Name(msgspec.Struct):
    name: str = ""


class _Event(msgspec.Struct):
    id: str
    reason: str
    category: list[str] = []
    outcome: str = ""


class _User(msgspec.Struct):
    name: str = ""
    domain: str = ""
    id: str = ""


class _Process(msgspec.Struct):
    executable: str = ""
    name: str = ""
    command_line: str = ""


class _Source(msgspec.Struct):
    ip: str = ""


class _Episode(msgspec.Struct):
    id: str
    index: int
    started: str
    escalated: bool
    folded: int


class _Anomaly(msgspec.Struct):
    score: int
    scope: str
    episode: _Episode
    warmup: bool = False
    late: bool = False
    facts: list[str] = []


class _Record(msgspec.Struct):
    time: str = msgspec.field(name="@timestamp")
    message: str
    event: _Event
    anomaly: _Anomaly
    host: _Name = msgspec.field(default_factory=_Name)
    user: _User = msgspec.field(default_factory=_User)
    process: _Process = msgspec.field(default_factory=_Process)
    source: _Source = msgspec.field(default_factory=_Source)


_DECODE = msgspec.json.Decoder(_Record).decode


class Summary(msgspec.Struct, frozen=True):
    """One anomaly as a line of the list. `number` counts up with every anomaly published."""

    number: int
    id: str
    time: str
    kind: Kind
    scope: str
    host: str
    user: str
    title: str
    detail: str
    message: str
    reason: str
    score: int
    outcome: str
    source_ip: str
    warmup: bool
    late: bool
    episode: str
    index: int
    started: str
    escalated: bool
    folded: int


class Episode(msgspec.Struct, frozen=True):
    """Anomalies of one scope close in time; of `count` those that passed the filter are listed, newest first.

    number : of its newest anomaly: what pages are counted by
    headline : what its anomaly with the highest score says
    """

    id: str
    number: int
    scope: str
    started: str
    last: str
    count: int
    folded: int
    max_score: int
    escalated: bool
    headline: str
    anomalies: list[Summary]


class Listed(msgspec.Struct, frozen=True):
    """A summary and the lower-case text that a search looks at."""

    summary: Summary
    text: str


def listed(number: int, value: bytes) -> Listed:
    """The line that stands for a record. Raises msgspec.ValidationError or DecodeError where it is none."""
    record = _DECODE(value)
    anomaly, episode = record.anomaly, record.anomaly.episode
    process = record.process
    kind: Kind = LOGON if "authentication" in record.event.category else PROCESS
    user = "\\".join(part for part in (record.user.domain, record.user.name) if part)
    if kind == PROCESS:
        title = process.name or program_name(process.executable) or "process"
        detail = process.command_line or process.executable
    else:
        failed = "failed logon of " if record.event.outcome == "failure" else "logon of "
        title = failed + (user or "an unnamed account")
        detail = f"from {record.source.ip}" if record.source.ip else "from this host"
    summary = Summary(
        number=number,
        id=record.event.id,
        time=record.time,
        kind=kind,
        scope=anomaly.scope,
        host=record.host.name,
        user=user,
        title=title[:_SHOWN],
        detail=detail[:_SHOWN],
        message=record.message,
        reason=record.event.reason,
        score=anomaly.score,
        outcome=record.event.outcome,
        source_ip=record.source.ip,
        warmup=anomaly.warmup,
        late=anomaly.late,
        episode=episode.id,
        index=episode.index,
        started=episode.started,
        escalated=episode.escalated,
        folded=episode.folded,
    )
    searched = (
        *(title, detail[:_SEARCHED], process.executable, user, record.user.id),
        *(record.host.name, anomaly.scope, record.source.ip, record.message),
    )
    return Listed(summary, "\n".join(searched).lower()[:_SEARCHED])


class Feed:
    """Reads each published anomaly once; used by the web thread alone."""

    def __init__(self) -> None:
        self._seen: tuple[Published, ...] = ()
        self._first = 0
        self._kept: list[Listed] = []
        self._newest_first: list[Listed] = []

    def of(self, status: Status) -> Sequence[Listed]:
        """All anomalies that a status holds, newest first."""
        if status.anomalies is self._seen:
            return self._newest_first
        first = status.anomalies_seen - len(status.anomalies)
        known = self._kept[max(0, first - self._first) :]
        unread = status.anomalies[len(known) :]
        self._kept = known + [
            listed(number, published.value) for number, published in enumerate(unread, first + len(known))
        ]
        self._first = first
        self._newest_first = self._kept[::-1]
        self._seen = status.anomalies
        return self._newest_first


class Filter(msgspec.Struct, frozen=True):
    """Which anomalies are asked for; empty fields ask for all."""

    kind: str = ""
    host: str = ""
    reason: str = ""
    q: str = ""
    min_score: int = 0

    def of(self, everything: Sequence[Listed]) -> Sequence[Listed]:
        """Those asked for, in their order."""
        if self == _EVERYTHING:
            return everything
        host, text = self.host.lower(), self.q.lower()
        return [
            each
            for each in everything
            if each.summary.score >= self.min_score
            and self.kind in ("", each.summary.kind)
            and self.reason in ("", each.summary.reason)
            and text in each.text
            and host in each.summary.scope.lower()
        ]


_EVERYTHING: Final = Filter()


def episodes(chosen: Iterable[Listed], everything: Iterable[Listed]) -> list[Episode]:
    """The episodes of the anomalies chosen, whole; as `grouped` orders them."""
    return [each.episode(len(each.shown)) for each in grouped(chosen, everything)]


def grouped(chosen: Iterable[Listed], everything: Iterable[Listed]) -> "list[Group]":
    """The anomalies chosen by episode, those first whose newest anomaly is newest.

    everything : the anomalies known, from which an episode's own numbers are taken
    """
    whole = _by_episode(everything)
    groups = whole if chosen is everything else _by_episode(chosen)
    return [Group(whole[name], shown) for name, shown in groups.items()]


class Group(NamedTuple):
    """All of an episode, and those to be shown, newest first: ten thousand are grouped, twenty are told."""

    members: list[Summary]
    shown: list[Summary]

    @property
    def number(self) -> int:
        """Of its newest anomaly: what pages are counted by."""
        return self.shown[0].number

    def episode(self, limit: int) -> Episode:
        """What is told of it, with `limit` anomalies at most."""
        return _episode(self.members, self.shown[:limit])


def _by_episode(all_of_them: Iterable[Listed]) -> dict[str, list[Summary]]:
    groups: dict[str, list[Summary]] = {}
    for each in all_of_them:
        groups.setdefault(each.summary.episode, []).append(each.summary)
    return groups


def _episode(members: list[Summary], shown: list[Summary]) -> Episode:
    newest = shown[0]
    top = max(members, key=lambda each: (each.score, -each.number))
    return Episode(
        id=newest.episode,
        number=newest.number,
        scope=newest.scope,
        # An event that came late is older than the stream was when the episode began.
        started=min(newest.started, *(each.time for each in members)),
        last=max(newest.started, *(each.time for each in members)),
        # The index counts also what the page no longer holds.
        count=max(each.index for each in members) + 1,
        folded=sum(each.folded for each in members),
        max_score=top.score,
        escalated=any(each.escalated for each in members),
        headline=top.message,
        anomalies=shown,
    )
