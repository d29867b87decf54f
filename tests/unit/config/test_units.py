import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.config.units import DURATIONS, SIZES, Unit, duration, size


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("50ms", 50),
        ("10s", 10_000),
        ("5m", 300_000),
        ("1h", 3_600_000),
        ("7d", 604_800_000),
        (" 7 d ", 604_800_000),
    ],
)
def test_a_duration_is_milliseconds(text: str, milliseconds: int) -> None:
    """Every unit counts what it says."""
    assert milliseconds == duration(text)


@pytest.mark.parametrize(("text", "count"), [("512B", 512), ("16KiB", 16_384), ("1MiB", 1_048_576)])
def test_a_size_is_bytes(text: str, count: int) -> None:
    """KiB and MiB are powers of 1024."""
    assert count == size(text)


@pytest.mark.parametrize(
    "value", ["", "7", "d", "7 w", "-1d", "1.5h", "1h30m", "٣d", "9" * 16 + "d", None, 7, True]
)
def test_what_is_no_duration_is_refused(value: object) -> None:
    """No unit is guessed, nothing overflows, only ASCII digits count."""
    with pytest.raises(ValueError, match="must be a duration such as 50ms"):
        duration(value)


@given(st.integers(0, 10**9))
def test_a_duration_reads_back_as_it_was_shown(milliseconds: int) -> None:
    """What `config show` prints is exactly what was set."""
    assert milliseconds == duration(Unit(tuple(DURATIONS.items())).text(milliseconds))


@given(st.integers(0, 10**9))
def test_a_size_reads_back_as_it_was_shown(count: int) -> None:
    """What `config show` prints is exactly what was set."""
    assert count == size(Unit(tuple(SIZES.items())).text(count))
