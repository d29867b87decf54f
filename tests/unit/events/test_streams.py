"""The recorded streams of shared/data/events: every record an event or ignored, none rejected."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from processor.events.event import Event
from processor.events.formats import Decoder
from processor.events.values import time_ms

# Kind, format and outcome of each source's records, counted in the folder's README.
STREAMS: dict[str, dict[tuple[str, str, str], int]] = {
    "apt29_day1": {
        ("process", "windows_security", ""): 460,
        ("process", "sysmon", ""): 447,
        ("logon", "windows_security", "success"): 297,
    },
    "otrf_atomic": {
        ("process", "windows_security", ""): 1_411,
        ("process", "sysmon", ""): 1_046,
        ("logon", "windows_security", "success"): 1_041,
        ("logon", "windows_security", "failure"): 25,
        # 4648, a logon attempted with explicit credentials, is no logon.
        ("ignored", "", ""): 49,
    },
    "mstic_win1": {
        ("process", "windows_security", ""): 6_286,
        ("logon", "windows_security", "success"): 20,
    },
    "inject_otrf_in_mstic": {("process", "windows_security", ""): 6_264},
    "mstic_linux_execve": {("process", "auditd", ""): 1_000},
    "elastic_sshd": {("logon", "sshd", "success"): 226, ("logon", "sshd", "failure"): 810},
}
# A log without a year has no time of its own.
TIMED = sorted(set(STREAMS) - {"elastic_sshd"})
# The streams' own columns say too much.
ADDED = ("_id", "_t", "_src")
# NXLog's records have the time of receipt only: in whole seconds or up to two minutes late.
RECEIPT_MS = 130_000


def records(file: Path) -> Iterator[tuple[int, bytes]]:
    """Each record without the added columns, and its true time, ms."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            fields: dict[str, Any] = json.loads(line)
            time = time_ms(fields["_t"], "_t")
            yield (
                time,
                json.dumps({key: value for key, value in fields.items() if key not in ADDED}).encode(),
            )


def decoder() -> Decoder:
    """A decoder of every format, with the contract's limits."""
    return Decoder(formats=None, max_record_size=1 << 20, max_command_line=8192)


def described(event: Event | None) -> tuple[str, str, str]:
    """What is counted of an event."""
    return ("ignored", "", "") if event is None else (event.kind, event.format, event.outcome)


@pytest.mark.parametrize("stream", STREAMS)
def test_every_record_is_read(shared: Path, stream: str) -> None:
    """Counts by kind, format and outcome equal the README's; nothing is rejected."""
    decode = decoder().decode
    found = Counter(
        described(decode(record)) for _, record in records(shared / f"data/events/{stream}.jsonl.gz")
    )

    assert STREAMS[stream] == dict(found)


@pytest.mark.parametrize("stream", TIMED)
def test_times_are_utc_in_every_layout(shared: Path, stream: str) -> None:
    """Local times (NXLog's EventTime) and wrong headers (half of the Sysmon recordings) are not taken."""
    decode = decoder().decode
    wrong = [
        (record, event.time, time)
        for time, record in records(shared / f"data/events/{stream}.jsonl.gz")
        if (event := decode(record)) is not None
        and (event.time is None or not -1000 < event.time - time <= RECEIPT_MS)
    ]

    assert [] == wrong


def test_the_streams_hold_all_records_of_the_folder() -> None:
    """The counts above are of 19,382 records."""
    assert 19_382 == sum(sum(counts.values()) for counts in STREAMS.values())


@pytest.mark.parametrize("stream", TIMED)
def test_every_event_has_host_user_and_program_or_account(shared: Path, stream: str) -> None:
    """What detection needs is found at its place in every layout."""
    decode = decoder().decode
    events = [
        event
        for _, record in records(shared / f"data/events/{stream}.jsonl.gz")
        if (event := decode(record)) is not None
    ]
    lacking = [
        event
        for event in events
        if not event.host or not (event.executable if event.kind == "process" else event.account)
    ]

    assert [] == lacking
    assert all(
        event.user_name or event.user_id
        for event in events
        if event.kind == "process" and not event.system_session
    )


def test_csv_rows_are_read_as_objects_of_texts(shared: Path) -> None:
    """The tables of msticpy: every row an event, with numbers that arrive as text."""
    decode = decoder().decode
    folder = shared / "data" / "msticpy"
    counts = {}
    for name in ("processes_on_host", "process_tree", "host_logons"):
        with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as rows:
            counts[name] = Counter(
                described(decode(json.dumps(row).encode())) for row in csv.DictReader(rows)
            )

    assert {
        "processes_on_host": {("process", "windows_security", ""): 363},
        "process_tree": {("process", "windows_security", ""): 117},
        "host_logons": {("logon", "windows_security", "success"): 14},
    } == counts
