"""What `bench clusterer` measures, on workloads that take no time."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from processor.clustering.learner import ordered
from processor.study.bench import compare
from processor.study.bench.compare import Held, held, timed
from processor.study.bench.forged import forged, pairs
from processor.study.bench.label_stalls import LABEL_STALLS, QUESTIONS, LabelStall, label_stalled
from processor.study.bench.memory import resident_data
from processor.study.bench.peers import CONTENDERS, LABEL, STRIDES, VERDICT, Budget, Supply
from processor.study.bench.rows import OURS, WIDTH, Row, report
from processor.study.bench.stalls import STALLS, Stall, stalled
from processor.study.bench.streams import WORKLOADS, Workload, recording, repetitive, ungated, windows
from processor.study.bench.tail import curve, draw, quantiles

SMALL = Workload("small", ungated(repetitive(0.05)), 3, 0.5, 5, 100, (10, 1))
LITTLE = Budget(fill_s=60, single=20, single_s=0.05, rounds=1, rounds_s=1)
NOTHING = replace(LITTLE, fill_s=0)
SCIKIT = [f"scikit-learn, every {stride:,}" for stride in STRIDES]
PEERS = ["incdbscan", "incdbscan, every 100", *SCIKIT, "DBSTREAM", "DenStream"]


def test_every_engine_is_measured_in_both_columns() -> None:
    """For each length of panes, ours first; each with times of single events."""
    rows = [row for row, _ in timed(SMALL, LITTLE)]

    titles = [SMALL.title(pane, column) for column in (VERDICT, LABEL) for pane in (10, 1)]
    assert [(title, engine) for title in titles for engine in (OURS, *PEERS)] == [
        (row.workload, row.engine) for row in rows
    ]
    assert all(row.events_per_cpu_s and row.timed and row.p50_us and row.max_us for row in rows)
    assert {100} == {row.window for row in rows}
    assert {None} == {row.note for row in rows}


def test_a_peer_that_cannot_fill_its_window_says_what_it_would_need(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row stands there without figures; those that fade are measured, and say how far they had got."""
    large = ungated(repetitive(0.001, templates=20))
    window = replace(SMALL, make=large, window=11_000, panes=(11,))
    monkeypatch.setattr(
        compare, "CONTENDERS", {name: CONTENDERS[name] for name in ("engine", "incdbscan", "DBSTREAM")}
    )

    rows = {row.engine: row for row, _ in timed(window, NOTHING)}

    assert rows["incdbscan"].events_per_s is None
    assert str(rows["incdbscan"].note).startswith("not run: needs ")
    assert rows["DBSTREAM"].note == "had learned 100 of 11,000 events"
    assert rows["DBSTREAM"].events_per_cpu_s
    assert held(window, "incdbscan", NOTHING) is None
    assert held(window, "DBSTREAM", NOTHING) is None


def test_what_an_engine_holds_goes_to_the_rows_of_its_workload_and_column(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """scikit-learn's to all strides of it; never to a row without figures."""
    resident = iter([7000, 10_000, 10_000, 9000])
    monkeypatch.setattr(compare, "resident_data", lambda: next(resident))

    found = held(replace(SMALL, window=2000), "SlidingDBSCAN", LITTLE)
    scikit = held(replace(SMALL, window=2000), "scikit-learn", LITTLE)

    assert found is not None
    assert scikit is not None
    assert found.titles == {SMALL.title(10, LABEL), SMALL.title(1, LABEL)}
    assert (3000, 0) == (found.gained, scikit.gained)
    assert found.events == 2000 > found.vectors > 100
    assert scikit.engine == "scikit-learn"
    assert scikit.titles == {SMALL.title(pane, column) for pane in (10, 1) for column in (VERDICT, LABEL)}
    one = Held(frozenset({"w"}), "scikit-learn", 6000, 100, 30)
    assert one.put_in(Row("w", SCIKIT[0], 100, 1.0)).bytes_per_event == 60
    assert one.put_in(Row("w", SCIKIT[1], 100, 1.0)).bytes_per_vector == 200
    assert one.put_in(Row("w", OURS, 100, 1.0)).bytes_per_event is None
    assert one.put_in(Row("v", SCIKIT[0], 100, 1.0)).bytes_per_event is None
    assert one.put_in(Row("w", SCIKIT[0], 100, None)).bytes_per_event is None


def test_resident_memory_grows_by_what_is_held_and_used() -> None:
    """Pages that were written to are there until they are given back."""
    before = resident_data()
    array = np.ones(1 << 24, np.uint8)

    assert resident_data() - before >= array.nbytes // 2


def test_where_memory_is_measured_events_are_made_anew() -> None:
    """Equal to those of the stream, and nobody else's."""
    stream = SMALL.make(100)
    kept, fresh = Supply(stream), Supply(stream, fresh=True)

    assert list(fresh.counts) == list(kept.counts)
    assert list(fresh.dicts) == list(kept.dicts)
    assert list(fresh.tuples) == list(kept.tuples)
    assert kept.dicts[0] is kept.dicts[0]
    assert fresh.dicts[0] is not fresh.dicts[0]


def test_workloads_have_names_of_their_own() -> None:
    """By which another process finds them."""
    names = [one.name for one in (*WORKLOADS, *windows((1000, 10_000_000)))]

    assert len(set(names)) == len(names)
    assert [1, 10_000] == [one.panes[0] for one in windows((1000, 10_000_000))]
    assert recording(Path("nowhere")) == []


def test_a_quantile_is_told_only_where_enough_events_were_timed() -> None:
    """One in so many of fewer would be the maximum under another name."""
    assert quantiles([]) == {}
    assert {"timed", "p50_us", "max_us"} == set(quantiles([1000] * 99))
    assert {"timed", "p50_us", "p99_us", "p999_us", "max_us"} == set(quantiles([1000] * 9999))
    assert quantiles(range(10_000))["p9999_us"] == pytest.approx(9.998, abs=1e-3)


def test_forged_vectors_have_one_hash_and_are_distinct() -> None:
    """Of Python's: for small first numbers, negative ones, and those beyond its modulus."""
    found = [*forged(500, 1, 1), *forged(500, -400, 1), *forged(500, 1 << 62, 1 << 38)]

    assert len({hash(pair) for pair in found}) == 1
    assert len(set(found)) >= 1000
    assert len(pairs(np.arange(10_000))) == pytest.approx(2500, abs=300)


@pytest.mark.parametrize("stall", STALLS, ids=lambda stall: stall.name)
def test_streams_that_hurt_are_timed_update_by_update(stall: Stall) -> None:
    """With their numbers and the whole distribution."""
    row, (one_in, microseconds) = stalled(stall, 300, 60)

    assert row.timed == 300
    assert one_in[0] == 300
    assert microseconds[0] == row.max_us


@pytest.mark.parametrize("stall", LABEL_STALLS, ids=lambda stall: stall.name)
def test_streams_that_hurt_labels_are_timed_event_by_event(stall: LabelStall) -> None:
    """learn_one and predict_one together, or as many questions as are asked."""
    row, _ = label_stalled(stall, 200, 300, 60)

    assert row.timed == (300 if stall.asked == "always" else QUESTIONS)
    assert row.window == 200


def test_streams_that_hurt_too_much_end() -> None:
    """After the time they are given, with what was measured until then."""
    assert stalled(STALLS[0], 5000, 0)[0].timed == 1000
    assert label_stalled(LABEL_STALLS[1], 100, 5000, 0)[0].timed == 1000


def test_forged_floats_have_one_hash_as_the_clusterer_keeps_them() -> None:
    """It goes by the bits of floats."""
    forging = next(stall for stall in LABEL_STALLS if "forged" in stall.name)
    points = [tuple(map(float, x.values())) for x in islice(forging.points(100), 100)]

    assert len(set(points)) == 100
    assert len({hash(ordered(point)) for point in points}) == 1


def test_tables_fit_their_width_and_name_what_was_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    """A table for each workload; workloads of one row share one."""
    report(
        [
            Row("a stream", OURS, 10_000_000, 1e6, 2e6, timed=100_000, p50_us=0.5, max_us=12_345_678.0),
            Row("a stream", "scikit-learn, every 1,000", 10_000_000, 10.0, 20.0),
            Row("a stream", "incdbscan", 10_000_000, None, note="not run: needs 99 s"),
            Row("stall: one", OURS, 1, 1.0),
            Row("stall: two", OURS, 1, 1.0),
        ],
        None,
    )

    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= WIDTH
    assert said.count("ours /") == 2
    for text in ("a stream", "10,000,000", "12,345,678", "100,000", "incdbscan: not run", "stall: two"):
        assert text in said


def test_the_plot_has_a_picture_for_each_group(tmp_path: Path) -> None:
    """Chosen above it; the first is the one that shows."""
    line = curve([1000, 2000, 3000])
    draw({"worst cases": {"stall: one": line}, "a stream": {OURS: line, "peer": line}}, tmp_path / "a.html")

    page = (tmp_path / "a.html").read_text()
    for text in ("worst cases", "stall: one", "a stream", "peer", '"visible":[false,true,true]'):
        assert text in page
