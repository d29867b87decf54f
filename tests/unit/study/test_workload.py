"""Records to measure with."""

import json
from itertools import islice

from processor.events.generations import MAX_CHARACTERS
from processor.study.bench.workload import FLEET_HISTORY, HISTORY_END, Raw, fleet, fleet_history


def test_a_fleet_of_many_hosts_repeats_its_history_alone() -> None:
    """Its first hosts, all their commands first: more than a generation of the memory of repeats holds."""
    before = {_text(record) for record in islice(fleet_history(), 3_000)}
    hosts = {host for host, _ in before}
    fresh = list(fleet(1_000))

    assert fresh[0].timestamp >= HISTORY_END
    assert {_text(record) for record in fresh if record.key in hosts} <= before
    assert sum(len(host) + len(line) for host, line in before) / 3_000 * FLEET_HISTORY / 2 > MAX_CHARACTERS


def _text(record: Raw) -> tuple[bytes, str]:
    return record.key, str(json.loads(record.value)["CommandLine"])
