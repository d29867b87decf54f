"""The plots of an evaluation: precision over recall, each detector a line, one picture a stream and kind."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from processor.errors import OutputFailed

_HEIGHT = 420


class Ranked(Protocol):
    """What is drawn of one detector on one kind of one stream."""

    @property
    def name(self) -> str:
        """The stream."""
        ...

    @property
    def source(self) -> str:
        """What recorded it."""
        ...

    @property
    def kind(self) -> str:
        """Of its events: process or logon."""
        ...

    @property
    def detector(self) -> str:
        """Whose line it is."""
        ...

    @property
    def curve(self) -> Sequence[tuple[float, float]]:
        """Recall and precision at each score."""
        ...


def write(path: Path, rows: Sequence[Ranked]) -> None:
    """One HTML file with plotly's JavaScript in it; streams without an attack have no picture.

    Raises OutputFailed where it cannot be written.
    """
    from plotly import graph_objects  # noqa: PLC0415 - half a second, for a report alone
    from plotly.subplots import make_subplots  # noqa: PLC0415

    drawn = [row for row in rows if row.curve]
    pictures = list(dict.fromkeys((row.name, row.source, row.kind) for row in drawn))
    figure = make_subplots(
        rows=max(1, len(pictures)), cols=1, subplot_titles=[", ".join(each) for each in pictures]
    )
    detectors = list(dict.fromkeys(row.detector for row in drawn))
    for row in drawn:
        figure.add_trace(
            graph_objects.Scatter(
                x=[recall for recall, _ in row.curve],
                y=[precision for _, precision in row.curve],
                name=row.detector,
                legendgroup=row.detector,
                showlegend=(row.name, row.source, row.kind) == pictures[0],
                line={"width": 3 if detectors.index(row.detector) == 0 else 1},
            ),
            row=pictures.index((row.name, row.source, row.kind)) + 1,
            col=1,
        )
    figure.update_xaxes(title="recall of attack events", range=[0, 1.02])
    figure.update_yaxes(title="precision", range=[0, 1.02])
    figure.update_layout(height=_HEIGHT * max(1, len(pictures)), title="precision over recall")
    try:
        path.write_text(figure.to_html(include_plotlyjs=True, full_html=True), encoding="utf-8")
    except OSError as error:
        raise OutputFailed(f"{path}: {error.strerror or error}") from error
