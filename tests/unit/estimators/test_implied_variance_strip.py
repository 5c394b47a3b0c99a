"""Variance strips against closed forms, hand sums and quadrature of prices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sample_surface import AT, DAY, smile, surface
from scipy.integrate import quad
from scipy.special import ndtr

from plimsoll.domain.surface import SviSmile
from plimsoll.errors import DataFormatError, EstimationError, UsageError
from plimsoll.estimators.implied.smile_strip import smile_strip_variance
from plimsoll.estimators.implied.variance_strip import (
    StripReason,
    StripVariance,
    Truncation,
    flat_vol_tail,
    strip_variance,
)
from plimsoll.maths.svi import svi_total_variance

Array = NDArray[np.float64]
F = 95_000.0


def black(strike: Any, call: bool, deviation: Any, forward: float = F) -> Any:
    side = 1.0 if call else -1.0
    d1 = np.log(forward / strike) / deviation + 0.5 * deviation
    return side * (forward * ndtr(side * d1) - strike * ndtr(side * (d1 - deviation)))


def chain(strikes: Array, deviation: Any, spread: float = 0.0) -> dict[str, Any]:
    """Both rights at every strike, bid and ask ``spread`` around the price."""
    mids = np.concatenate((black(strikes, True, deviation), black(strikes, False, deviation)))
    return {
        "strike": np.tile(strikes, 2),
        "is_call": np.repeat([True, False], strikes.size),
        "bid": mids * (1 - spread),
        "ask": mids * (1 + spread),
    }


def strip(columns: dict[str, Any], **options: Any) -> StripVariance:
    return strip_variance(**columns, forward=F, tau_years=30 / 365, **options)


@pytest.mark.parametrize("sigma", [0.2, 0.6, 1.5])
def test_dense_strikes_of_a_flat_smile_return_its_volatility(sigma: float) -> None:
    """With the forward on a strike the sum errs by the kink there, Euler and Maclaurin's h^2 / 12
    times the drop of 2 in the slope of the integrand; a width on log steps h is K sinh(h), not
    K h. Left are terms of h^4."""
    s, h = sigma * np.sqrt(30 / 365), 0.004
    half = int(8 * s / h)
    found = strip(chain(F * np.exp(h * np.arange(-half, half + 1)), s))
    assert found.total_variance == pytest.approx((s**2 + h**2 / 6) * np.sinh(h) / h, rel=1e-8)
    assert found.reason is None


def test_the_error_falls_with_the_square_of_the_step() -> None:
    """Around a forward on a strike; the correction for K_0 below the forward is of the same
    order, so the forward is put on one."""
    s = 0.6 * np.sqrt(30 / 365)

    def error(step: float) -> float:
        strikes = F * np.exp(step * np.arange(-int(8 * s / step), int(8 * s / step) + 1))
        return abs(strip(chain(strikes, s)).total_variance / s**2 - 1.0)

    assert error(0.04) / error(0.02) == pytest.approx(4.0, rel=0.05)


def test_flat_tails_put_back_what_truncation_takes() -> None:
    """Strikes end one deviation out: a strip loses a tenth, and with tails only the step's error
    is left, of order h^2 / 6 = 8e-7."""
    s = 0.6 * np.sqrt(30 / 365)
    strikes = F * np.exp(np.linspace(-s, s, 161))
    bare = strip(chain(strikes, s))
    whole = strip(chain(strikes, s), truncation=Truncation.FLAT_VOL)
    assert bare.total_variance < 0.9 * s**2
    assert whole.total_variance == pytest.approx(s**2, abs=1e-6)
    assert whole.beyond == pytest.approx(s**2 - bare.total_variance, rel=0.02)


@pytest.mark.parametrize("call", [True, False])
@pytest.mark.parametrize("k", [-0.3, 0.0, 0.5])
def test_flat_tail_is_the_integral_of_prices(call: bool, k: float) -> None:
    """2 int Q / K^2 dK beyond K, by adaptive quadrature to 1e-11."""
    s, strike = 0.4, np.exp(k)
    ends = (strike, 60.0) if call else (1e-4, strike)
    integral = quad(
        lambda x: 2.0 * black(x, call, s, 1.0) / x**2, *ends, epsabs=1e-13, epsrel=1e-12, limit=400
    )[0]
    assert flat_vol_tail(k, s, call) == pytest.approx(integral, rel=1e-9)


def test_a_sum_by_hand() -> None:
    """F 101; K_0 = 100. Widths 10, 10, 10, 10, 10 (ends: to the one neighbour):
    2 * 10 * (1/80^2 + 3/90^2 + ((4 + 5)/2)/100^2 + 2.5/110^2 + 1/120^2) - 0.01^2."""
    columns = {
        "strike": np.array([80.0, 90, 100, 110, 120] * 2),
        "is_call": np.repeat([True, False], 5),
        "bid": np.array([21.0, 12, 4, 2, 0.5, 0.5, 2, 4, 11, 20]),
        "ask": np.array([23.0, 14, 4, 3, 1.5, 1.5, 4, 6, 13, 22]),
    }
    found = strip_variance(**columns, forward=101.0, tau_years=0.1)
    by_hand = 20 * (1 / 6400 + 3 / 8100 + 4.5 / 10000 + 2.5 / 12100 + 1 / 14400) - 1e-4
    assert found.total_variance == pytest.approx(by_hand, rel=1e-14)
    assert (found.puts, found.calls, found.lowest, found.highest) == (2, 2, 80.0, 120.0)


def test_zero_bid_rule() -> None:
    """One missing bid is stepped over; behind two in a row nothing is taken, though quoted."""
    s = 0.6 * np.sqrt(30 / 365)
    strikes = F * np.exp(np.arange(-10, 11) * 0.05)
    columns = chain(strikes, s)
    calls = {strikes[i]: i for i in range(21)}
    columns["bid"][calls[strikes[13]]] = 0.0  # stepped over
    columns["bid"][calls[strikes[16]]] = np.nan
    columns["bid"][calls[strikes[17]]] = 0.0  # two in a row: 18 to 20 are not taken
    found = strip(columns)
    assert found.highest == strikes[15]
    assert found.calls == 4  # 11, 12, 14, 15
    assert found.puts == 10


def test_mids_no_option_can_be_worth_count_as_missing() -> None:
    s = 0.6 * np.sqrt(30 / 365)
    strikes = F * np.exp(np.arange(-10, 11) * 0.05)
    columns = chain(strikes, s)
    columns["ask"][20] = 3.0 * F  # the last call
    assert strip(columns, truncation=Truncation.FLAT_VOL).highest == strikes[19]
    crossed = chain(strikes, s)
    crossed["ask"][20] = 0.5 * crossed["bid"][20]
    assert strip(crossed).highest == strikes[19]


def test_unit_of_account_does_not_matter() -> None:
    s = 0.6 * np.sqrt(30 / 365)
    columns = chain(F * np.exp(np.arange(-10, 11) * 0.05), s, spread=0.1)
    scaled = {k: v if k == "is_call" else 7.0 * v for k, v in columns.items()}
    assert strip_variance(
        **scaled, forward=7.0 * F, tau_years=30 / 365
    ).total_variance == pytest.approx(strip(columns).total_variance, rel=1e-12)


def test_reasons() -> None:
    s = 0.6 * np.sqrt(30 / 365)
    above = chain(F * np.exp(np.arange(1, 9) * 0.05), s)
    assert strip(above).reason is StripReason.NO_STRIKE_AT_FORWARD
    few = chain(F * np.exp(np.arange(-1, 2) * 0.05), s)
    found = strip(few)
    assert found.reason is StripReason.TOO_FEW_STRIKES
    assert np.isnan(found.total_variance)
    silent = chain(F * np.exp(np.arange(-5, 6) * 0.05), s)
    silent["bid"][:] = np.nan
    assert strip(silent).reason is StripReason.NO_STRIKE_AT_FORWARD


def test_a_strip_worth_less_than_its_correction_has_a_reason() -> None:
    """Prices a millionth of what they are, the forward 1 % above a strike: (F/K_0 - 1)^2 is 1e-4,
    the sum of the prices a millionth of 0.04."""
    columns = chain(F * np.exp((0.5 + np.arange(-10, 10)) * 0.02), 0.2)
    columns |= {name: columns[name] * 1e-6 for name in ("bid", "ask")}
    for truncation in Truncation:
        found = strip(columns, truncation=truncation)
        assert found.reason is StripReason.VARIANCE_NOT_POSITIVE
        assert np.isnan(found.total_variance)
        assert np.isnan(found.vol)


def test_a_last_call_below_its_intrinsic_value_has_a_reason() -> None:
    """Strikes 50 to 95 under a forward of 100, no put bid at 90 and 95: the last call, at 95, is
    in the money, and its mid of 2 has no volatility."""
    strikes = np.arange(50.0, 100.0, 5.0)
    columns = chain(strikes, 0.5)
    mids = np.concatenate([black(strikes, call, 0.5, 100.0) for call in (True, False)])
    columns |= {"bid": mids.copy(), "ask": mids.copy()}
    columns["bid"][9] = columns["ask"][9] = 2.0
    columns["bid"][[18, 19]] = np.nan
    options = {"forward": 100.0, "tau_years": 0.25}
    tails = strip_variance(**columns, **options, truncation=Truncation.FLAT_VOL)
    assert tails.reason is StripReason.LAST_MID_WITHOUT_VOL
    assert np.isnan(tails.total_variance)
    assert strip_variance(**columns, **options).reason is None


def test_refusals() -> None:
    s = 0.2
    columns = chain(F * np.exp(np.arange(-5, 6) * 0.05), s)
    for name, value in (("forward", 0.0), ("forward", np.nan), ("tau_years", -1.0)):
        with pytest.raises(UsageError, match=name):
            strip_variance(**columns, **{"forward": F, "tau_years": 0.1, name: value})
    with pytest.raises(DataFormatError, match="strike"):
        strip({**columns, "strike": -columns["strike"]})
    with pytest.raises(DataFormatError, match="twice"):
        strip({**columns, "is_call": np.ones(22, dtype=np.bool_)})
    with pytest.raises(DataFormatError, match="length"):
        strip({**columns, "bid": columns["bid"][:-1]})


def test_a_flat_smile_has_its_own_variance() -> None:
    """b = 0: w everywhere, so the integral of the normal law times w."""
    flat = replace(smile(30, 100.0), a=0.02, b=0.0)
    assert smile_strip_variance(flat) == pytest.approx(0.02, rel=1e-14)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"b": 0.05, "rho": -0.7, "sigma": 0.05},
        {"b": 0.3, "rho": 0.4, "sigma": 0.8, "a": -0.17},
    ],
)
def test_smile_strip_is_the_integral_of_its_prices(changes: dict[str, float]) -> None:
    """2 int Q/K^2 dK = 2 int e^-k Q(k)/F dk of out-of-the-money Black prices on the smile: another
    formula, and adaptive quadrature. Wings carry on to |k| = 30."""
    one = replace(smile(30, 1.0), **changes)

    def price(k: float, call: bool) -> float:
        deviation = float(np.sqrt(svi_total_variance(one.raw, k)))
        return float(2.0 * np.exp(-k) * black(np.exp(k), call, deviation, 1.0))

    pieces = ((-30.0, -1.0, False), (-1.0, 0.0, False), (0.0, 1.0, True), (1.0, 30.0, True))
    integral = sum(
        quad(price, low, high, args=(call,), epsabs=1e-13, epsrel=1e-12, limit=300)[0]
        for low, high, call in pieces
    )
    assert smile_strip_variance(one) == pytest.approx(integral, rel=1e-8)


def test_dense_quotes_of_a_smile_agree_with_its_own_strip() -> None:
    """The discrete sum with tails on 0.2 % steps, against the continuous one. Its flat tails are
    not the smile's, but lie 10 deviations out."""
    one = surface().smiles[1]
    k = np.arange(-2.5, 2.5, 0.002)
    strikes = one.forward * np.exp(k)
    deviation = np.sqrt(svi_total_variance(one.raw, k))
    prices = [black(strikes, call, deviation, one.forward) for call in (True, False)]
    found = strip_variance(
        np.tile(strikes, 2),
        np.repeat([True, False], k.size),
        np.concatenate(prices),
        np.concatenate(prices),
        one.forward,
        one.tau_years,
        truncation=Truncation.FLAT_VOL,
    )
    assert found.total_variance == pytest.approx(smile_strip_variance(one), rel=1e-4)


def test_refuses_a_smile_whose_d2_rises() -> None:
    """A put wing so steep that d2 rises beyond the quotes: total variance grows faster than 2|k|
    cannot be written in SVI, so the corner is sharp and the level all but nothing."""
    crooked = SviSmile(
        expiry_ns=AT + 30 * DAY,
        tau_years=30 / 365,
        variance_years=30 / 365,
        forward=100.0,
        a=-0.0099,
        b=1.0,
        rho=0.0,
        m=0.3,
        sigma=0.01,
    )
    with pytest.raises(EstimationError, match="d2"):
        smile_strip_variance(crooked)
