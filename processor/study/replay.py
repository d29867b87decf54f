"""`eventcluster replay`: files through the pipeline that `run` runs, as a partition of its input topic."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from processor.clustering import components
from processor.config import Settings
from processor.errors import InvalidEvent, UsageError
from processor.events.event import Event, Kind
from processor.pipeline import Ignored, Outcome, Pipeline, PipelineSettings, Rejected
from processor.records.ecs import iso
from processor.stream.containers import open_input
from processor.stream.files import RecordFile, output
from processor.study.members import Cluster, Member, Members, clusters
from processor.study.report.collect import Collector
from processor.study.report.render import Report
from processor.study.report.write import check, rendered
from processor.study.summary import Summary

# Done and of how many: bytes of the files on disk.
Progress = Callable[[int, int], None]

DEFAULT_TOPIC: Final = "events"
_PROGRESS_EVERY: Final = 500
# History has record numbers beyond those that FILES can have: a cluster's id is a record's number.
_HISTORY: Final = 1 << 40

LABEL_COLUMNS: Final = ("row", "kind", "ClusterId", "IsCore")
# Column -> the exemplar's attribute.
_EXEMPLAR: Final[dict[str, Callable[[Event], object]]] = {
    "event.code": lambda event: event.code,
    "event.outcome": lambda event: event.outcome,
    "host.name": lambda event: event.host,
    "user.name": lambda event: event.user_name,
    "user.domain": lambda event: event.user_domain,
    "user.id": lambda event: event.user_id,
    "process.executable": lambda event: event.executable,
    "process.command_line": lambda event: event.command_line,
    "process.pid": lambda event: event.pid,
    "process.parent.executable": lambda event: event.parent_executable,
    "process.parent.command_line": lambda event: event.parent_command_line,
    "process.parent.pid": lambda event: event.parent_pid,
    "logon.id": lambda event: event.logon_id,
    "logon.account": lambda event: event.account,
    "logon.type": lambda event: event.logon_type,
    "logon.package": lambda event: event.authentication_package,
    "source.ip": lambda event: event.source_ip,
}
CLUSTER_COLUMNS: Final = (
    "Kind", "ClusterId", "ClusterSize", "FirstEventTime", "LastEventTime", "row", "@timestamp", *_EXEMPLAR,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """What to replay and what to write; times in ms since 1970 UTC, None = open.

    files : judged, one after another; a record's number is its place in all of them together
    history : learned before, not judged
    since, until : event times in [since, until) are read; the file's where an event has none
    sort : by event time, stably; the files are held in memory for it
    report : each as HTML or Markdown, by its ending
    show_events : of so many records at the beginning the summary says what was read from them
    """

    files: Sequence[Path]
    history: Sequence[Path] = ()
    since: int | None = None
    until: int | None = None
    sort: bool = False
    partition: int = 0
    anomalies: Path | None = None
    clusters: Path | None = None
    labels: Path | None = None
    report: Sequence[Path] = ()
    show_events: int = 0

    def __post_init__(self) -> None:
        """Raise UsageError where no time is in between."""
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise UsageError("--until must be later than --since: no event is in between")


@dataclass(frozen=True, slots=True)
class _Input:
    number: int
    time: int
    value: bytes


def moment(text: str) -> int:
    """ISO 8601 date or time as ms since 1970; without a zone it is UTC. Raises UsageError."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no time: give one as 2026-01-31 or 2026-01-31T12:00:00Z") from None
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)


def replay(request: Request, settings: Settings, progress: Progress) -> Summary:
    """Replay files as the service would have seen them: offset = record number, Kafka timestamp = event time.

    An event that has no time takes the file's. Raises UsageError for a file that cannot be read, OutputFailed
    for one that cannot be written.
    """
    check(request.report)
    _refuse_overwriting(request)
    topics = settings.kafka.input_topics
    chosen = settings.pipeline()
    pipeline = Pipeline(chosen, topics[0] if topics else DEFAULT_TOPIC, request.partition)
    collector = Collector(pipeline, chosen) if request.report else None
    members = Members(pipeline.detector) if request.labels or request.clusters or collector else None
    reading = _Reading(chosen, request, progress)
    summary = Summary()
    with ExitStack() as files:
        targets = {
            name: files.enter_context(output(path))
            for name in ("anomalies", "clusters", "labels")
            if (path := getattr(request, name)) is not None
        }
        reports = [(path, files.enter_context(output(path))) for path in request.report]
        for record in reading.history():
            pipeline.process(record.value, record.number, record.time, learn_only=True)
            summary.learned_before += 1
            _note(members, record)
        witness = _Witness(summary, collector, members, targets.get("anomalies"))
        for record in reading.live():
            outcome = pipeline.process(record.value, record.number, record.time)
            if record.number < request.show_events:
                summary.show(record.number, outcome, reading.event(record.value))
            witness.note(record, outcome)
        summary.counts = _count_clusters(pipeline)
        table = [] if members is None else list(members.table())
        _write_tables(table, targets, reading)
        if collector is not None:
            told = _told(request, collector, summary, clusters(table), reading)
            for path, target in reports:
                target.write(rendered(told, path))
    return summary


@dataclass(frozen=True, slots=True)
class _Witness:
    """Everybody who is told what became of each record; None where nobody asks."""

    summary: Summary
    collector: Collector | None
    members: Members | None
    anomalies: IO[bytes] | None

    def note(self, record: _Input, outcome: Outcome) -> None:
        self.summary.count(outcome)
        if self.collector is not None:
            self.collector.note(outcome, record.time)
        if isinstance(outcome, Ignored | Rejected):
            return
        _note(self.members, record)
        if outcome.published is not None:
            self.summary.tell(outcome.published, record.number)
            if self.anomalies is not None:
                self.anomalies.write(outcome.published.value + b"\n")


def _refuse_overwriting(request: Request) -> None:
    """No output may be an input or another output: opening it would destroy the other."""
    inputs = {path.resolve() for path in (*request.files, *request.history)}
    written = set()
    for path in (request.anomalies, request.clusters, request.labels, *request.report):
        # A device can be written to twice: nothing is lost there.
        if path is None or path.is_char_device():
            continue
        where = path.resolve()
        if where in inputs or where in written:
            what = "read and overwritten" if where in inputs else "written twice"
            raise UsageError(f"{path} would be {what}: give each output a file of its own")
        written.add(where)


def _told(
    request: Request, collector: Collector, summary: Summary, found: Sequence[Cluster], reading: "_Reading"
) -> Report:
    picture, logons = collector.picture(found, reading.events)
    names = ", ".join(path.name for path in request.files)
    title = f"eventcluster report: {names if len(names) <= 80 else f'{len(request.files)} files'}"
    return Report(title, summary.totals(), collector.records, collector.published, picture, logons)


def _note(members: Members | None, record: _Input) -> None:
    if members is not None:
        members.note(record.number, record.time)


def _count_clusters(pipeline: Pipeline) -> dict[Kind, components.ClusterCounts]:
    engines = pipeline.detector.engines
    return {
        kind: components.count(engine.snapshot()) for kind, engine in engines.items() if engine.live_events
    }


class _Reading:
    """The records of a request's files, in the order in which they are presented."""

    def __init__(self, settings: PipelineSettings, request: Request, progress: Progress) -> None:
        self._request = request
        self._progress = progress
        self._decoder = settings.decoder()
        self._history = [open_input(path, settings.max_record_size) for path in request.history]
        self._files = [open_input(path, settings.max_record_size) for path in request.files]
        self._read = 0
        self._size = sum(file.size for file in (*self._history, *self._files))

    def history(self) -> Iterator[_Input]:
        """Records of the history, sorted if the request says so."""
        return self._ordered(self._timed(self._history, _HISTORY))

    def live(self) -> Iterator[_Input]:
        """Records to be judged: within since and until, sorted if the request says so."""
        since, until = self._request.since, self._request.until
        return self._ordered(
            record
            for record in self._timed(self._files, 0)
            if (since is None or record.time >= since) and (until is None or record.time < until)
        )

    def events(self, numbers: set[int]) -> dict[int, Event]:
        """Read the events of some record numbers once more; `_HISTORY` and up are the history's."""
        found = {}
        for first, files in ((_HISTORY, self._history), (0, self._files)):
            wanted = {number - first for number in numbers if (number >= _HISTORY) == bool(first)}
            for number, (_, value) in enumerate(self._values(files) if wanted else ()):
                if number in wanted and (event := self._decoder.decode(value)) is not None:
                    found[first + number] = event
        return found

    def _ordered(self, records: Iterable[_Input]) -> Iterator[_Input]:
        return iter(sorted(records, key=lambda record: record.time) if self._request.sort else records)

    def _timed(self, files: Sequence[RecordFile], first: int) -> Iterator[_Input]:
        for number, (file, value) in enumerate(self._values(files), first):
            yield _Input(number, self._time(value, file), value)
            if number % _PROGRESS_EVERY == 0:
                self._progress(self._read + file.position, self._size)
        self._read += sum(file.size for file in files)
        self._progress(self._read, self._size)

    @staticmethod
    def _values(files: Sequence[RecordFile]) -> Iterator[tuple[RecordFile, bytes]]:
        for file in files:
            for value in file:
                yield file, value

    def event(self, value: bytes) -> Event | None:
        """The event in a record; None where it is none, or broken."""
        try:
            return self._decoder.decode(value)
        except InvalidEvent:
            return None

    def _time(self, value: bytes, file: RecordFile) -> int:
        event = self.event(value)
        return file.modified if event is None or event.time is None else event.time


def _write_tables(members: Sequence[Member], targets: dict[str, IO[bytes]], reading: _Reading) -> None:
    if "labels" in targets:
        targets["labels"].write(_csv_line(LABEL_COLUMNS))
        for member in sorted(members, key=lambda member: member.number):
            if member.number < _HISTORY:
                cells = (member.number, member.kind, member.cluster, member.is_core)
                targets["labels"].write(_csv_line(cells))
    if "clusters" in targets:
        found = clusters(members)
        exemplars = reading.events({each.exemplar for each in found})
        targets["clusters"].write(_csv_line(CLUSTER_COLUMNS))
        for each in found:
            targets["clusters"].write(_csv_line(_cluster_cells(each, exemplars[each.exemplar])))


def _cluster_cells(cluster: Cluster, exemplar: Event) -> tuple[object, ...]:
    first = iso(cluster.first_time)
    row = cluster.exemplar if cluster.exemplar < _HISTORY else ""
    fields = [of(exemplar) for of in _EXEMPLAR.values()]
    cells = (cluster.kind, cluster.id, cluster.size, first, iso(cluster.last_time), row, first)
    return (*cells, *("" if cell is None else cell for cell in fields))


def _csv_line(cells: Sequence[object]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode("utf-8", "replace")
