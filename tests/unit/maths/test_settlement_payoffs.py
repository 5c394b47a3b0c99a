"""Least payoffs against a fine grid of settlement prices: they can only bend at strikes."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.maths.settlement_payoffs import least_payoffs


def least(strike: list[float], quantity: list[float], is_call: list[bool]) -> tuple[float, float]:
    out, where = np.empty(1), np.empty(1)
    offsets = np.array([0, len(strike)])
    least_payoffs(offsets, np.array(strike), np.array(quantity), np.array(is_call), out, where)
    return float(out[0]), float(where[0])


def test_a_short_call_spread_loses_its_width() -> None:
    assert least([90.0, 110.0], [-1.0, 1.0], [True, True]) == (-20.0, 110.0)


def test_a_short_put_loses_its_strike_at_zero() -> None:
    assert least([100.0], [-2.0], [False]) == (-200.0, 0.0)


def test_an_iron_condor_loses_in_its_wider_wing() -> None:
    strikes, quantities = [70.0, 90.0, 110.0, 120.0], [1.0, -1.0, -1.0, 1.0]
    assert least(strikes, quantities, [False, False, True, True]) == (-20.0, 0.0)


def test_nothing_held_is_worth_nothing() -> None:
    out, where = np.empty(0), np.empty(0)
    none = np.empty(0)
    least_payoffs(np.array([0]), none, none, np.empty(0, dtype=np.bool_), out, where)
    assert out.size == 0


@pytest.mark.parametrize("seed", range(5))
def test_no_settlement_price_up_to_the_last_strike_is_worse(seed: int) -> None:
    rng = np.random.default_rng(seed)
    strike = rng.integers(1, 20, 6) * 10.0
    quantity = rng.integers(-3, 4, 6).astype(float)
    is_call = rng.random(6) < 0.5
    found, where = least(strike.tolist(), quantity.tolist(), is_call.tolist())
    prices = np.linspace(0.0, strike.max(), 2001)
    side = np.where(is_call, 1.0, -1.0)
    payoffs = np.maximum(side * (prices[:, None] - strike), 0.0) @ quantity
    # Strikes are multiples of 10 and lie on the grid only roughly: 0.1 apart, slope up to 18.
    assert payoffs.min() >= found - 1e-9
    at = float(np.maximum(side * (where - strike), 0.0) @ quantity)
    assert at == pytest.approx(found, abs=1e-12)
