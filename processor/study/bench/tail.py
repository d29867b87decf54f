"""Times of single updates: quantiles, and the whole distribution as a plot."""

from collections.abc import Mapping, Sequence
from math import log10
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from processor.study.bench.plot import write_page

# field of a Row -> (quantile, events that must have been timed for it to be one)
QUANTILES: Final = {
    "p50_us": (0.5, 1),
    "p99_us": (0.99, 100),
    "p999_us": (0.999, 1000),
    "p9999_us": (0.9999, 10_000),
    "max_us": (1.0, 1),
}

Times = Sequence[int] | NDArray[np.int64]
Curve = tuple[list[float], list[float]]
# A picture of its own for each group of workloads, a line in it for each name.
Pictures = Mapping[str, Mapping[str, Curve]]


def quantiles(times: Times) -> dict[str, Any]:
    """The quantiles of a Row, microseconds, of times in nanoseconds, and how many they were.

    None where fewer were timed than one in so many takes longer: that would be the maximum once more.
    """
    values = np.asarray(times) / 1000
    found: dict[str, Any] = {"timed": len(values)} if len(values) else {}
    for name, (share, least) in QUANTILES.items():
        if len(values) >= least:
            found[name] = float(np.quantile(values, share))
    return found


def curve(times: Times) -> Curve:
    """(one update in so many, takes at least so many microseconds), 20 points a decade."""
    found = np.sort(np.asarray(times))[::-1] / 1000
    ranks = np.unique(np.geomspace(1, len(found), 20 * len(str(len(found)))).astype(int))
    return (len(found) / ranks).tolist(), found[ranks - 1].tolist()


def draw(pictures: Pictures, path: Path) -> None:
    """One picture at a time, chosen above it; both axes logarithmic; an HTML file. Raises OutputFailed."""
    import plotly.graph_objects as go  # noqa: PLC0415 - half a second, for the plot alone

    figure = go.Figure()
    owners = [name for name, lines in pictures.items() for _ in lines]
    first = owners[0]
    for owner, (line, (one_in, microseconds)) in zip(
        owners, (each for lines in pictures.values() for each in lines.items()), strict=True
    ):
        figure.add_scatter(x=one_in, y=microseconds, name=line, visible=owner == first)
    for text, limit in (("p99.9: 2 ms", 2000), ("p99.99: 5 ms", 5000), ("max: 20 ms", 20_000)):
        # Notes beside a logarithmic axis are placed by the logarithm.
        figure.add_hline(y=limit, line_dash="dot", annotation_text=text, annotation_y=log10(limit))
    buttons = [
        {"label": name, "method": "update", "args": [{"visible": [owner == name for owner in owners]}]}
        for name in pictures
    ]
    menu = {"buttons": buttons, "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}
    figure.update_layout(
        title="Events that take long: CPU time of single events",
        updatemenus=[menu],
        showlegend=True,
        height=800,
    )
    figure.update_xaxes(type="log", title="one event in")
    figure.update_yaxes(type="log", title="takes at least, microseconds")
    write_page(figure, path)
