"""The rows of an evaluation, as a document and as one table."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from processor.events.event import LOGON, Kind

OURS: Final = "eventcluster"


@dataclass(frozen=True, slots=True)
class Row:
    """One detector on one kind of one stream: the figures by their JSON names.

    curve : recall and precision at each score, the highest first
    """

    name: str
    source: str
    kind: Kind
    detector: str
    figures: Mapping[str, Any]
    curve: Sequence[tuple[float, float]] = ()

    def document(self) -> dict[str, Any]:
        """The row as `--json` writes it."""
        return {
            "name": self.name,
            "source": self.source,
            "kind": self.kind,
            "detector": self.detector,
            **self.figures,
        }


@dataclass(slots=True)
class Evaluation:
    """All rows of a run."""

    rows: list[Row] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """What `--json` writes."""
        return {"streams": [row.document() for row in self.rows]}

    def lines(self) -> list[str]:
        """One table in Markdown, a line a row.

        Rivals are shown where there is an attack to find, and a stream's logons once: they are the same
        beside each source of its processes.
        """
        said = [_line(_COLUMNS), "|---" * len(_COLUMNS) + "|"]
        shown = set()
        for row in self.rows:
            key = (row.name, row.kind, row.detector, row.source if row.kind != LOGON else "")
            if key not in shown and (row.detector == OURS or row.figures["attacks"]):
                shown.add(key)
                said.append(_line([cell(row) for cell in _COLUMNS.values()]))
        return said


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(name: str, form: str) -> Callable[[Row], str]:
    """A cell of one figure, "-" where it has no meaning."""
    return lambda row: _formatted(row.figures.get(name), form)


def _cold(name: str, form: str) -> Callable[[Row], str]:
    """The same, were warm-up published."""
    return lambda row: _formatted(row.figures["warmup_published"].get(name), form)


def _formatted(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _worst_day(row: Row) -> str:
    worst = row.figures["worst_day"]
    return f"{worst['alerts']} in {worst['episodes']}" if row.figures["host_days"] else "-"


def _stages(figures: Mapping[str, Any]) -> str:
    if not figures["stages"]:
        return "-"
    return f"{round(figures['stage_recall'] * figures['stages'])} of {figures['stages']}"


def _first(row: Row) -> str:
    figures = row.figures["warmup_published"]
    stages = figures["stages"] + figures["exact_repeat_stages"]
    return f"{row.figures['stages_in_first_100']} of {stages}" if stages else "-"


def _budgets(row: Row) -> str:
    recalls = row.figures["recall_at_budget"].values()
    return "-" if None in recalls else " ".join(f"{recall:.2f}" for recall in recalls)


_COLUMNS: Final[Mapping[str, Callable[[Row], str]]] = {
    "stream": lambda row: row.name,
    "source": lambda row: row.source,
    "kind": lambda row: row.kind,
    "detector": lambda row: row.detector,
    "benign alerts": _number("benign_alerts", "d"),
    "a host-day": _number("benign_alerts_per_host_day", ".2f"),
    "benign episodes a host-day": _number("benign_episodes_per_host_day", ".2f"),
    "worst day, alerts in episodes": _worst_day,
    "new stages paged": lambda row: _stages(row.figures),
    "in warm-up": _number("stages_in_warmup", "d"),
    "event recall": _number("event_recall", ".2f"),
    "precision": _number("precision", ".2f"),
    "warm-up published: alerts a host-day": _cold("benign_alerts_per_host_day", ".2f"),
    "episodes a host-day": _cold("benign_episodes_per_host_day", ".2f"),
    "stages paged": lambda row: _stages(row.figures["warmup_published"]),
    "stages in first 100": _first,
    "AP": _number("average_precision", ".2f"),
    "AP of anomalies": _number("average_precision_of_anomalies", ".2f"),
    "recall at 0.1 1 5 %": _budgets,
    "benign >= 90 per 1,000 warm": _number("benign_high_per_1000", ".2f"),
}
