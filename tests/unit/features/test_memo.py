"""Remembered measurements are the measurements."""

from hypothesis import given
from hypothesis import strategies as st

from processor.events.event import PROCESS, Event
from processor.features import memo, sets
from processor.features.memo import Memo

EVERYTHING = sets.build(PROCESS, sets.feature_names(PROCESS), "none", sets.gate_names(PROCESS))

texts = st.text(max_size=12)
events = st.builds(
    Event,
    kind=st.just(PROCESS),
    format=st.just("sysmon"),
    code=texts,
    time=st.none() | st.integers(0, 10**12),
    host=texts,
    user_name=texts,
    user_domain=texts,
    user_id=texts,
    logon_id=texts,
    system_session=st.booleans(),
    executable=texts,
    command_line=texts,
    pid=st.none() | st.integers(0, 9),
    parent_executable=texts,
    parent_command_line=texts,
    parent_pid=st.none() | st.integers(0, 9),
    account=texts,
    source_ip=texts,
)


@given(st.lists(events, max_size=20))
def test_a_memo_measures_as_its_feature_set_does(stream: list[Event]) -> None:
    """Whatever came before: no measurement is another event's. Every feature and gate is in the set."""
    remembered = Memo(EVERYTHING)

    assert [EVERYTHING.measure(event) for event in stream] == [remembered.measure(event) for event in stream]


@given(events, events)
def test_no_feature_of_a_process_reads_more_than_the_memo_knows(one: Event, other: Event) -> None:
    """Two events that agree in READS measure alike, whatever else differs."""
    values = {name: getattr(one, name) for name in other.__struct_fields__}
    values |= {name: getattr(other, name) for name in other.__struct_fields__ if name not in memo.READS}

    assert EVERYTHING.measure(one) == EVERYTHING.measure(Event(**values))


def test_generations_bound_what_is_remembered_and_keep_what_repeats() -> None:
    """A flood of new command lines drops the old ones; the answer stays right."""
    remembered = Memo(EVERYTHING)
    flood = [
        Event(kind=PROCESS, format="sysmon", code="1", time=0, host="h", command_line=f"a {number}")
        for number in range(70_000)
    ]
    for event in flood:
        remembered.measure(event)

    assert EVERYTHING.measure(flood[0]) == remembered.measure(flood[0])
