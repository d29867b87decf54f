"""What the API answers with: the types that its description is made from."""

from typing import TypedDict

from processor.clustering.components import ClusterCounts
from processor.events.event import Kind
from processor.picture.picture import Bars, KDistance, LogonCell, Points, Row
from processor.status import PartitionStatus
from processor.web.episodes import Episode
from processor.web.summaries import Summary


class ScopesShape(TypedDict):
    """Models: a host and a kind each."""

    warmup: int
    live: int


class AnomalyCounts(TypedDict):
    """Published since the start, and how many of them are kept."""

    seen: int
    kept: int


class PictureTime(TypedDict):
    """Stream time, ms, when clusters were counted last."""

    stream_time: int | None


class StatusShape(TypedDict):
    """State, rate, lag, window and clusters; `started_at` in s since 1970, other times in ms."""

    version: str
    state: str
    started_at: float
    partitions: tuple[PartitionStatus, ...]
    events_per_s: float
    lag_records: int | None
    lag_s: float | None
    stream_time: int | None
    window_span: int
    window_events: dict[Kind, int]
    window_vectors: dict[Kind, int]
    clusters: dict[Kind, ClusterCounts]
    scopes: ScopesShape
    outcomes: dict[str, int]
    withheld: dict[str, int]
    anomalies: AnomalyCounts
    picture: PictureTime | None


class AnomalyPage(TypedDict):
    """`total` pass the filter; `next` is the `before` of the page after this, null on the last."""

    total: int
    next: int | None
    items: list[Summary]


class EpisodePage(TypedDict):
    """`seen` were published when this was made; `anomalies` pass the filter, in `total` episodes."""

    seen: int
    total: int
    anomalies: int
    next: int | None
    items: list[Episode]


class ClusterPage(TypedDict):
    """`total` of the `listed` rows pass the filter."""

    stream_time: int | None
    clusters: int
    noise: int
    listed: int
    total: int
    items: list[Row]


class Mark(TypedDict):
    """An anomaly on a time axis."""

    id: str
    kind: Kind
    time: str
    score: int
    title: str
    scope: str


class Span(TypedDict):
    """From when to when a cluster, or a noise vector, was seen; ms."""

    kind: Kind
    noise: bool
    first: int | None
    last: int | None
    size: int
    text: str


class ProgramSizes(TypedDict):
    """Sizes of a program's clusters, the largest first."""

    program: str
    sizes: list[int]


class ScoreBar(TypedDict):
    """Anomalies of a kind with scores from `score` on."""

    kind: str
    score: int
    count: int


class PlotData(TypedDict):
    """The data of every plot."""

    stream_time: int | None
    bars: tuple[Bars, ...]
    marks: list[Mark]
    marks_total: int
    seen: int
    spans: list[Span]
    points: tuple[Points, ...]
    distances: tuple[KDistance, ...]
    logons: tuple[LogonCell, ...]
    sizes: list[ProgramSizes]
    scores: list[ScoreBar]
    score_step: int
