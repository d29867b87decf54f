"""Whoever chooses numbers cannot choose what they share in a hash table, and no answer depends on secrets."""

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from processor import SlidingDBSCAN
from processor.clustering import nearby, neighbours, tables
from processor.clustering.learner import floats, ordered
from processor.clustering.nearby import Nearby
from processor.clustering.neighbours import GRID_DIMENSIONS, Grid
from processor.clustering.rows import Rows
from processor.clustering.slots import Slots
from processor.clustering.tables import Chained
from processor.study.bench.forged import forged
from tests.unit.clustering.hostile import far_cells

ROOT = Path(__file__).resolve().parents[3]
ONE = ordered((1.0,))[0]
LONG = 16  # entries of a chain that chance does not make of some thousands


def longest(table: Chained) -> int:
    """Entries of a table's longest chain."""
    most = 0
    for head in np.asarray(table.heads).tolist():
        at, length = head, 0
        while at:
            at, length = table.next[at], length + 1
        most = max(most, length)
    return most


def test_points_forged_to_share_pythons_hash_share_no_chain() -> None:
    """Thousands of vectors whose tuples have one hash are as spread over the chains as any others."""
    points = [floats(counts) for counts in forged(3000, ONE, 1 << 44)]
    rows = Rows(2, floats)
    assert 1 == len({hash(ordered(point)) for point in points})

    for point in points:
        index = rows.index(rows.intern((), ordered(point)))
        rows.uses[index] += 1

    assert longest(rows) < LONG
    assert all(rows.find((), ordered(point)) for point in points)


def row_hashes(pairs: Sequence[tuple[int, int]]) -> list[int]:
    """What new rows are found by."""
    rows = Rows(2, floats)
    found = []
    for pair in pairs:
        index = rows.index(rows.intern((), pair))
        rows.uses[index] += 1
        found.append(rows.hash[index])
    return found


def slot_hashes(pairs: Sequence[tuple[int, int]]) -> list[int]:
    """What new slots are found by."""
    slots = Slots(2)
    return [slots.hash_of(*pair) for pair in pairs]


@pytest.mark.parametrize("hashes", [row_hashes, slot_hashes])
def test_what_collides_under_one_secret_does_not_under_another(
    hashes: Callable[[Sequence[tuple[int, int]]], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who knew one process's factors has won nothing for the next."""

    def chains(secret: str, pairs: Sequence[tuple[int, int]]) -> list[int]:
        with monkeypatch.context() as patch:
            patch.setattr(
                tables, "secret", lambda name: int(sha256(f"{secret} {name}".encode()).hexdigest()[:16], 16)
            )
            return [key & 255 for key in hashes(pairs)]

    candidates = [(i, i * i % 7919) for i in range(1 << 16)]
    alike = [pair for pair, chain in zip(candidates, chains("one", candidates), strict=True) if chain == 7]
    assert len(alike) > 100
    assert {7} == set(chains("one", alike))

    assert max(Counter(chains("another", alike)).values()) < LONG


def test_a_new_column_of_zeros_leaves_every_row_where_it_is_found() -> None:
    """The hash of counts does not change with counts of 0 behind them, so that nothing is hashed anew."""
    rows = Rows(2, lambda counts: tuple(map(float, counts)))
    made = {}
    for i in range(500):
        row = made[i, -i] = rows.intern(("g",), (i, -i))
        rows.uses[rows.index(row)] += 1

    rows.widen(4)

    assert [*made.values()] == [rows.intern(("g",), (*counts, 0, 0)) for counts in made]
    assert 0 == rows.find(("g",), (1, -1, 0, 1))
    assert 0 == rows.find(("g",), (1, -1))
    assert 0 == rows.find(("g",), (1 << 70, 0, 0, 0))


def test_cells_far_apart_share_neither_shard_nor_bucket() -> None:
    """Vectors a power of two of cells apart, in a line and in a plane, are spread over shards and buckets."""
    side = 0.5
    places = far_cells(2000, side)
    for columns, points in (
        ((0,), [[x, 0.0] for x in places]),
        ((0, 1), [[x, y] for x in places[::50] for y in places[::50]]),
        ((1, 0), [[0.25, y] for y in places]),
    ):
        grid = Grid(columns, side)
        for number, point in enumerate(points, 1):
            shard = grid.find(point)
            assert grid.key not in shard
            shard[grid.key] = number
        assert max(map(len, grid.shards)) < 4 * len(points) // len(grid.shards)

    near = Nearby(1, side * side, side)
    near.reserve(len(places) + 1)
    for number, x in enumerate(places, 1):
        near.add(number, np.array([x]).data, 0)
    heads = np.asarray(near._heads)  # noqa: SLF001 - a chain's length shows nowhere else
    assert np.count_nonzero(heads) > len(places) // 2


def test_cells_of_one_key_are_still_told_apart_by_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    """With small strides cells far apart share keys and buckets; what is near is found, no more."""
    generator = random.Random(3)  # noqa: S311 - test data
    points: list[dict[Hashable, float]] = [
        {axis: generator.randint(-20, 20) * 1.0 for axis in "xy"} for _ in range(1500)
    ]
    # The keys of a cell's neighbours differ from each other and its own; those five cells away are the same.
    strides: dict[str, int] = {
        f"{grid} {i}": 5**i for grid in ("grid", "nearby") for i in range(GRID_DIMENSIONS)
    }
    asked: set[str] = set()

    def stride(name: str) -> int:
        asked.add(name)
        return strides[name]

    def answers() -> tuple[list[int], list[tuple[dict[Hashable, float], int, int]]]:
        model = SlidingDBSCAN(1.0, 3, 900)
        clusters = []
        for point in points:
            model.learn_one(point)
            clusters.append(model.predict_one(point))
        return clusters, model.labels

    expected = answers()
    for module in (neighbours, nearby):
        monkeypatch.setattr(module, "secret", stride)

    assert expected == answers()
    assert {"grid 0", "grid 1", "nearby 0", "nearby 1"} <= asked


STREAM = """
import hashlib, pickle, random, sys
import numpy as np
from processor.clustering import components
from processor.clustering.engine import Engine
from processor.clustering.learner import floats, ordered
from processor import SlidingDBSCAN
from processor.study.bench.forged import forged
from tests.unit.detection.worlds import World, segments_of

generator = random.Random(9)
points = [floats(counts) for counts in forged(600, ordered((1.0,))[0], 1 << 44)]
points += [(generator.randint(0, 60) / 2, generator.randint(0, 60) / 2) for _ in range(2400)]
generator.shuffle(points)
told = []
engine = Engine(columns=2, eps=0.5, min_samples=3, vector=floats, max_vectors=900)
for i, point in enumerate(points):
    row = engine.intern((), ordered(point))
    told.append(int(engine.learn(f"host {i % 3}", row, i // 20, i, str(i))))
    engine.expire(i // 20 - 60)
labels = components.label(engine.snapshot())
told += [row & 0xFFFFFFFF for row in labels.snapshot.row.tolist()]
told += labels.cluster.tolist() + labels.snapshot.scope.tolist()
portion = engine.export(everything=True)
told += [array.tolist() for array in (portion.part, portion.vector, portion.counts, portion.first)]
model = SlidingDBSCAN(0.5, 3, 1000)
for point in points[:1500]:
    x = dict(zip("ab", point))
    model.learn_one(x)
    told.append(model.predict_one(x))
kept = pickle.dumps((model, points[1500:]))
links, _ = segments_of(World(4, True, 2, 2, 60, 5, 1, True, 7), [90, 250])
told += [chunk for link in links for chunk in link.chunks(1000)]
print(hashlib.sha256(repr(told).encode()).hexdigest())
sys.stdout.flush()
sys.stdout.buffer.write(kept)
"""
CONTINUE = """
import pickle, sys
model, points = pickle.load(sys.stdin.buffer)
for point in points:
    x = dict(zip("ab", point))
    model.learn_one(x)
    print(model.predict_one(x))
print(model.labels)
"""


def run(program: str, seed: str, given: bytes = b"") -> bytes:
    """What a program prints under a secret of Python's."""
    return subprocess.run(
        [sys.executable, "-c", program],
        input=given,
        stdout=subprocess.PIPE,
        check=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": seed},
    ).stdout


def test_no_answer_and_no_state_depends_on_the_secrets() -> None:
    """Roles, snapshot, portion, labels and a detector's segments are the same under two; pickles go on."""
    first, second = (run(STREAM, seed) for seed in ("1", "2"))
    told, kept = first.split(b"\n", 1)

    assert told == second.split(b"\n", 1)[0]
    assert kept != second.split(b"\n", 1)[1]  # the secrets are in it
    assert run(CONTINUE, "1", kept) == run(CONTINUE, "2", kept)
