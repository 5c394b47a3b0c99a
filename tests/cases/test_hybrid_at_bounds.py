"""Worked cases: weights of a hybrid's legs, its floor and its least margin at their bounds.

One BTC linear, 100 contracts of 0.01 at 50,000. One leg is the worst half of ten falls of 1 % to
10 %: (5,000 + 4,500 + 4,000 + 3,500 + 3,000) / 5 = 4,000, initial and maintenance. The other is a
fall of 15 %: 7,500, and 0.8 of it, 6,000. Tolerance 1e-12: means of ten losses.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from bound_trials import Trial
from test_simulated_margins_at_bounds import LONG, TEN

from coin_books import INSTRUMENTS, PRICING, SNAPSHOT, book
from plimsoll.margin.greeks import GreeksMargin, GreeksParameters
from plimsoll.margin.hybrid import Combination, HybridMargin, HybridParameters, LegWeight
from plimsoll.margin.simulation import PORTFOLIO, SimulationMargin, SimulationParameters

HALF = SimulationParameters(
    initial_confidence=Decimal("0.5"), maintenance_confidence=Decimal("0.5")
)
LEGS = {
    "tail": SimulationMargin(scenarios=TEN, pricing=PRICING),
    "fall": GreeksMargin(pricing=PRICING),
}
OWN = {"tail": {PORTFOLIO: HALF}, "fall": dict.fromkeys(("BTC", "ETH"), GreeksParameters())}

WEIGHTS = [
    # Of the fall's 7,500 and 6,000; the rest of the tail's 4,000
    ("0", 4_000.0, 4_000.0),
    ("0.5", 5_750.0, 5_000.0),
    ("1", 7_500.0, 6_000.0),
]
FLOORS = [
    # Nothing but the tail's 4,000, however large the fall's is
    ({"floor_share": "0", "minimum_usd": "0"}, 4_000.0, 4_000.0),
    # All of the largest leg
    ({"floor_share": "1"}, 7_500.0, 6_000.0),
    ({"minimum_usd": "1000000"}, 1e6, 1e6),
]


def margin(fall: str, **floors: str) -> tuple[float, float]:
    weights = {"tail": 1 - Decimal(fall), "fall": Decimal(fall)}
    held = HybridParameters(
        legs=OWN,
        weights={leg: LegWeight(weight=weight) for leg, weight in weights.items()},
        **{name: Decimal(value) for name, value in floors.items()},  # type: ignore[arg-type]
    )
    model = HybridMargin(legs=LEGS, combination=Combination.WEIGHTED)
    found = model.prepare(SNAPSHOT, held, INSTRUMENTS).requirements(book(LONG))
    return float(found.initial[0]), float(found.maintenance[0])


@pytest.mark.parametrize(("weight", "initial", "maintenance"), WEIGHTS)
def test_weight(weight: str, initial: float, maintenance: float) -> None:
    assert margin(weight) == pytest.approx((initial, maintenance), rel=1e-12)


@pytest.mark.parametrize(("floors", "initial", "maintenance"), FLOORS)
def test_floors(floors: dict[str, str], initial: float, maintenance: float) -> None:
    assert margin("0", **floors) == pytest.approx((initial, maintenance), rel=1e-12)


def of_weights() -> Iterator[Trial]:
    for weight, *expected in WEIGHTS:
        yield Trial(
            values={"weight": weight},
            run=lambda _, value, e=expected: test_weight(str(value), *e),
        )


def of_floors() -> Iterator[Trial]:
    for floors, *expected in FLOORS:
        yield Trial(
            values=floors,
            run=lambda n, value, f=floors, e=expected: test_floors(f | {n: str(value)}, *e),
        )


TRIALS = {LegWeight: of_weights, HybridParameters: of_floors}
