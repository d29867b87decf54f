"""deploy/downstream/page.jq: which anomalies become a page, and as what."""

import json
import subprocess
from typing import Any, Final

import pytest

from tests.deploy.tools import CHECKOUT, program

FILTER: Final = CHECKOUT / "deploy" / "downstream" / "page.jq"


def anomaly(index: int, score: int, *, escalated: bool = False) -> dict[str, Any]:
    """What the filter reads of a record."""
    return {
        "message": "whoami.exe run by alice on host-1",
        "event": {"id": f"event-{index}", "risk_score": score},
        "anomaly": {
            "reason": "outside_clusters",
            "facts": ["first run of a program of this name in 7 days", "unknown folder"],
            "scope": "host-1",
            "episode": {"id": "episode-1", "index": index, "escalated": escalated},
        },
    }


def alerts(*records: dict[str, Any]) -> list[dict[str, Any]]:
    """What would be posted to Alertmanager, at a threshold of 60."""
    command = [program("jq"), "--compact-output", "--argjson", "min_score", "60", "--from-file", str(FILTER)]
    given = "".join(f"{json.dumps(record)}\n" for record in records)
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True, timeout=250)
    return [alert for line in done.stdout.splitlines() for alert in json.loads(line)]


@pytest.mark.parametrize(
    ("record", "pages"),
    [
        (anomaly(0, 60), 1),
        (anomaly(0, 59), 0),
        (anomaly(1, 95), 0),
        (anomaly(4, 95, escalated=True), 1),
        (anomaly(4, 40, escalated=True), 0),
    ],
    ids=["first", "first-but-low", "further", "escalated", "escalated-but-low"],
)
def test_an_episode_pages_first_and_when_it_escalates(record: dict[str, Any], pages: int) -> None:
    """Never for its other records, nor below the threshold."""
    assert len(alerts(record)) == pages


def test_the_records_of_an_episode_are_one_alert() -> None:
    """Alertmanager tells alerts apart by labels: those of one episode and severity are equal."""
    first, escalated, again = alerts(
        anomaly(0, 75), anomaly(3, 92, escalated=True), anomaly(7, 95, escalated=True)
    )

    assert first["labels"]["severity"] == "warning"
    assert escalated["labels"] == again["labels"] == first["labels"] | {"severity": "critical"}
    assert "whoami.exe run by alice on host-1" == first["annotations"]["summary"]
    assert "unknown folder" in first["annotations"]["description"]
