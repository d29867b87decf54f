"""What a report needs of a replay, gathered while it runs: bounded, whatever the replay's length."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from processor.clustering.components import Labels, label
from processor.events.event import LOGON, Event, Kind, program_name
from processor.picture.draft import Description, Draft, Exposure, bars, logon_cells, logon_type_name
from processor.picture.picture import MAX_ROWS, NOISE, Picture, Row
from processor.pipeline import Outcome, Pipeline, PipelineSettings, Scored
from processor.status import Recent
from processor.study.members import Cluster
from processor.study.report.logons import LogonDetail, detail

# Accounts by type that are counted; logons of further ones are left out of that plot.
_MAX_CELLS: Final = 100_000
# Clusters whose logon is told in full.
_MAX_DETAILS: Final = 200

# Bars over time: a minute each, or wider so that they are at most so many.
_FINEST: Final = 60_000
_BARS: Final = 400

ReadEvents = Callable[[set[int]], Mapping[int, Event]]


class Collector:
    """Follows a replay record by record."""

    def __init__(self, pipeline: Pipeline, settings: PipelineSettings) -> None:
        """Follow `pipeline`, made by `settings`."""
        self._pipeline = pipeline
        pipeline.detector.followed = True
        self._kinds = settings.detector.kinds
        self._width = min(settings.detector.window.pane, _FINEST)
        self._redact = settings.records.redactor.text
        self._recent = Recent()
        self._bars: dict[Kind, Counter[int]] = {}
        self._logons: Counter[tuple[str, str]] = Counter()

    @property
    def records(self) -> list[bytes]:
        """The anomalies published last, oldest first."""
        return [published.value for published in self._recent.current]

    @property
    def published(self) -> int:
        """How many were published in all."""
        return self._recent.seen

    def note(self, outcome: Outcome, time: int) -> None:
        """Take in what became of a record of `time`, ms; call it after each."""
        if not isinstance(outcome, Scored):
            return
        self._bars.setdefault(outcome.kind, Counter())[time - time % self._width] += 1
        if outcome.published is not None:
            self._recent.add([outcome.published])
        last = self._pipeline.detector.last
        if last is not None and last.event.kind == LOGON:
            cell = (_account(last.event), logon_type_name(last.event.logon_type))
            if cell in self._logons or len(self._logons) < _MAX_CELLS:
                self._logons[cell] += 1

    def picture(self, found: Sequence[Cluster], read: ReadEvents) -> tuple[Picture, list[LogonDetail]]:
        """The window at the end, and the logons of its clusters in full.

        found : every cluster and noise event of it
        read : record numbers -> their events
        """
        labels = {
            kind: label(engine.snapshot())
            for kind, engine in self._pipeline.detector.engines.items()
            if engine.live_events
        }
        exposures = [Exposure("", kind, self._kinds[kind].features, each) for kind, each in labels.items()]
        draft = Draft(exposures, self._pipeline.stream_time, self._width, rows=False)
        shown = _largest(found)
        events = read({vector.first for vector in draft.wanted} | {each.exemplar for each in shown})
        names = {
            vector: self._describe(events[vector.first]) for vector in draft.wanted if vector.first in events
        }
        drawn = draft.finish(names)
        forms = {kind: _forms(each) for kind, each in labels.items()}
        picture = Picture(
            stream_time=drawn.stream_time,
            rows=tuple(
                self._row(each, events[each.exemplar], forms[each.kind])
                for each in shown
                if each.exemplar in events
            ),
            clusters=sum(each.id != NOISE for each in found),
            noise=sum(each.id == NOISE for each in found),
            points=drawn.points,
            distances=drawn.distances,
            bars=tuple(bars(kind, self._width, events, _BARS) for kind, events in self._bars.items()),
            logons=logon_cells(self._logons),
        )
        logons = [each for each in shown if each.kind == LOGON and each.exemplar in events]
        return picture, [detail(each, events[each.exemplar]) for each in logons[:_MAX_DETAILS]]

    def _describe(self, event: Event) -> Description:
        """What a row or a mark says of an event; published text is redacted."""
        if event.kind == LOGON:
            text = f"{_account(event)} from {event.source_ip or 'this host'}"
            return Description("", _account(event), text, event.host)
        account = "\\".join(part for part in (event.user_domain, event.user_name) if part)
        text = self._redact(event.command_line or event.executable)
        return Description(program_name(event.executable), account, text, event.host)

    def _row(self, cluster: Cluster, exemplar: Event, forms: Mapping[int, int]) -> Row:
        noise = cluster.id == NOISE
        said = self._describe(exemplar)
        return Row(
            key=f"{cluster.kind}-{'noise' if noise else 'cluster'}-{cluster.exemplar}",
            kind=cluster.kind,
            scope=self._pipeline.detector.scope_of(exemplar),
            host=exemplar.host,
            cluster=cluster.id,
            size=cluster.size,
            vectors=1 if noise else forms.get(cluster.id, 1),
            program=said.program,
            account=said.account,
            text=said.text,
            first=cluster.first_time,
            last=cluster.last_time,
        )


def _account(event: Event) -> str:
    return event.account or "\\".join(part for part in (event.user_domain, event.user_name) if part)


def _largest(found: Sequence[Cluster]) -> list[Cluster]:
    """Clusters by size, then noise by time, at most MAX_ROWS."""
    return sorted(found, key=lambda each: (each.id == NOISE, -each.size, each.first_time))[:MAX_ROWS]


def _forms(labels: Labels) -> dict[int, int]:
    ids, counts = np.unique(labels.cluster, return_counts=True)
    return dict(zip(ids.tolist(), counts.tolist(), strict=True))
