"""What the benches draw: one HTML file; those that tell rates, times and memory all of their rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from processor.errors import OutputFailed
from processor.study.bench.rows import OURS, Row

_TIMES: Final = (("p50", "p50_us"), ("p99", "p99_us"), ("p99.9", "p999_us"), ("max", "max_us"))


def draw(rows: Sequence[Row], title: str, path: Path) -> None:
    """Rates of each engine, per second of CPU and of the wall's clock; times; stages; our memory.

    Raises OutputFailed.
    """
    from plotly.subplots import make_subplots  # noqa: PLC0415 - half a second, for the plot alone

    charts = {
        "events per CPU second": _rates(rows, "events_per_cpu_s"),
        "events per second of the clock on the wall": _rates(rows, "events_per_s"),
        "milliseconds": _times(rows),
        "CPU microseconds of an average record, by stage": _stages(rows),
        "resident memory, MiB, at the begin and after each quarter": _memory(rows),
    }
    charts = {name: traces for name, traces in charts.items() if traces}
    figure = make_subplots(rows=len(charts), cols=1, subplot_titles=list(charts), vertical_spacing=0.12)
    for place, traces in enumerate(charts.values(), 1):
        for trace in traces:
            figure.add_trace({**trace, "legend": f"legend{place}"}, place, 1)
        top = figure.layout[f"yaxis{place if place > 1 else ''}"].domain[1]
        figure.update_layout({f"legend{place}": {"y": top, "yanchor": "top"}})
        figure.update_yaxes(type="log" if traces is charts.get("milliseconds") else None, row=place, col=1)
    figure.update_layout(height=520 * len(charts), title=title)
    write_page(figure, path)


def write_page(figure: Any, path: Path) -> None:
    """One HTML file of a plotly figure, its JavaScript in it. Raises OutputFailed."""
    try:
        path.write_text(figure.to_html(include_plotlyjs=True), encoding="utf-8")
    except OSError as error:
        raise OutputFailed(f"cannot write {path}: {error.strerror}") from error


def _rates(rows: Sequence[Row], field: str) -> list[dict[str, Any]]:
    traces = []
    for engine in dict.fromkeys(row.engine for row in rows):
        own = [row for row in rows if row.engine == engine and getattr(row, field)]
        rates = [getattr(row, field) for row in own]
        traces.append({"type": "bar", "x": [row.workload for row in own], "y": rates, "name": engine})
    return traces


def _times(rows: Sequence[Row]) -> list[dict[str, Any]]:
    timed = [row for row in rows if row.p50_us is not None]
    return [
        {
            "type": "scatter",
            "x": [row.workload for row in timed if getattr(row, field) is not None],
            "y": [getattr(row, field) / 1000 for row in timed if getattr(row, field) is not None],
            "name": name,
        }
        for name, field in _TIMES
        if any(getattr(row, field) is not None for row in timed)
    ]


def _stages(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """A bar a workload for each stage, beside one another: they sum to the cost of an average record."""
    staged = [(row.workload, row.stages) for row in rows if row.stages is not None]
    traces = []
    for name in dict.fromkeys(name for _, stages in staged for name in stages):
        costs = {workload: stages[name].us_per_event for workload, stages in staged if name in stages}
        traces.append({"type": "bar", "x": list(costs), "y": list(costs.values()), "name": name})
    return traces


def _memory(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [
        {
            "type": "scatter",
            "y": [each / 2**20 for each in row.resident],
            "name": f"{row.workload}, {row.engine}",
        }
        for row in rows
        if row.resident is not None and row.engine.startswith(OURS)
    ]
