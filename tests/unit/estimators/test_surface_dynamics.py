"""Each dynamics keeps what its name says."""

from __future__ import annotations

import numpy as np
import pytest
from sample_surface import AT, DAY, surface
from scipy.special import ndtr

from plimsoll.domain.instrument import OptionRight
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.delta import DeltaConvention, moneyness_at_delta
from plimsoll.estimators.surface.dynamics import (
    SmileDynamics,
    moved_volatility,
    volatility_slope_in_forward,
)
from plimsoll.estimators.surface.query import at_moneyness, at_strike, forward_at

EXPIRY = AT + 30 * DAY
STRIKES = np.array([70.0, 100.0, 140.0])


def test_sticky_strike_keeps_the_volatility_of_each_strike() -> None:
    before = at_strike(surface(), STRIKES, EXPIRY).volatility
    after = moved_volatility(surface(), STRIKES, EXPIRY, forward_move=-0.2)
    np.testing.assert_array_equal(after, before)


def test_sticky_moneyness_keeps_the_volatility_of_each_ratio() -> None:
    before = at_strike(surface(), STRIKES, EXPIRY).volatility
    after = moved_volatility(
        surface(),
        STRIKES * 1.1,
        EXPIRY,
        forward_move=0.1,
        dynamics=SmileDynamics.STICKY_MONEYNESS,
    )
    np.testing.assert_allclose(after, before, rtol=1e-13)  # one logarithm apart


def test_sticky_delta_keeps_the_volatility_per_standard_deviation() -> None:
    shock, forward = 0.5, float(forward_at(surface(), EXPIRY))
    deviation = float(np.sqrt(at_moneyness(surface(), 0.0, EXPIRY).total_variance))
    units = np.array([-1.5, 0.0, 2.0])
    before = at_moneyness(surface(), units * deviation, EXPIRY).volatility
    strikes = forward * 0.9 * np.exp(units * deviation * (1.0 + shock))
    after = moved_volatility(
        surface(),
        strikes,
        EXPIRY,
        forward_move=-0.1,
        level_shock=shock,
        dynamics=SmileDynamics.STICKY_DELTA,
    )
    np.testing.assert_allclose(after, before * 1.5, rtol=1e-12)


@pytest.mark.parametrize("dynamics", list(SmileDynamics))
def test_the_slope_is_the_derivative_of_the_moved_volatility(dynamics: SmileDynamics) -> None:
    bump = 1e-5
    up, down = (
        moved_volatility(surface(), STRIKES, EXPIRY, forward_move=move, dynamics=dynamics)
        for move in (bump, -bump)
    )
    found = volatility_slope_in_forward(surface(), STRIKES, EXPIRY, dynamics)
    np.testing.assert_allclose(found, (up - down) / (2 * bump), atol=1e-8)  # bump^2, eps/bump


def test_sticky_delta_keeps_deltas_only_without_a_level_shock() -> None:
    """d1 = -k/s + s/2: after a level shock its second half is another."""
    right = OptionRight.CALL
    forward = float(forward_at(surface(), EXPIRY))
    k = float(moneyness_at_delta(surface(), 0.25, EXPIRY, right, DeltaConvention.FORWARD))

    def delta(k_after: float, shock: float) -> float:
        vol = float(
            moved_volatility(
                surface(),
                forward * 1.1 * np.exp(k_after),
                EXPIRY,
                forward_move=0.1,
                level_shock=shock,
                dynamics=SmileDynamics.STICKY_DELTA,
            )
        )
        s = vol * np.sqrt(30 / 365)
        return float(ndtr(-k_after / s + 0.5 * s))

    assert delta(k, 0.0) == pytest.approx(0.25, abs=1e-12)
    s = float(at_moneyness(surface(), k, EXPIRY).volatility) * np.sqrt(30 / 365)
    expected = float(ndtr(-k / s + 0.5 * 1.5 * s))
    assert delta(1.5 * k, 0.5) == pytest.approx(expected, abs=1e-12)
    assert expected > 0.255


def test_no_number_is_made_of_what_is_none() -> None:
    """A negative strike has no logarithm; without a warning, as it is refused first."""
    for strike in (-70.0, 0.0, np.nan, "a"):
        with pytest.raises(UsageError, match=r"^strike: must be"):
            volatility_slope_in_forward(
                surface(),
                strike,
                EXPIRY,
                SmileDynamics.STICKY_MONEYNESS,
            )
    with pytest.raises(UsageError, match=r"^forward_move: must be real numbers"):
        moved_volatility(surface(), STRIKES, EXPIRY, forward_move="a")
    with pytest.raises(UsageError, match=r"^forward_move: must broadcast with level_shock"):
        moved_volatility(surface(), STRIKES, EXPIRY, forward_move=[0.1, 0.2])


def test_impossible_moves_are_refused() -> None:
    with pytest.raises(UsageError, match="forward_move"):
        moved_volatility(surface(), STRIKES, EXPIRY, forward_move=-1.0)
    with pytest.raises(UsageError, match="level_shock"):
        moved_volatility(surface(), STRIKES, EXPIRY, level_shock=float("nan"))
    with pytest.raises(UsageError, match="strike"):
        moved_volatility(surface(), [0.0], EXPIRY)
