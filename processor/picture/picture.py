"""What a window looks like at one moment: the cluster table and the data of every plot. Frozen, bounded."""

from dataclasses import dataclass, field
from typing import Final

from processor.events.event import Kind

NOISE: Final = -1

# Bounds of one picture: what a page can show and a browser can draw.
MAX_ROWS: Final = 10_000
MAX_POINTS: Final = 2_500
MAX_BARS: Final = 2_016
MAX_LOGON_CELLS: Final = 400
MAX_DISTANCES: Final = 2_000


@dataclass(frozen=True, slots=True)
class Row:
    """One cluster, or one noise vector: a line of the cluster table.

    key : names the row as long as it lives: kind, partition and the id or first serial
    cluster : serial of the first event of the cluster's oldest core vector, NOISE outside all clusters
    size : events; vectors : distinct ones
    host : of the exemplar, "" where unknown; program, account : likewise
    text : the exemplar: a command line, or an account and where it came from
    first, last : event times in ms since 1970 UTC, None where unknown; live: the start of their pane
    """

    key: str
    kind: Kind
    scope: str
    host: str
    cluster: int
    size: int
    vectors: int
    program: str
    account: str
    text: str
    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class Points:
    """Vectors of one kind, column by column, as measured: not normalised. At most MAX_POINTS.

    values : shape (columns, points)
    cluster, size, program : shape (points,); program indexes `programs`
    total : vectors in the window, of which these are all or a selection (noise first, then the most frequent)
    """

    kind: Kind
    columns: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    cluster: tuple[int, ...]
    size: tuple[int, ...]
    program: tuple[int, ...]
    programs: tuple[str, ...]
    total: int


@dataclass(frozen=True, slots=True)
class KDistance:
    """Distance of vectors to their k-th nearest other event in the gate, falling: where it bends is eps.

    Vectors whose gate holds fewer than k other events have none and are counted in `without`.
    """

    kind: Kind
    k: int
    eps: float
    distances: tuple[float, ...]
    without: int
    total: int


@dataclass(frozen=True, slots=True)
class Bars:
    """Events of one kind over time: those learned in [start, start + width)."""

    kind: Kind
    width: int
    starts: tuple[int, ...]
    events: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LogonCell:
    """Logons of one account by one type."""

    account: str
    type: str
    events: int


@dataclass(frozen=True, slots=True)
class Picture:
    """All of it. `stream_time`: highest event time when it was taken, ms.

    clusters, noise : how many there are, of which `rows` shows all or MAX_ROWS (largest clusters first)
    """

    stream_time: int | None = None
    rows: tuple[Row, ...] = ()
    clusters: int = 0
    noise: int = 0
    points: tuple[Points, ...] = ()
    distances: tuple[KDistance, ...] = ()
    bars: tuple[Bars, ...] = ()
    logons: tuple[LogonCell, ...] = field(default=())
