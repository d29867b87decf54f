"""Repeats are judged from memory: the same outcomes and the same model as if all were read in full."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from processor.config import load
from processor.detection.segments import Origin
from processor.detection.settings import WarmupSettings, WindowSettings
from processor.detection.state import Recorder
from processor.events.mapping import compile_mapping
from processor.pipeline import Pipeline, PipelineSettings
from processor.study.bench.workload import START, mixed

MINUTE = 60_000
SECOND = 1_000


def iso(time: int) -> str:
    """A time of the day of START, ms since its beginning, as records have it."""
    seconds, ms = divmod(time, 1000)
    return f"2026-01-01T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{ms:03d}Z"


def process(layout: str, host: str, text: str, session: str, pid: Any) -> dict[str, Any]:
    """A 4688, Sysmon 1 or ECS process start of one of the layouts."""
    security: dict[str, Any] = {
        "NewProcessName": "C:\\Windows\\a.exe",
        "CommandLine": text,
        "SubjectLogonId": session,
        "NewProcessId": pid,
    }
    if layout == "sysmon":
        return {
            "EventID": 1,
            "SourceName": "Microsoft-Windows-Sysmon",
            "Hostname": host,
            "ProcessGuid": "{1}",
            "Image": "C:\\Windows\\a.exe",
            "CommandLine": text,
            "LogonId": session,
            "ProcessId": pid,
        }
    if layout == "ecs":
        return {
            "event": {"category": ["process"], "type": ["start"]},
            "host": {"name": host},
            "process": {"executable": "/bin/a", "command_line": text, "pid": pid},
            "auditd": {"session": session},
        }
    if layout == "flat":
        return {"EventID": 4688, "Computer": host} | security
    if layout == "beat6":
        return {"event_id": 4688, "computer_name": host, "event_data": security}
    return {"winlog": {"event_id": "4688", "computer_name": host, "event_data": security}}


def logon(host: str, user: str, kind: Any) -> dict[str, Any]:
    """A 4624 of Winlogbeat 7."""
    data = {"TargetUserName": user, "LogonType": kind, "IpAddress": "10.0.0.1", "TargetLogonId": "0x1f"}
    return {"winlog": {"event_id": 4624, "computer_name": host, "event_data": data}}


hosts = st.sampled_from(["a", "b", "c"])
documents = st.one_of(
    st.builds(
        process,
        st.sampled_from(["flat", "beat6", "beat7", "sysmon", "ecs"]),
        hosts,
        st.sampled_from(["a.exe", "a.exe -x", "a.exe -y", "a.exe " + "%$#" * 9, "b" * 60]),
        st.sampled_from(["0x3e7", "0x00003E7", "999", "0x1f", "0x3_e7", ""]),
        st.sampled_from(["0x10", 16, None, "ten"]),
    ),
    st.builds(logon, hosts, st.sampled_from(["u", "v", "-"]), st.sampled_from(["3", 3, "10", None, "x"])),
)
# Seconds since the event before; now and then a jump, back or ahead.
steps = st.sampled_from([0, 1, 1, 1, 30, 400, 400, 4_000, -30, -9_000])
records = st.lists(st.tuples(documents, steps, st.sampled_from([None, 0, 0, 0, 0, 400])), max_size=60)


def model(**changes: Any) -> PipelineSettings:
    """The default config on a window of an hour, live after five minutes and three events."""
    own = load(None, {}).pipeline()
    detector = replace(
        own.detector,
        window=WindowSettings(60 * MINUTE, 10 * MINUTE, 5 * MINUTE),
        warmup=WarmupSettings(5 * MINUTE, 3, publish=False),
        max_segment_events=7,
        **changes,
    )
    return replace(own, detector=detector)


def told(own: PipelineSettings, stream: list[tuple[bytes, int]]) -> tuple[list[str], object]:
    """Every outcome, and the model that is left."""
    pipeline = Pipeline(own, "events", 0)
    recorder = Recorder(pipeline.detector, own.detector, Origin("events", 0, ""), list, start=0)
    outcomes = [
        repr(pipeline.process(value, offset, timestamp)) for offset, (value, timestamp) in enumerate(stream)
    ]
    return outcomes, (pipeline.gauges(), recorder.cut(len(stream)).digest)


def in_full(own: PipelineSettings) -> PipelineSettings:
    """The same with a source that no record is of: own sources come first, nothing is judged from memory."""
    never = compile_mapping(name="n", kind="process", when={"never": "*"}, fields={"process.executable": "x"})
    return replace(own, mappings=(never,))


@settings(max_examples=150, deadline=None)
@given(records, st.sampled_from([1, 3, 1000]), st.sampled_from([2, 6, 1000]))
def test_a_model_does_not_depend_on_what_it_judges_from_memory(
    stream: list[tuple[dict[str, Any], int, int | None]], max_scopes: int, max_vectors: int
) -> None:
    """Late, skewed and broken records, panes, eviction and forgotten scopes: outcomes and state are equal."""
    values, time = [], 12 * 60 * MINUTE
    for document, step, ahead in stream:
        time = max(0, min(time + step * SECOND, 23 * 60 * MINUTE))
        stamp = {} if ahead is None else {"@timestamp": iso(time + ahead * SECOND)}
        values.append((json.dumps(document | stamp).encode(), START + time))
    own = model(max_scopes=max_scopes, max_vectors=max_vectors)

    assert told(in_full(own), values) == told(own, values)


def test_the_bench_stream_is_judged_alike() -> None:
    """Five sources, many hosts, new command lines."""
    stream = [(raw.value, raw.timestamp) for raw in mixed(4_000, 0.1)]

    assert told(in_full(model()), stream) == told(model(), stream)
