"""What a surface does when the forward moves or its level is shocked.

No dynamics is right; a margin model names the one it assumes (Derman, 1999; Bergomi, 2016, ch. 2).
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.choice import chosen
from plimsoll.domain.surface import VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.query import at_moneyness, forward_at

FloatArray = NDArray[np.float64]


class SmileDynamics(StrEnum):
    """What stays when the forward moves from F to F (1 + x).

    ``sticky_strike``: the volatility of each strike. ``sticky_moneyness``: the volatility at each
    K/F. ``sticky_delta``: the volatility at each ln(K/F) in units of the standard deviation at the
    money, hence at each delta; it differs from sticky moneyness once the level is shocked too.
    """

    STICKY_STRIKE = "sticky_strike"
    STICKY_MONEYNESS = "sticky_moneyness"
    STICKY_DELTA = "sticky_delta"


def moved_volatility(
    surface: VolSurface,
    strike: ArrayLike,
    expiry_ns: ArrayLike,
    *,
    forward_move: ArrayLike = 0.0,
    level_shock: ArrayLike = 0.0,
    dynamics: SmileDynamics = SmileDynamics.STICKY_STRIKE,
) -> FloatArray:
    """Volatility of options once the forward has moved and the level was shocked; broadcast.

    Parameters
    ----------
    strike : array_like
        Quote currency.
    forward_move : array_like
        Simple return of the forward: 0.1 is +10 %; above -1.
    level_shock : array_like
        Relative change of volatility: 0.5 is half as much again; above -1. Under sticky strike
        and sticky moneyness all volatilities of the expiry change by it; under sticky delta the
        smile also widens with it.

    Raises
    ------
    UsageError
        For moves and shocks of -1 or less, and strikes that are not positive.
    """
    assumed = chosen(SmileDynamics, dynamics, "dynamics")
    move = _above_minus_one("forward_move", forward_move)
    shock = _above_minus_one("level_shock", level_shock)
    strikes = np.asarray(strike, dtype=np.float64)
    if not bool(np.all((strikes > 0.0) & np.isfinite(strikes))):
        raise UsageError("must be positive and finite", found=strike, field="strike")
    k = np.log(strikes / forward_at(surface, expiry_ns))
    if assumed is not SmileDynamics.STICKY_STRIKE:
        k = k - np.log1p(move)
    if assumed is SmileDynamics.STICKY_DELTA:
        k = k / (1.0 + shock)
    return np.asarray(at_moneyness(surface, k, expiry_ns).volatility * (1.0 + shock))


def volatility_slope_in_forward(
    surface: VolSurface,
    strike: ArrayLike,
    expiry_ns: ArrayLike,
    dynamics: SmileDynamics,
) -> FloatArray:
    """F d(volatility of the strike)/dF under the dynamics: what a smile adds to delta per vega.

    Zero under sticky strike; minus the skew under sticky moneyness and sticky delta.
    """
    assumed = chosen(SmileDynamics, dynamics, "dynamics")
    k = np.log(np.asarray(strike, dtype=np.float64) / forward_at(surface, expiry_ns))
    skew = at_moneyness(surface, k, expiry_ns).skew
    return np.zeros_like(skew) if assumed is SmileDynamics.STICKY_STRIKE else -skew


def _above_minus_one(name: str, value: ArrayLike) -> FloatArray:
    array = np.asarray(value, dtype=np.float64)
    if not bool(np.all((array > -1.0) & np.isfinite(array))):
        raise UsageError("must be finite and above -1", found=value, field=name)
    return array
