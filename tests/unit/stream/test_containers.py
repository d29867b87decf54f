"""Windows event logs and Parquet tables as records, through the real libraries."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from processor.errors import UsageError
from processor.events.formats import Decoder
from processor.stream.containers import open_input
from tests.support.evtx import evtx

LIMIT = 1 << 20
SYSTEM = {
    "Provider": "Microsoft-Windows-Security-Auditing",
    "EventID": "4688",
    "TimeCreated": "2026-01-02T03:04:05.678+00:00",
    "Computer": "ws-1",
}
DATA = {"NewProcessName": "C:\\a.exe", "CommandLine": "a.exe /x", "SubjectLogonId": "0x3e7"}
DECODER = Decoder(formats=None, max_record_size=LIMIT, max_command_line=8192)


def test_a_windows_event_log_becomes_events(tmp_path: Path) -> None:
    """Security.evtx as Windows keeps it: no export needed."""
    path = tmp_path / "Security.evtx"
    path.write_bytes(evtx([(SYSTEM, DATA), (SYSTEM | {"EventID": "5156"}, {}), (SYSTEM, DATA)]))
    file = open_input(path, LIMIT)
    events = [DECODER.decode(record) for record in file]

    assert events[1] is None
    assert events[0] is not None
    assert ("C:\\a.exe", "ws-1", "0x3e7", 1767323045678) == (
        events[0].executable,
        events[0].host,
        events[0].logon_id,
        events[0].time,
    )
    assert (3, file.size) == (len(events), file.position)


def test_a_parquet_table_becomes_records_without_its_gaps(tmp_path: Path) -> None:
    """Nulls and NaN are left out, naive times are UTC, nested values stay nested."""
    path = tmp_path / "events.parquet"
    rows: list[dict[str, Any]] = [
        {"EventID": 4688, "TimeGenerated": datetime(2026, 1, 2, 3, 4, 5), "n": None, "x": {"y": [1.5, "z"]}},  # noqa: DTZ001 - naive on purpose
        {"EventID": 4688, "TimeGenerated": None, "n": float("nan"), "x": None},
    ]
    pq.write_table(pa.Table.from_pylist([{**row, "x": str(row["x"])} for row in rows]), path)
    records = [msgspec.json.decode(record) for record in open_input(path, LIMIT)]

    assert [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).isoformat(), None] == [
        record.get("TimeGenerated") for record in records
    ]
    assert [{"EventID", "TimeGenerated", "x"}, {"EventID", "x"}] == [set(record) for record in records]


@pytest.mark.parametrize(
    ("name", "said"),
    [("e.evtx", "no Windows event log"), ("e.parquet", "no Parquet table"), ("none.evtx", "no such file")],
)
def test_a_damaged_container_is_the_users_to_mend(tmp_path: Path, name: str, said: str) -> None:
    """The error names the file; no traceback."""
    if not name.startswith("none"):
        (tmp_path / name).write_bytes(b"not what the name says" * 9)
    with pytest.raises(UsageError, match=said) as caught:
        list(open_input(tmp_path / name, LIMIT))

    assert name in str(caught.value)


def test_a_damaged_event_is_a_record_that_gets_rejected(tmp_path: Path) -> None:
    """What a log lost is counted, and the rest is read."""
    whole = evtx([(SYSTEM, DATA), (SYSTEM, DATA | {"CommandLine": "MARK"}), (SYSTEM, DATA)])
    path = tmp_path / "Security.evtx"
    mark = whole.index("MARK".encode("utf-16-le"))
    path.write_bytes(whole[: mark - 4] + b"\xff\xff\xff\xff" + whole[mark:])
    records = list(open_input(path, LIMIT))

    assert [False, True, False] == [record.startswith(b"damaged event") for record in records]


@pytest.mark.parametrize(("name", "package"), [("e.evtx", "evtx"), ("e.parquet", "pyarrow")])
def test_a_missing_library_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    """What to install is in the error."""
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(UsageError, match=rf"pip install 'eventcluster\[{name[2:]}\]'"):
        open_input(tmp_path / name, LIMIT)
