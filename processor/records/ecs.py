"""An anomaly as the record that is published: JSON in ECS names, CloudEvents headers."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from processor.detection.settings import KindSettings
from processor.detection.verdict import Anomaly, FeatureContrast, NearestCluster
from processor.events.event import PROCESS, Event, Kind, program_name
from processor.records.original import closed, opened
from processor.records.redact import Redactor

ECS_VERSION: Final = "8.17.0"
DATASCHEMA: Final = "urn:eventcluster:schema:anomaly:1"
CE_TYPE: Final = "eventcluster.anomaly.v1"

_EPOCH: Final = date(1970, 1, 1)
_DAY: Final = 86_400_000
_FIRST: Final = "0001-01-01T00:00:00.000Z"
_LAST: Final = "9999-12-31T23:59:59.999Z"
_ENCODE = msgspec.json.Encoder().encode

# Windows logon types (Microsoft, event 4624).
LOGON_TYPES: Final = {
    0: "System",
    2: "Interactive",
    3: "Network",
    4: "Batch",
    5: "Service",
    7: "Unlock",
    8: "NetworkCleartext",
    9: "NewCredentials",
    10: "RemoteInteractive",
    11: "CachedInteractive",
    12: "CachedRemoteInteractive",
    13: "CachedUnlock",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a record was read: the Kafka coordinates, timestamp in ms."""

    topic: str
    partition: int
    offset: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class RecordSettings:
    """What is published of an event, and which model says so.

    original : whether event.original is published, cut at max_original bytes
    """

    original: bool
    max_original: int
    config_hash: str
    version: str
    redactor: Redactor


def anomaly_id(topic: str, partition: int, offset: int, value: bytes) -> str:
    """event.id: 32 hexadecimal digits of SHA-256 over the record's coordinates and value."""
    place = f"{topic}\0{partition}\0{offset}\0".encode("utf-8", "surrogatepass")
    return hashlib.sha256(place + value).hexdigest()[:32]


def iso(time: int) -> str:
    """Milliseconds since 1970 as `2019-01-15T05:15:03.047Z`; clipped to the years 1 to 9999."""
    days, rest = divmod(time, _DAY)
    try:
        day = _date(days)
    except OverflowError:
        return _LAST if time > 0 else _FIRST
    seconds, thousandths = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    return f"{day}T{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}.{thousandths:03d}Z"


@lru_cache(maxsize=64)
def _date(days: int) -> str:
    """The date so many days behind 1970-01-01. Raises OverflowError outside the years 1 to 9999."""
    return (_EPOCH + timedelta(days=days)).isoformat()


class RecordWriter:
    """Writes the anomalies of one model as records."""

    def __init__(self, settings: RecordSettings, kinds: dict[Kind, KindSettings]) -> None:
        self._settings = settings
        self._kinds = kinds
        self._redact = settings.redactor.texts
        self._name = settings.redactor.name

    def value(self, anomaly: Anomaly, source: Source, original: bytes) -> bytes:
        """The record's value: UTF-8 JSON valid against `schemas/anomaly.json`."""
        event = anomaly.case.event
        texts = self._texts(anomaly, original)
        document: dict[str, Any] = {
            "@timestamp": iso(anomaly.case.time),
            "ecs": {"version": ECS_VERSION},
            "message": texts.sentence,
            "event": self._event(anomaly, source, texts),
            "host": {"name": self._name(event.host)},
        }
        user = _present(
            {
                "name": self._name(event.user_name),
                "domain": self._name(event.user_domain),
                "id": event.user_id,
            }
        )
        if user:
            document["user"] = user
        if event.source_ip:
            document["source"] = {"ip": event.source_ip}
        if event.kind == PROCESS:
            document["process"] = self._process(event, texts)
        document["anomaly"] = self._anomaly(anomaly, source, texts)
        return _ENCODE(document)

    def key(self, anomaly: Anomaly) -> bytes:
        """The record's key: the scope, as it stands in the record."""
        return self._name(anomaly.case.scope).encode("utf-8", "replace")

    def headers(
        self, anomaly: Anomaly, source: Source, received: Sequence[tuple[str, bytes | None]] | None
    ) -> list[tuple[str, bytes]]:
        """CloudEvents attributes (binary content mode), reason and score; traceparent passed through."""
        headers = {
            "ce_specversion": "1.0",
            "ce_id": anomaly.id,
            "ce_source": f"/eventcluster/{source.topic}/{source.partition}",
            "ce_type": CE_TYPE,
            "ce_time": iso(anomaly.case.time),
            "ce_dataschema": DATASCHEMA,
            "content-type": "application/json",
            "anomaly-reason": anomaly.case.reason.value,
            "anomaly-score": str(anomaly.score),
        }
        passed = [(name, text) for name, text in received or () if name == "traceparent" and text is not None]
        return [(name, text.encode()) for name, text in headers.items()] + passed[:1]

    def _texts(self, anomaly: Anomaly, original: bytes) -> "_Texts":
        event, why = anomaly.case.event, anomaly.explanation
        original_text, sentence, line, parent_line, exemplar, *facts = self._redact(
            (
                opened(original[: self._settings.max_original].decode("utf-8", "ignore"))
                if self._settings.original
                else "",
                why.sentence,
                event.command_line,
                event.parent_command_line,
                "" if why.nearest is None else why.nearest.exemplar,
                *why.facts,
            )
        )
        return _Texts(closed(original_text), sentence, line, parent_line, exemplar, facts)

    def _event(self, anomaly: Anomaly, source: Source, texts: "_Texts") -> dict[str, Any]:
        event = anomaly.case.event
        process = event.kind == PROCESS
        document = {
            "kind": "alert",
            "category": ["process"] if process else ["authentication"],
            "type": ["start"],
            "id": anomaly.id,
            "code": event.code,
            "outcome": event.outcome or ("success" if process else "unknown"),
            "created": iso(source.timestamp),
            "reason": anomaly.case.reason.value,
            "risk_score": anomaly.score,
        }
        if self._settings.original:
            document["original"] = texts.original
        return document

    def _process(self, event: Event, texts: "_Texts") -> dict[str, Any]:
        process: dict[str, Any] = _present(
            {
                "executable": self._name(event.executable),
                "name": self._name(program_name(event.executable)),
                "command_line": texts.command_line,
                "pid": event.pid,
            }
        )
        parent = _present(
            {
                "executable": self._name(event.parent_executable),
                "name": self._name(program_name(event.parent_executable)),
                "command_line": texts.parent_command_line,
                "pid": event.parent_pid,
            }
        )
        if parent:
            process["parent"] = parent
        return process

    def _anomaly(self, anomaly: Anomaly, source: Source, texts: "_Texts") -> dict[str, Any]:
        case, event, why = anomaly.case, anomaly.case.event, anomaly.explanation
        kind = self._kinds[event.kind]
        document: dict[str, Any] = {
            "reason": anomaly.case.reason.value,
            "score": anomaly.score,
            "distance": anomaly.assessment.distance,
            "eps": kind.eps,
            "min_samples": kind.min_samples,
            "features": [_feature(contrast) for contrast in why.features],
            "facts": texts.facts,
            "nearest_cluster": _nearest_cluster(why.nearest, texts.exemplar),
            "similar_in_window": anomaly.assessment.similar,
            "warmup": case.warmup,
            "late": case.late,
            "clock_skewed": case.clock_skewed,
            "truncated": event.truncated,
        }
        if event.kind != PROCESS:
            document["logon"] = _logon(event)
        document["scope"] = self._name(case.scope)
        document["gate"] = [self._name(part) if isinstance(part, str) else part for part in case.gate]
        document["model"] = {
            "feature_set": kind.features.name,
            "feature_version": kind.features.version,
            "config_hash": self._settings.config_hash,
            "version": self._settings.version,
            "window_events": anomaly.window_events,
            "window_span_s": anomaly.window_span // 1000,
        }
        document["episode"] = {
            "id": anomaly.episode.id,
            "index": anomaly.episode.index,
            "started": iso(anomaly.episode.started),
            "escalated": anomaly.episode.escalated,
            "folded": anomaly.episode.folded,
        }
        document["source"] = {
            "topic": source.topic,
            "partition": source.partition,
            "offset": source.offset,
            "format": event.format,
        }
        return document


class _Texts(NamedTuple):
    """What an anomaly's record says in free text, redacted."""

    original: str
    sentence: str
    command_line: str
    parent_command_line: str
    exemplar: str
    facts: list[str]


def _feature(contrast: FeatureContrast) -> dict[str, Any]:
    return {"name": contrast.name, "actual": contrast.actual, "typical": contrast.typical}


def _nearest_cluster(found: NearestCluster | None, exemplar: str) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "size": found.size,
        "at_least": found.at_least,
        "exemplar": exemplar,
        "distance": found.distance,
    }


def _logon(event: Event) -> dict[str, Any]:
    number = event.logon_type
    return _present(
        {
            "id": event.logon_id,
            "type": number,
            "type_name": None if number is None else LOGON_TYPES.get(number, "Unknown"),
            "package": event.authentication_package,
        }
    )


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    """Without the fields that the source did not give."""
    return {name: value for name, value in fields.items() if value not in ("", None)}
