from pathlib import Path

import pytest

from processor.config import load
from processor.config.build import config_hash
from processor.detection.settings import WindowSettings
from processor.detection.suppress import suppressing
from processor.events.event import PROCESS, Event
from processor.pipeline import Pipeline, Scored


def test_what_the_config_says_reaches_the_pipeline(tmp_path: Path) -> None:
    """Every section that decides verdicts ends up in the detector's settings."""
    file = tmp_path / "c.yaml"
    file.write_text(
        """
input: {formats: [sysmon], max_record_size: 2KiB, max_command_line: 100}
logon: {enabled: false}
process: {features: msticpy, min_samples: 3, rare_cluster_size: 2}
scope: {by: user.name, rewrite: [{match: '^x(.)', replace: '\\1'}]}
window: {length: 1h, pane: 1ms, max_future_skew: 1m}
output: {min_score: 30, original: false, max_original: 1KiB}
limits: {max_vectors: 10, max_scopes: 5}
episode: {escalate_at: [50], fold: {keep: 0}}
""",
        encoding="utf-8",
    )

    told = load(file, {}).pipeline()

    process = told.detector.kinds["process"]
    assert told.formats == frozenset({"sysmon"})
    assert (told.max_record_size, told.max_command_line) == (2048, 100)
    assert list(told.detector.kinds) == ["process"]
    assert (process.features.name, process.eps, process.min_samples, process.rare_cluster_size) == (
        "msticpy",
        1e-4,
        3,
        2,
    )
    assert [(pattern.pattern, to) for pattern, to in told.detector.scope.rewrite] == [("^x(.)", r"\1")]
    assert told.detector.window == WindowSettings(length=3_600_000, pane=1, max_future_skew=60_000)
    assert (told.detector.min_score, told.detector.max_vectors, told.detector.max_scopes) == (30, 10, 5)
    assert (told.detector.episode.escalate_at, told.detector.episode.keep) == ((50,), 0)
    assert (told.records.original, told.records.max_original) == (False, 1024)


def test_a_named_set_brings_the_values_that_suit_it(tmp_path: Path) -> None:
    """`msticpy` alone means msticpy's normalisation, no gate and its eps; what is given stays."""
    file = tmp_path / "c.yaml"
    file.write_text("process: {features: msticpy}\nlogon: {features: msticpy, eps: 0.5}\n", encoding="utf-8")

    settings = load(file, {})

    assert (settings.process.normalize, settings.process.gate, settings.process.eps) == ("l2", (), 1e-4)
    assert (settings.logon.normalize, settings.logon.gate, settings.logon.eps) == ("l2", (), 0.5)


@pytest.mark.parametrize(
    "text",
    [
        "input: {max_command_line: 100}",
        "process: {eps: 0.2}",
        "logon: {min_samples: 3}",
        "scope: {by: user.name}",
        "window: {length: 1d}",
        "warmup: {events: 1}",
        "episode: {gap: 1m}",
        "output: {min_score: 1}",
        "redact: {defaults: false}",
        "limits: {max_vectors: 1}",
        "suppress: [{reason: x, host.name: a}]",
    ],
)
def test_what_decides_records_changes_the_hash(text: str, tmp_path: Path) -> None:
    """Records of different settings can be told apart."""
    file = tmp_path / "c.yaml"
    file.write_text(text, encoding="utf-8")

    assert config_hash(load(None, {})) != config_hash(load(file, {}))


@pytest.mark.parametrize(
    "text",
    [
        "kafka: {group_id: other}",
        "web: {port: 1}",
        "logging: {level: debug}",
        "metrics: {clusters_every: 1s}",
    ],
)
def test_what_decides_no_record_leaves_the_hash(text: str, tmp_path: Path) -> None:
    """Moving to other brokers or ports gives the same records."""
    file = tmp_path / "c.yaml"
    file.write_text(text, encoding="utf-8")

    assert config_hash(load(None, {})) == config_hash(load(file, {}))


def test_a_suppression_ends_with_its_last_day(tmp_path: Path) -> None:
    """`expires` is the last day in UTC, quoted or not; other keys are the fields that must match."""
    file = tmp_path / "c.yaml"
    file.write_text(
        """
suppress:
  - {reason: backup, expires: 2027-01-31, process.executable: 'D:\\Backup\\*', event.code: 4688}
  - {reason: scanner, expires: "2027-01-31", source.ip: "10.0.0.?"}
  - {reason: for ever, host.name: build-*}
""",
        encoding="utf-8",
    )

    first, second, third = load(file, {}).pipeline().detector.suppress

    february = 1_801_440_000_000
    assert (february, february, None) == (first.ends, second.ends, third.ends)
    last = Event(PROCESS, "", "4688", None, "", executable=r"D:\Backup\a.exe")
    assert [first, None] == [suppressing([first], last, now) for now in (february - 1, february)]
    assert [("executable", r"D:\Backup\*"), ("code", "4688")] == [
        (name, glob.pattern) for name, glob in first.fields
    ]


def test_an_own_source_is_read(tmp_path: Path) -> None:
    """A mapping in the config makes events of records that no format knows."""
    file = tmp_path / "c.yaml"
    file.write_text(
        """
input:
  mappings:
    - name: badge
      kind: logon
      when: {type: door}
      fields: {user.name: who, host.name: where.door, "@timestamp": at}
      constants: {event.outcome: success}
""",
        encoding="utf-8",
    )
    pipeline = Pipeline(load(file, {}).pipeline(), "events", 0)
    record = b'{"type": "door", "who": "eve", "where": {"door": "lab"}, "at": "2026-01-31T12:00:00Z"}'

    outcome = pipeline.process(record, 0, 0)

    assert isinstance(outcome, Scored)
    assert (outcome.kind, outcome.format) == ("logon", "mapping")


@pytest.mark.parametrize("text", ["1e-4", "1E-4", "1.0e-4", "0.0001", ".1e-3", "+1e-4"])
def test_a_number_with_an_exponent_is_a_number(text: str, tmp_path: Path) -> None:
    """PyYAML alone takes 1e-4 for text."""
    file = tmp_path / "c.yaml"
    file.write_text(f"process: {{eps: {text}}}\n", encoding="utf-8")

    assert load(file, {}).process.eps == pytest.approx(1e-4)
