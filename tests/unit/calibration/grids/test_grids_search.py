"""Search, breaches and bounds against brute force."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import numpy as np

from plimsoll.calibration.grids.grid_family import Knob
from plimsoll.calibration.grids.grid_search import grid_search, shifted, towards
from plimsoll.maths.grid_fit_breaches import add_breaches


def knobs(count: int, most: str = "20") -> tuple[Knob, ...]:
    return tuple(
        Knob(
            unit="U",
            name=f"k{n}",
            step=Decimal(1),
            lower=Decimal(0),
            upper=Decimal(most),
            scope="BTC",
        )
        for n in range(count)
    )


def test_separable_functions_are_solved_within_their_ranges() -> None:
    goal = (3, 17, 25)

    def objective(point: tuple[int, ...]) -> float:
        return float(sum((a - b) ** 2 for a, b in zip(point, goal, strict=True)))

    found = grid_search(objective, (10, 10, 10), knobs(3), [0, 1, 2])
    assert found == (3, 17, 20)
    assert grid_search(objective, (10, 10, 10), knobs(3), [0]) == (3, 10, 10)


def test_exchanges_follow_an_edge() -> None:
    """Cheap coordinate up, dear one down, along a constraint that no single move may cross."""

    def objective(point: tuple[int, ...]) -> float:
        a, b = point
        return 3.0 * a + 2.0 * b + 100.0 * max(15 - a - b, 0)

    found = grid_search(objective, (10, 5), knobs(2), [0, 1])
    best = min(product(range(21), repeat=2), key=objective)
    assert objective(found) <= objective((10, 5)) - 4.0
    assert objective(best) <= objective(found)


def test_what_does_not_pay_goes_home() -> None:
    def objective(point: tuple[int, ...]) -> float:
        return float(abs(point[0] - 4))

    assert towards(objective, (4, 9), (8, 2), knobs(2), [0, 1]) == (4, 2)


def test_points_stay_in_their_ranges() -> None:
    assert shifted((1, 19), knobs(2), {0: -5, 1: 5}) == (0, 20)


def test_values_are_rounded_up_onto_the_grid() -> None:
    knob = Knob(
        unit="U",
        name="n",
        step=Decimal("0.05"),
        lower=Decimal(0),
        upper=Decimal(1),
        scope="BTC",
    )
    assert knob.at(knob.steps_of(Decimal("0.13"))) == Decimal("0.15")
    assert knob.at(knob.steps_of(Decimal("0.15"))) == Decimal("0.15")


def test_breaches_are_those_of_a_plain_comparison() -> None:
    draw = np.random.default_rng(1)
    losses = draw.normal(size=(7, 50))
    margin, family = draw.uniform(0.0, 2.0, size=7), np.array([0, 0, 1, 1, 1, 2, 2])
    weight = draw.dirichlet(np.ones(50))
    order = np.argsort(-losses, axis=1)
    hits, rate = np.zeros((3, 50)), np.empty(7)
    share = 1.0 / np.bincount(family)[family]
    sorted_losses = np.take_along_axis(losses, order, axis=1)
    add_breaches(sorted_losses, order, margin, family, share, weight, hits, rate)
    over = losses > margin[:, None]
    np.testing.assert_allclose(rate, over @ weight, rtol=1e-12)
    plain = np.array([over[family == f].mean(axis=0) for f in range(3)])
    np.testing.assert_allclose(hits, plain, rtol=1e-12)
