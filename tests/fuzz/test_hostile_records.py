"""Whatever the bytes: one of the four outcomes, and nothing hostile gets through."""

import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.errors import InvalidEvent
from processor.events.event import REASONS
from tests.fuzz import target

CHECKOUT = Path(__file__).resolve().parents[2]
# Deep, large, and forged: too long for the kept corpus.
LARGE = {
    "deep array": b"[" * 50_000,
    "deep object": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "deep in a needed field": b'{"EventID":4688,"NewProcessName":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "deep in event data": b'{"winlog":' * 10_000 + b"1" + b"}" * 10_000,
    "deep payload": b'{"EventId":4688,"Payload":"' + b"[" * 10_000 + b'","x":"EventData"}',
    "long command line": b'{"EventID":4688,"NewProcessName":"x","CommandLine":"' + b"a" * 60_000 + b'"}',
    "long key": b'{"' + b"a" * 60_000 + b'":1}',
    "many keys": b"{" + b",".join(b'"k%d":1' % index for index in range(6_000)) + b"}",
    "many duplicate keys": b"{" + b'"NewProcessName":"x",' * 2_800 + b'"EventID":4688}',
    "long number": b'{"EventID":4688,"NewProcessName":"x","NewProcessId":' + b"9" * 60_000 + b"}",
    "many auditd lines": b"type=SYSCALL msg=audit(1.0:1): " * 1_900,
    "many auditd arguments": b'type=SYSCALL msg=audit(1.0:1): exe="x"\ntype=EXECVE msg=audit(1.0:1): '
    + b" ".join(b"a%d=61" % index for index in range(6_000)),
    "auditd quotes": b"type=SYSCALL msg=audit(1.0:1): type=EXECVE msg=audit(1.0:1): " + b'a="' * 20_000,
    "sshd from": b"Mar 27 13:06:56 h sshd[1]: Failed password for " + b" from" * 12_000,
    "sshd spaces": b"Mar 27 13:06:56 h sshd[1]: Accepted " + b" " * 60_000,
    "structured data": b"<1>1 - h sshd 1 - [" + b"] [" * 20_000,
}  # fmt: skip


def spoiled_records() -> st.SearchStrategy[bytes]:
    """A golden record with one value replaced."""
    records = list(target.golden_records())
    return st.builds(
        target.spoiled, st.sampled_from(records), st.integers(0, 255), st.integers(0, len(target.HOSTILE) - 1)
    )


def answered(value: bytes) -> None:
    """Decodes a record and fails unless the answer is an event, nothing, or a reason with its field."""
    try:
        target.check_decoder(target.own_decoder().decode, value)
    except InvalidEvent as invalid:
        reason, field = invalid.reason, invalid.field
    else:
        return
    assert reason in REASONS
    assert field


@given(st.one_of(st.binary(max_size=300), spoiled_records()))
@settings(max_examples=400, deadline=None)
def test_decoding_gives_an_event_or_nothing_or_says_what_is_wrong(value: bytes) -> None:
    """Never another exception; every text is bounded; the reason is of the closed set."""
    answered(value)


def test_outcomes_of_hostile_records_add_up(tmp_path: Path) -> None:
    """In = scored + late + ignored + rejected, for the kept corpus and golden records spoiled everywhere."""
    pipeline = target.fresh_pipeline(tmp_path)
    records = [*target.kept_corpus(), *target.golden_records(), *LARGE.values()]
    for number, record in enumerate(target.golden_records()):
        records += [target.spoiled(record, place, place * 7 + number) for place in range(60)]
    counts: Counter[str] = Counter()
    for offset, record in enumerate(records):
        target.check_pipeline(pipeline, record, offset, counts)

    assert len(records) == sum(counts.values())
    assert min(counts["scored"], counts["ignored"], counts["rejected"]) > 0


@pytest.mark.parametrize("name", LARGE)
def test_large_and_deep_records_are_answered(name: str) -> None:
    """The reader neither overflows its stack nor takes for ever (the suite's time limit)."""
    answered(LARGE[name])


def fuzz(tmp_path: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """A fuzzing run from the kept corpus, in a process of its own; findings go to tmp_path."""
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: pip install atheris (requirements/dev.txt has it)")
    found = tmp_path / "found"
    found.mkdir()
    command = [sys.executable, "-m", "tests.fuzz.run", str(found), str(target.CORPUS)]
    limits = ["-seed=1", "-max_len=2048", "-timeout=100", f"-artifact_prefix={tmp_path}/"]
    return subprocess.run(
        [*command, *limits, *options], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )


def test_coverage_guided_fuzzing_finds_nothing(tmp_path: Path) -> None:
    """A few seconds of it in every test run."""
    run = fuzz(tmp_path, "-runs=4000")

    assert 0 == run.returncode, run.stderr[-4000:]


@pytest.mark.soak
@pytest.mark.timeout(1_000)
def test_long_coverage_guided_fuzzing_finds_nothing(tmp_path: Path) -> None:
    """Ten minutes of it."""
    run = fuzz(tmp_path, "-max_total_time=600")

    assert 0 == run.returncode, run.stderr[-4000:]
