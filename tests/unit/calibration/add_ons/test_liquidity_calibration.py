"""Liquidity, concentration and depeg figures: the charges cover the costs they stand for."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from plimsoll.calibration.add_ons.depeg import depeg_add_on
from plimsoll.calibration.add_ons.liquidity import (
    calibrate_concentration,
    calibrate_liquidity,
    covering_threshold,
    holdings_of,
)
from plimsoll.domain.finding import Reason
from plimsoll.errors import ParameterError
from plimsoll.estimators.liquidity.margin_figures import AddOnFigures
from plimsoll.margin.add_ons import LiquidityParameters
from plimsoll.maths.impact_laws import optimal_unwind, square_root_impact

FIGURES = AddOnFigures(
    relative_spread=0.00031,
    daily_volatility=0.0412,
    impact=1.2345,
    depth_usd=2e6,
    volume_24h_usd=5e8,
    impact_raised=False,
)


def test_published_law_is_nowhere_below_the_estimated_one() -> None:
    held: LiquidityParameters = calibrate_liquidity("BTC", FIGURES).parameters
    sizes = np.geomspace(1e3, 1e8, 30)

    def cost(spread: float, volatility: float, impact: float) -> np.ndarray:
        law = square_root_impact(sizes, volume=5e8, volatility=volatility, impact=impact)
        return 0.5 * spread + law

    own = cost(FIGURES.relative_spread, FIGURES.daily_volatility, FIGURES.impact)
    published = cost(float(held.relative_spread), float(held.daily_volatility), float(held.impact))
    assert (published >= own).all()
    # Half a step of 1e-4 in the spread, a step in volatility and impact.
    assert published == pytest.approx(own, rel=0.005, abs=5e-5)


def test_no_figure_falls_below_a_class_default_and_none_is_the_default() -> None:
    default = LiquidityParameters(relative_spread=Decimal("0.01"))
    raised = calibrate_liquidity("BTC", FIGURES, default=default)
    assert raised.parameters.relative_spread == Decimal("0.01")
    absent = calibrate_liquidity("NEW", None, default=default)
    assert (absent.parameters, absent.reason) == (default, Reason.NO_DATA)
    assert calibrate_concentration("NEW", None, adv_usd=None, margin_rate=0.05).reason is not None


def test_root_law_covers_the_cost_of_closing_beyond_its_slack() -> None:
    held = calibrate_liquidity("BTC", FIGURES).parameters
    margin, adv = 0.02, 5e8
    threshold = covering_threshold(held, adv, margin)
    sizes = np.geomspace(1e4, adv, 200)
    unwind = optimal_unwind(
        sizes,
        volume=adv,
        volatility=float(held.daily_volatility),
        half_spread=0.0,
        impact=float(held.impact),
        quantile=float(held.quantile),
        covered_days=float(held.horizon_hours) / 24.0,
        participation=float(held.participation),
    ).add_on
    asked = margin * np.maximum(1.0, np.sqrt(sizes / threshold))
    beyond = unwind > 0.25 * margin
    assert beyond.any()
    assert (asked[beyond] >= (margin + unwind)[beyond] * (1.0 - 0.02)).all()  # grid of 400 sizes
    looser = covering_threshold(held, 10 * adv, margin)
    assert looser == pytest.approx(10 * threshold, rel=1e-6)  # invariant in days of turnover
    worse = replace(held, daily_volatility=Decimal("0.08"))
    assert covering_threshold(worse, adv, margin) <= threshold


def test_few_holders_lower_the_share_that_is_no_concentration() -> None:
    held = calibrate_liquidity("BTC", FIGURES).parameters
    many = holdings_of(np.ones(1_000) * 1e4, adv_usd=5e8)
    few = holdings_of([6e6, 3e6, 1e6], adv_usd=5e8)
    assert many.herfindahl == pytest.approx(1e-3)
    assert few.largest_share == pytest.approx(0.6)
    assert (many.concentrated, few.concentrated) == (False, True)

    def share(holdings: object) -> Decimal:
        found = calibrate_concentration(
            "BTC",
            held,
            adv_usd=5e8,
            margin_rate=0.02,
            holdings=holdings,  # type: ignore[arg-type]
        )
        return Decimal(found.parameters.open_interest_share)

    assert share(many) == Decimal("0.05")
    assert share(few) == Decimal("0.0083")  # 0.05 / 6, down
    with pytest.raises(ParameterError):
        holdings_of([0.0], adv_usd=1.0)


def test_depeg_bands_cover_what_falls_further_and_never_fall_with_the_peg() -> None:
    rng = np.random.default_rng(6)
    price = 1.0 + np.cumsum(rng.normal(0, 2e-4, 60_000))
    price = 0.95 + 0.05 * np.tanh((price - 0.95) / 0.05)
    add_on = depeg_add_on([price], 24)
    rates = [float(band.brackets[0][1]) for band in add_on.bands]
    assert rates == sorted(rates)
    start, end = price[:-24], price[24:]
    loss = np.maximum(0.0, 1.0 - end / start)
    lowest = np.array([float(b.peg_at_least) for b in add_on.bands])
    rate = np.array(rates)[np.argmax(lowest <= start[:, None], axis=1)]
    assert (loss > rate).mean() <= 0.01
    empty = depeg_add_on([], 24)
    assert [float(b.brackets[0][1]) for b in empty.bands] == [0.002, 0.01, 0.05, 0.1]
    with pytest.raises(ParameterError):
        depeg_add_on([price], 24, size_cost=(0.1, 0.0, 0.0))
