"""The features of one kind change: its events are learned again from the log, the others' rows stay."""

import json
import random

from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from processor.config import Settings
from processor.events.event import LOGON, PROCESS, Kind
from processor.pipeline import Pipeline, Scored
from processor.stream.loop import Loop
from processor.stream.records import Partition
from tests.unit.stream.stories import (
    EVENTS,
    START_MS,
    Stage,
    kill,
    origins,
    process_event,
    restore,
    run_until_committed,
    settings,
)

PART = Partition(EVENTS, 0)
OTHER = {
    PROCESS: {"process": {"features": ["length", "entropy"]}},
    LOGON: {"logon": {"gate": ["account"]}},
}


def logon_event(minute: int, account: str, address: str) -> bytes:
    """A Windows Security 4624 record."""
    fields = {
        "EventID": 4624,
        "TimeGenerated": f"2023-11-{14 + minute // 1440:02d}T{minute % 1440 // 60:02d}:{minute % 60:02d}:00Z",
        "Computer": "web-1",
        "TargetUserName": account,
        "TargetLogonId": "0x1234",
        "LogonType": 3,
        "IpAddress": address,
    }
    return json.dumps(fields).encode()


def story(seed: int, length: int) -> list[bytes]:
    """Both kinds, mostly repeats; some ten events a pane, a few of them older than others before them."""
    chance = random.Random(seed)  # noqa: S311 - a story, no secret
    records = []
    for number in range(length):
        minute = max(0, number - chance.choice((0, 0, 0, 15, 300)))
        if chance.random() < 0.4:
            last = chance.choice((7, 8, 9, chance.randrange(256)))
            records.append(logon_event(minute, chance.choice("uvw"), f"10.0.0.{last}"))
        elif chance.random() < 0.1:
            text = "".join(chance.choices('abcXYZ019 "/\\-=;%', k=chance.randint(5, 90)))
            records.append(process_event(minute, text))
        else:
            records.append(process_event(minute, f"agent.exe --poll --server s{chance.randrange(5)}"))
    return records


def told(kinds: tuple[Kind, ...], part_events: int = 100_000, pane: str = "10m") -> Settings:
    """Settings with other features for some kinds; nothing is folded, so that episodes hide nothing."""
    changed = {name: section for kind in kinds for name, section in OTHER[kind].items()}
    return settings(
        window={"length": "4h", "pane": pane},
        episode={"fold": {"keep": 0}},
        state={"max_segment_events": part_events},
        **changed,
    )


def identities(values: list[bytes | None]) -> list[str]:
    """The anomalies' ids: episodes that were open at the change are not those of one pipeline."""
    return [json.loads(value or b"")["event"]["id"] for value in values]


def undisturbed(stage: Stage, records: list[bytes], first: int) -> list[str]:
    """Ids that one pipeline of these settings publishes from offset `first` on, having read all."""
    pipeline = Pipeline(stage.pipeline, EVENTS, 0)
    found = []
    for offset, value in enumerate(records):
        outcome = pipeline.process(value, offset, START_MS)
        if offset >= first and isinstance(outcome, Scored) and outcome.published is not None:
            found.append(outcome.published.id)
    return found


def live_events(loop: Loop) -> dict[Kind, int]:
    """What the window of the model holds."""
    return {kind: engine.live_events for kind, engine in loop.tasks[PART].pipeline.detector.engines.items()}


@trials(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 1000),
    changes=st.lists(
        st.tuples(st.integers(30, 150), st.sets(st.sampled_from((PROCESS, LOGON))), st.booleans()),
        min_size=1,
        max_size=4,
    ),
    part_events=st.sampled_from((7, 100_000)),
)
def test_what_is_judged_after_a_change_is_what_one_pipeline_of_the_new_features_judges(
    seed: int, changes: list[tuple[int, set[Kind], bool]], part_events: int
) -> None:
    """To and fro, killed or stopped, whichever kind: from the state of the one, the log of the other."""
    records = story(seed, 400 + sum(size for size, *_ in changes))
    stage = Stage(settings=told((), part_events), keeps_state=True)
    written = 400
    stage.write(records[:written])
    loop = stage.loop()
    run_until_committed(stage, loop, written)
    for size, kinds, killed in changes:
        if killed:
            kill(stage, loop)
        else:
            loop.finish()
        before = len(stage.anomalies())
        stage.settings = told(tuple(sorted(kinds)), part_events)
        stage.write(records[written : written + size])
        loop = stage.loop()
        run_until_committed(stage, loop, written + size)

        assert undisturbed(stage, records[: written + size], written) == identities(
            stage.anomalies()[before:]
        )
        written += size


def changed(
    records: list[bytes], now: Settings, low: int = 0
) -> tuple[dict[Kind, int], dict[Kind, int], Stage]:
    """Events in the window before and after logon gets another gate, the log trimmed to `low` meanwhile."""
    stage = Stage(settings=told(()), keeps_state=True)
    stage.write(records)
    first = stage.loop()
    run_until_committed(stage, first, len(records))
    before = live_events(first)
    first.finish()
    stage.cluster.trim(PART, low)
    stage.settings = now
    second = stage.loop()
    restore(second)
    after = live_events(second)
    second.finish()
    return before, after, stage


def test_the_other_kind_keeps_its_rows_where_the_log_is_shorter_than_the_window() -> None:
    """What is retained of the one is learned again, from the next part on; the other loses nothing."""
    records = story(3, 600)

    before, after, stage = changed(records, told((LOGON,)), low=550)

    retained = sum(b"4624" in value for value in records[560:])
    assert before[PROCESS] == after[PROCESS]
    assert retained <= after[LOGON] < before[LOGON] / 2
    assert {"state": 1.0, "log": 0.0, "none": 1.0} == origins(stage)


def test_the_next_restart_has_both_kinds_from_state() -> None:
    """The first segment after the change holds all of the kind that was learned again."""
    records = story(4, 600)
    before, _, stage = changed(records, told((LOGON,)))
    stage.write(records[:1])
    third = stage.loop()
    run_until_committed(stage, third, 601)
    third.finish()
    stage.cluster.trim(PART, 601)

    fourth = stage.loop()
    restore(fourth)

    assert sum(before.values()) <= sum(live_events(fourth).values()) <= sum(before.values()) + 1
    assert origins(stage)["state"] == 3.0


def test_all_is_learned_again_where_the_panes_changed_too() -> None:
    """The log is not cut as the state was: the state is of no use."""
    records = story(5, 600)

    _, after, stage = changed(records, told((LOGON,), pane="20m"))

    pipeline = Pipeline(stage.pipeline, EVENTS, 0)
    for offset, value in enumerate(records):
        pipeline.process(value, offset, START_MS)
    assert {kind: engine.live_events for kind, engine in pipeline.detector.engines.items()} == after
    assert origins(stage)["log"] == 1.0
