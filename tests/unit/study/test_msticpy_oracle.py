"""The notebook technique's results, number by number, from the streaming detector.

The oracle files are msticpy's own features and scikit-learn's labels (data/msticpy/README.md).
"""

import hashlib
import itertools
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from processor.clustering.components import label
from processor.clustering.engine import Engine
from processor.config import load
from processor.features import sets
from processor.study.members import NOISE, Member
from processor.study.replay import Request, replay
from processor.study.summary import Summary
from tests.unit.study import oracle

CONFIG = Path(__file__).parents[3] / "configs" / "msticpy.yaml"
SETS = ("P3", "P5", "P5log", "PH", "T3", "L2", "L3")


@pytest.fixture(scope="module")
def data(shared: Path) -> Path:
    """The folder of msticpy's recordings and oracle files."""
    return shared / "data" / "msticpy"


@pytest.fixture(scope="module")
def recordings(data: Path) -> Mapping[str, oracle.Recording]:
    """Each recording, decoded once."""
    return {f"{name}.csv": oracle.read(data / f"{name}.csv") for name in oracle.FILES}


def replayed(path: Path, folder: Path) -> tuple[Summary, list[dict[str, str]], list[dict[str, str]]]:
    """Summary, clusters and labels of `replay PATH --config configs/msticpy.yaml --sort`."""
    request = Request([path], sort=True, clusters=folder / "c.csv", labels=folder / "l.csv")
    summary = replay(request, load(CONFIG, {}), lambda *_: None)
    return summary, oracle.rows(folder / "c.csv"), oracle.rows(folder / "l.csv")


@pytest.mark.parametrize(
    ("name", "clusters", "noise"),
    [("processes_on_host", 29, 33), ("process_tree", 22, 16), ("host_logons", 2, 1)],
)
def test_replay_gives_every_event_the_oracle_s_label(
    data: Path, tmp_path: Path, name: str, clusters: int, noise: int
) -> None:
    """The shipped msticpy config folds each recording as the notebook does, event by event."""
    summary, table, labels = replayed(data / f"{name}.csv", tmp_path)
    expected = oracle.rows(data / f"{name}.oracle.csv")
    pairs = Counter(zip((r["dbscan_label"] for r in expected), (r["ClusterId"] for r in labels), strict=True))

    assert clusters + noise == len(table)
    assert noise == sum(row["ClusterId"] == "-1" for row in table)
    assert [r["row"] for r in expected] == [r["row"] for r in labels]
    assert [r["is_core"] for r in expected] == [r["IsCore"] for r in labels]
    assert noise == pairs["-1", "-1"]
    # A renumbering: each of the oracle's labels goes with one of ours, and the reverse.
    assert len(pairs) == len({ours for ours, _ in pairs}) == len({theirs for _, theirs in pairs})
    assert len(expected) == summary.scored == summary.records


def test_replay_s_cluster_table_has_sizes_times_and_the_earliest_member(data: Path, tmp_path: Path) -> None:
    """Unlike the notebook's table, exemplar and times are those of the true earliest member."""
    _, table, labels = replayed(data / "processes_on_host.csv", tmp_path)
    expected = oracle.rows(data / "processes_on_host.oracle.csv")
    by_cluster: dict[str, list[tuple[str, int]]] = {}
    for row, member in enumerate(labels):
        key = f"noise {row}" if member["ClusterId"] == "-1" else member["ClusterId"]
        by_cluster.setdefault(key, []).append((f"{expected[row]['TimeGenerated']}Z", row))
    wanted = Counter(
        (len(members), min(members)[0], max(members)[0], str(min(members)[1]))
        for members in by_cluster.values()
    )

    columns = ("FirstEventTime", "LastEventTime", "row")
    assert wanted == Counter((int(row["ClusterSize"]), *(row[name] for name in columns)) for row in table)
    assert all(
        row["process.executable"] == expected[int(row["row"])]["NewProcessName"]
        and row["@timestamp"] == row["FirstEventTime"]
        for row in table
    )


def test_host_logons_fold_to_clusters_of_eleven_and_two_and_one_single_logon(
    data: Path, tmp_path: Path
) -> None:
    """The notebook's second example."""
    _, table, _ = replayed(data / "host_logons.csv", tmp_path)

    assert [11, 2, 1] == sorted((int(row["ClusterSize"]) for row in table), reverse=True)


@pytest.mark.parametrize("name", SETS)
def test_every_setting_of_the_sweep_gives_the_oracle_s_labels(
    data: Path, recordings: Mapping[str, oracle.Recording], name: str
) -> None:
    """Seven feature lists, normalised or not, 8 to 16 radii, three min_samples: 336 settings in all."""
    settings = [row for row in oracle.rows(data / "settings_sweep.csv") if row["set"] == name]
    differing = [
        (row["columns"], row["l2_row_normalise"], row["eps"], row["min_samples"])
        for row in settings
        if not _as_the_oracle(row, recordings[row["file"]])
    ]

    assert [] == differing
    assert settings


def _as_the_oracle(row: Mapping[str, str], recording: oracle.Recording) -> bool:
    """Counts, sizes, what stood alone on arrival, and the label list's hash."""
    section = {
        "features": row["columns"].split(),
        "normalize": "l2" if row["l2_row_normalise"] == "True" else "none",
        "gate": [],
        "eps": float(row["eps"]),
        "min_samples": int(row["min_samples"]),
    }
    model = oracle.detector(**{"logon" if row["set"].startswith("L") else "process": section})
    members = oracle.members_at_the_end(model, recording)
    labels = oracle.renumbered(members)
    sizes = sorted((size for each, size in Counter(labels).items() if each != NOISE), reverse=True)
    found = (len(members), len(sizes), labels.count(NOISE), sum(member.is_core for member in members), sizes)
    wanted = (*(int(row[f"n_{what}"]) for what in ("events", "clusters", "noise", "core")), _sizes(row))
    digest = hashlib.sha1(",".join(map(str, labels)).encode(), usedforsecurity=False).hexdigest()
    return found == wanted and digest == row["labels_sha1"]


def _sizes(row: Mapping[str, str]) -> list[int]:
    return [int(size) for size in row["cluster_sizes_desc"].split()]


def test_windows_of_seconds_hold_the_oracle_s_clusters_after_each_snapshot(
    data: Path, recordings: Mapping[str, oracle.Recording]
) -> None:
    """With panes of 1 ms the window is exact; 222 snapshots, min_samples 2, 3 and 5."""
    snapshots = _snapshots(data, "seconds")
    differing = []
    for (length, min_samples), rows in itertools.groupby(snapshots, key=_window):
        wanted = {int(row["after_arrival_rank"]): row for row in rows}
        model = oracle.detector(
            process={"features": "msticpy", "min_samples": min_samples},
            window={"length": f"{length}s", "pane": "1ms"},
        )
        for rank, (_, _, members) in enumerate(oracle.feed(model, recordings["processes_on_host.csv"])):
            if rank in wanted and not _same_clusters(wanted[rank], list(members.table())):
                differing.append((length, min_samples, rank))

    assert [] == differing
    assert len(snapshots) == 222


def test_windows_of_events_hold_the_oracle_s_clusters_after_each_snapshot(
    data: Path, recordings: Mapping[str, oracle.Recording]
) -> None:
    """A part for each event makes a window of the last N; 333 snapshots, min_samples 2, 3 and 5."""
    snapshots = _snapshots(data, "count")
    recording = recordings["processes_on_host.csv"]
    differing = []
    for (size, min_samples), rows in itertools.groupby(snapshots, key=_window):
        wanted = {int(row["after_arrival_rank"]): row for row in rows}
        features = sets.build("process", "msticpy", "l2", ())
        engine = Engine(columns=3, eps=1e-4, min_samples=min_samples, vector=features.vector)
        live: list[int] = []
        for rank, row in enumerate(recording.arrival):
            handle = engine.intern(*features.measure(recording.events[row]))
            engine.learn("host", handle, rank, rank, "")
            engine.expire(rank - size + 1)
            live = [*live, handle][-size:]
            if rank in wanted and not _same_clusters(wanted[rank], _members(engine, live)):
                differing.append((size, min_samples, rank))

    assert [] == differing
    assert len(snapshots) == 333


def _snapshots(data: Path, kind: str) -> list[dict[str, str]]:
    rows = oracle.rows(data / "processes_on_host.window_snapshots.csv")
    return sorted((row for row in rows if row["window_kind"] == kind), key=_window)


def _window(row: Mapping[str, str]) -> tuple[int, int]:
    return int(row["window"]), int(row["min_samples"])


def _members(engine: Engine, live: list[int]) -> list[Member]:
    labels = label(engine.snapshot())
    place = {row: at for at, row in enumerate(labels.snapshot.row.tolist())}
    member = partial(Member, "process", 0, 0)
    return [member(int(labels.cluster[place[row]]), bool(labels.is_core[place[row]])) for row in live]


def _same_clusters(row: Mapping[str, str], members: list[Member]) -> bool:
    cores = Counter(member.cluster for member in members if member.is_core)
    noise = sum(member.cluster == NOISE for member in members)
    wanted = tuple(int(row[name]) for name in ("n_in_window", "n_clusters", "n_noise", "n_core", "n_border"))
    found = (len(members), len(cores), noise, cores.total(), len(members) - noise - cores.total())
    sizes = [int(size) for size in row["core_sizes_desc"].split()]
    return found == wanted and sorted(cores.values(), reverse=True) == sizes


@pytest.mark.parametrize(
    ("seconds", "length"), [("300s", "300s"), ("600s", "600s"), ("1800s", "1800s"), ("all", "7d")]
)
def test_verdict_on_arrival_is_that_of_the_oracle_s_earlier_neighbours(
    data: Path, recordings: Mapping[str, oracle.Recording], seconds: str, length: str
) -> None:
    """With min_samples 2 an event is anomalous exactly where nothing earlier in the window is within eps."""
    expected = oracle.rows(data / "processes_on_host.arrival_windows.csv")
    near = f"n_near_{seconds}" if seconds == "all" else f"n_near_in_{seconds}"
    model = oracle.detector(process={"features": "msticpy"}, window={"length": length, "pane": "1ms"})
    engine = model.engines["process"]
    found = [
        (row, engine.live_events - 1, judgement.reason is None)
        for row, judgement, _ in oracle.feed(model, recordings["processes_on_host.csv"])
    ]

    assert [(int(r["row"]), int(r[near]) > 0) for r in expected] == [(row, known) for row, _, known in found]
    if seconds != "all":
        assert [int(r[f"n_prev_in_{seconds}"]) for r in expected] == [before for _, before, _ in found]
