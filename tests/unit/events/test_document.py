"""docs/formats.md says what the code does."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from processor.events.document import DOCUMENTED, page
from processor.events.formats import FORMATS, Decoder
from processor.events.mapping import MAPPED, Source, look_up

PAGE = Path(__file__).resolve().parents[3] / "docs" / "formats.md"
GOLDEN = Path(__file__).parent / "golden"
# Fields whose value is told by other words than the field's own.
OTHER: dict[str, Any] = {
    "time": "2001-01-01T00:00:00Z",
    "source_ip": "192.0.2.7",
    "logon_id": "0x77",
    "pid": "77",
    "parent_pid": "77",
    "logon_type": "7",
    "command_line": "something else",
}
OUTCOMES = {"success": "failure", "failure": "success", "0": 1, "1": 2, "2": 1, "4624": 4625, "4625": 4624}
# Said in words, or proved by what else is taken from the same place.
TOLD = {("sysmon", "user_name"), ("auditd", "user_name")}


def test_the_page_is_current() -> None:
    """Generated from the code; EVENTCLUSTER_WRITE_DOCS=1 writes it."""
    if os.environ.get("EVENTCLUSTER_WRITE_DOCS") == "1":
        PAGE.write_text(page(), encoding="utf-8")

    assert page() == PAGE.read_text(encoding="utf-8")


def test_every_format_is_documented() -> None:
    """All but own mappings, which have a section."""
    assert set(FORMATS) - {MAPPED} == {name for name, _, _ in DOCUMENTED}
    assert "input.mappings" in page()


def put(record: dict[str, Any], path: str, value: Any) -> None:
    """Replaces what a record holds at a path."""
    if path in record:
        record[path] = value
        return
    *parents, last = path.split(".")
    for parent in parents:
        record = record[parent]
    record[last] = value


def altered(attribute: str, value: Any) -> Any:
    """Another value of the same sort."""
    if attribute == "outcome":
        return OUTCOMES[str(value)]
    if attribute == "time" and isinstance(value, int):
        return value // 2
    if attribute in OTHER:
        return OTHER[attribute]
    if isinstance(value, list):
        return ["y", *value]
    return "y" + value if isinstance(value, str) else value + 1


def proved(source: Source, records: list[dict[str, Any]]) -> set[str]:
    """Attributes of events that change when the documented field, and nothing else, is changed."""
    decode = Decoder(
        formats=frozenset({source.format}), max_record_size=1 << 20, max_command_line=8192
    ).decode
    found = set()
    for record in records:
        before = decode(json.dumps(record).encode())
        if before is None or before.kind != source.kind:
            continue
        for attribute, paths in source.fields.items():
            path = next((path for path in paths if look_up(record, path) not in (None, "", "-")), None)
            if path is None or isinstance(look_up(record, path), dict):
                continue
            changed = json.loads(json.dumps(record))
            put(changed, path, altered(attribute, look_up(record, path)))
            after = decode(json.dumps(changed).encode())
            if getattr(before, attribute) != getattr(after, attribute, None):
                found.add(attribute)
    return found


@pytest.mark.parametrize("name", [name for name, _, _ in DOCUMENTED if name != "sshd"])
def test_documented_fields_are_the_ones_taken(name: str) -> None:
    """A golden record shows it for every attribute of a format: another value there, another event."""
    records = [
        case["record"]
        for case in map(json.loads, (GOLDEN / f"{name}.jsonl").read_text(encoding="utf-8").splitlines())
        if isinstance(case["record"], dict)
    ]
    sources = next(sources for of, sources, _ in DOCUMENTED if of == name)
    documented = {(source.kind, attribute) for source in sources for attribute in source.fields}
    shown = {(source.kind, attribute) for source in sources for attribute in proved(source, records)}

    assert set() == {pair for pair in documented if (name, pair[1]) not in TOLD} - shown
