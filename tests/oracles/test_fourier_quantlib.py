"""Heston and Bates prices against QuantLib's analytic engines.

QuantLib integrates another form of the same law (Gatheral's two probabilities, or Andersen and
Piterbarg's control variate) by its own quadrature, so only the model is shared.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import QuantLib as ql

from plimsoll.maths.characteristic_functions import bates_law, heston_law
from plimsoll.maths.fourier_prices import cos_prices, from_out_of_the_money, lewis_prices
from plimsoll.maths.jump_series import merton_prices

TODAY = ql.Date(1, 6, 2026)
DAYS = {"week": 7, "month": 30, "half a year": 182, "two years": 730, "ten years": 3650}
CASES = {
    "calm": {"v0": 0.16, "kappa": 3.0, "theta": 0.25, "sigma_v": 0.8, "rho": -0.3},
    "crypto": {"v0": 0.35, "kappa": 6.0, "theta": 0.45, "sigma_v": 3.0, "rho": -0.2},
    "stressed": {"v0": 1.4, "kappa": 2.0, "theta": 0.4, "sigma_v": 2.0, "rho": -0.8},
    "slow": {"v0": 0.3, "kappa": 0.3, "theta": 0.5, "sigma_v": 0.5, "rho": 0.3},
}
JUMPS = {"jump_intensity": 4.0, "jump_mean": -0.08, "jump_sd": 0.12}
MONEYNESS = np.array([-2.0, -1.0, -0.3, 0.0, 0.4, 1.2, 2.0])


@pytest.fixture(autouse=True)
def _on_one_date() -> None:
    ql.Settings.instance().evaluationDate = TODAY


def _flat(rate: float) -> ql.YieldTermStructureHandle:
    return ql.YieldTermStructureHandle(ql.FlatForward(TODAY, rate, ql.Actual365Fixed()))


def _heston_process(p: dict[str, float]) -> ql.HestonProcess:
    spot = ql.QuoteHandle(ql.SimpleQuote(1.0))
    variance = (p["v0"], p["kappa"], p["theta"], p["sigma_v"], p["rho"])
    return ql.HestonProcess(_flat(0.0), _flat(0.0), spot, *variance)


def _bates_process(p: dict[str, float]) -> ql.BatesProcess:
    spot = ql.QuoteHandle(ql.SimpleQuote(1.0))
    variance = (p["v0"], p["kappa"], p["theta"], p["sigma_v"], p["rho"])
    jumps = (JUMPS["jump_intensity"], JUMPS["jump_mean"], JUMPS["jump_sd"])
    return ql.BatesProcess(_flat(0.0), _flat(0.0), spot, *variance, *jumps)


def _quantlib_prices(engine: ql.PricingEngine, days: int, k: np.ndarray) -> np.ndarray:
    """Out-of-the-money prices at spot 1 and no rates."""
    exercise = ql.EuropeanExercise(TODAY + days)
    prices = []
    for x in k:
        kind = ql.Option.Call if x >= 0 else ql.Option.Put
        option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, math.exp(x)), exercise)
        option.setPricingEngine(engine)
        prices.append(option.NPV())
    return np.array(prices)


@pytest.mark.parametrize("days", DAYS.values(), ids=DAYS.keys())
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("price", [lewis_prices, cos_prices])
def test_heston_agrees_with_quantlib(
    price: Callable[..., np.ndarray], name: str, days: int
) -> None:
    """1e-9 of the forward: the accuracy asked of QuantLib's adaptive integration is 1e-11."""
    p, tau = CASES[name], days / 365.0
    k = MONEYNESS * min(math.sqrt(tau), 1.5)
    engine = ql.AnalyticHestonEngine(ql.HestonModel(_heston_process(p)), 1e-11, 100_000)
    expected = _quantlib_prices(engine, days, k)
    np.testing.assert_allclose(price(heston_law(tau=tau, **p), k), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("days", DAYS.values(), ids=DAYS.keys())
@pytest.mark.parametrize("name", CASES)
def test_bates_agrees_with_quantlib(name: str, days: int) -> None:
    p, tau = CASES[name], days / 365.0
    k = MONEYNESS * min(math.sqrt(tau), 1.5)
    engine = ql.BatesEngine(ql.BatesModel(_bates_process(p)), 1e-11, 100_000)
    expected = _quantlib_prices(engine, days, k)
    law = bates_law(tau=tau, **p, **JUMPS)
    np.testing.assert_allclose(lewis_prices(law, k), expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(cos_prices(law, k), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("days", [7, 182, 730])
def test_merton_series_is_quantlibs_bates_without_vol_of_vol(days: int) -> None:
    """With vol-of-vol 1e-3 and no correlation Bates is Merton to second order: 1e-6."""
    tau = days / 365.0
    p = {"v0": 0.16, "kappa": 2.0, "theta": 0.16, "sigma_v": 1e-3, "rho": 0.0}
    engine = ql.BatesEngine(ql.BatesModel(_bates_process(p)), 1e-11, 100_000)
    k = MONEYNESS * math.sqrt(tau)
    found = merton_prices(k, tau=tau, volatility=0.4, **JUMPS)
    np.testing.assert_allclose(found, _quantlib_prices(engine, days, k), rtol=0, atol=1e-6)


def test_parity_side_agrees_with_quantlib() -> None:
    """In-the-money calls and puts, by parity on both sides."""
    p, days = CASES["crypto"], 30
    k = np.array([-0.5, -0.1, 0.1, 0.5])
    engine = ql.AnalyticHestonEngine(ql.HestonModel(_heston_process(p)), 1e-11, 100_000)
    exercise = ql.EuropeanExercise(TODAY + days)
    out = lewis_prices(heston_law(tau=days / 365.0, **p), k)
    for is_call, kind in ((True, ql.Option.Call), (False, ql.Option.Put)):
        found = from_out_of_the_money(out, k, np.full(4, is_call))
        for x, price in zip(k, found, strict=True):
            option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, math.exp(x)), exercise)
            option.setPricingEngine(engine)
            assert price == pytest.approx(option.NPV(), abs=1e-9)
