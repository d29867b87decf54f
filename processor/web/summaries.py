"""Published anomalies as the page lists them: read from their records, newest first."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from processor.events.event import LOGON, PROCESS, Kind, program_name

# Characters of command line and sentence that a search looks at; of each name, and that a list shows.
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


class Listed(msgspec.Struct, frozen=True):
    """A summary and the lower-case text that a search looks at."""

    summary: Summary
    text: str


def listed(number: int, value: bytes) -> Listed:
    """The line that stands for a record. Raises msgspec.ValidationError or DecodeError where it is none."""
    record = _DECODE(value)
    kind: Kind = LOGON if "authentication" in record.event.category else PROCESS
    head = _heading(record, kind)
    who = (head.user, record.user.id, record.host.name, record.anomaly.scope, record.source.ip)
    # A long command line leaves the names room.
    names = (part[:_SHOWN] for part in (head.title, record.process.executable, *who))
    searched = (*names, record.message[:_SEARCHED], head.detail[:_SEARCHED])
    return Listed(_summary(number, record, kind, head), "\n".join(searched).lower())


class _Heading(NamedTuple):
    """Who it was, what, in a few words, and how it was done; of any length."""

    user: str
    title: str
    detail: str


def _heading(record: _Record, kind: Kind) -> _Heading:
    user = "\\".join(part for part in (record.user.domain, record.user.name) if part)
    process = record.process
    if kind == PROCESS:
        title = process.name or program_name(process.executable) or "process"
        return _Heading(user, title, process.command_line or process.executable)
    failed = "failed logon of " if record.event.outcome == "failure" else "logon of "
    origin = f"from {record.source.ip}" if record.source.ip else "from this host"
    return _Heading(user, failed + (user or "an unnamed account"), origin)


def _summary(number: int, record: _Record, kind: Kind, head: _Heading) -> Summary:
    anomaly, episode = record.anomaly, record.anomaly.episode
    return Summary(
        number=number,
        id=record.event.id,
        time=record.time,
        kind=kind,
        scope=anomaly.scope,
        host=record.host.name,
        user=head.user,
        title=head.title[:_SHOWN],
        detail=head.detail[:_SHOWN],
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


class Filter(msgspec.Struct, frozen=True):
    """Which anomalies are asked for; empty fields ask for all."""

    kind: str = ""
    host: str = ""
    reason: str = ""
    q: str = ""
    min_score: int = 0

    def of(self, everything: Sequence[Listed]) -> Sequence[Listed]:
        """Those asked for, in their order."""
        if self == EVERYTHING:
            return everything
        host, text = self.host.lower(), self.q.lower()
        return [
            each
            for each in everything
            if each.summary.score >= self.min_score
            and self.kind in ("", each.summary.kind)
            and self.reason in ("", each.summary.reason)
            and text in each.text
            and (host in each.summary.scope.lower() or host in each.summary.host.lower())
        ]


EVERYTHING: Final = Filter()
