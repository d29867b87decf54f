import csv
import hashlib
import ipaddress
import itertools
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from processor.errors import OutputFailed, UsageError
from processor.events.formats import Decoder
from processor.stream.files import InputFile
from processor.stream.memory import MemoryBroker, MemoryCluster
from processor.study.simulate import Logged, stream
from processor.study.simulate.output import LABEL_COLUMNS, Plan, labels_path, produce, write_file
from processor.study.simulate.world import DAY, START

HOSTS = 4


def days(seed: int, count: float) -> list[Logged]:
    """The first days of a small fleet."""
    end = START + count * DAY
    return list(itertools.takewhile(lambda logged: logged.time < end, stream(seed=seed, hosts=HOSTS)))


@pytest.fixture(scope="module")
def week() -> list[Logged]:
    """Seven days of one fleet."""
    return days(seed=1, count=7)


def digest(records: list[Logged]) -> str:
    """Of all bytes in order."""
    return hashlib.sha256(b"\n".join(logged.value for logged in records)).hexdigest()


def test_same_seed_gives_identical_bytes_and_another_seed_other_events() -> None:
    """A simulated stream can be named by its seed."""
    assert digest(days(7, 1.5)) == digest(days(7, 1.5))
    assert digest(days(7, 1.5)) != digest(days(8, 1.5))


def test_bytes_of_a_seed_do_not_depend_on_the_process() -> None:
    """No hash randomisation, clock or memory address enters the stream."""
    program = (
        "import itertools; from processor.study.simulate import stream;"
        "print([record.value for record in itertools.islice(stream(seed=7, hosts=4), 500)])"
    )
    first, second = (
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    )

    assert first == second


def test_records_come_in_the_order_of_event_time(week: list[Logged]) -> None:
    """Whoever reads them needs no sorting."""
    times = [logged.time for logged in week]

    assert sorted(times) == times


def test_every_record_decodes_to_an_event_of_its_host_and_time(week: list[Logged]) -> None:
    """The stream has the shape of real logs: nothing in it is ignored or rejected."""
    decoder = Decoder(formats=None, max_record_size=1 << 20, max_command_line=8192)
    events = [decoder.decode(logged.value) for logged in week]

    assert [(logged.host, logged.time) for logged in week] == [
        (e.host, e.time) for e in events if e is not None
    ]
    assert {"windows_security", "sysmon"} == {e.format for e in events if e is not None}
    assert {"1", "4688", "4624", "4625"} == {e.code for e in events if e is not None}


def test_records_carry_nothing_that_tells_an_attack_from_the_rest(week: list[Logged]) -> None:
    """The label is beside the stream, never in it."""
    assert not [logged for logged in week if b"attack" in logged.value.lower() or b'"_' in logged.value]


def test_attacks_have_several_steps_on_several_hosts_after_a_quiet_day(week: list[Logged]) -> None:
    """A detector has a day to learn what is usual before the first attack."""
    attacks = [logged for logged in week if logged.label.attack]
    stages = Counter(attack for attack, _ in {(each.label.attack, each.label.stage) for each in attacks})

    assert min(each.time for each in attacks) >= START + 1.2 * DAY
    assert len(stages) >= 20
    assert 5 <= max(stages.values()) <= 8
    assert len({each.host for each in attacks}) == HOSTS


def test_background_has_agents_users_reboots_compilations_and_updates(week: list[Logged]) -> None:
    """What makes benign alerts is in it, and mostly it repeats itself."""
    causes = Counter(logged.label.cause for logged in week if not logged.label.attack)

    assert {"agent", "user", "reboot", "ngen", "update", "user logon", "network logon"} <= causes.keys()
    assert causes["agent"] > 0.7 * len(week)


def test_people_work_by_day_and_in_the_week(week: list[Logged]) -> None:
    """Interactive work drifts through the day and stops at the weekend."""
    times = [each.time - START for each in week if each.label.cause == "user"]

    assert not [time for time in times if time // DAY >= 5]
    assert sum(8 <= time % DAY / DAY * 24 < 17 for time in times) > 0.7 * len(times)


def test_addresses_are_private_or_reserved_for_documentation(week: list[Logged]) -> None:
    """No address in the stream belongs to anybody."""
    given = {json.loads(each.value)["winlog"]["event_data"].get("IpAddress", "-") for each in week} - {"-"}

    assert given
    assert all(ipaddress.ip_address(address).is_private for address in given)


def test_file_has_one_record_a_line_and_a_label_for_each(tmp_path: Path) -> None:
    """Labels are matched by line number; every record has one."""
    path = tmp_path / "fleet.jsonl.gz"
    plan = Plan(seed=3, hosts=2, rate=1000, seconds=6)
    seen: list[tuple[int, int]] = []
    write_file(path, plan, lambda done, of: seen.append((done, of)))
    with labels_path(path).open(newline="") as lines:
        labels = list(csv.DictReader(lines))

    assert [logged.value for logged in plan.stream()] == list(InputFile(path, 1 << 20))
    assert list(LABEL_COLUMNS) == list(labels[0])
    assert [f"fleet:{number:06d}" for number in range(6000)] == [label["id"] for label in labels]
    assert {("0", True), ("1", False)} == {(label["label"], label["stage"] == "") for label in labels}
    assert (6000, 6000) == seen[-1]


def test_plan_without_hosts_time_or_pace_is_refused() -> None:
    """The message names the option."""
    for wrong, name in (
        ({"hosts": 0}, "hosts"),
        ({"rate": 0}, "rate"),
        ({"seconds": float("nan")}, "seconds"),
    ):
        with pytest.raises(UsageError, match=f"--{name} must be"):
            Plan(**({"seed": 1, "hosts": 1, "rate": 1.0, "seconds": 1.0} | wrong))


def test_file_of_another_kind_or_on_a_full_disk_is_refused(tmp_path: Path) -> None:
    """Bad usage and a failed run are told apart."""
    plan = Plan(seed=1, hosts=1, rate=100, seconds=1)
    full = tmp_path / "full.jsonl"
    full.symlink_to("/dev/full")

    with pytest.raises(UsageError, match="--out must end in"):
        write_file(tmp_path / "fleet.csv", plan, lambda *_: None)
    with pytest.raises(OutputFailed, match="no space left"):
        write_file(full, plan, lambda *_: None)


def test_topic_gets_every_record_keyed_by_host_at_its_event_time() -> None:
    """One host's records are in one partition, in order, and carry the time of the event."""
    cluster = MemoryCluster()
    cluster.create("events", 3)
    plan = Plan(seed=3, hosts=5, rate=20_000, seconds=0.1)
    produce(MemoryBroker(cluster), "events", plan, lambda *_: None)
    records = cluster.records("events")
    expected = list(plan.stream())

    assert Counter((logged.time, logged.value) for logged in expected) == Counter(
        (record.timestamp, record.value) for record in records
    )
    for host in {logged.host for logged in expected}:
        assert [logged.value for logged in expected if logged.host == host] == [
            record.value for record in records if record.key == host.encode()
        ]
        assert 1 == len({record.partition for record in records if record.key == host.encode()})


def test_topic_is_written_at_the_rate_that_was_asked_for() -> None:
    """200 records a second for a second take about a second."""
    cluster = MemoryCluster()
    cluster.create("events", 1)
    began = time.monotonic()
    produce(MemoryBroker(cluster), "events", Plan(seed=3, hosts=5, rate=200, seconds=1), lambda *_: None)
    took = time.monotonic() - began

    assert 200 == len(cluster.records("events"))
    assert 0.8 <= took
