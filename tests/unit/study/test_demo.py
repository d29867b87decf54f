import itertools
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from processor import demo
from processor.config import load
from processor.study.simulate import QUIET, Label
from processor.study.simulate.score import ENOUGH, Score
from processor.study.simulate.world import DAY, HOUR, START

# A simulated hour before the attacks begin.
LIVE_FROM = START + QUIET - HOUR

CONFIG = Path(__file__).parents[3] / "configs" / "demo.yaml"
COMMAND = [sys.executable, "-m", "processor", "demo", "--port", "0"]


def anomaly(partition: int, offset: int, index: int) -> bytes:
    """As much of a published record as the demo reads."""
    return json.dumps(
        {
            "@timestamp": "2026-01-06T08:00:00.000Z",
            "message": "svchost.exe from another folder.",
            "event": {"risk_score": 90},
            "host": {"name": "ws-002.birchwood.example"},
            "anomaly": {"source": {"partition": partition, "offset": offset}, "episode": {"index": index}},
        }
    ).encode()


def scored(found: int, injected: int) -> Score:
    """A score after so many steps, so many of them published."""
    score = Score()
    for step in range(injected):
        score.wrote(1, Label("attack-001", f"step{step}"))
        if step < found:
            score.published(anomaly(1, step, step))
    return score


@pytest.mark.parametrize(("found", "enough"), [(8, True), (7, False), (0, False)])
def test_demo_is_good_from_eighty_per_cent_of_the_steps_on(found: int, enough: bool) -> None:
    """Below, the command fails."""
    score = scored(found, 10)

    assert enough == score.enough
    assert f"attack steps found {found} of 10 ({found * 10}%)" in score.lines()


def test_step_is_found_once_and_background_counts_as_benign_by_its_cause() -> None:
    """Two events of one step are one step; an episode is benign where a benign event began it."""
    score = Score()
    for label in (
        Label("attack-001", "macro"),
        Label("attack-001", "macro"),
        Label(cause="reboot"),
        Label(cause="agent"),
    ):
        score.wrote(0, label)
    for offset in range(4):
        score.published(anomaly(0, offset, offset % 2))

    assert {("attack-001", "macro")} == score.found
    assert {"reboot": 1, "agent": 1} == score.benign_alerts
    assert {"reboot": 1, "agent": 0} == score.benign_episodes


def test_shipped_demo_config_says_what_the_demo_runs_with() -> None:
    """configs/demo.yaml is for reading; the installed command carries its own."""
    shipped = load(CONFIG, {})
    ours = demo.configuration(shipped.kafka.bootstrap_servers, shipped.web.port)

    assert shipped == ours


@pytest.mark.parametrize("slow", [1, 50])
def test_a_slow_machine_is_shown_the_same(slow: int) -> None:
    """The end is a moment of the simulation: a machine that needs longer writes no less."""
    clock = itertools.count(0.0, slow / 10)
    pace = demo.Pace(20, lambda: next(clock))
    reached, seen = 0, []
    while not pace.over(reached):
        reached = pace.time(reached)
        seen.append(reached)

    assert (seen[0], seen[-1]) == (LIVE_FROM, LIVE_FROM + 3 * DAY // 2)
    assert sorted(seen) == seen


def test_demo_finds_the_attacks_of_a_simulated_fleet() -> None:
    """Broker, service and fleet in one process; exit code and summary say how it went."""
    done = subprocess.run(
        [*COMMAND, "--seconds", "20", "--seed", "7"], check=False, capture_output=True, text=True, timeout=250
    )
    found = re.search(r"attack steps found (\d+) of (\d+) \((\d+)%\)", done.stdout)

    assert (0, "") == (done.returncode, done.stderr), done.stderr
    assert found is not None
    assert int(found[2]) >= 5
    assert int(found[1]) >= ENOUGH * int(found[2])
    assert re.search(r"benign alerts \d+ in \d+ episodes", done.stdout)


def test_demo_serves_metrics_and_ends_cleanly_when_interrupted() -> None:
    """Ctrl-C at any time: a summary, exit code 0, no traceback."""
    with subprocess.Popen(
        COMMAND,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        address = re.search(r"http://\S+/metrics", process.stdout.readline())
        assert address is not None
        with urllib.request.urlopen(address[0], timeout=60) as answer:  # noqa: S310 (our own address)
            metrics = answer.read().decode()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)

    assert 'eventcluster_clusters{kind="process"}' in metrics
    assert (0, "") == (process.returncode, err)
    assert "benign alerts" in out
