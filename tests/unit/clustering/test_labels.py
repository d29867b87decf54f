"""Labels that follow the window equal those worked out anew, however clusters tear and mend."""

import copy
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from math import cos, pi, sin

import pytest

from processor import SlidingDBSCAN
from processor.clustering import labels
from processor.clustering.families import Families
from tests.unit.clustering.hostile import shuffled_line, swept_line

Point = tuple[float, float]


def in_line(places: Iterator[float]) -> Iterator[Point]:
    """Points of a line in the plane."""
    return ((x, 0.0) for x in places)


def ring(generator: random.Random) -> Iterator[Point]:
    """Points of a circle, any of them next: it opens and closes anywhere."""
    while True:
        at = generator.randrange(120)
        yield round(17.5 * cos(at * pi / 60), 3), round(17.5 * sin(at * pi / 60), 3)


def bridges(generator: random.Random) -> Iterator[Point]:
    """Four blobs, and points of the bridges between them that come and go."""
    while True:
        if generator.random() < 0.7:
            at = generator.randrange(4)
            yield at * 8.0 + generator.gauss(0, 1), generator.gauss(0, 1)
        else:
            yield generator.randrange(26) * 0.9, 0.0


def crowds(generator: random.Random) -> Iterator[Point]:
    """Dense crowds in a row, each in reach of some of the next: hundreds are near each point."""
    while True:
        yield generator.choice((0.0, 0.8, 1.6, 2.9)) + generator.gauss(0, 0.05), generator.gauss(0, 0.2)


def lattice(generator: random.Random) -> Iterator[Point]:
    """A lattice with eps on the lattice, of which a third is there."""
    while True:
        yield generator.randrange(24) * 1.0, generator.randrange(8) * 1.0


STREAMS: dict[str, Callable[[random.Random], Iterator[Point]]] = {
    "a line renewed from end to end": lambda _: in_line(swept_line(160, 0.9)),
    "a line renewed anywhere": lambda generator: in_line(shuffled_line(160, 0.9, generator.randrange(99))),
    "a ring": ring,
    "bridges": bridges,
    "crowds": crowds,
    "a lattice": lattice,
}


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize(
    "case",
    [
        (2, 159, None, 1),
        (3, 157, None, 1),
        (2, 150, 6, 1),
        (1, 158, None, 3),
        (3, 400, None, 7),
        (2, 80, 2, 5),
    ],
    ids=str,
)
def test_labels_followed_equal_labels_worked_out(
    name: str, case: tuple[int, int, int | None, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked after each, or each third event and so on; all vectors compared now and then."""
    min_samples, window, panes, every = case
    generator = random.Random(f"{name} {window}")  # noqa: S311 - test data
    monkeypatch.setattr(labels, "FEW", generator.choice((2, 12, 128)))
    monkeypatch.setattr(labels, "STEPS", generator.choice((1, 3, 8)))
    dbscan = SlidingDBSCAN(1.0, min_samples, window, panes)
    for step, (x, y) in enumerate(islice(STREAMS[name](generator), 600)):
        dbscan.learn_one({"x": x, "y": y})
        if step % every:
            continue
        told = dbscan.predict_one({"x": x, "y": y})
        if step % 20 == 0:
            expected = {tuple(vector.values()): label for vector, _, label in dbscan.labels}
            assert expected[x, y] == told
            asked = {point: dbscan.predict_one(dict(zip("xy", point, strict=True))) for point in expected}
            assert expected == asked


def assert_followed(dbscan: SlidingDBSCAN) -> None:
    """Every vector of the window is told the cluster that working all out tells it."""
    expected = {tuple(vector.items()): label for vector, _, label in dbscan.labels}
    assert expected == {vector: dbscan.predict_one(dict(vector)) for vector in expected}


@pytest.mark.parametrize("panes", [None, 4, 16])
@pytest.mark.parametrize("min_samples", [2, 5])
@pytest.mark.parametrize("name", STREAMS)
def test_labels_are_followed_from_a_first_question_on(
    name: str, min_samples: int, panes: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy is asked first in the middle of a stream, and then for two windows; few or many leave a cell."""
    generator = random.Random(f"{name} {min_samples} {panes}")  # noqa: S311 - test data
    monkeypatch.setattr(labels, "FEW", generator.choice((2, 12)))
    monkeypatch.setattr(labels, "MANY", generator.choice((0, 3)))
    monkeypatch.setattr(labels, "LOOSE", generator.choice((2, 1000)))
    learned, stream = SlidingDBSCAN(1.0, min_samples, 160, panes), STREAMS[name](generator)
    for x, y in islice(stream, generator.randrange(170, 320)):
        learned.learn_one({"x": x, "y": y})
    dbscan = copy.deepcopy(learned)
    for step, (x, y) in enumerate(islice(stream, 320)):
        assert_followed(dbscan) if step % 16 == 0 else dbscan.predict_one({"x": x, "y": y})
        dbscan.learn_one({"x": x, "y": y})


@pytest.mark.parametrize("min_samples", [1, 3, 8])
@pytest.mark.parametrize("name", STREAMS)
def test_cores_fall_when_what_they_leaned_on_leaves(name: str, min_samples: int) -> None:
    """After a first question nothing comes, and the window moves on second by second until it is empty.

    How long a core is one at least is known from the younger half of a window alone: each has to be looked at
    again in time.
    """
    generator = random.Random(f"{name} {min_samples}")  # noqa: S311 - test data
    dbscan, begin = (
        SlidingDBSCAN(1.0, min_samples, timedelta(seconds=60), 60),
        datetime(2026, 3, 1, tzinfo=UTC),
    )
    for step, (x, y) in enumerate(islice(STREAMS[name](generator), 240)):
        dbscan.learn_one({"x": x, "y": y}, begin + timedelta(seconds=step / 4))
    for second in range(60, 125):
        assert_followed(dbscan)
        dbscan.advance(begin + timedelta(seconds=second))

    assert [] == dbscan.labels


@pytest.mark.parametrize("anew", [0, 10_000])
@pytest.mark.parametrize("name", STREAMS)
def test_labels_follow_jumps_of_time(name: str, anew: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a part of the window, most of it, or more than all, asked after each event or now and then."""
    monkeypatch.setattr(labels, "FIXED", anew)
    generator = random.Random(f"{name} {anew}")  # noqa: S311 - test data
    dbscan, now = SlidingDBSCAN(1.0, 3, timedelta(seconds=200), 20), datetime(2026, 3, 1, tzinfo=UTC)
    for step, (x, y) in enumerate(islice(STREAMS[name](generator), 900)):
        seconds = generator.choice((40, 110, 185, 250)) if generator.random() < 0.01 else 1
        now += timedelta(seconds=seconds)
        dbscan.learn_one({"x": x, "y": y}, now)
        if seconds > 1 or step % 30 == 0:
            assert_followed(dbscan)
        elif step // 100 % 2:
            dbscan.predict_one({"x": x, "y": y})


def test_families_know_their_oldest_and_their_members_however_they_meld() -> None:
    """Random additions, merges and removals against sets."""
    generator = random.Random(4)  # noqa: S311 - test data
    families, room = Families(), 300
    families.reserve(room)
    first = random.Random(5).sample(range(10_000), room)  # noqa: S311 - test data
    book: dict[int, set[int]] = {}
    outside = list(range(1, room))
    for _ in range(6000):
        chance = generator.random()
        if outside and (chance < 0.5 or not book):
            slot = outside.pop(generator.randrange(len(outside)))
            if not book or generator.random() < 0.3:
                book[families.make(slot, first[slot])] = {slot}
            else:
                number = generator.choice(list(book))
                families.add(number, slot, first[slot])
                book[number].add(slot)
        elif chance < 0.6 and len(book) > 1:
            one, other = generator.sample(list(book), 2)
            kept = families.merge(one, other)
            book[kept] = book.pop(one) | book.pop(other)
        else:
            number = generator.choice(list(book))
            slot = generator.choice(sorted(book[number]))
            families.remove(slot)
            outside.append(slot)
            book[number].discard(slot)
            if not book[number]:
                del book[number]
        for number, members in book.items():
            assert len(members) == families.size[number]
            assert min(members, key=lambda slot: first[slot]) == families.root[number]
        number = generator.choice(list(book) or [0])
        if number:
            found = families.members(number)
            assert book[number] == set(families.found[:found])
            assert {number} == {families.of[slot] for slot in book[number]}
