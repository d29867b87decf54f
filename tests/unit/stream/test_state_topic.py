"""State through the loop over a broker in memory: killed anywhere, restored, the same records."""

import itertools
import logging
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from processor.errors import StateTopicWrong
from processor.stream.memory import MemoryBroker
from processor.stream.records import Partition, TopicFacts
from processor.stream.state_topic import TOPIC_CONFIG, usable
from tests.unit.stream.stories import (
    EVENTS,
    SHORT,
    STATE,
    Stage,
    expected,
    kill,
    origins,
    process_event,
    restore,
    run_until_committed,
    settings,
    story,
)


@trials(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    stops=st.lists(st.integers(1, 299), min_size=1, max_size=4, unique=True),
    turns=st.integers(0, 30),
)
def test_what_is_published_does_not_depend_on_kills(seed: int, stops: list[int], turns: int) -> None:
    """Restored from state and log: the outputs of one undisturbed pipeline, once, in order."""
    records = story(seed, 300)
    stage = Stage(settings=SHORT, keeps_state=True)
    written = 0
    for number, stop in enumerate([*sorted(stops), len(records)]):
        stage.write(records[written:stop])
        written = stop
        loop = stage.loop()
        for _ in range(turns):
            loop.turn()
        run_until_committed(stage, loop, stop)
        if number % 2:
            loop.finish()
        else:
            kill(stage, loop)

    assert expected(stage, records) == stage.anomalies()


def test_a_kill_while_a_segment_is_worked_out_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes several turns; what the one before holds and the log since are all that a restore needs."""
    monkeypatch.setattr("processor.stream.loop.STATE_PIECES", 1)
    records = story(4, 300)
    stage = Stage(settings=SHORT, keeps_state=True)
    first = stage.loop()
    written = 0
    while stage.segments().empty or not first.tasks[Partition(EVENTS, 0)].making:
        stage.write(records[written : written + 3])
        written += 3
        run_until_committed(stage, first, written)
    kill(stage, first)
    stage.write(records[written:])

    second = stage.loop()
    run_until_committed(stage, second, 300)

    assert expected(stage, records) == stage.anomalies()
    assert {"state": 1.0, "log": 0.0, "none": 1.0} == origins(stage)


def test_a_stop_while_a_segment_is_worked_out_writes_it_and_what_came_since(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next start has nothing to learn again."""
    monkeypatch.setattr("processor.stream.loop.STATE_PIECES", 1)
    stage = Stage(settings=SHORT, keeps_state=True)
    loop = stage.loop()
    written = 0
    while not (written and loop.tasks[Partition(EVENTS, 0)].making):
        stage.write(story(4, 60)[written : written + 3])
        written += 3
        run_until_committed(stage, loop, written)

    loop.finish()

    assert written == stage.segments().chain(written)[-1].end


def test_clean_stop_leaves_nothing_to_learn_again() -> None:
    """The next start takes over all of the window from state and reads no record of the log twice."""
    records = story(5, 300)
    stage = Stage(settings=SHORT, keeps_state=True)
    stage.write(records[:200])
    first = stage.loop()
    run_until_committed(stage, first, 200)
    first.finish()
    stage.cluster.trim(Partition(EVENTS, 0), 200)
    stage.write(records[200:])

    second = stage.loop()
    run_until_committed(stage, second, 300)

    assert expected(stage, records) == stage.anomalies()
    assert {"state": 1.0, "log": 0.0, "none": 1.0} == origins(stage)


def test_segments_that_left_the_window_are_taken_away() -> None:
    """The topic holds about one window however long the stream is."""
    kafka = {"bootstrap_servers": "memory:1", "input_topics": [EVENTS], "start": "earliest"}
    small = {**kafka, "batch": {"max_records": 20, "max_wait": "1ms"}}
    stage = Stage(settings=settings(window={"length": "4h", "pane": "10m"}, kafka=small), keeps_state=True)
    stage.write(story(6, 260))
    loop = stage.loop()
    run_until_committed(stage, loop, 260)
    loop.finish()

    held = stage.segments()

    links = held.chain(260)
    assert (260, True) == (links[-1].end, links[0].start >= 260 - 120)
    assert len(held.keys) <= len(links) + 2


def test_state_of_other_scopes_is_not_used() -> None:
    """Recognised by its fingerprint; the window is learned from the log."""
    records = story(8, 200)
    stage = Stage(settings=SHORT, keeps_state=True)
    stage.write(records)
    first = stage.loop()
    run_until_committed(stage, first, 200)
    first.finish()
    stage.settings = settings(window={"length": "4h", "pane": "10m"}, scope={"by": "user.name"})

    second = stage.loop()
    restore(second)

    assert {"state": 0.0, "log": 1.0, "none": 1.0} == origins(stage)


def test_changed_eps_goes_on_with_the_state() -> None:
    """Multiplicities do not depend on eps."""
    records = story(8, 200)
    stage = Stage(settings=SHORT, keeps_state=True)
    stage.write(records)
    first = stage.loop()
    run_until_committed(stage, first, 200)
    first.finish()
    stage.settings = settings(window={"length": "4h", "pane": "10m"}, process={"eps": 0.4})

    second = stage.loop()
    restore(second)

    assert origins(stage)["state"] == 1.0


def test_lost_group_offsets_go_on_where_the_state_ends() -> None:
    """Nothing committed but state there: live at its end."""
    records = story(9, 250)
    stage = Stage(settings=SHORT, keeps_state=True)
    stage.write(records[:200])
    first = stage.loop()
    run_until_committed(stage, first, 200)
    first.finish()
    stage.cluster._offsets.clear()  # noqa: SLF001 - as a broker does after offsets.retention
    stage.write(records[200:])

    second = stage.loop()
    run_until_committed(stage, second, 250)

    assert expected(stage, records) == stage.anomalies()


@pytest.mark.parametrize("origin", ["state", "log"])
def test_a_long_restore_tells_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, origin: str
) -> None:
    """From state or from the log: a share that grows, for whoever watches a service that is not ready."""
    clock = SimpleNamespace(monotonic=itertools.count(step=0.02).__next__)
    monkeypatch.setattr("processor.stream.restore.time", clock)
    monkeypatch.setattr("processor.stream.restore.TELL_EVERY_S", 0.0)
    monkeypatch.setattr("processor.stream.restore._SLICE_RECORDS", 100)
    kafka = {"bootstrap_servers": "memory:1", "input_topics": [EVENTS], "start": "earliest"}
    small = settings(kafka={**kafka, "batch": {"max_records": 100, "max_wait": "1ms"}})
    stage = Stage(settings=small, keeps_state=origin == "state")
    stage.write(story(3, 1500))
    first = stage.loop()
    run_until_committed(stage, first, 1500)
    first.finish()
    caplog.set_level(logging.INFO)

    restore(stage.loop())

    told = [vars(line)["done"] for line in caplog.records if line.message == "still restoring"]
    assert told == sorted(told)
    assert len({each for each in told if 0 < each < 1}) > 1


def test_idle_partition_writes_its_segment_after_a_while() -> None:
    """So that retention cannot outrun the state of a partition that gets nothing more."""
    stage = Stage(settings=SHORT, keeps_state=True)
    stage.write([process_event(1, "x")])
    loop = stage.loop()
    run_until_committed(stage, loop, 1)
    stage.write([process_event(2, "x")])
    run_until_committed(stage, loop, 2)
    task = loop.tasks[Partition(EVENTS, 0)]
    assert task.keeper is not None

    due = (task.keeper.due(0.0), task.keeper.due(2e9))

    assert (False, True) == due


@pytest.mark.parametrize(
    ("facts", "command"),
    [
        (
            TopicFacts(1, None, "delete"),
            "kafka-configs.sh --bootstrap-server b:1 --alter --entity-type topics",
        ),
        (TopicFacts(1, None, "compact", 1000), "--add-config max.message.bytes=1048576"),
        (
            TopicFacts(1, None, "compact"),
            "kafka-topics.sh --bootstrap-server b:1 --alter --topic s --partitions 2",
        ),
    ],
)
def test_state_topic_that_would_lose_state_is_an_error_with_the_command(
    facts: TopicFacts, command: str
) -> None:
    """Not compacted, too small records, too few partitions."""
    with pytest.raises(StateTopicWrong) as failure:
        usable("s", facts, 2, "b:1")

    assert command in str(failure.value)


def test_missing_state_topic_is_said_with_the_command(caplog: pytest.LogCaptureFixture) -> None:
    """The service works without, slower to start."""
    with caplog.at_level(logging.WARNING):
        assert not usable("s", None, 2, "b:1")

    settings = "--config cleanup.policy=compact --config max.message.bytes=1048576"
    assert vars(caplog.records[0])["create"].endswith(f"--create --topic s --partitions 2 {settings}")


def test_an_input_that_was_extended_alone_names_the_command_that_extends_its_state() -> None:
    """Without the right to do it itself, the service ends with the command, not with a hint of one."""
    stage = Stage(settings=SHORT, keeps_state=True)
    told = replace(stage.state(), partitions=1, bootstrap_servers="b:1")
    stage.cluster.extend(EVENTS, 3)

    with pytest.raises(StateTopicWrong) as failure:
        told.make_room(MemoryBroker(stage.cluster, instance="one"), Partition(EVENTS, 2))

    command = f"kafka-topics.sh --bootstrap-server b:1 --alter --topic {STATE} --partitions 3"
    assert str(failure.value).endswith(command)


def test_the_service_creates_a_state_topic_that_it_takes() -> None:
    """Whatever the brokers' defaults are: its settings name both that matter."""
    size = int(TOPIC_CONFIG["max.message.bytes"])

    assert usable("s", TopicFacts(2, None, TOPIC_CONFIG["cleanup.policy"], size), 2, "b:1")
