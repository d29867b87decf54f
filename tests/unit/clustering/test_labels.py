"""Labels that follow the window equal those worked out anew, however clusters tear and mend."""

import random
from collections.abc import Callable, Iterator
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
