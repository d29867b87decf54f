"""The grid that labels look around in finds what comparing with every point finds."""

import numpy as np
import pytest

from processor.clustering.nearby import Nearby


def book(points: dict[int, list[float]], point: list[float], limit: float) -> set[int]:
    """The same by comparing with all, added up feature by feature."""
    found = set()
    for number, other in points.items():
        acc = 0.0
        for a, b in zip(other, point, strict=True):
            acc += (a - b) * (a - b)
        if acc <= limit:
            found.add(number)
    return found


@pytest.mark.parametrize("columns", [1, 2, 3, 5])
def test_what_is_found_is_what_is_within_eps(columns: int) -> None:
    """Points come and go, the grid is laid anew as they grow, and distances of exactly eps are many."""
    random = np.random.default_rng(columns)
    eps = 0.3
    near = Nearby(columns, eps * eps, eps * (1 + 1e-6))
    points: dict[int, list[float]] = {}
    for number in range(1, 400):
        near.reserve(number + 1)
        point = (random.integers(-12, 13, columns) * 0.1).tolist()
        near.add(number, np.array(point).data, 0)
        points[number] = point
        if number % 3 == 0:
            gone = int(random.choice(list(points)))
            near.remove(gone)
            del points[gone]
        stranger = (random.integers(-15, 16, columns) * 0.1).tolist()
        asked = int(random.choice(list(points)))

        count = near.around_point(stranger)
        assert book(points, stranger, near.limit) == set(near.found[:count])
        count = near.around(asked)
        assert book(points, points[asked], near.limit) == set(near.found[:count])
        assert len(points) == near.size


@pytest.mark.parametrize("columns", [1, 2, 4])
@pytest.mark.parametrize("eps", [0.3, 0.5, 1.0, 7.7e-9])
def test_where_cells_become_wide_nobody_is_missed(columns: int, eps: float) -> None:
    """Points around both ends of the narrow cells, and at 2 ** 40 and 2 ** 52 cells from the origin."""
    random = np.random.default_rng(columns)
    near = Nearby(columns, eps * eps, eps * (1 + 1e-6))
    points: dict[int, list[float]] = {}
    near.reserve(1200)
    places = np.array([-(2.0**40), -(2.0**31), 0.0, 2.0**31, 2.0**40, 2.0**52]) * eps
    for number in range(1, 1200):
        steps = random.integers(-8, 9, columns) * (eps / 4)
        point = (places[random.integers(len(places))] * np.eye(columns)[0] + steps).tolist()
        near.add(number, np.array(point).data, 0)
        points[number] = point

    for number, point in points.items():
        assert book(points, point, near.limit) == set(near.found[: near.around(number)])


@pytest.mark.parametrize("offset", [1.76e9, -1.76e9, 1.7e15, -1.7e15])
def test_points_far_from_the_origin_have_cells_of_their_own(offset: float) -> None:
    """Unix times, say: a line of neighbours beside neighbours is no crowd."""
    near = Nearby(1, 0.25, 0.5 * (1 + 1e-6))
    near.reserve(5_000)
    for number in range(1, 5_000):
        near.add(number, np.array([offset + number]).data, 0)

    assert len(near.by_cell(list(range(1, 5_000)))) > 4_000
    assert {1} == {near.around(number) for number in range(1, 5_000)}


def test_points_beyond_the_grid_are_found_too() -> None:
    """Coordinates so large that 60 bits are too few for the numbers of their cells, and what is none."""
    near = Nearby(1, 1.0, 1.0 + 1e-6)
    near.reserve(200)
    places = [float(number) * 3 for number in range(1, 100)] + [1e150, 1e150, -1e150]
    for number, x in enumerate(places, 1):
        near.add(number, np.array([x]).data, 0)

    assert 2 == near.around_point([1e150])
    assert {100, 101} == set(near.found[:2])
    assert 1 == near.around_point([-1e150])
    assert 0 == near.around_point([float("nan")])
    assert 0 == near.around_point([float("inf")])
    assert 1 == near.around_point([4.0])


def test_the_grid_follows_points_that_move_to_another_column() -> None:
    """As many points as ever, first along one column, then along the other: soon a bucket has few of them."""
    near = Nearby(2, 1.0, 1.0 + 1e-6)
    near.reserve(1000)
    for number in range(1, 1000):
        near.add(number, np.array([3.0 * number, 0.0]).data, 0)
    for number in range(1, 1000):
        near.remove(number)
        near.add(number, np.array([0.0, 3.0 * number]).data, 0)
    for number in range(1, 1000):
        near.remove(number)
        near.add(number, np.array([0.0, 3.0 * number]).data, 0)

    assert 1 in list(near._on)  # noqa: SLF001 - what is found is the same whatever the columns
    assert 1 == near.around_point([0.0, 30.0])
    assert 0 == near.around_point([30.0, 0.0])
