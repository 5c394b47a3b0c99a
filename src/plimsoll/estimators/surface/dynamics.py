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
from plimsoll.estimators.surface.arguments import common_shape, finite_numbers
from plimsoll.estimators.surface.query import at_moneyness, strike_moneyness

FloatArray = NDArray[np.float64]


class SmileDynamics(StrEnum):
    """What stays when the forward moves from F to F (1 + x).

    ``sticky_strike``: the volatility of each strike. ``sticky_moneyness``: the volatility at each
    K/F. ``sticky_delta``: the volatility at each ln(K/F) in units of the standard deviation at the
    money; it differs from sticky moneyness once the level is shocked too. Deviations are kept
    exactly, delta itself only as long as the level is not shocked: d1 = -k/s + s/2 keeps its first
    term alone, so that with s = 0.35 a call of delta 0.25 is one of 0.279 after a level shock of a
    half.
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
    surface : VolSurface
    strike : array_like
        Quote currency.
    expiry_ns : array_like of int or numpy.datetime64
        UTC.
    forward_move : array_like
        Simple return of the forward: 0.1 is +10 %; above -1.
    level_shock : array_like
        Relative change of volatility: 0.5 is half as much again; above -1. Under sticky strike
        and sticky moneyness all volatilities of the expiry change by it; under sticky delta the
        smile also widens with it.
    dynamics : SmileDynamics

    Raises
    ------
    UsageError
        For moves and shocks of -1 or less, strikes that are not positive, and shapes that do not
        broadcast.
    """
    assumed = chosen(SmileDynamics, dynamics, "dynamics")
    move = _above_minus_one("forward_move", forward_move)
    shock = _above_minus_one("level_shock", level_shock)
    k = strike_moneyness(surface, strike, expiry_ns)
    common_shape(forward_move=move, level_shock=shock, strike=k)
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

    Parameters
    ----------
    surface : VolSurface
    strike : array_like
        Quote currency.
    expiry_ns : array_like of int or numpy.datetime64
        UTC; broadcasts with ``strike``.
    dynamics : SmileDynamics

    Returns
    -------
    ndarray
        Annual volatility per relative move of the forward.

    Raises
    ------
    UsageError
        As `at_strike`.
    """
    assumed = chosen(SmileDynamics, dynamics, "dynamics")
    k = strike_moneyness(surface, strike, expiry_ns)
    skew = at_moneyness(surface, k, expiry_ns).skew
    return np.zeros_like(skew) if assumed is SmileDynamics.STICKY_STRIKE else -skew


def _above_minus_one(name: str, value: ArrayLike) -> FloatArray:
    array = finite_numbers(name, value)
    if not bool(np.all(array > -1.0)):
        raise UsageError("must be above -1", found=float(array.min()), field=name)
    return array
