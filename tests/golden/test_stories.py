"""Golden stories: a handful of records in, the very outcomes and published records out, byte for byte.

After an intended change: EVENTCLUSTER_WRITE_GOLDEN=1 pytest tests/golden, then read the difference.
"""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from processor.config import load
from processor.pipeline import Outcome, Pipeline, Rejected, Scored
from processor.records.schemas import anomaly_schema

HERE = Path(__file__).parent
STORIES = sorted(path.name.removesuffix(".records.jsonl") for path in HERE.glob("*.records.jsonl"))


def told(story: str) -> list[dict[str, Any]]:
    """What becomes of each record of a story, judged from the first event on."""
    settings = load(HERE / "stories.yaml", {})
    pipeline = Pipeline(settings.pipeline(), "events", 0)
    records = map(json.loads, (HERE / f"{story}.records.jsonl").read_text().splitlines())
    return [
        outcome_of(
            pipeline.process(
                json.dumps(record["value"]).encode(),
                offset,
                int(datetime.fromisoformat(record["timestamp"]).timestamp() * 1000),
                [("traceparent", b"00-trace"), ("other", b"dropped")],
            )
        )
        for offset, record in enumerate(records)
    ]


def outcome_of(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON, its record parsed so that a difference can be read."""
    document: dict[str, Any] = {"outcome": type(outcome).__name__}
    if isinstance(outcome, Rejected):
        document |= {"reason": outcome.reason, "field": outcome.field, "message": outcome.message}
    if isinstance(outcome, Scored):
        document |= {"fate": outcome.fate, "clock_skewed": outcome.clock_skewed, "reason": outcome.reason}
        if outcome.published is not None:
            document["key"] = outcome.published.key.decode()
            document["headers"] = {name: value.decode() for name, value in outcome.published.headers}
            document["value"] = json.loads(outcome.published.value)
    return document


@pytest.mark.parametrize("story", STORIES)
def test_a_story_is_told_as_it_was_written_down(story: str) -> None:
    """Records are a contract: any change of them is seen here first."""
    golden = HERE / f"{story}.outcomes.jsonl"
    outcomes = told(story)
    if os.environ.get("EVENTCLUSTER_WRITE_GOLDEN") == "1":
        golden.write_text("".join(json.dumps(each, sort_keys=True) + "\n" for each in outcomes))

    assert [json.loads(line) for line in golden.read_text().splitlines()] == outcomes


@pytest.mark.parametrize("story", STORIES)
def test_every_record_of_a_story_is_valid_against_the_schema(story: str) -> None:
    """The schema that is shipped describes what is published."""
    validator = jsonschema.Draft202012Validator(json.loads(anomaly_schema()))
    published = [each["value"] for each in told(story) if "value" in each]

    assert published
    assert [] == [error.message for value in published for error in validator.iter_errors(value)]
