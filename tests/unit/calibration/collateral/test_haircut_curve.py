"""Haircuts: the formula, floors, errors, and the published slope that covers the curve."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.calibration.collateral.haircut import (
    floored,
    haircut_of,
    log_falls,
    log_risk_of,
    tail_of_falls,
)
from plimsoll.calibration.collateral.liquidation_cost import (
    AssetLiquidity,
    SaleRules,
    caps_of,
    days_to_sell,
    rounded_down,
    sale_cost,
)
from plimsoll.calibration.collateral.size_slope import average_haircut, fit_size_slope
from plimsoll.errors import InsufficientDataError, ParameterError
from plimsoll.margin.collateral.haircuts import haircut_amount
from plimsoll.margin.collateral.parameters import CollateralParameters


def test_haircut_is_the_formula_and_inverts_a_forecast() -> None:
    assert float(haircut_of(0.2, 0.01, 0.005)) == pytest.approx(1 - math.exp(-0.215), abs=1e-15)
    assert float(haircut_of(log_risk_of(0.17))) == pytest.approx(0.17, abs=1e-15)
    with pytest.raises(ParameterError, match="cost"):
        haircut_of(0.1, -0.01)


def test_floor_is_half_of_the_worst_move_and_binds_from_below_only() -> None:
    assert floored([0.1, 0.4], 0.5).tolist() == [0.25, 0.4]
    with pytest.raises(ParameterError):
        floored(0.1, 1.5)


def test_falls_leave_holes_out_and_do_not_depend_on_the_unit() -> None:
    price = np.array([0.0, -0.1, np.nan, -0.3, -0.2])
    assert log_falls(price, 1) == pytest.approx([0.1, -0.1])
    assert log_falls(price + 7.0, 2) == pytest.approx(log_falls(price, 2), abs=1e-12)


def test_tail_of_normal_falls_is_theirs_within_its_error() -> None:
    falls = np.random.default_rng(5).normal(0.0, 0.02, 20_000)
    found = tail_of_falls(falls, 0.99, bars_per_day=24)
    # Closed form: quantile 2.3263 sigma, its error sqrt(p(1-p)/n) / density.
    error = math.sqrt(0.01 * 0.99 / falls.size) * 0.02 / 0.026652
    assert found.value == pytest.approx(2.3263 * 0.02, abs=4 * error)
    assert found.standard_error == pytest.approx(error, rel=0.35)
    with pytest.raises(InsufficientDataError):
        tail_of_falls(falls[:50], 0.99, bars_per_day=24)


@pytest.mark.parametrize("falls", [np.zeros(500), np.r_[np.zeros(499), 0.5], -np.ones(500)])
def test_degenerate_falls_have_a_number(falls: np.ndarray) -> None:
    found = tail_of_falls(falls, 0.99, bars_per_day=24)
    assert math.isfinite(found.value)
    assert math.isfinite(found.standard_error)
    assert found.value >= 0.0


LIQUID = AssetLiquidity(adv_usd=1e9, daily_volatility=0.04, relative_spread=0.0004)


def test_cost_rises_with_size_volatility_and_spread_and_falls_with_turnover() -> None:
    sizes, rules = np.geomspace(1e3, 1e9, 40), SaleRules()
    base = sale_cost(sizes, LIQUID, rules)
    assert base[0] >= 0.0002
    assert (np.diff(base) >= 0.0).all()
    for change, sign in (
        ({"daily_volatility": 0.08}, 1),
        ({"relative_spread": 0.002}, 1),
        ({"adv_usd": 1e8}, 1),
        ({"adv_usd": 1e10}, -1),
    ):
        facts = {"adv_usd": 1e9, "daily_volatility": 0.04, "relative_spread": 0.0004} | change
        other = sale_cost(sizes, AssetLiquidity(**facts), rules)
        assert (sign * (other - base) >= -1e-15).all()


def test_caps_are_the_days_to_sell_rounded_down() -> None:
    rules = SaleRules(account_days=0.25, venue_days=2.0)
    caps = caps_of(AssetLiquidity(adv_usd=129e6, daily_volatility=0.04, relative_spread=0), rules)
    assert (caps.account_usd, caps.venue_usd) == (Decimal(3_200_000), Decimal(25_000_000))
    assert days_to_sell(float(caps.venue_usd), LIQUID, rules) <= 2.0
    assert rounded_down(7.9) == 7
    with pytest.raises(ParameterError):
        rounded_down(0.5)


@settings(max_examples=40)
@given(
    first=st.floats(0.0, 0.5),
    root=st.floats(0.0, 0.3),
    top=st.floats(4.0, 9.0),
)
def test_published_slope_covers_the_curve_in_the_engine(
    first: float, root: float, top: float
) -> None:
    sizes = np.geomspace(1e3, 10.0**top, 16)
    curve = first + root * np.sqrt(sizes / sizes[-1])
    fitted = fit_size_slope(sizes, curve)
    held = CollateralParameters(
        haircut=fitted.haircut,
        slope_per_million=fitted.slope_per_million,
        free_usd=fitted.free_usd,
    )
    engine = haircut_amount(sizes, held) / sizes
    assert engine == pytest.approx(average_haircut(sizes, fitted), rel=1e-9)
    assert (engine >= curve - 1e-9).all()


def test_flat_curve_has_no_slope_and_no_overcharge_but_the_step() -> None:
    sizes = np.geomspace(1e3, 1e7, 10)
    fitted = fit_size_slope(sizes, np.full(10, 0.2501))
    assert (fitted.haircut, fitted.slope_per_million) == (Decimal("0.251"), Decimal(0))
    with pytest.raises(ParameterError, match="not fall"):
        fit_size_slope(sizes, np.linspace(0.3, 0.2, 10))
