"""A sketch says what reading the record in full would say, and its key decides what is measured."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.errors import InvalidEvent
from processor.events.event import LOGON, PROCESS, Event, Kind
from processor.events.formats import Decoder
from processor.events.sketches import Sketches
from processor.events.times import stream_ms
from processor.events.values import time_ms
from processor.features import sets
from processor.study.bench.workload import mixed

MAX_SIZE, MAX_COMMAND_LINE = 1 << 20, 8192
# What a key does not decide; a detector that uses one of them uses no sketches.
BEYOND = {"parent", "LogonHour"}


def everything(kind: Kind) -> sets.FeatureSet:
    """Every feature and category that a key decides."""
    features = [name for name in sets.feature_names(kind) if name not in BEYOND]
    gate = [name for name in sets.gate_names(kind) if name not in BEYOND]
    return sets.build(kind, features, "none", gate)


SETS = {kind: everything(kind) for kind in (PROCESS, LOGON)}


def decides(event: Event) -> object:
    """All that a key has to decide."""
    return event.kind, event.format, event.host, SETS[event.kind].measure(event)


def sketched(values: Iterable[bytes]) -> int:
    """How many records have sketches, each checked against the Decoder."""
    sketches = Sketches(None, MAX_SIZE)
    decoder = Decoder(formats=None, max_record_size=MAX_SIZE, max_command_line=MAX_COMMAND_LINE)
    known: dict[tuple[object, ...], object] = {}
    found = 0
    for value in values:
        sketch = sketches.of(value)
        if sketch is None:
            continue
        found += 1
        key, time, record, build = sketch
        event = decoder.decode(value)
        assert event is not None
        assert event == build(record, len(value), MAX_COMMAND_LINE)
        assert event.time == time
        assert decides(event) == known.setdefault(key, decides(event))
    return found


@pytest.mark.parametrize(
    ("stream", "least"),
    [("mstic_win1", 0.99), ("inject_otrf_in_mstic", 0.99), ("apt29_day1", 0.99), ("otrf_atomic", 0.9)],
)
def test_recorded_records_have_sketches_that_are_right(shared: Path, stream: str, least: float) -> None:
    """Nearly every Windows record of the real streams is judged without its Event."""
    with gzip.open(shared / "data" / "events" / f"{stream}.jsonl.gz", "rb") as lines:
        values = lines.read().splitlines()

    assert sketched(values) >= least * len(values)


def test_every_record_of_the_bench_has_a_sketch() -> None:
    """Sysmon, 4688, Winlogbeat's logons, auditbeat's execve."""
    values = [raw.value for raw in mixed(500, 0.1)]

    assert len(values) == sketched(values)


odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 70_000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [
            "",
            "-",
            "0x3e7",
            "0x3E7",
            " 0x3e7",
            "0x3e7 ",
            "0x3_e7",
            "0x3e_7",
            "999",
            "999.0",
            "0x1fe7",
            "S-1-5-18",
        ]
    ),
    st.sampled_from(
        ["2026-01-01T00:00:00Z", "2026-01-01 00:00:00.5", "20260101T000000.123Z", "now", "x" * 70]
    ),
    st.text(max_size=5),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.sampled_from(["event_id", "event_data", "name"]), st.integers(0, 5), max_size=2),
)


def paths(document: dict[str, Any]) -> list[tuple[str, ...]]:
    """Every field, nested ones too."""
    found: list[tuple[str, ...]] = []
    for name, value in document.items():
        found.append((name,))
        if isinstance(value, dict):
            found += [(name, *rest) for rest in paths(value)]
    return found


@given(st.data())
def test_a_sketch_of_a_damaged_record_is_right(data: st.DataObject) -> None:
    """Fields of any type and value, missing fields: the Decoder gives exactly the sketch's Event."""
    document = json.loads(data.draw(st.sampled_from(SAMPLES)))
    for path in data.draw(st.lists(st.sampled_from(paths(document)), min_size=1, max_size=4)):
        inner: Any = document
        for name in path[:-1]:
            inner = inner.get(name) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            if data.draw(st.booleans()):
                inner[path[-1]] = data.draw(odd)
            else:
                inner.pop(path[-1], None)
    more = data.draw(st.dictionaries(st.sampled_from(MARKS), odd, max_size=2))
    before = data.draw(st.sampled_from(SAMPLES))

    sketched([before, json.dumps(more | document | more).encode()])


# Fields by which readers tell records apart.
MARKS = ["EventID", "event_id", "winlog", "event_data", "NewProcessName", "ProcessGuid", "LogonType", "event"]
SAMPLES = [raw.value for raw in mixed(60, 0.0)]


@given(
    st.one_of(
        st.datetimes().map(lambda moment: moment.isoformat(sep="T", timespec="milliseconds")),
        st.integers(0, 2 * 60_000).map(
            lambda ms: f"2026-01-01T00:0{ms // 60_000}:{ms % 60_000 / 1000:06.3f}"
        ),
    ),
    st.sampled_from(["", "Z", "+00:00", "+01:30", "4", "4567Z", "456", "\u0664Z", "4ZZ", "4 Z", "\u00b2"]),
    st.integers(0, 30),
)
def test_a_time_is_read_from_memory_as_it_is_read(time: str, zone: str, cut: int) -> None:
    """Whole or cut short, with or without a zone; whatever was read before."""
    for value in (time + zone, time[: len(time) - cut] + zone, time.replace("-", "").replace(":", "") + zone):
        try:
            expected = time_ms(value, "t")
        except InvalidEvent:
            with pytest.raises(InvalidEvent, match="is not an ISO 8601 time"):
                stream_ms(value, "t")
        else:
            assert expected == stream_ms(value, "t") == stream_ms(value, "t")
