"""Times of single updates: quantiles, and the whole distribution as a plot."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processor.errors import OutputFailed

QUANTILES = {"p50_us": 0.5, "p99_us": 0.99, "p999_us": 0.999, "p9999_us": 0.9999, "max_us": 1.0}


def quantiles(times: Sequence[int] | NDArray[np.int64]) -> dict[str, Any]:
    """The quantiles of a Row, microseconds, of times in nanoseconds; none of no times."""
    if not len(times):
        return {}
    values = np.quantile(np.asarray(times) / 1000, list(QUANTILES.values())).tolist()
    return dict(zip(QUANTILES, values, strict=True))


def curve(times: Sequence[int] | NDArray[np.int64]) -> tuple[list[float], list[float]]:
    """(one update in so many, takes at least so many microseconds), 20 points a decade."""
    found = np.sort(np.asarray(times))[::-1] / 1000
    ranks = np.unique(np.geomspace(1, len(found), 20 * len(str(len(found)))).astype(int))
    return (len(found) / ranks).tolist(), found[ranks - 1].tolist()


def draw(curves: Mapping[str, tuple[list[float], list[float]]], path: Path) -> None:
    """One line a workload, both axes logarithmic, as an HTML file. Raises OutputFailed."""
    import plotly.graph_objects as go  # noqa: PLC0415 - half a second, for the plot alone

    figure = go.Figure()
    for name, (one_in, microseconds) in curves.items():
        figure.add_scatter(x=one_in, y=microseconds, name=name)
    for text, limit in (("p99.9: 2 ms", 2000), ("p99.99: 5 ms", 5000), ("max: 20 ms", 20_000)):
        figure.add_hline(y=limit, line_dash="dot", annotation_text=text)
    figure.update_layout(title="Updates that take long: CPU time of single updates")
    figure.update_xaxes(type="log", title="one update in")
    figure.update_yaxes(type="log", title="takes at least, microseconds")
    try:
        path.write_text(figure.to_html(include_plotlyjs=True), encoding="utf-8")
    except OSError as error:
        raise OutputFailed(f"cannot write {path}: {error.strerror}") from error
