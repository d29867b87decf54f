"""State with holes, damage and foreign records: told, and learned from the log instead."""

import logging

import pytest

from processor.detection.segments import Segment
from processor.stream.records import Partition, Record
from tests.unit.stream.stories import (
    EVENTS,
    SHORT,
    STATE,
    Stage,
    expected,
    ids,
    kill,
    origins,
    restore,
    run_until_committed,
    settings,
    story,
)


def test_lost_segment_means_the_log_is_learned(caplog: pytest.LogCaptureFixture) -> None:
    """A gap is said, counted, and never gone over: the same records come out."""
    records = story(7, 300)
    unfolded = settings(window={"length": "4h", "pane": "10m"}, episode={"fold": {"keep": 0}})
    stage = Stage(settings=unfolded, keeps_state=True)
    stage.write(records[:200])
    first = stage.loop()
    run_until_committed(stage, first, 200)
    first.finish()
    for each in stage.segments().chain(200):
        key = f'["group","{EVENTS}",0,{each.start},0]'.encode()
        stage.cluster.append(STATE, b"damaged", key=key, partition=0)
    stage.write(records[200:])

    with caplog.at_level(logging.WARNING):
        second = stage.loop()
        run_until_committed(stage, second, 300)

    assert ids(expected(stage, records)) == ids(stage.anomalies())
    assert {"state": 0.0, "log": 1.0, "none": 1.0} == origins(stage)
    assert "state is not used, or not all of it" in caplog.text
    second.finish()
    third = stage.loop()
    restore(third)
    assert origins(stage)["state"] == 1.0


@pytest.mark.parametrize(
    "key",
    [
        None,
        b"\xff",
        b"5",
        b"[" * 100_000,
        b'["group","events"]',
        b'["group","events",0,Infinity,0]',
        b'["group","events",0,null,0]',
        b'["group","events",0,"5",0]',
        b'["group",["events"],0,1,0]',
        b'["group","events",0,1,NaN]',
    ],
)
def test_a_key_of_others_in_the_state_topic_is_passed_over(key: bytes | None) -> None:
    """Whoever may write there cannot end the service."""
    held = Stage(settings=SHORT, keeps_state=True).segments()

    held.take([Record(Partition(STATE, 0), 0, 0, key, b"x")])

    assert held.empty


def test_a_value_that_says_it_has_no_chunks_is_damaged(caplog: pytest.LogCaptureFixture) -> None:
    """A chunk's head with a count of 0."""
    stage = Stage(settings=SHORT, keeps_state=True)
    stage.write(story(5, 50))
    first = stage.loop()
    run_until_committed(stage, first, 50)
    first.finish()
    newest = stage.segments().chain(50)[-1]
    [value] = newest.chunks(1_000_000)
    stage.cluster.append(
        STATE,
        value[:7] + bytes(2) + value[9:],
        key=f'["group","{EVENTS}",0,{newest.start},0]'.encode(),
        partition=0,
    )

    restore(stage.loop())

    assert "a segment of no chunks" in {vars(line).get("why") for line in caplog.records}


@pytest.fixture
def segmented() -> Stage:
    """A window whose state is several segments, and whose instance was killed at offset 200 of 300."""
    unfolded = settings(window={"length": "7d", "pane": "10m"}, episode={"fold": {"keep": 0}})
    stage = Stage(settings=unfolded, keeps_state=True)
    first = stage.loop()
    for written in range(20, 201, 20):
        stage.write(story(7, 300)[written - 20 : written])
        run_until_committed(stage, first, written)
        for _ in range(20):
            first.turn()
    kill(stage, first)
    return stage


def take_away(stage: Stage, segment: Segment) -> None:
    """Its first chunk, and with it the segment."""
    key = f'["group","{EVENTS}",0,{segment.start},0]'.encode()
    stage.cluster.append(STATE, None, key=key, partition=0)


def warned(caplog: pytest.LogCaptureFixture, text: str) -> dict[str, object]:
    """What the one warning that begins so says."""
    [line] = [line for line in caplog.records if line.message.startswith(text)]
    return {name: vars(line)[name] for name in ("topic", "partition", "from", "to")}


def test_a_gap_in_the_state_is_said_and_learned_from_the_log(
    segmented: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """A segment in the middle is missing: what lies before it is used, and the same records come out."""
    links = segmented.segments().chain(200)
    take_away(segmented, links[2])
    segmented.write(story(7, 300)[200:])

    run_until_committed(segmented, segmented.loop(), 300)

    told = {"topic": EVENTS, "partition": 0, "from": links[1].end, "to": links[-1].end}
    assert told == warned(caplog, "state has a gap")
    assert {"state": 0.0, "log": 1.0, "none": 1.0} == origins(segmented)
    assert ids(expected(segmented, story(7, 300))) == ids(segmented.anomalies())


def test_events_that_neither_state_nor_log_holds_are_told(
    segmented: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """The newest segment is missing and the log begins behind it: from where to where."""
    links = segmented.segments().chain(200)
    take_away(segmented, links[-1])
    segmented.cluster.trim(Partition(EVENTS, 0), 195)

    restore(segmented.loop())

    told = {"topic": EVENTS, "partition": 0, "from": links[-2].end, "to": 195}
    assert told == warned(caplog, "the log no longer holds what is missing in the state")


def test_whole_state_warns_of_nothing(segmented: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Though the log before its end is gone."""
    segmented.cluster.trim(Partition(EVENTS, 0), segmented.segments().chain(200)[-1].end)
    caplog.clear()

    restore(segmented.loop())

    assert [] == [line.message for line in caplog.records if line.levelno >= logging.WARNING]
