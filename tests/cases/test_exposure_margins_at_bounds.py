"""Worked cases: each parameter of margin agreements and exposure margin at its bounds.

One BTC linear (100 contracts of 0.01 at 50,000) unless said otherwise; arithmetic in comments.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from bound_trials import Trial, by_name, of
from scipy.stats import norm
from test_simulated_margins_at_bounds import LONG

from coin_books import INSTRUMENTS, PRICING, SNAPSHOT, account, book, position
from plimsoll.margin.exposure import (
    CoinDynamics,
    ExposureMargin,
    ExposureParameters,
    MarginAgreement,
    NettingSet,
    Trade,
    exposure_profile,
)
from plimsoll.margin.simulation import PORTFOLIO

STILL = CoinDynamics(coins=("BTC",), spot=np.array([50_000.0]), vol_annual=np.zeros(1))
AGREEMENTS = [
    # Owed 200 m whatever happens: called in full, or not at all up to a threshold of 1 bn
    ({"threshold_usd": "0"}, 2e8, 0.0),
    ({"threshold_usd": "1000000000"}, 2e8, 2e8),
    # 50 m are less than a minimum transfer of 100 m
    ({"minimum_transfer_usd": "0"}, 5e7, 0.0),
    ({"minimum_transfer_usd": "100000000"}, 5e7, 5e7),
    # What does not move does not mind the margin period
    ({"margin_period_hours": "0"}, 2e8, 0.0),
    ({"margin_period_hours": "720"}, 2e8, 0.0),
    # Above the threshold of 1 bn nothing is called; the initial amount covers it
    ({"initial_amount_usd": "0", "threshold_usd": "1000000000"}, 2e8, 2e8),
    ({"initial_amount_usd": "10000000000", "threshold_usd": "1000000000"}, 2e8, 0.0),
]


@pytest.mark.parametrize(("values", "owed", "left"), AGREEMENTS)
def test_agreements(values, owed: float, left: float) -> None:
    terms = MarginAgreement(**{k: Decimal(v) for k, v in values.items()})
    found = exposure_profile(
        NettingSet(trades=(), cash_usd=owed),
        STILL,
        terms,
        times_years=np.arange(41) / 365,
        paths=2,
        seed=1,
    )
    np.testing.assert_array_equal(found.with_collateral.potential, left)


GROWTH = 0.5  # of a coin a year, without volatility
PERIODS = [
    # Called every day and met at once: nothing is left
    ("0", 0.0),
    # What the coin gained in the last 30 of 40 days: e^(g 40 / 365) - e^(g 10 / 365), times 50,000
    ("720", 50_000.0 * (math.exp(GROWTH * 40 / 365) - math.exp(GROWTH * 10 / 365))),
]


@pytest.mark.parametrize(("hours", "left"), PERIODS)
def test_margin_periods(hours: str, left: float) -> None:
    """A forward on one coin at today's price, on the 40th day. Tolerance: 40 steps in float64."""
    found = exposure_profile(
        NettingSet(trades=(Trade(kind="forward", coin="BTC", quantity=1.0, strike=50_000.0),)),
        replace(STILL, drift_annual=np.array([GROWTH])),
        MarginAgreement(margin_period_hours=Decimal(hours)),
        times_years=np.arange(41) / 365,
        paths=2,
        seed=1,
    )
    assert found.with_collateral.potential[0, -1] == pytest.approx(left, rel=1e-11, abs=1e-8)


CONFIDENCES = [
    # Quantile of S (1 - e^(z s - s^2 / 2)) over one day, s = 0.6 sqrt(1 / 365)
    ({"initial_confidence": "0.5", "maintenance_confidence": "0.5"}, 0.5, 0.5),
    ({"initial_confidence": "0.9999"}, 0.9999, 0.975),
    ({"maintenance_confidence": "0.5"}, 0.99, 0.5),
    ({"initial_confidence": "0.9999", "maintenance_confidence": "0.9999"}, 0.9999, 0.9999),
]
UNSECURED = MarginAgreement(threshold_usd=Decimal(10**9), margin_period_hours=Decimal(0))


def exposed(person, dynamics: CoinDynamics, paths: int, **values: str):
    """Margin of a book nobody calls collateral for, over one day in one step unless said."""
    model = ExposureMargin(
        dynamics=dynamics,
        agreement=UNSECURED,
        paths=paths,
        seed=2,
        pricing=replace(PRICING, pricing_markets={"BTC": "BTC-INV"}),
    )
    given = {"horizon_hours": "24", "step_hours": "24"} | values
    held = ExposureParameters(**{k: Decimal(v) for k, v in given.items()})
    instruments = {m: INSTRUMENTS[m] for m in ("BTC-LIN", "BTC-INV")}
    return model.prepare(SNAPSHOT, {PORTFOLIO: held}, instruments).requirements(book(person))


@pytest.mark.parametrize(("values", "high", "low"), CONFIDENCES)
def test_exposure(values, high: float, low: float) -> None:
    """Four standard errors of a quantile, sqrt(q (1 - q) / n) / density, times the slope S s."""
    moving = CoinDynamics(coins=("BTC",), spot=np.ones(1), vol_annual=np.array([0.6]))
    paths = 200_000
    found = exposed(LONG, moving, paths, **values)
    deviation = 0.6 * math.sqrt(1 / 365)
    for margin, confidence in ((found.initial[0], high), (found.maintenance[0], low)):
        z = norm.ppf(confidence)
        expected = 50_000.0 * -math.expm1(-z * deviation - deviation**2 / 2)
        error = math.sqrt(confidence * (1 - confidence) / paths) / norm.pdf(z)
        assert abs(margin - expected) <= 4 * error * 50_000.0 * deviation


HORIZONS = [
    # Hours after which the last step ends
    ({"horizon_hours": "1", "step_hours": "0.25"}, 1.0),
    ({"horizon_hours": "8760", "step_hours": "24"}, 8760.0),
    # The shortest step ends with the horizon, the longest after it; 24 h ends either way
    ({"horizon_hours": "24.1", "step_hours": "0.25"}, 24.25),
    ({"horizon_hours": "24", "step_hours": "168"}, 168.0),
]


@pytest.mark.parametrize(("values", "hours"), HORIZONS)
def test_exposure_of_a_coin_that_only_grows(values, hours: float) -> None:
    """A short loses S (e^(g t) - 1), most at the last step; 1e-9 for up to 1,000 steps."""
    growing = CoinDynamics(
        coins=("BTC",), spot=np.ones(1), vol_annual=np.zeros(1), drift_annual=np.array([GROWTH])
    )
    found = exposed(account("short", position("BTC-LIN", -100.0)), growing, 2, **values)
    expected = 50_000.0 * math.expm1(GROWTH * hours / 8760)
    margins = (float(found.initial[0]), float(found.maintenance[0]))
    assert margins == pytest.approx((expected, expected), rel=1e-9)


def of_agreements() -> Iterator[Trial]:
    yield from by_name(test_agreements, AGREEMENTS)
    yield from of("margin_period_hours", test_margin_periods, PERIODS)


def of_exposures() -> Iterator[Trial]:
    yield from by_name(test_exposure, CONFIDENCES)
    yield from by_name(test_exposure_of_a_coin_that_only_grows, HORIZONS)


TRIALS = {MarginAgreement: of_agreements, ExposureParameters: of_exposures}
