import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from processor.config import Settings
from processor.errors import OutputFailed, UsageError
from processor.study.replay import CLUSTER_COLUMNS, LABEL_COLUMNS, Request, moment, replay
from processor.study.summary import Summary
from tests.unit.study.oracle import rows

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
# Digits would be masked, and the programs be one.
PROGRAMS = "abcdef"
SETTINGS: dict[str, Any] = {"warmup": {"span": "0s", "events": 0}, "episode": {"fold": {"keep": 0}}}


def event(minutes: float, program: str = "cmd.exe", line: str = "cmd.exe /c dir", host: str = "ws-1") -> str:
    """A process creation so many minutes after BEGIN."""
    return json.dumps(
        {
            "EventID": 4688,
            "Computer": host,
            "TimeGenerated": (BEGIN + timedelta(minutes=minutes)).isoformat(),
            "SubjectUserName": "amber",
            "SubjectLogonId": "0x1234",
            "NewProcessName": rf"C:\Windows\System32\{program}",
            "CommandLine": line,
        }
    )


def write(path: Path, lines: Sequence[str]) -> Path:
    """A file of these lines."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def run(request: Request, **sections: Any) -> Summary:
    """Replay with a config of these sections."""
    return replay(request, Settings.model_validate(SETTINGS | sections), lambda *_: None)


def anomalies(path: Path) -> list[dict[str, Any]]:
    """The records of an anomalies file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_four_outcomes_add_up_to_the_records_read(tmp_path: Path) -> None:
    """Every record has exactly one outcome, and the summary says why some were rejected."""
    week = 7 * 24 * 60
    lines = [
        event(0),
        event(week + 20),
        event(1),
        '{"EventID": 4634, "Computer": "ws-1"}',
        "{",
        '{"EventID": 4688}',
    ]
    summary = run(Request([write(tmp_path / "e.jsonl", lines)]))

    assert (2, 1, 1, 2) == (summary.scored, summary.late, summary.ignored, summary.rejected)
    assert len(lines) == summary.records
    assert "records 6: scored 2, late 1, ignored 1, rejected 2" == summary.lines()[0]
    assert {"not_json": 1, "missing_field": 1} == summary.rejections


def test_history_is_learned_and_not_judged(tmp_path: Path) -> None:
    """What was usual last week is no anomaly today, and history itself publishes nothing."""
    history = write(tmp_path / "h.jsonl", [event(0), event(1), event(2, "rare.exe", "rare.exe")])
    today = write(tmp_path / "t.jsonl", [event(60), event(61, "new.exe", "new.exe")])
    out = tmp_path / "a.jsonl"
    summary = run(Request([today], history=[history], anomalies=out, labels=tmp_path / "l.csv"))
    found = anomalies(out)

    assert [r"C:\Windows\System32\new.exe"] == [each["process"]["executable"] for each in found]
    assert [1] == [each["anomaly"]["source"]["offset"] for each in found]
    assert (2, 3) == (summary.records, summary.learned_before)
    assert ["0", "1"] == [row["row"] for row in rows(tmp_path / "l.csv")]


def test_history_warms_a_scope_up(tmp_path: Path) -> None:
    """Warm-up counts what was learned before; without it nothing is published."""
    history = write(tmp_path / "h.jsonl", [event(minute) for minute in range(0, 1500, 60)])
    today = write(tmp_path / "t.jsonl", [event(1501, "new.exe", "new.exe")])
    warmup = {"span": "1d", "events": 20}
    cold = run(Request([today]), warmup=warmup)
    warm = run(Request([today], history=[history]), warmup=warmup)

    assert ({"warmup": 1}, 0) == (cold.withheld, cold.reasons.total())
    assert ({}, 1) == (warm.withheld, warm.reasons.total())


def test_since_and_until_choose_records_and_keep_their_numbers(tmp_path: Path) -> None:
    """The first moment counts, the last does not; a record's offset is its place in the file all the same."""
    file = write(tmp_path / "e.jsonl", [event(minute, f"{PROGRAMS[minute]}.exe", "x") for minute in range(6)])
    out = tmp_path / "a.jsonl"
    since, until = moment("2026-03-02T00:02:00"), moment("2026-03-02 00:05:00Z")
    summary = run(Request([file], since=since, until=until, anomalies=out))

    assert 3 == summary.records
    assert [2, 3, 4] == [each["anomaly"]["source"]["offset"] for each in anomalies(out)]


def test_sort_is_by_event_time_and_stable_and_rows_stay_those_of_the_file(tmp_path: Path) -> None:
    """Rows in the labels are the file's own numbers, whatever the order of judging."""
    file = write(
        tmp_path / "e.jsonl", [event(2, "c.exe", "c"), event(1, "a.exe", "a"), event(1, "b.exe", "b")]
    )
    out = tmp_path / "a.jsonl"
    run(Request([file], sort=True, anomalies=out, labels=tmp_path / "l.csv"))
    programs = [each["process"]["name"] for each in anomalies(out)]

    assert ["a.exe", "b.exe", "c.exe"] == programs
    assert [1, 2, 0] == [each["anomaly"]["source"]["offset"] for each in anomalies(out)]
    assert ["0", "1", "2"] == [row["row"] for row in rows(tmp_path / "l.csv")]


def test_several_files_are_one_partition_with_running_offsets(tmp_path: Path) -> None:
    """Cutting a log into files changes no record that is published."""
    lines = [event(minute, f"{PROGRAMS[minute]}.exe", "x") for minute in range(4)]
    whole = write(tmp_path / "whole.jsonl", lines)
    parts = [write(tmp_path / "1.jsonl", lines[:1]), write(tmp_path / "2.jsonl", lines[1:])]
    for files, out in (([whole], "a"), (parts, "b")):
        run(Request(files, anomalies=tmp_path / out))

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert 4 == len(anomalies(tmp_path / "a"))


def test_partition_and_topic_enter_the_ids_as_in_the_service(tmp_path: Path) -> None:
    """A replay poses as one partition of the first input topic."""
    file = write(tmp_path / "e.jsonl", [event(0)])
    found = []
    for partition, topics in ((0, []), (1, []), (0, ["audit", "other"])):
        out = tmp_path / f"{partition}{len(topics)}"
        run(Request([file], partition=partition, anomalies=out), kafka={"input_topics": topics})
        found += anomalies(out)

    assert [("events", 0), ("events", 1), ("audit", 0)] == [
        (each["anomaly"]["source"]["topic"], each["anomaly"]["source"]["partition"]) for each in found
    ]
    assert 3 == len({each["event"]["id"] for each in found})


def test_kafka_timestamp_is_the_event_s_time_or_the_file_s(tmp_path: Path) -> None:
    """event.created is what the log's writer would have set; an event without a time takes the file's."""
    timeless = json.dumps(
        {key: value for key, value in json.loads(event(0)).items() if key != "TimeGenerated"}
    )
    file = write(tmp_path / "e.jsonl", [event(0), timeless.replace("cmd.exe", "other.exe")])
    out = tmp_path / "a.jsonl"
    run(Request([file], anomalies=out))
    modified = datetime.fromtimestamp(file.stat().st_mtime_ns // 1_000_000 / 1000, UTC)
    created = [datetime.fromisoformat(each["event"]["created"]) for each in anomalies(out)]

    assert [BEGIN, modified] == created


def test_tables_hold_what_is_still_in_the_window(tmp_path: Path) -> None:
    """Events that have left the window are in no cluster; members are counted per host."""
    day = 24 * 60
    lines = [event(0), event(1), event(8 * day), event(8 * day + 1), event(8 * day + 2, host="ws-2")]
    file = write(tmp_path / "e.jsonl", lines)
    summary = run(Request([file], labels=tmp_path / "l.csv", clusters=tmp_path / "c.csv"))
    labels, clusters = rows(tmp_path / "l.csv"), rows(tmp_path / "c.csv")

    assert [("2", "True"), ("3", "True"), ("4", "False")] == [(row["row"], row["IsCore"]) for row in labels]
    assert list(LABEL_COLUMNS) == list(labels[0])
    assert list(CLUSTER_COLUMNS) == list(clusters[0])
    assert [("ws-1", "2"), ("ws-2", "1")] == [(row["host.name"], row["ClusterSize"]) for row in clusters]
    assert (labels[0]["ClusterId"], "-1") == (clusters[0]["ClusterId"], clusters[1]["ClusterId"])
    assert (1, 1) == (summary.counts["process"].clusters, summary.counts["process"].noise_events)


def test_summary_ends_with_the_highest_scores(tmp_path: Path) -> None:
    """At most ten anomalies, the highest first."""
    lines = [event(0), event(1), event(2), event(3, "svch0st.exe", "svch0st.exe -k"), event(4, "x.exe", "x")]
    summary = run(Request([write(tmp_path / "e.jsonl", lines)]))
    said = summary.lines()[-len(summary.highest) :]

    assert sorted(said, reverse=True) == said
    assert "svch0st.exe" in said[0]


def test_what_the_first_records_became_is_shown_on_request(tmp_path: Path) -> None:
    """--show-events N: the event as it was read, or why there is none; nothing a terminal would obey."""
    lines = [event(0, host="ws\x1b[31m"), '{"EventID": 5156}', '{"EventID": 4688}', event(1)]
    summary = run(Request([write(tmp_path / "e.jsonl", lines)], show_events=3))

    shown = summary.lines()[:3]
    assert shown[0].startswith('record 0: {"kind": "process"')
    assert "record 1: ignored" == shown[1]
    assert shown[2].startswith("record 2: rejected: NewProcessName")
    assert not any("\x1b" in line for line in summary.lines())


def test_same_files_and_config_give_the_same_bytes(tmp_path: Path) -> None:
    """No clock and no order of hashing enters what is written."""
    file = write(
        tmp_path / "e.jsonl",
        [event(minute % 7, f"{PROGRAMS[minute % 5]}.exe", "x" * minute) for minute in range(60)],
    )
    for out in ("1", "2"):
        folder = tmp_path / out
        folder.mkdir()
        run(Request([file], anomalies=folder / "a", clusters=folder / "c", labels=folder / "l"))

    for name in "acl":
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_progress_ends_at_the_size_of_all_files(tmp_path: Path) -> None:
    """Bytes as they are on the disk, history and files together."""
    files = [write(tmp_path / f"{name}.jsonl", [event(n) for n in range(700)]) for name in "ab"]
    size = sum(file.stat().st_size for file in files)
    seen: list[tuple[int, int]] = []
    replay(Request([files[0]], history=[files[1]]), Settings(), lambda done, of: seen.append((done, of)))

    assert (size, size) == seen[-1]
    assert sorted(seen) == seen


@pytest.mark.parametrize("target", ["anomalies", "clusters", "labels"])
def test_output_that_cannot_be_written_ends_the_replay_with_its_name(tmp_path: Path, target: str) -> None:
    """A full disk is said, not traced back."""
    file = write(tmp_path / "e.jsonl", [event(0)])
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    targets: dict[str, Any] = {target: full}

    with pytest.raises(OutputFailed, match="full: no space left on device"):
        run(Request([file], **targets))


def test_missing_file_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    """A wrong name costs nothing."""
    out = tmp_path / "a.jsonl"

    with pytest.raises(UsageError, match="no such file"):
        run(Request([tmp_path / "none.jsonl"], anomalies=out))

    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "time"),
    [("1970-01-02", 86_400_000), ("1970-01-01T01:00:00+01:00", 0), ("1970-01-01 00:00:01.5", 1500)],
)
def test_moment_reads_iso_times_and_takes_utc_where_no_zone_is_given(text: str, time: int) -> None:
    """--since and --until."""
    assert time == moment(text)


def test_broken_moment_is_refused_with_an_example() -> None:
    """The message shows how a time is written."""
    with pytest.raises(UsageError, match="'yesterday' is no time: give one as 2026-01-31"):
        moment("yesterday")


def test_until_before_since_is_refused() -> None:
    """No event is in between: said, instead of a summary of nothing."""
    with pytest.raises(UsageError, match="--until must be later than --since"):
        Request([], since=5, until=5)


@pytest.mark.parametrize("output", ["anomalies", "clusters", "labels"])
def test_an_input_is_never_overwritten(tmp_path: Path, output: str) -> None:
    """An output that is an input, by whatever name, is a mistake; the file stays as it is."""
    file = write(tmp_path / "e.jsonl", [event(0)])
    before = file.read_bytes()
    by_other_name = tmp_path / "." / "x" / ".." / "e.jsonl"
    (tmp_path / "x").mkdir()

    given: dict[str, Any] = {output: by_other_name}
    with pytest.raises(UsageError, match="give each output a file of its own"):
        run(Request([file], **given))

    assert before == file.read_bytes()


def test_two_outputs_do_not_share_a_file(tmp_path: Path) -> None:
    """One would be lost."""
    file = write(tmp_path / "e.jsonl", [event(0)])

    with pytest.raises(UsageError, match="written twice"):
        run(Request([file], labels=tmp_path / "o.csv", clusters=tmp_path / "o.csv"))
