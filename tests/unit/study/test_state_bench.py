"""`bench state`."""

import json
from pathlib import Path

import pytest

from processor.study.bench import state
from tests.unit.stream.stories import settings


def test_what_was_written_is_restored_and_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every workload has a row; the recorded one is skipped, and said to be, where its data is not."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(state, "tune_interpreter", lambda: None)

    state.run(settings(), 1000, tmp_path / "state.json")

    rows = json.loads((tmp_path / "state.json").read_text())["rows"]
    said = capsys.readouterr().out
    assert ["restore, mixed, 5% new", "restore, all distinct"] == [row["workload"] for row in rows]
    assert [1000, 1000] == [row["window"] for row in rows]
    assert "skipped: recorded stream tiled" in said
    assert "all distinct: 1,000 events, 1,000 vectors" in said
