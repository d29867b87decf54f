"""What river's DBSTREAM and DenStream do behind the engine's face, pinned: a river upgrade shows here."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest
from river import cluster

from processor.clustering.engine import Role
from processor.clustering.river_engines import FadingEngine, Rival
from processor.clustering.rows import Counts, Vector

RIVALS = ("dbstream", "denstream")
RIVER = version("river")


def unit(counts: Counts) -> Vector:
    """Rows divided by their length."""
    length = sum(c * c for c in counts) ** 0.5
    return tuple(c / length for c in counts)


def whole(counts: Counts) -> Vector:
    """The counts themselves."""
    return tuple(map(float, counts))


def engine(
    rival: Rival, columns: int = 1, eps: float = 0.5, vector: Callable[[Counts], Vector] = whole
) -> FadingEngine:
    """An engine of whole numbers, one gate."""
    return FadingEngine(rival, columns=columns, eps=eps, min_samples=2, vector=vector)


def learned(fading: FadingEngine, *events: Counts) -> list[Role]:
    """Roles of events, one part each, in one scope and gate."""
    roles = []
    for serial, counts in enumerate(events):
        roles.append(fading.learn("host", fading.intern(("cmd",), counts), serial, serial, "x"))
    return roles


@pytest.mark.parametrize("rival", RIVALS)
def test_a_far_point_is_flagged_and_a_repeat_is_not(rival: Rival) -> None:
    """One column: both tell a new place from a known one; DenStream loses its first event."""
    roles = learned(engine(rival), *[(5,)] * 20, (90,), (5,), (90,))
    first = 2 if rival == "denstream" else 1

    assert [Role.NOISE] * first + [Role.CORE] * (20 - first) == roles[:20]
    assert [Role.NOISE, Role.CORE, Role.CORE] == roles[20:]


def test_dbstream_flags_a_far_point_of_unit_length() -> None:
    """On L2-normalised rows DBSTREAM sees the other direction."""
    roles = learned(engine("dbstream", 2, 0.2, unit), *[(5, 5)] * 20, (1, 90))

    assert Role.NOISE == roles[-1]


@pytest.mark.xfail(
    RIVER == "0.26.1", reason="DenStream's radius is 0 on unit vectors (river 0.26.1)", strict=True
)
def test_denstream_flags_a_far_point_of_unit_length() -> None:
    """On L2-normalised rows DenStream should see the other direction, too."""
    roles = learned(engine("denstream", 2, 0.2, unit), *[(5, 5)] * 20, (1, 90))

    assert Role.NOISE == roles[-1]


@pytest.mark.xfail(
    RIVER == "0.26.1", reason="DenStream's radius is that of lengths (river 0.26.1)", strict=True
)
def test_denstream_flags_a_far_point_of_another_length_in_two_columns() -> None:
    """Fifty times (1, 2), then (3, 4), 28 eps away: it should be noise."""
    roles = learned(engine("denstream", 2, 0.1), *[(1, 2)] * 50, (3, 4))

    assert Role.NOISE == roles[-1]


def test_dbstream_flags_a_far_point_in_two_columns() -> None:
    """Where DenStream does not."""
    roles = learned(engine("dbstream", 2, 0.1), *[(1, 2)] * 50, (3, 4), (1, 2))

    assert [Role.NOISE, Role.CORE] == roles[-2:]


def test_dbstream_keeps_the_callers_dict() -> None:
    """The engine therefore hands it a dict of its own."""
    model: Any = cluster.DBSTREAM(clustering_threshold=0.5)
    mine = {0: 1.0}
    model.learn_one(mine)

    assert model.micro_clusters[0].center is mine


def test_dbstream_never_answers_noise() -> None:
    """Even a far point gets some cluster: noise has to be read off the micro-clusters."""
    model: Any = cluster.DBSTREAM(clustering_threshold=0.5, minimum_weight=1)
    for value in (1.0, 1.1, 1.0, 1.2):
        model.learn_one({0: value})

    assert model.predict_one({0: 1000.0}) >= 0


@pytest.mark.parametrize("rival", RIVALS)
def test_a_late_event_is_judged_and_not_learned(rival: Rival) -> None:
    """Judging changes no later answer; a gate nobody has seen is noise."""
    fading = engine(rival)
    learned(fading, (5,), (5,))
    row = fading.intern(("cmd",), (90,))
    asked = [fading.judge("host", row), fading.judge("host", row), fading.judge("other", row)]

    assert [Role.NOISE] * 3 == asked
    assert Role.CORE == fading.judge("host", fading.intern(("cmd",), (5,)))
    assert fading.alone_in_gate("host", row, learned=False)


@pytest.mark.parametrize("rival", RIVALS)
def test_gates_and_scopes_have_models_of_their_own(rival: Rival) -> None:
    """A repeat in another gate or scope, or after the scope was dropped, is new."""
    fading = engine(rival)
    learned(fading, (5,), (5,))
    roles = [
        fading.learn("host", fading.intern(("svc",), (5,)), 9, 9, "x"),
        fading.learn("other", fading.intern(("cmd",), (5,)), 9, 10, "x"),
    ]
    fading.drop_scope("host")

    assert [Role.NOISE, Role.NOISE] == roles
    assert Role.NOISE == fading.judge("host", fading.intern(("cmd",), (5,)))
    assert 1 == fading.live_events


def test_models_of_gates_that_left_the_window_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory follows the window's gates."""
    monkeypatch.setattr("processor.clustering.river_engines.PRUNE", 4)
    fading = engine("dbstream")
    for serial in range(9):
        fading.expire(serial)
        fading.learn("host", fading.intern((serial,), (5,)), serial, serial, "x")

    assert len(fading._models) <= 5  # noqa: SLF001 - memory is what is tested
