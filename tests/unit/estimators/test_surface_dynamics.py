"""Each dynamics keeps what its name says."""

from __future__ import annotations

import numpy as np
import pytest
from sample_surface import AT, DAY, surface

from plimsoll.errors import UsageError
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


def test_impossible_moves_are_refused() -> None:
    with pytest.raises(UsageError, match="forward_move"):
        moved_volatility(surface(), STRIKES, EXPIRY, forward_move=-1.0)
    with pytest.raises(UsageError, match="level_shock"):
        moved_volatility(surface(), STRIKES, EXPIRY, level_shock=float("nan"))
    with pytest.raises(UsageError, match="strike"):
        moved_volatility(surface(), [0.0], EXPIRY)
