"""What benches make of their rows."""

import json
from pathlib import Path

from processor.study.bench.plot import draw
from processor.study.bench.rows import OURS, Group, Row, by_quarters, report

ROWS = [
    Row(
        "mixed",
        OURS,
        None,
        900.0,
        1000.0,
        p50_us=20.0,
        p99_us=50.0,
        resident=[2**20, 3 * 2**20, 2**21, 2**21, 2**21],
        stages={"a repeat": Group(90, 4.0, 3.0, 0.4), "published": Group(10, 54.0, 50.0, 0.6)},
    ),
    Row("mixed", f"{OURS}, 2 instances", None, 1620.0, 990.0),
    Row("mixed", "json.loads", None, 700.0, 800.0),
]


def test_two_instances_compare_with_one_by_the_clock_on_the_wall(tmp_path: Path) -> None:
    """They share no core: events per CPU second would say nothing of what the second gains."""
    report(ROWS, tmp_path / "rows.json")

    document = json.loads((tmp_path / "rows.json").read_text())
    assert document["ratios"] == {
        "mixed/eventcluster, 2 instances, by one, wall": 1.8,
        "mixed/json.loads": 1.25,
    }


def test_the_document_has_what_became_of_records_and_memory_by_quarters(tmp_path: Path) -> None:
    """As people are told."""
    report(ROWS, tmp_path / "rows.json")

    ours = json.loads((tmp_path / "rows.json").read_text())["rows"][0]
    assert ours["stages"]["published"] == {"count": 10, "mean_us": 54.0, "median_us": 50.0, "share": 0.6}
    assert ours["resident"] == [2**20, 3 * 2**20, 2**21, 2**21, 2**21]
    assert by_quarters(ours["resident"]) == "resident memory 1 MiB, by quarters +2.0, -1.0, +0.0, +0.0 MiB"


def test_the_plot_has_rates_times_stages_and_memory(tmp_path: Path) -> None:
    """A chart of each that the rows tell of."""
    draw(ROWS, "a bench", tmp_path / "rows.html")
    draw(ROWS[1:], "rates alone", tmp_path / "rates.html")

    whole, rates = ((tmp_path / name).read_text() for name in ("rows.html", "rates.html"))
    for chart in ("clock on the wall", "milliseconds", "what became of it", "resident memory"):
        assert chart in whole
    assert "clock on the wall" in rates
    assert "what became of it" not in rates
