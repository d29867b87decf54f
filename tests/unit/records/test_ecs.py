"""The published record: schema, identity, CloudEvents headers."""

import pytest

from processor.records.ecs import anomaly_id, iso


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1547529303047, "2019-01-15T05:15:03.047Z"),
        (-62135596800000, "0001-01-01T00:00:00.000Z"),
        (-(10**18), "0001-01-01T00:00:00.000Z"),
        (10**18, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_times_are_iso_8601_in_utc_with_milliseconds(time: int, expected: str) -> None:
    """Any integer has a text: a forged time cannot break a record."""
    assert expected == iso(time)


def test_an_id_depends_on_topic_partition_offset_and_value() -> None:
    """Equal coordinates and value: equal id; any other: another."""
    ids = [
        anomaly_id(*c) for c in (("t", 0, 1, b"v"), ("t", 0, 1, b"w"), ("t", 1, 1, b"v"), ("t", 0, 2, b"v"))
    ]

    assert anomaly_id("t", 0, 1, b"v") == ids[0]
    assert 4 == len(set(ids))
