"""Published anomalies for tests of what shows them."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from processor.pipeline import Published

START_S = 1_767_571_200


def record(number: int = 0, **changes: Any) -> dict[str, Any]:
    """A process anomaly's record, one a minute; every twentieth begins an episode of its host.

    changes : host, command_line, score
    """
    host = changes.get("host", "web-1")
    time = datetime.fromtimestamp(START_S + 60 * number, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    score = changes.get("score", number % 101)
    command_line = changes.get("command_line", f"tool.exe --number {number}")
    return {
        "@timestamp": time,
        "ecs": {"version": "8.17.0"},
        "message": f"tool.exe run by svc on {host}: nothing like it in 7 days.",
        "event": {
            "kind": "alert",
            "category": ["process"],
            "type": ["start"],
            "id": f"{number:032x}",
            "code": "4688",
            "outcome": "success",
            "created": time,
            "reason": "outside_clusters",
            "risk_score": score,
            "original": '{"EventID": 4688}',
        },
        "host": {"name": host},
        "user": {"name": "svc", "domain": "CORP", "id": "S-1-5-21-1"},
        "process": {"executable": "C:\\tool.exe", "name": "tool.exe", "command_line": command_line, "pid": 7},
        "anomaly": {
            "reason": "outside_clusters",
            "score": score,
            "distance": 0.4,
            "eps": 0.1,
            "min_samples": 2,
            "features": [{"name": "length", "actual": 3.2, "typical": 2.8}],
            "facts": ["4 eps from the nearest cluster"],
            "nearest_cluster": {"size": 12, "at_least": False, "exemplar": "tool.exe", "distance": 4.0},
            "similar_in_window": 0,
            "warmup": False,
            "late": False,
            "clock_skewed": False,
            "truncated": False,
            "scope": host,
            "gate": ["c:\\tool.exe", False],
            "model": {
                "feature_set": "command_shape",
                "feature_version": 1,
                "config_hash": "0" * 12,
                "version": "0.1.0",
                "window_events": 100,
                "window_span_s": 3600,
            },
            "episode": {
                "id": f"{number // 20:032x}",
                "index": number % 20,
                "started": time,
                "escalated": number % 20 == 0,
                "folded": 0,
            },
            "source": {"topic": "events", "partition": 0, "offset": number, "format": "windows_security"},
        },
    }


def published(number: int = 0, **changes: Any) -> Published:
    """The record as the pipeline hands it over."""
    value = record(number, **changes)
    return Published(
        id=value["event"]["id"],
        kind="process",
        reason=value["event"]["reason"],
        score=value["anomaly"]["score"],
        opens_episode=value["anomaly"]["episode"]["index"] == 0,
        key=value["anomaly"]["scope"].encode(),
        value=msgspec.json.encode(value),
        headers=[],
    )
