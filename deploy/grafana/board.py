"""What a dashboard is made of here: rows of panels, each a few queries; built with Grafana's own SDK."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from grafana_foundation_sdk.builders import common, heatmap, prometheus, stat, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import heatmap as heatmap_models
from grafana_foundation_sdk.models import prometheus as query_models

SOURCE: Final = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
WIDTHS: Final = {"stat": 4, "lines": 8, "stack": 8, "heatmap": 8}
HEIGHTS: Final = {"stat": 4, "lines": 7, "stack": 7, "heatmap": 7}


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL and the legend of its series; `$instance` and `$__rate_interval` are Grafana's to fill in."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: what it shows, and in its description what a reader should conclude."""

    title: str
    description: str
    queries: tuple[Query, ...]
    kind: Literal["stat", "lines", "stack", "heatmap"] = "lines"
    unit: str = "short"


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard; `uid` is its address in Grafana and never changes."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]

    @property
    def panels(self) -> list[Panel]:
        """Every panel, in order."""
        return [panel for row in self.rows for panel in row.panels]


_Built = stat.Panel | timeseries.Panel | heatmap.Panel


def render(board: Board) -> str:
    """The dashboard as Grafana's JSON: the same text for the same board, ending in a line break."""
    built = (
        builders.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags(["eventcluster"])
        .timezone("utc")
        .refresh("30s")
        .time("now-6h", "now")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(builders.DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .with_variable(_instances())
    )
    numbers = itertools.count(1)
    for row in board.rows:
        built = built.with_row(builders.Row(row.title).id(next(numbers)))
        for panel in row.panels:
            built = built.with_panel(_panel(panel).id(next(numbers)))
    return JSONEncoder(sort_keys=True, indent=2).encode(built.build()) + "\n"


def _instances() -> builders.QueryVariable:
    return (
        builders.QueryVariable("instance")
        .label("Instance")
        .datasource(SOURCE)
        .query("label_values(eventcluster_build_info, instance)")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".+")
    )


def _panel(panel: Panel) -> _Built:
    built: _Built
    match panel.kind:
        case "stat":
            calculations = common.ReduceDataOptions().calcs(["lastNotNull"])
            built = stat.Panel().reduce_options(calculations).color_mode(common_models.BigValueColorMode.NONE)
        case "heatmap":
            built = (
                heatmap.Panel()
                .calculate(calculate=False)
                .color(
                    heatmap.HeatmapColorOptions()
                    .mode(heatmap_models.HeatmapColorMode.SCHEME)
                    .scheme("Oranges")
                )
            )
        case "lines" | "stack":
            built = timeseries.Panel().min(0).show_points(common_models.VisibilityMode.NEVER)
            if panel.kind == "stack":
                stacked = common.StackingConfig().mode(common_models.StackingMode.NORMAL)
                built = built.stacking(stacked).fill_opacity(30)
    built = built.title(panel.title).description(panel.description).unit(panel.unit).datasource(SOURCE)
    built = built.span(WIDTHS[panel.kind]).height(HEIGHTS[panel.kind])
    for target in _targets(panel.queries, panel.kind):
        built = built.with_target(target)
    return built


def _targets(queries: Sequence[Query], kind: str) -> list[prometheus.Dataquery]:
    targets = []
    for place, query in enumerate(queries):
        target = prometheus.Dataquery().ref_id(chr(ord("A") + place)).expr(query.expr).datasource(SOURCE)
        if query.legend:
            target = target.legend_format(query.legend)
        if kind == "heatmap":
            target = target.format(query_models.PromQueryFormat.HEATMAP)
        targets.append(target)
    return targets
