"""Rivals see what ours sees, and are published by the same rules."""

import json
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from processor.config import load
from processor.events.event import LOGON, PROCESS, Event
from processor.study import rivals
from processor.study.evaluate import Request, evaluate
from processor.study.labelled import Labelled, Truth

DAY = 86_400_000
START = 1_767_225_600_000  # 2026-01-01T00:00Z


def logons() -> list[Labelled]:
    """Three accounts from two addresses, then one that tries from a third; an hour apart."""
    who = [("ann", "10.0.0.1"), ("bob", "10.0.0.1"), ("eve", "10.0.0.2")] * 200 + [("root", "192.0.2.7")] * 20
    return [
        Labelled(
            b"",
            Event(
                kind=LOGON, format="test", code="1", time=START + n, host="h", account=account,
                source_ip=address, logon_type=10, authentication_package="password",
            ),
            START + n * 3_600_000,
            "test",
            Truth(int(account == "root"), account),
        )
        for n, (account, address) in enumerate(who)
    ]  # fmt: skip


def test_no_rival_knows_an_account_by_its_name() -> None:
    """Other names in the same places: the same scores, for names tell attackers from users by themselves."""
    records = logons()
    names = {"ann": "zebedee", "bob": "x", "eve": "root", "root": "ann"}
    renamed = [
        Labelled(
            each.value,
            replace(each.event, account=names[each.event.account]),
            each.time,
            each.source,
            each.truth,
        )
        for each in records
    ]

    found = [
        [(rival.name, rival.scores) for rival in rivals.scores(each, DAY)] for each in (records, renamed)
    ]
    assert found[0] == found[1]
    assert len(found[0]) == 5


def test_a_rivals_burst_is_folded_into_one_episode_like_ours(tmp_path: Path) -> None:
    """Twenty new command lines of one program within minutes: two are published, and one page."""
    rows: list[dict[str, Any]] = [
        {"host.name": "h", "at": START + number * 1_800_000, "path": "a.exe", "line": "a.exe"}
        for number in range(60)
    ]
    for number in range(20):
        line = "b.exe /" + chr(97 + number) * (number + 1) ** 2
        rows.append({"host.name": "h", "at": START + 59 * 1_800_000 + number, "path": "b.exe", "line": line})
    stream, labels, config = tmp_path / "s.jsonl", tmp_path / "s.csv", tmp_path / "c.yaml"
    stream.write_text("".join(json.dumps({"_id": f"s:{n}", **row}) + "\n" for n, row in enumerate(rows)))
    labels.write_text("id,label\n" + "".join(f"s:{n},0\n" for n in range(len(rows))))
    source = {
        "name": "edr",
        "kind": PROCESS,
        "when": {"path": ["a.exe", "b.exe"]},
        "fields": {
            "@timestamp": "at",
            "host.name": "host.name",
            "process.executable": "path",
            "process.command_line": "line",
        },
    }
    config.write_text(json.dumps({"input": {"mappings": [source]}}))
    found = evaluate(Request([stream], [labels]), load(config, {}), lambda _done, _of: None)

    alerts = {row.detector: (row.figures["alerts"], row.figures["benign_episodes"]) for row in found.rows}
    assert (2, 1) == alerts["eventcluster"] == alerts["first seen: masked command line"]
    assert (1, 1) == alerts["first seen: path"]
    assert all(episodes <= 2 for _, episodes in alerts.values())
