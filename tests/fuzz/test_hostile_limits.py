"""What hostile records become, one by one, and what the worst of them cost."""

import json
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

import processor.config
from processor.errors import InvalidEvent
from processor.events.formats import Decoder
from processor.pipeline import Pipeline, Rejected, Scored

LIMIT = 1 << 20
GOOD = {
    "EventID": 4688,
    "Computer": "ws-1",
    "TimeGenerated": "2026-01-02T03:04:05Z",
    "NewProcessName": "C:\\a.exe",
    "CommandLine": "a.exe",
    "SubjectUserName": "bob",
    "SubjectLogonId": "0x3e8",
}
SCORED = ("scored", "", "")


def of(**fields: Any) -> bytes:
    """The good record with other values."""
    return json.dumps(GOOD | fields).encode()


def raw(name: str, value: bytes) -> bytes:
    """The good record with a value that json.dumps would not write."""
    return of(**{name: "PLACE"}).replace(b'"PLACE"', value)


# The record, and its outcome, reason and field.
CASES: dict[str, tuple[bytes, tuple[str, str, str]]] = {
    "bytes that are no UTF-8": (raw("CommandLine", b'"\xff\xfe\x80"'), SCORED),
    "half a surrogate pair": (raw("CommandLine", b'"\\ud800"'), SCORED),
    "NaN": (raw("NewProcessId", b"NaN"), ("rejected", "not_json", "NewProcessId")),
    "Infinity": (raw("NewProcessId", b"-Infinity"), ("rejected", "not_json", "NewProcessId")),
    "NaN where nothing is taken": (raw("Level", b"NaN"), ("rejected", "not_json", "Level")),
    "1e999": (raw("NewProcessId", b"1e999"), ("rejected", "bad_field", "NewProcessId")),
    "a number of 5,000 digits": (
        raw("NewProcessId", b"9" * 5_000),
        ("rejected", "bad_field", "NewProcessId"),
    ),
    "such a number as text": (of(NewProcessId="9" * 5_000), ("rejected", "bad_field", "NewProcessId")),
    "such a number where nothing is taken": (raw("Level", b"9" * 5_000), SCORED),
    "keys twice": (of().replace(b"{", b'{"NewProcessName": "x", "EventID": 1, ', 1), SCORED),
    "keys twice, the last one empty": (
        of().replace(b"}", b', "NewProcessName": ""}'),
        ("rejected", "missing_field", "NewProcessName"),
    ),
    "10,000 deep": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, ("rejected", "not_json", "value")),
    "10,000 deep in a field": (
        raw("CommandLine", b"[" * 10_000 + b"]" * 10_000),
        ("rejected", "not_json", "value"),
    ),
    "a command line of 10 MB": (of(CommandLine="a" * 10_000_000), ("rejected", "too_large", "value")),
    "a command line of 1 MB": (of(CommandLine="a" * 1_000_000), SCORED),
    "NULs": (of(CommandLine="a\0b", NewProcessName="C:\\a\0.exe"), SCORED),
    "terminal escapes": (of(CommandLine="\x1b[31m\x1b]0;x\x07", SubjectUserName="\x1b[2J"), SCORED),
    "HTML": (of(CommandLine="<script>alert(1)</script>", Computer="<img src=x onerror=alert(1)>"), SCORED),
    "the year 1": (of(TimeGenerated="0001-01-01T00:00:00Z"), SCORED),
    "the year 9999": (of(TimeGenerated="9999-12-31T23:59:59.999Z"), SCORED),
    "the year 0": (of(TimeGenerated="0000-01-01T00:00:00Z"), ("rejected", "bad_time", "TimeGenerated")),
    "the year 10000": (of(TimeGenerated="10000-01-01T00:00:00Z"), ("rejected", "bad_time", "TimeGenerated")),
    "everything null": (
        json.dumps(dict.fromkeys(GOOD) | {"EventID": 4688}).encode(),
        ("rejected", "missing_field", "NewProcessName"),
    ),
    "everything empty": (
        json.dumps(dict.fromkeys(GOOD, "") | {"EventID": 4688}).encode(),
        ("rejected", "missing_field", "NewProcessName"),
    ),
    "null for the event id as well": (json.dumps(dict.fromkeys(GOOD)).encode(), ("ignored", "", "")),
    "an array for the record": (b"[1]", ("rejected", "not_an_object", "value")),
    "an array for an object": (
        json.dumps({"winlog": {"event_id": 4688, "event_data": [1]}}).encode(),
        ("rejected", "bad_field", "winlog.event_data"),
    ),
    "nothing": (b"", ("rejected", "not_json", "value")),
    "NULs for a record": (b"\0" * 100, ("rejected", "not_json", "value")),
    "a thousand and one records in one": (
        json.dumps({"records": [{}] * 1_001}).encode(),
        ("rejected", "bad_field", "records"),
    ),
    "two records in one": (of() + of(), ("rejected", "not_json", "value")),
    "half a record": (of()[:-20], ("rejected", "not_json", "value")),
    "UTF-16": (of().decode().encode("utf-16"), ("rejected", "not_json", "value")),
} | {
    f"{what} for {name}": (of(**{name: value}), ("rejected", "bad_field", name))
    for what, value in (("an array", []), ("an object", {}), ("true", True))
    for name in GOOD
}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """A pipeline that publishes from the first event."""
    file = tmp_path_factory.mktemp("config") / "c.yaml"
    file.write_text("warmup: {span: 0s, events: 0}\n", encoding="utf-8")
    return Pipeline(processor.config.load(file, {}).pipeline(), "events", 0)


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_record_has_its_outcome_and_names_its_field(pipeline: Pipeline, name: str) -> None:
    """One of the four; a rejection says which field, in a sentence of bounded length."""
    record, expected = CASES[name]
    outcome = pipeline.process(record, 0, 1_767_323_045_000)

    if isinstance(outcome, Rejected):
        assert expected == ("rejected", outcome.reason, outcome.field)
        assert outcome.message.startswith(f"{outcome.field}: ")
        assert len(outcome.message) < 400
    else:
        assert expected == ("scored" if isinstance(outcome, Scored) else "ignored", "", "")


def test_a_long_command_line_is_cut_and_says_so() -> None:
    """`input.max_command_line` characters are kept; the published record has `anomaly.truncated`."""
    event = Decoder(formats=None, max_record_size=LIMIT, max_command_line=100).decode(
        of(CommandLine="a" * 1_000_000)
    )

    assert event is not None
    assert (100, True) == (len(event.command_line), event.truncated)


def filled(begin: bytes, piece: bytes, end: bytes) -> bytes:
    """A record as long as the limit allows, of one piece again and again."""
    return begin + piece * ((LIMIT - len(begin) - len(end)) // len(piece)) + end


ECS = b'{"event":{"category":["process"],"type":["start"]},"host":{"name":"h"},"process":{"executable":"x",'
LINES = b"type=SYSCALL msg=audit(1.0:1): "
COSTLY: dict[str, bytes] = {
    "many arguments": filled(ECS + b'"args":["a"', b',"a"', b"]}}"),
    "escapes": filled(b'{"EventID":4688,"NewProcessName":"x","CommandLine":"', b"\\u001b", b'"}'),
    "halves of surrogates": filled(
        b'{"EventID":4688,"NewProcessName":"x","CommandLine":"', b"\\ud800", b'"}'
    ),
    "no UTF-8": filled(b'{"EventID":4688,"NewProcessName":"x","CommandLine":"', b"\xff", b'"}'),
    "many keys": filled(b'{"class_uid":1007,"activity_id":1', b',"k":1', b"}"),
    "long host": filled(b'{"EventID":4688,"NewProcessName":"x","Computer":"', b"h", b'"}'),
    "deep": filled(b'{"class_uid":', b"[", b""),
    "batch": filled(b'{"records":[{}', b',{"ActionType":1}', b"]}"),
    "batch of a thousand": b'{"records":[{}' + b',{"ActionType":1}' * 999 + b"]}",
    "XML data": filled(b"<Event ><EventID>1</EventID><EventData", b"<Data Name='a'>b</Data>", b""),
    "XML without an end": filled(b"<Event ><EventData", b"<Data Name='a'>", b""),
    "XML attributes": filled(b"<Event ", b"<Provider Name", b""),
    "audit lines": filled(b"", LINES, b""),
    "audit arguments": filled(LINES + b'exe="x" type=EXECVE msg=audit(1.0:1):', b" a1=61", b""),
    "audit pieces": filled(LINES + b'exe="x" type=EXECVE msg=audit(1.0:1):', b" a1[2]=61", b""),
    "audit quotes": filled(LINES + b"type=EXECVE msg=audit(1.0:1): ", b'a="', b""),
    "sshd from": filled(b"Mar 27 13:06:56 h sshd[1]: Failed password for ", b" from", b""),
    "sshd repeated": filled(b"Mar 27 13:06:56 h sshd[1]: message repeated 1 times: [ ", b"] ", b""),
    "PAM error": filled(b"Mar 27 13:06:56 h sshd[1]: error: PAM: ", b"a for ", b""),
    "PAM details": filled(
        b"Mar 27 13:06:56 h su: pam_unix(su:auth): authentication failure;", b" user=", b""
    ),
    "structured data": filled(b"<1>1 - h sshd 1 - [", b"] [", b""),
    "journald bytes": filled(b'{"SYSLOG_IDENTIFIER":"sshd","MESSAGE":[70', b",70", b"]}"),
}


def answer(decode: Callable[[bytes], object], record: bytes) -> None:
    """Decodes a record, whatever comes of it."""
    with suppress(InvalidEvent):
        decode(record)


@pytest.mark.parametrize("name", COSTLY)
def test_time_and_memory_of_the_worst_record_are_bounded(name: str) -> None:
    """At the limit of 1 MiB: less than 2 s of CPU (0.3 s when written) and less than 96 MiB."""
    decode = Decoder(formats=None, max_record_size=LIMIT, max_command_line=8_192).decode
    began = time.process_time()
    answer(decode, COSTLY[name])
    took = time.process_time() - began
    tracemalloc.start()
    answer(decode, COSTLY[name])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert took < 2
    assert peak < 96 << 20
