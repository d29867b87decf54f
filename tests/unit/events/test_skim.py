"""A record's skimmed key and time say what its sketch says, or nothing; in both forms, compiled and not."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.events.sketches import Sketches
from processor.events.skim import MAX_SIZE, Skimmer
from processor.study.bench.workload import mixed
from tests.unit.events.test_sketches import MARKS, SAMPLES, odd, paths


def skimmed(values: Iterable[bytes]) -> int:
    """How many records have keys; those with equal keys have equal sketches, and each its sketch's time."""
    skimmer, sketches = Skimmer(1 << 20), Sketches(None, 1 << 20)
    known: dict[bytes, object] = {}
    found = 0
    for value in values:
        key = skimmer.key(value)
        if key is None:
            continue
        found += 1
        sketch = sketches.of(value)
        assert known.setdefault(key, sketch and sketch[0]) == (sketch and sketch[0])
        if sketch is not None:
            assert sketch[1] == skimmer.time
    return found


@pytest.mark.parametrize(
    ("stream", "least"), [("mstic_win1", 0.99), ("inject_otrf_in_mstic", 0.99), ("otrf_atomic", 0.7)]
)
def test_recorded_records_are_skimmed_right(shared: Path, stream: str, least: float) -> None:
    """Nearly every Windows record of the real streams, with the key and the time of its sketch."""
    with gzip.open(shared / "data" / "events" / f"{stream}.jsonl.gz", "rb") as lines:
        values = lines.read().splitlines()[:1_000]

    assert skimmed(values) >= least * len(values)


def test_every_record_of_the_bench_is_skimmed() -> None:
    """Sysmon, 4688, Winlogbeat's logons, auditbeat's execve."""
    values = [raw.value for raw in mixed(200, 0.1)]

    assert len(values) == skimmed(values)


def changed(data: st.DataObject, value: bytes) -> bytes:
    """The record with fields of other types and values, without some, with others before or behind."""
    document = json.loads(value)
    for path in data.draw(st.lists(st.sampled_from(paths(document)), max_size=3)):
        inner: Any = document
        for name in path[:-1]:
            inner = inner.get(name) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            inner[path[-1]] = data.draw(st.one_of(odd, st.just(inner.get(path[-1]))))
            if data.draw(st.booleans()):
                del inner[path[-1]]
    more = data.draw(st.dictionaries(st.sampled_from([*MARKS, *TIMES]), odd, max_size=2))
    document = more | document if data.draw(st.booleans()) else document | more
    plain = data.draw(st.booleans())
    separators = data.draw(st.sampled_from([None, (",", ":"), (" , ", " : ")]))
    return json.dumps(document, ensure_ascii=plain, separators=separators).encode("utf-8", "surrogatepass")


def test_another_readers_needle_hides_no_sketch() -> None:
    """A Sysmon record that names a field of 4688, too, has a sketch whether or not one came before it."""
    sample = next(value for value in SAMPLES if b"ProcessGuid" in value)
    document = json.loads(sample) | {"NewProcessName": ""}

    first, second = json.dumps(document).encode(), json.dumps(document, separators=(",", ":")).encode()

    assert 3 == skimmed([sample, first, second])
    assert Sketches(None, 1 << 20).of(first) is not None


TIMES = ["TimeCreated", "TimeGenerated", "EventTime", "UtcTime", "@timestamp", "SystemTime"]


@given(st.data())
def test_a_changed_record_is_skimmed_right(data: st.DataObject) -> None:
    """Whatever differs, records with equal keys have equal sketches."""
    sample = data.draw(st.sampled_from(SAMPLES))

    skimmed([sample, *(changed(data, sample) for _ in range(2))])


@given(st.data())
def test_what_was_skimmed_before_changes_nothing(data: st.DataObject) -> None:
    """A skimmer that has seen other layouts, and these, says what one says that has seen nothing."""
    values = [data.draw(st.sampled_from(SAMPLES)) for _ in range(3)]
    values = [*values, *(changed(data, value) for value in values), *values]
    cut = [value[: data.draw(st.integers(0, len(value)))] for value in values[3:6]]
    used = Skimmer(1 << 20)

    for value in [*values, *cut, *values]:
        fresh = Skimmer(1 << 20)
        assert fresh.key(value) == used.key(value)
        assert fresh.time == used.time or fresh.key(value) is None


def test_layouts_without_end_are_forgotten() -> None:
    """Whoever sends records of ever new keys and values does not change what is said of others."""
    used, sample = Skimmer(1 << 20), SAMPLES[0]
    expected = used.key(sample)
    assert expected is not None

    for lap in range(60):
        used.key(json.dumps({f"{lap}-{place}": "x" * place for place in range(40)}).encode())
        assert expected == used.key(sample)


@given(st.sampled_from(SAMPLES), st.data())
def test_damaged_bytes_are_skimmed_right(sample: bytes, data: st.DataObject) -> None:
    """Cut, doubled, overwritten: what is no longer the record has no key of its, or its sketch."""
    at = data.draw(st.integers(0, len(sample)))
    end = data.draw(st.integers(at, min(len(sample), at + 30)))
    middle = data.draw(st.one_of(st.binary(max_size=4), st.sampled_from(DAMAGE), st.just(sample[at:end] * 2)))

    skimmed([sample, sample[:at] + middle + sample[end:]])


DAMAGE = [
    b"\\",
    b'\\"',
    b"\\u",
    b"\\ud800",
    b"\\u0041",
    b'"',
    b",",
    b"{}",
    b"[",
    b"]",
    b"}",
    b":",
    b"1e5",
    b" ",
]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"a":1',
        b'{"a":"b',
        b'{"a":"\\',
        b'{"a":"\\u00',
        b'{"a":' + b"[" * 100 + b"]" * 100 + b"}",
        b'{"\\u0045ventID":1}',
        b'{"EventID":1,"EventID":1}',
        b'{"a":"' + b"x" * MAX_SIZE + b'"}',
    ],
)
def test_of_other_bytes_nothing_is_said(value: bytes) -> None:
    """Cut off, deep, with names that are escaped or occur twice, long."""
    assert Skimmer(1 << 20).key(value) is None


@given(
    st.datetimes(),
    st.sampled_from(["", "Z", ".5", ".123", ".123Z", ".1234567Z", ".123456789", ".1234567890Z", "+01:00"]),
    st.sampled_from("T t"),
)
def test_a_time_is_read_as_the_sketch_reads_it(moment: Any, rest: str, between: str) -> None:
    """With and without zone and fraction, each year that there is."""
    record = json.loads(next(value for value in SAMPLES if b"NewProcessName" in value))
    record["TimeGenerated"] = moment.replace(microsecond=0).isoformat(sep=between) + rest

    skimmed([json.dumps(record).encode()])
