"""From history and a budget to settings."""

import json
from dataclasses import replace
from math import nan
from pathlib import Path

import pytest
import yaml

from processor.config import load
from processor.errors import UsageError
from processor.study.simulate.output import Plan, write_file
from processor.study.tune import THRESHOLDS, Request, tune


def quiet(_done: int, _total: int) -> None:
    """No progress shown."""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hosts for a day and a half."""
    path = tmp_path_factory.mktemp("history") / "fleet.jsonl"
    write_file(path, Plan(seed=3, hosts=2, rate=1000, seconds=6), quiet)
    return path


def test_what_is_chosen_keeps_the_budget_and_is_written_as_a_config(history: Path, tmp_path: Path) -> None:
    """The file loads, says what was chosen, and keeps what the given config said."""
    given = tmp_path / "given.yaml"
    given.write_text(
        "version: 1\nkafka: {bootstrap_servers: 'b:9092', input_topics: [events]}\n"
        "warmup: {span: 6h}\nprocess: {min_samples: 2}\n"
    )
    out, report = tmp_path / "tuned.yaml", tmp_path / "tuned.html"
    request = Request([history], episodes_per_host_day=2.0, config=given, out=out, report=report)
    tuning = tune(request, load(given, {}), quiet)
    settings = load(out, {}, broker=True)

    assert tuning.chosen is not None
    assert tuning.chosen.episodes <= 2.0
    assert tuning.chosen.setting.min_samples == settings.process.min_samples
    assert tuning.chosen.setting.eps == settings.process.eps
    assert tuning.chosen.min_score == settings.output.min_score
    assert "6h" == yaml.safe_load(out.read_text())["warmup"]["span"]
    assert "k-distance" in report.read_text()
    assert any(line.startswith("| 0 |") for line in tuning.lines())


def test_config_made_of_no_config_says_what_run_needs_beside_it(history: Path, tmp_path: Path) -> None:
    """It loads, but for the brokers that `config check` asks for."""
    out = tmp_path / "tuned.yaml"
    warm = load(None, {"EVENTCLUSTER_WARMUP__SPAN": "6h"})
    tune(Request([history], episodes_per_host_day=50.0, out=out), warm, quiet)

    assert "kafka.bootstrap_servers and kafka.input_topics" in out.read_text()
    assert 3 == load(out, {}).process.min_samples


def test_one_more_of_min_samples_is_proposed_where_the_budget_has_room(history: Path) -> None:
    """It finds the second attack like the first; a moderate threshold may pay for it, a high one not."""
    warm = load(None, {"EVENTCLUSTER_WARMUP__SPAN": "6h"})
    chosen = tune(Request([history], episodes_per_host_day=50.0), warm, quiet).chosen

    assert chosen is not None
    assert (3, 0) == (chosen.setting.min_samples, chosen.min_score)


def test_a_higher_threshold_never_costs_more_alerts(history: Path) -> None:
    """The curve falls: so the first threshold within the budget is the lowest."""
    tuning = tune(
        Request([history], alerts_per_host_day=1.0), load(None, {"EVENTCLUSTER_WARMUP__SPAN": "6h"}), quiet
    )
    curves = [
        [cost.alerts for cost in tuning.costs if cost.setting == setting]
        for setting in dict.fromkeys(cost.setting for cost in tuning.costs)
    ]

    assert {len(THRESHOLDS)} == {len(curve) for curve in curves}
    assert all(sorted(curve, reverse=True) == curve for curve in curves)


def test_history_shorter_than_warmup_is_refused(history: Path) -> None:
    """With what would help."""
    with pytest.raises(UsageError, match=r"give more history, or shorten warmup\.span"):
        tune(
            Request([history], alerts_per_host_day=1.0),
            load(None, {"EVENTCLUSTER_WARMUP__SPAN": "30d"}),
            quiet,
        )


def test_a_record_s_own_mark_stands_for_a_time_that_its_event_has_not(history: Path, tmp_path: Path) -> None:
    """Recorded, labelled streams carry `_t`; `evaluate` reads them so."""
    whole, marked, bare, mixed = (tmp_path / f"{name}.jsonl" for name in ("whole", "marked", "bare", "mixed"))
    lines = history.read_text().splitlines()[:400]
    records = [json.loads(line) for line in lines]
    times = [record.pop("@timestamp") for record in records]
    without = [json.dumps(record) for record in records]
    bare.write_text("\n".join(without))
    pairs = zip(records, times, strict=True)
    marked.write_text("\n".join(json.dumps(record | {"_t": time}) for record, time in pairs))
    whole.write_text("\n".join(lines))
    mixed.write_text("\n".join([*lines, *without[:2]]))
    config = load(None, {"EVENTCLUSTER_WARMUP__SPAN": "10m"})
    request = Request([whole], episodes_per_host_day=50.0)
    said = tune(request, config, quiet).lines()

    assert said == tune(replace(request, files=[marked]), config, quiet).lines()
    assert (
        "2 events without a time of their own were left out"
        in tune(replace(request, files=[mixed]), config, quiet).lines()
    )
    with pytest.raises(UsageError, match=r"none of [\d,]+ events says when it was"):
        tune(replace(request, files=[bare]), config, quiet)


def test_one_budget_is_needed() -> None:
    """Not none, not two, not a negative one, not one that is no number."""
    with pytest.raises(UsageError, match="give either"):
        Request([])
    with pytest.raises(UsageError, match="give either"):
        Request([], episodes_per_host_day=1, alerts_per_host_day=1)
    with pytest.raises(UsageError, match="a budget is >= 0, got -1"):
        Request([], alerts_per_host_day=-1)
    with pytest.raises(UsageError, match="a budget is >= 0, got nan"):
        Request([], alerts_per_host_day=nan)
