"""Costs of closing positions against their formulas in plain Python; what nobody knows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from plimsoll.maths.account_losses import AccountPositions
from plimsoll.maths.liquidation_costs import LiquidityTerms, liquidation_costs

RNG = np.random.default_rng(2)
TERMS = LiquidityTerms(
    notional=np.array([10.0, 2.0, 50.0]),
    half_spread=np.array([0.0002, 0.001, 0.0]),
    volatility=np.array([0.04, 0.08, 0.02]),
    impact=np.array([1.0, 0.5, 2.0]),
    depth=np.array([30.0, 0.0, 5.0]),
    volume=np.array([1e3, 200.0, 5e4]),
    participation=np.array([0.1, 1.0, 0.01]),
    horizon_days=np.array([1.0 / 24.0, 0.5, 0.1]),
    quantile=np.array([2.326, 1.0, 3.0]),
)


def accounts(count: int) -> AccountPositions:
    sizes = RNG.integers(0, 5, count)
    total = int(sizes.sum())
    return AccountPositions(
        offsets=np.cumsum([0, *sizes], dtype=np.int64),
        row=RNG.integers(0, 3, total),
        quantity=RNG.normal(size=total) * 10.0,
    )


def rate(n: int, whole: float, unwind: bool) -> float:
    at = LiquidityTerms(*(float(column[n]) for column in TERMS))  # type: ignore[arg-type]
    if not unwind:
        beyond = max(whole - at.depth, 0.0)
        return at.half_spread + at.impact * at.volatility * math.sqrt(beyond / at.volume)
    risk = at.quantile * at.volatility / math.sqrt(3.0)
    scale = at.impact * at.volatility * (whole / at.volume) ** 0.6

    def cost(days: float) -> float:
        return float(risk * math.sqrt(days) + scale * days**-0.6)

    least = max(at.horizon_days, whole / (at.participation * at.volume))
    found = minimize_scalar(
        lambda log_days: cost(math.exp(log_days)),
        bounds=(math.log(least), math.log(1e4)),
        method="bounded",
        options={"xatol": 1e-12},
    )
    best = min(cost(least), float(found.fun))
    return at.half_spread + best - risk * math.sqrt(at.horizon_days)


@pytest.mark.parametrize("unwind", [False, True])
@pytest.mark.parametrize("others", [False, True])
def test_costs_are_the_formulas(unwind: bool, others: bool) -> None:
    positions = accounts(40)
    linked = RNG.exponential(5.0, positions.row.size) * others
    cost, unknown = liquidation_costs(
        positions, TERMS, unwind=unwind, linked=linked if others else None
    )
    assert unknown.size == 0
    for a in range(40):
        expected = 0.0
        for p in range(positions.offsets[a], positions.offsets[a + 1]):
            n, held = int(positions.row[p]), abs(float(positions.quantity[p]))
            each = float(TERMS.notional[n])
            expected += held * each * rate(n, (held + float(linked[p])) * each, unwind)
        # A minimum searched for is found to 1e-9 of its value at best.
        assert cost[a] == pytest.approx(expected, rel=1e-8 if unwind else 1e-13)


@pytest.mark.parametrize("unwind", [False, True])
def test_what_nobody_knows_is_listed_and_costs_nothing(unwind: bool) -> None:
    lacks = TERMS._replace(volume=np.array([math.nan, 0.0, 5e4]))
    positions = AccountPositions(
        offsets=np.array([0, 2, 4, 5]),
        row=np.array([0, 2, 0, 2, 2]),
        quantity=np.array([1.0, -1.0, 0.0, 1.0, np.nan]),
    )
    cost, unknown = liquidation_costs(positions, lacks, unwind=unwind)
    assert unknown.tolist() == [0, 4]  # nothing of what nobody knows needs no number
    assert cost[0] == cost[1] > 0.0
    assert cost[2] == 0.0


def test_where_nothing_trades_closing_never_ends() -> None:
    dead = TERMS._replace(volume=np.array([0.0, 200.0, 5e4]))
    held = AccountPositions(offsets=np.array([0, 1]), row=np.array([0]), quantity=np.array([9.0]))
    assert liquidation_costs(held, dead)[0].tolist() == [math.inf]
    assert liquidation_costs(held, dead, unwind=True)[1].tolist() == [0]


def test_without_price_risk_nothing_hurries() -> None:
    calm = TERMS._replace(quantile=np.zeros(3))
    held = AccountPositions(offsets=np.array([0, 1]), row=np.array([0]), quantity=np.array([9.0]))
    cost, _ = liquidation_costs(held, calm, unwind=True)
    assert cost.tolist() == pytest.approx([90.0 * 0.0002], rel=1e-14)
