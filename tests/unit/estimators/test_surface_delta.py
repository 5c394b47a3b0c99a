"""Delta and strike invert each other, in both conventions."""

from __future__ import annotations

import numpy as np
import pytest
from sample_surface import AT, DAY, surface

from plimsoll.domain.instrument import OptionRight
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.delta import (
    DeltaConvention,
    convention_of,
    delta_at_moneyness,
    moneyness_at_delta,
    strike_at_delta,
)
from plimsoll.estimators.surface.query import forward_at

EXPIRIES = AT + np.array([3, 30, 60]) * DAY


@pytest.mark.parametrize("convention", list(DeltaConvention))
@pytest.mark.parametrize(("right", "sign"), [(OptionRight.CALL, 1.0), (OptionRight.PUT, -1.0)])
@pytest.mark.parametrize("size", [0.001, 0.1, 0.25, 0.45])
def test_the_strike_found_has_the_delta_asked_for(
    convention: DeltaConvention, right: OptionRight, sign: float, size: float
) -> None:
    k = moneyness_at_delta(surface(), sign * size, EXPIRIES, right, convention)
    found = delta_at_moneyness(surface(), k, EXPIRIES, right, convention)
    np.testing.assert_allclose(found, sign * size, atol=1e-12)  # bisected to the last place of k


def test_a_coin_option_has_the_premium_adjusted_delta_of_its_coin_value() -> None:
    assert convention_of(surface()) is DeltaConvention.PREMIUM_ADJUSTED
    from scipy.special import ndtr

    from plimsoll.estimators.surface.query import at_moneyness

    k, expiry, bump = 0.1, EXPIRIES[1], 1e-5
    vol = float(at_moneyness(surface(), k, expiry).volatility)
    forward = float(forward_at(surface(), expiry))
    deviation = vol * np.sqrt(30 / 365)

    def coin_value(f: float) -> float:
        d1 = np.log(f / (forward * np.exp(k))) / deviation + deviation / 2
        return float(ndtr(d1) - forward * np.exp(k) / f * ndtr(d1 - deviation))

    slope = (coin_value(forward * (1 + bump)) - coin_value(forward * (1 - bump))) / (2 * bump)
    found = float(delta_at_moneyness(surface(), k, expiry, OptionRight.CALL))
    assert found == pytest.approx(slope, abs=1e-9)  # central difference, bump^2


def test_of_two_strikes_with_one_call_delta_the_upper_is_meant() -> None:
    k = moneyness_at_delta(surface(), 0.3, EXPIRIES, OptionRight.CALL)
    higher = delta_at_moneyness(surface(), k + 0.01, EXPIRIES, OptionRight.CALL)
    assert bool(np.all(higher < 0.3))


def test_a_delta_beyond_the_peak_is_refused_with_the_peak() -> None:
    with pytest.raises(UsageError, match="largest is 0"):
        moneyness_at_delta(surface(), 0.999, EXPIRIES, OptionRight.CALL)


@pytest.mark.parametrize(
    ("right", "delta"), [(OptionRight.CALL, -0.2), (OptionRight.PUT, 0.2), (OptionRight.CALL, 1.0)]
)
def test_deltas_of_the_wrong_sign_or_size_are_refused(right: OptionRight, delta: float) -> None:
    with pytest.raises(UsageError, match="delta"):
        moneyness_at_delta(surface(), delta, EXPIRIES, right, DeltaConvention.FORWARD)


def test_strikes_are_moneyness_times_the_forward() -> None:
    strike = strike_at_delta(surface(), -0.25, EXPIRIES, OptionRight.PUT)
    k = moneyness_at_delta(surface(), -0.25, EXPIRIES, OptionRight.PUT)
    np.testing.assert_allclose(strike, forward_at(surface(), EXPIRIES) * np.exp(k), rtol=1e-15)


def test_expiries_may_be_dates() -> None:
    dates = EXPIRIES.astype("datetime64[ns]")
    np.testing.assert_array_equal(
        moneyness_at_delta(surface(), 0.25, dates, OptionRight.CALL),
        moneyness_at_delta(surface(), 0.25, EXPIRIES, OptionRight.CALL),
    )
