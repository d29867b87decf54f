"""Pictures of running pipelines: what is on them, and that the loop's thread does little for them."""

import itertools
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pytest

from processor.clustering.components import count
from processor.config import Settings
from processor.detection.exemplars import Exemplar
from processor.picture import camera as camera_module
from processor.picture.camera import Camera, Source, describe
from processor.picture.picture import NOISE, Picture
from processor.pipeline import Pipeline
from processor.study.simulate import stream

# More than a picture of these few vectors takes.
TURNS = 20


def settings(**sections: Any) -> Settings:
    """Two-hour panes, so that bars are few."""
    return Settings.model_validate({"version": 1, "window": {"pane": "2h"}, **sections})


def turn(camera: Camera, pipelines: Mapping[Source, Pipeline], now: float = 0.0) -> Picture | None:
    """One turn of the loop; what it has put in the works is done when it returns."""
    picture = camera.tick(pipelines, now)
    assert camera.close(within_s=100)
    return picture


def taken(pipelines: Mapping[Source, Pipeline], made_by: Settings) -> Picture:
    """A picture: exposed, developed, named and finished."""
    camera = Camera(made_by.pipeline(), every_s=3600)
    return next(picture for _ in range(TURNS) if (picture := turn(camera, pipelines)))


def simulated(records: int, made_by: Settings) -> Pipeline:
    """A pipeline that has seen the first records of three simulated hosts."""
    pipeline = Pipeline(made_by.pipeline(), "events", 0)
    for offset, each in enumerate(itertools.islice(stream(seed=1, hosts=3), records)):
        pipeline.process(each.value, offset, each.time)
    return pipeline


def test_a_picture_counts_every_event_of_the_window_once() -> None:
    """Rows, bars and points add up to what the engines hold."""
    told = settings()
    pipeline = simulated(2_000, told)
    picture = taken({("events", 0): pipeline}, told)
    live = sum(engine.live_events for engine in pipeline.detector.engines.values())

    assert live == sum(row.size for row in picture.rows)
    assert live == sum(sum(bars.events) for bars in picture.bars)
    assert live == sum(sum(points.size) for points in picture.points)
    assert (picture.clusters, picture.noise) == (
        sum(row.cluster != NOISE for row in picture.rows),
        sum(row.cluster == NOISE for row in picture.rows),
    )


def test_room_for_a_large_shot_is_made_one_turn_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the thread: the loop only copies. The picture is the same."""
    told = settings()
    pipelines = {("events", 0): simulated(600, told)}
    expected = taken(pipelines, told)
    monkeypatch.setattr(camera_module, "_ROOMY", 1)
    camera = Camera(told.pipeline(), every_s=3600)
    turn(camera, pipelines)

    assert camera.take_count() is None

    turn(camera, pipelines)
    turn(camera, pipelines)

    assert camera.take_count() is not None
    assert expected == taken(pipelines, told)


def test_clusters_are_counted_before_the_picture_is_named() -> None:
    """As each engine's window is counted, added up over partitions; told once, with the time it was so."""
    told = settings()
    one, two = simulated(600, told), simulated(200, told)
    camera = Camera(told.pipeline(), every_s=3600)
    turns = [turn(camera, {("events", 0): one, ("events", 1): two}, 5.0) for _ in range(2)]
    counted = camera.take_count()
    expected: Counter[str] = Counter()
    for pipeline in (one, two):
        expected.update(asdict(count(pipeline.detector.engines["process"].snapshot())))

    assert [None, None] == turns
    assert counted is not None
    assert (5.0, dict(expected)) == (counted.taken_at, asdict(counted.clusters["process"]))
    assert camera.take_count() is None


def test_a_camera_that_was_closed_has_nothing_in_the_works() -> None:
    """An interpreter that ends under compiled code aborts: the end of the service waits for it."""
    told = settings()
    before = set(threading.enumerate())
    camera = Camera(told.pipeline(), every_s=3600)

    assert camera.close()

    camera.tick({("events", 0): simulated(600, told)}, 0.0)

    assert camera.close(within_s=100)
    assert set() == set(threading.enumerate()) - before


def test_a_camera_rests_nine_times_as_long_as_a_picture_took() -> None:
    """So that pictures cost a tenth of a core at most; here one took a second, by the loop's clock."""
    told = settings()
    pipelines = {("events", 0): simulated(300, told)}
    camera = Camera(told.pipeline(), every_s=1)
    turns = [turn(camera, pipelines, now) for now in (0.0, 1.0, 1.0, 1.0)]

    assert [False, False, False, True] == [picture is not None for picture in turns]
    assert camera.take_count() is not None

    turn(camera, pipelines, 9.9)
    turn(camera, pipelines, 9.9)

    assert camera.take_count() is None

    turn(camera, pipelines, 10.0)
    turn(camera, pipelines, 10.0)

    assert camera.take_count() is not None


def test_rows_are_named_and_timed() -> None:
    """Program or account, exemplar, and times within the stream's."""
    told = settings()
    pipeline = simulated(500, told)
    picture = taken({("events", 0): pipeline}, told)
    stream_time = pipeline.stream_time or 0

    assert [] == [row for row in picture.rows if not (row.program or row.account) or not row.text]
    assert all(row.first <= row.last <= stream_time for row in picture.rows if row.first and row.last)


@pytest.mark.parametrize(
    "scope",
    [{"by": "user.name"}, {"by": "none"}, {"rewrite": [{"match": "^.*$", "replace": "fleet"}]}, {}],
    ids=["user", "none", "role", "host"],
)
def test_a_row_names_the_host_whatever_the_scope_is(scope: dict[str, Any]) -> None:
    """Of its exemplar: a user or a role is no host."""
    told = settings(scope=scope)
    picture = taken({("events", 0): simulated(500, told)}, told)

    hosts = {row.host for row in taken({("events", 0): simulated(500, settings())}, settings()).rows}
    assert hosts == {row.host for row in picture.rows}


def test_two_partitions_are_on_one_picture() -> None:
    """Clusters of one never join those of the other."""
    told = settings()
    one, two = simulated(300, told), simulated(300, told)
    alone = taken({("events", 0): one}, told)
    both = taken({("events", 0): one, ("events", 1): two}, told)

    assert (2 * alone.clusters, 2 * len(alone.rows)) == (both.clusters, len(both.rows))
    assert len(both.rows) == len({row.key for row in both.rows})


def test_no_pipeline_no_rows() -> None:
    """Before any partition is assigned the picture is empty."""
    told = settings()
    picture = taken({}, told)

    assert ((), None) == (picture.rows, picture.stream_time)


def test_text_on_a_picture_is_redacted() -> None:
    """What is shown is redacted as what is published."""
    told = settings(redact={"rules": [{"match": "conhost", "replace": "***"}]})
    picture = taken({("events", 0): simulated(300, told)}, told)

    assert [] == [row.text for row in picture.rows if "conhost" in row.text]


@pytest.mark.parametrize(
    ("gate", "kept", "program", "account"),
    [
        (
            {"executable_masked": "c:\\windows\\w#wp.exe"},
            Exemplar("w3wp -a", "w3wp.exe", "CORP\\ann"),
            "w3wp.exe",
            "CORP\\ann",
        ),
        ({"executable_masked": "c:\\windows\\cmd.exe"}, Exemplar("cmd /c dir"), "cmd.exe", ""),
        ({}, Exemplar('"C:\\Program Files\\x y.exe" -a'), "x y.exe", ""),
        ({}, Exemplar("C:\\Program Files\\x y.exe -a"), "x y.exe", ""),
        ({}, Exemplar("/usr/bin/ls -l"), "ls", ""),
    ],
)
def test_a_process_is_described_by_its_exemplar_or_else_by_its_gate(
    gate: dict[str, str], kept: Exemplar, program: str, account: str
) -> None:
    """Program and account as they were; text alone, of an older state, still has a program."""
    said = describe("process", tuple(gate), tuple(gate.values()), kept)

    assert (program, account, kept.text) == (said.program, said.account, said.text)


@pytest.mark.parametrize(
    ("gate", "kept"),
    [
        ({"account": "corp\\ann"}, Exemplar("CORP\\ann from 10.0.0.1", "", "CORP\\ann")),
        ({}, Exemplar("CORP\\ann from 10.0.0.1")),
    ],
)
def test_a_logon_is_described_by_its_account(gate: dict[str, str], kept: Exemplar) -> None:
    """With the exemplar's own capitals."""
    assert describe("logon", tuple(gate), tuple(gate.values()), kept).account == "CORP\\ann"
