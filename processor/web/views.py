"""What the API answers, from one Status."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final

import msgspec

import processor
from processor.picture.picture import NOISE, Picture, Row
from processor.status import Status
from processor.web import queries
from processor.web.feed import Feed
from processor.web.queries import MAX_LIMIT, SORTS, Query
from processor.web.shapes import (
    AnomalyPage,
    ClusterPage,
    EpisodePage,
    Mark,
    PlotData,
    ProgramSizes,
    ScoreBar,
    Span,
    StatusShape,
)
from processor.web.summaries import EVERYTHING, Filter, Listed

_ENCODE: Final = msgspec.json.Encoder().encode
# Numbers are positions in the list of all anomalies ever published by this process.
_NO_END: Final = 1 << 62

FILTERS: Final = ("kind", "host", "reason", "q", "min_score")
PAGE: Final = ("limit", "before")
CLUSTERS: Final = ("kind", "host", "q", "show", "sort", "order", "limit", "offset")
# Of an episode's anomalies, so many are listed with it; /api/anomalies?episode= has all.
LISTED_OF_EPISODE: Final = 10
# Bounds of what is drawn.
MAX_MARKS: Final = 2_000
MAX_PROGRAMS: Final = 200
SCORE_STEP: Final = 5


def status(now: Status) -> bytes:
    """/api/status: one screen of numbers."""
    lags = [each.lag for each in now.partitions if each.lag is not None]
    told: StatusShape = {
        "version": processor.__version__,
        "state": now.state,
        "started_at": now.started_at,
        "partitions": now.partitions,
        "events_per_s": round(now.events_per_s, 1),
        "lag_records": sum(lags) if lags else None,
        "lag_s": now.lag_s,
        "stream_time": now.stream_time,
        "window_span": now.window_span,
        "window_events": dict(now.window_events),
        "window_vectors": dict(now.window_vectors),
        "clusters": dict(now.clusters),
        "scopes": {"warmup": now.scopes_warmup, "live": now.scopes_live},
        "outcomes": dict(now.outcomes),
        "withheld": dict(now.withheld),
        "anomalies": {"seen": now.anomalies_seen, "kept": len(now.anomalies)},
        "picture": None if now.picture is None else {"stream_time": now.picture.stream_time},
    }
    return _ENCODE(told)


def wanted(query: Query) -> Filter:
    """The filter that a request asks for."""
    return Filter(
        kind=queries.kind(query),
        host=query.text("host"),
        reason=query.one_of("reason", queries.REASONS),
        q=query.text("q"),
        min_score=query.number("min_score", 0, 0, 100),
    )


def anomalies(everything: Sequence[Listed], query: Query) -> bytes:
    """/api/anomalies: a page of the list, newest first."""
    limit, before = _page(query)
    found = wanted(query).of(everything)
    episode = query.text("episode")
    if episode:
        found = [each for each in found if each.summary.episode == episode]
    first = bisect_right(found, -before, key=lambda each: -each.summary.number)
    page = [each.summary for each in found[first : first + limit]]
    more = page[-1].number if len(found) > first + limit else None
    told: AnomalyPage = {"total": len(found), "next": more, "items": page}
    return _ENCODE(told)


def episode_page(feed: Feed, query: Query) -> bytes:
    """/api/episodes: a page of episodes, the one with the newest anomaly first."""
    limit, before = _page(query)
    chosen = wanted(query)
    if chosen == EVERYTHING:
        total, passed, groups = len(feed.book), len(feed.newest_first), feed.book.all()
    else:
        found = chosen.of(feed.newest_first)
        every = list(feed.book.of(found))
        total, passed, groups = len(every), len(found), iter(every)
    page = list(islice((each for each in groups if each.number < before), limit + 1))
    told: EpisodePage = {
        "seen": _seen(feed.newest_first),
        "total": total,
        "anomalies": passed,
        "next": page[limit - 1].number if len(page) > limit else None,
        "items": [each.told(LISTED_OF_EPISODE) for each in page[:limit]],
    }
    return _ENCODE(told)


def _seen(everything: Sequence[Listed]) -> int:
    """How many anomalies there were when the answer was made: so a client knows if it has the last."""
    return everything[0].summary.number + 1 if everything else 0


def record(now: Status, anomaly_id: str) -> bytes | None:
    """/api/anomalies/{id}: the record as it was published; None where it is not kept."""
    for published in reversed(now.anomalies):
        if published.id == anomaly_id:
            return published.value
    return None


def clusters(picture: Picture | None, query: Query) -> bytes:
    """/api/clusters: a page of the cluster table."""
    picture = picture or Picture()
    sort = query.one_of("sort", SORTS, "size")
    falling = query.one_of("order", ("asc", "desc"), "desc") == "desc"
    limit = query.number("limit", 50, 1, MAX_LIMIT)
    offset = query.number("offset", 0, 0, 1_000_000)
    rows = [row for row in picture.rows if _passes(row, query)]
    rows.sort(key=_SORT_KEYS[sort], reverse=falling)
    told: ClusterPage = {
        "stream_time": picture.stream_time,
        "clusters": picture.clusters,
        "noise": picture.noise,
        "listed": len(picture.rows),
        "total": len(rows),
        "items": rows[offset : offset + limit],
    }
    return _ENCODE(told)


_SORT_KEYS: Final[dict[str, Any]] = {
    "size": lambda row: row.size,
    "vectors": lambda row: row.vectors,
    "kind": lambda row: (row.kind, row.cluster == NOISE),
    "host": lambda row: row.host.lower(),
    "scope": lambda row: row.scope.lower(),
    "text": lambda row: row.text.lower(),
    "program": lambda row: row.program.lower(),
    "account": lambda row: row.account.lower(),
    "first": lambda row: row.first or 0,
    "last": lambda row: row.last or 0,
}


def _passes(row: Row, query: Query) -> bool:
    show = query.one_of("show", ("all", "clusters", "noise"), "all")
    text, host = query.text("q").lower(), query.text("host").lower()
    return (
        queries.kind(query) in ("", row.kind)
        and (show == "all" or (row.cluster == NOISE) == (show == "noise"))
        and (host in row.host.lower() or host in row.scope.lower())
        and (not text or any(text in part.lower() for part in (row.program, row.account, row.text)))
    )


def plots(picture: Picture | None, everything: Sequence[Listed]) -> bytes:
    """/api/plots: the data of every plot."""
    return _ENCODE(plot_data(picture or Picture(), everything))


def plot_data(picture: Picture, everything: Sequence[Listed]) -> PlotData:
    """What figures.js draws: the same for the page and for a report.

    everything : the anomalies, newest first
    """
    counts: Counter[tuple[str, int]] = Counter(
        (each.summary.kind, min(each.summary.score // SCORE_STEP * SCORE_STEP, 100 - SCORE_STEP))
        for each in everything
    )
    scores: list[ScoreBar] = [
        {"kind": kind, "score": low, "count": count} for (kind, low), count in sorted(counts.items())
    ]
    return {
        "stream_time": picture.stream_time,
        "bars": picture.bars,
        "marks": [_mark(each) for each in everything[:MAX_MARKS]],
        "marks_total": len(everything),
        "seen": _seen(everything),
        "spans": [_span(row) for row in picture.rows[:MAX_MARKS] if row.first is not None],
        "points": picture.points,
        "distances": picture.distances,
        "logons": picture.logons,
        "sizes": _sizes(picture.rows),
        "scores": scores,
        "score_step": SCORE_STEP,
    }


def _span(row: Row) -> Span:
    return {
        "kind": row.kind,
        "noise": row.cluster == NOISE,
        "first": row.first,
        "last": row.last,
        "size": row.size,
        "text": (row.program or row.account or row.text)[:80],
    }


def _mark(each: Listed) -> Mark:
    summary = each.summary
    return {
        "id": summary.id,
        "kind": summary.kind,
        "time": summary.time,
        "score": summary.score,
        "title": summary.title[:80],
        "scope": summary.scope[:80],
    }


def _sizes(rows: Sequence[Row]) -> list[ProgramSizes]:
    """Sizes of the process clusters by program, the programs with most events first."""
    sizes: dict[str, list[int]] = {}
    for row in rows:
        if row.kind == "process" and row.cluster != NOISE:
            sizes.setdefault(row.program or "not known", []).append(row.size)
    largest = sorted(sizes.items(), key=lambda item: (-sum(item[1]), item[0]))[:MAX_PROGRAMS]
    return [{"program": program, "sizes": sorted(own, reverse=True)[:100]} for program, own in largest]


def _page(query: Query) -> tuple[int, int]:
    return query.number("limit", 50, 1, MAX_LIMIT), query.number("before", _NO_END, 0, _NO_END)
