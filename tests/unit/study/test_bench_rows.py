"""What benches make of their rows."""

import json
from pathlib import Path

from processor.study.bench.plot import draw
from processor.study.bench.rows import OURS, Row, Stage, by_quarters, report

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
        stages={
            "a repeat": Stage(3.6, 0.4, 90, 4.0, 3.0),
            "published": Stage(5.4, 0.6, 10, 54.0, 50.0),
        },
    ),
    Row("mixed", f"{OURS}, 2 instances", None, 1620.0, 990.0, note="1.80 times the events/s of one"),
    Row("mixed", "json.loads", None, 700.0, 800.0),
]


def test_ratios_are_ours_by_theirs_and_a_second_instance_is_no_peer(tmp_path: Path) -> None:
    """What it gains, by the clock on the wall, is in the note of its row."""
    report(ROWS, tmp_path / "rows.json")

    document = json.loads((tmp_path / "rows.json").read_text())
    assert document["ratios"] == {"mixed/json.loads": 1.25}
    assert document["rows"][1]["note"] == "1.80 times the events/s of one"


def test_the_document_has_what_became_of_records_and_memory_by_quarters(tmp_path: Path) -> None:
    """As people are told."""
    report(ROWS, tmp_path / "rows.json")

    ours = json.loads((tmp_path / "rows.json").read_text())["rows"][0]
    assert ours["stages"]["published"] == {
        "us_per_event": 5.4,
        "share": 0.6,
        "count": 10,
        "mean_us": 54.0,
        "median_us": 50.0,
    }
    assert ours["resident"] == [2**20, 3 * 2**20, 2**21, 2**21, 2**21]
    assert by_quarters(ours["resident"]) == "resident memory 1 MiB, by quarters +2.0, -1.0, +0.0, +0.0 MiB"


def test_the_plot_has_rates_times_stages_and_memory(tmp_path: Path) -> None:
    """A chart of each that the rows tell of."""
    draw(ROWS, "a bench", tmp_path / "rows.html")
    draw(ROWS[1:], "rates alone", tmp_path / "rates.html")

    whole, rates = ((tmp_path / name).read_text() for name in ("rows.html", "rates.html"))
    for chart in ("clock on the wall", "milliseconds", "by stage", "resident memory"):
        assert chart in whole
    assert "clock on the wall" in rates
    assert "by stage" not in rates
