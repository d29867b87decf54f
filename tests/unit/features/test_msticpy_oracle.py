"""Every msticpy feature against the values that msticpy itself computed (shared/data/msticpy)."""

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from processor.events.event import Event, Kind
from processor.events.formats import Decoder
from processor.features.sets import build

INTEGERS = (
    "commandlineTokensFull",
    "commandlineLen",
    "commandlineScore",
    "commandlineTokensHash",
    "pathScore",
    "pathHash",
    "isSystemSession",
)
LOGS = ("pathLogScore", "commandlineLogLen")
PROCESS_SET = ("commandlineTokensFull", "pathScore", "isSystemSession")
HASHES = ("pathHash", "commandlineTokensHash", "isSystemSession")
LOGON_SET = ("AccountNum", "LogonType")


class Case(NamedTuple):
    """One oracle file: the data it was computed from, and its columns."""

    data: str
    oracle: str
    kind: Kind
    integers: tuple[str, ...]
    logs: tuple[str, ...]
    normalised: tuple[str, ...]


CASES = (
    Case("processes_on_host", "processes_on_host", "process", INTEGERS, LOGS, PROCESS_SET),
    Case("process_tree", "process_tree", "process", INTEGERS, LOGS, PROCESS_SET),
    Case("processes_on_host", "processes_on_host.hashes", "process", HASHES, (), HASHES),
    Case("host_logons", "host_logons", "logon", (*LOGON_SET, "LogonHour"), (), LOGON_SET),
)


def rows(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def events(file: Path) -> list[Event]:
    """The events of a CSV file, each row read as the JSON object of texts that `replay` makes of it."""
    decoder = Decoder(formats=None, max_record_size=1 << 20, max_command_line=8192)
    decoded = [decoder.decode(json.dumps(row).encode()) for row in rows(file)]
    return [event for event in decoded if event is not None]


def close(text: str) -> Any:
    """The number in an oracle file, for comparison."""
    return pytest.approx(float(text), rel=1e-12, abs=0)


def value(kind: Kind, name: str, event: Event) -> float:
    """One feature of an event."""
    feature = build(kind, [name], "none", [])
    return feature.vector(feature.measure(event)[1])[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.oracle)
def test_every_row_has_the_values_that_msticpy_computed(shared: Path, case: Case) -> None:
    """Integers exactly, logarithms and L2-normalised columns within 1e-12 relative."""
    folder = shared / "data" / "msticpy"
    found = events(folder / f"{case.data}.csv")
    expected = rows(folder / f"{case.oracle}.oracle.csv")
    unit = build(case.kind, case.normalised, "l2", [])

    assert len(expected) == len(found)
    for row, event in zip(expected, found, strict=True):
        for name in case.integers:
            assert float({"True": "1", "False": "0"}.get(row[name], row[name])) == value(
                case.kind, name, event
            )
        for name in case.logs:
            assert close(row[name]) == value(case.kind, name, event)
        assert [close(row[f"xnorm_{name}"]) for name in case.normalised] == list(
            unit.vector(unit.measure(event)[1])
        )


def test_the_named_sets_are_those_of_the_oracle() -> None:
    """features: msticpy is what its notebooks cluster on."""
    assert PROCESS_SET == build("process", "msticpy", "l2", []).columns
    assert LOGON_SET == build("logon", "msticpy", "l2", []).columns
