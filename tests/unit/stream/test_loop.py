"""The loop over a broker in memory: what is published depends on the log alone."""

import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from processor.config import Settings
from processor.errors import CommitFailed, Fenced, OutputFailed, TooManyRejected
from processor.stream.memory import MemoryCluster
from processor.stream.records import Partition
from tests.unit.stream.stories import (
    DEAD_LETTERS,
    EVENTS,
    Stage,
    expected,
    process_event,
    run_until_committed,
    settings,
    story,
)


def kafka(**values: object) -> dict[str, object]:
    """The kafka section of these tests with some values given."""
    return {"bootstrap_servers": "memory:1", "input_topics": [EVENTS], "start": "earliest", **values}


def batches_of(size: int) -> Settings:
    """Settings with a batch size."""
    return settings(kafka=kafka(batch={"max_records": size, "max_wait": "1ms"}))


def test_a_batch_is_taken_in_runs_and_counted_as_one() -> None:
    """1,300 records where a batch holds 1,200: two batches, though the client is asked for 500 at a time."""
    stage = Stage(settings=batches_of(1_200))
    records = story(1, 1_300)
    stage.write(records)
    run_until_committed(stage, stage.loop(), len(records))
    samples = {each.name: each.value for each in next(iter(stage.metrics.batch_records.collect())).samples}

    assert (2, 1_300) == (
        samples["eventcluster_batch_records_count"],
        samples["eventcluster_batch_records_sum"],
    )
    assert expected(stage, records) == stage.anomalies()


@trials(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    size=st.sampled_from([1, 2, 7, 50, 1000]),
    stops=st.lists(st.integers(1, 119), max_size=3, unique=True),
)
def test_published_records_do_not_depend_on_batches_and_crashes(
    seed: int, size: int, stops: list[int]
) -> None:
    """Killed anywhere and restarted, with any batch size: the same outputs, once, in order."""
    records = story(seed, 120)
    stage = Stage(settings=batches_of(size))
    written = 0
    for number, stop in enumerate([*sorted(stops), len(records)]):
        stage.write(records[written:stop])
        written = stop
        loop = stage.loop()
        for _ in range(number):
            loop.turn()
        run_until_committed(stage, loop, stop)
        if number % 2:
            loop.close()
        else:
            # Killed: what it holds in memory is gone, its partitions are given to the next.
            stage.cluster.expel(loop._broker)  # type: ignore[arg-type]  # noqa: SLF001

    assert expected(stage, records) == stage.anomalies()
    assert [each for each in records if b"agent.exe" not in each and b"CommandLine" not in each] == [
        each for each in stage.dead_letters() if each is not None
    ]


def test_aborted_commit_is_sent_again_without_touching_the_model(caplog: pytest.LogCaptureFixture) -> None:
    """Two aborts, each told: everything is published once, as if nothing had happened."""
    records = story(1, 80)
    stage = Stage()
    stage.write(records)
    loop = stage.loop()
    stage.cluster.aborts = 2

    run_until_committed(stage, loop, len(records))

    aborted = stage.metrics.transactions_total.labels("aborted")._value.get()  # noqa: SLF001
    assert (expected(stage, records), 2.0) == (stage.anomalies(), aborted)
    told = [vars(line) for line in caplog.records if line.message == "commit aborted"]
    assert [(1, "the same buffer is sent again"), (2, "the same buffer is sent again")] == [
        (line["aborts"], line["then"]) for line in told
    ]


def test_three_aborts_of_one_buffer_stop_the_service_and_name_the_offsets() -> None:
    """What cannot be committed is not retried for ever; the error says which offsets are concerned."""
    stage = Stage()
    stage.write(story(1, 80))
    loop = stage.loop()
    stage.cluster.aborts = 4

    with pytest.raises(CommitFailed, match=r"events\[0\] offsets 0 to "):
        run_until_committed(stage, loop, 80)

    assert [] == stage.anomalies()


def test_history_is_learned_in_silence_and_stays_history_after_a_restart() -> None:
    """start: now: what is retained is learned; a crash before or after the first commit changes nothing."""
    records = story(3, 120)
    stage = Stage(settings=settings(kafka=kafka(start="now")))
    stage.write(records[:60])
    loop = stage.loop()
    run_until_committed(stage, loop, 60)
    stage.write(records[60:90])
    run_until_committed(stage, loop, 90)
    stage.cluster.expel(loop._broker)  # type: ignore[arg-type]  # noqa: SLF001

    stage.write(records[90:])
    run_until_committed(stage, stage.loop(), 120)

    assert expected(stage, records, first_live=60) == stage.anomalies()


def test_stop_commits_what_was_judged_and_leaves_the_group() -> None:
    """A stop right after a batch loses and repeats nothing."""
    records = story(5, 40)
    stage = Stage()
    stage.write(records)
    loop = stage.loop()
    while not loop.tally.outcomes:
        loop.turn()

    loop.finish()

    assert (40, {}) == (stage.position(), loop.tasks)
    assert expected(stage, records) == stage.anomalies()


def test_moved_partition_is_continued_by_its_next_owner() -> None:
    """A second instance takes over one of two partitions; nothing is lost or doubled in either."""
    stories = [story(7, 60), story(8, 60)]
    stage = Stage(partitions=2)
    for number, records in enumerate(stories):
        stage.write(records[:30], number)
    first = stage.loop("one")
    run_until_committed(stage, first, 30, 0)
    second = stage.loop("two")
    for number, records in enumerate(stories):
        stage.write(records[30:], number)

    for _ in range(100_000):
        first.turn()
        second.turn()
        if stage.position(0) == stage.position(1) == 60:
            break

    both = sorted(expected(stage, stories[0], 0) + expected(stage, stories[1], 1))
    assert both == sorted(each or b"" for each in stage.anomalies())
    assert (1, 1) == (len(first.tasks), len(second.tasks))


def test_series_of_a_revoked_partition_go() -> None:
    """Lag is exported by whoever has the partition now."""
    stage = Stage(partitions=2)
    first = stage.loop("one")
    for _ in range(10):
        first.turn()
    second = stage.loop("two")
    for _ in range(10):
        first.turn()
        second.turn()

    assert {Partition(EVENTS, 0)} == set(first.tasks)


def test_rejected_record_is_kept_whole_with_its_origin() -> None:
    """The dead letter has the original bytes and key, and headers that say why and from where."""
    stage = Stage()
    stage.cluster.append(EVENTS, b'{"EventID": 4688,', key=b"web-1", timestamp=123)
    loop = stage.loop()

    run_until_committed(stage, loop, 1)

    [letter] = stage.cluster.records(DEAD_LETTERS)
    headers = dict(letter.headers or [])
    assert (b"web-1", b'{"EventID": 4688,') == (letter.key, letter.value)
    assert (b"not_json", b"events", b"0", b"0", b"123") == (
        headers["dead-letter-reason"],
        headers["source-topic"],
        headers["source-partition"],
        headers["source-offset"],
        headers["source-timestamp"],
    )


def test_dead_letter_that_is_too_large_is_cut_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """A topic that refuses the size gets the beginning, and how long it was."""
    stage = Stage(cluster=MemoryCluster(max_record_size=5000))
    stage.write([b'{"EventID": 4688,' + b"x" * 20_000])
    loop = stage.loop()

    run_until_committed(stage, loop, 1)

    [letter] = stage.cluster.records(DEAD_LETTERS)
    assert (b"20017", True) == (
        dict(letter.headers or [])["dead-letter-truncated-from"],
        0 < len(letter.value or b"") < 5000,
    )
    assert "dead letter cut" in caplog.messages


def test_anomaly_that_is_too_large_stops_the_service_instead_of_vanishing() -> None:
    """The error names the topic and what to raise or lower."""
    stage = Stage(cluster=MemoryCluster(max_record_size=300))
    stage.write([process_event(0, "agent.exe --once")])
    loop = stage.loop()

    with pytest.raises(OutputFailed, match=r"eventcluster\.anomalies refuses anomaly .*max\.message\.bytes"):
        run_until_committed(stage, loop, 1)


def test_state_that_is_too_large_stops_the_service_and_names_the_setting() -> None:
    """It would be lost in silence, and the next restore would read all of the log."""
    stage = Stage(cluster=MemoryCluster(max_record_size=200), keeps_state=True)
    stage.write([b'{"TimeGenerated":"2023-11-14T00:00:00Z"}'])
    loop = stage.loop()
    run_until_committed(stage, loop, 1)

    with pytest.raises(OutputFailed, match=r"eventcluster\.state refuses a segment .*max\.message\.bytes"):
        loop.finish()


def test_an_offset_beyond_the_logs_end_is_restored_anew(caplog: pytest.LogCaptureFixture) -> None:
    """Brokers that lost data while we were reading: told, and what is written from then on is judged."""
    records = story(9, 60)
    stage = Stage()
    stage.write(records[:20])
    loop = stage.loop()
    run_until_committed(stage, loop, 20)
    partition = Partition(EVENTS, 0)
    loop.tasks[partition].next_offset = 30
    loop.out_of_range(partition)
    loop.turn()
    stage.write(records[20:])

    run_until_committed(stage, loop, 60)

    assert "offset is beyond the log's end: restoring anew" in caplog.messages
    assert expected(stage, records) == stage.anomalies()


def test_partitions_that_were_lost_are_told_and_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of them is committed: others have gone on from what was."""
    stage = Stage()
    stage.write(story(1, 20))
    loop = stage.loop()
    run_until_committed(stage, loop, 20)

    loop.lost([Partition(EVENTS, 0)])

    [line] = [vars(each) for each in caplog.records if each.message == "partitions lost"]
    assert ("events[0]", "nothing of them is committed; who has them goes on from what was", {}) == (
        line["partitions"],
        line["then"],
        loop.tasks,
    )


def test_too_many_rejected_in_a_row_stop_the_service() -> None:
    """A topic of something else is not drained into dead letters."""
    stage = Stage()
    stage.write([b'{"EventID": 4688,'] * 200)
    loop = stage.loop()

    with pytest.raises(TooManyRejected, match=r"101 records in a row .*dead_letters\.max_in_a_row"):
        run_until_committed(stage, loop, 200)

    assert [] == stage.dead_letters()


def test_rejected_share_stops_the_service() -> None:
    """Two of three broken, none of them in a long row."""
    stage = Stage(settings=settings(dead_letters={"max_ratio": 0.5, "of_last": 60, "max_in_a_row": 100}))
    stage.write([process_event(n, "x") if n % 3 == 0 else b'{"EventID": 4688,' for n in range(90)])
    loop = stage.loop()

    with pytest.raises(TooManyRejected, match=r"31 of the last 60 records .*dead_letters\.max_ratio"):
        run_until_committed(stage, loop, 90)


def test_gap_by_retention_is_passed_and_the_model_kept() -> None:
    """Records deleted before they were read: the loop goes on behind them, with what it has learned."""
    records = story(9, 60)
    stage = Stage()
    stage.write(records[:20])
    loop = stage.loop()
    run_until_committed(stage, loop, 20)
    stage.write(records[20:])
    stage.cluster.trim(Partition(EVENTS, 0), 40)

    run_until_committed(stage, loop, 60)

    assert len(records) - 20 == sum(loop.tally.outcomes.values())


def test_second_process_with_our_name_stops_us() -> None:
    """Two processes with one kafka.instance: the first is told so."""
    stage = Stage()
    first = stage.loop("same")
    first.turn()

    stage.loop("same")

    with pytest.raises(Fenced, match=r"kafka\.instance"):
        first.turn()
