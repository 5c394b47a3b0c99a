"""Strikes at given deltas on many smiles at once, by forward and by premium-adjusted delta.

As `plimsoll.estimators.surface.delta`, which refuses a delta that no strike has; here the smile
concerned has none, and the others keep theirs.

Undiscounted Black on the forward, with s = sqrt(w(k)), d1 = -k/s + s/2 and d2 = d1 - s:

    forward            call N(d1)         put N(d1) - 1
    premium-adjusted   call e^k N(d2)     put -e^k N(-d2)

The premium-adjusted delta is that of a coin-settled option whose premium is paid in coin. A
call's is not monotone in the strike: of its two strikes the outer one, farther out of the money,
is the market's (Clark, Foreign Exchange Option Pricing, 2011, section 3.3).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from plimsoll.domain.choice import chosen
from plimsoll.estimators.surface.delta import DeltaConvention

FloatArray = NDArray[np.float64]

_REACH = 60.0  # standard deviations at the money searched for the strike
_HALF = np.geomspace(0.05, _REACH, 72)
_GRID = np.concatenate((-_HALF[::-1], [0.0], _HALF))
_BISECTIONS = 52


def absolute_delta(
    log_moneyness: FloatArray, variance: FloatArray, call: bool, convention: DeltaConvention
) -> FloatArray:
    """Absolute delta of calls or puts at k with total variance w; arrays broadcast.

    Examples
    --------
    >>> w = np.array([0.01])
    >>> absolute_delta(np.array([0.0]), w, True, DeltaConvention.FORWARD).round(4).tolist()
    [0.5199]
    """
    s = np.sqrt(variance)
    d1 = -log_moneyness / s + 0.5 * s
    side = 1.0 if call else -1.0
    if chosen(DeltaConvention, convention, "convention") is DeltaConvention.FORWARD:
        forward: FloatArray = ndtr(side * d1)
        return forward
    adjusted: FloatArray = np.exp(log_moneyness) * ndtr(side * (d1 - s))
    return adjusted


def log_moneyness_at_delta(
    variance_at: Callable[[FloatArray], FloatArray],
    delta: float,
    call: bool,
    convention: DeltaConvention,
) -> FloatArray:
    """Return the outermost k at which the absolute delta is ``delta``, shape (n,).

    Parameters
    ----------
    variance_at : function
        Total variance of n smiles at (n, m) log-moneyness, each smile at its own row.
    delta : float
        Absolute, in (0, 0.5): 0.25 for the 25-delta call or put.
    call : bool
    convention : DeltaConvention

    Returns
    -------
    (n,) float64
        NaN where no strike has the delta. That of 0.25 is had by no premium-adjusted call once
        volatility times root years is above 1.36.
    """
    money = variance_at(np.zeros((_smiles(variance_at), 1)))
    side = 1.0 if call else -1.0
    grid = side * np.sqrt(money) * _GRID
    above = absolute_delta(grid, variance_at(grid), call, convention) >= delta
    reached = above.any(axis=1)
    last = above.shape[1] - 1 - np.argmax(above[:, ::-1], axis=1)
    rows, last = np.arange(grid.shape[0]), np.minimum(last, grid.shape[1] - 2)
    inner, outer = grid[rows, last][:, None], grid[rows, last + 1][:, None]
    for _ in range(_BISECTIONS):
        middle = 0.5 * (inner + outer)
        higher = absolute_delta(middle, variance_at(middle), call, convention) >= delta
        inner, outer = np.where(higher, middle, inner), np.where(higher, outer, middle)
    found: FloatArray = np.where(reached, 0.5 * (inner + outer)[:, 0], np.nan)
    return found


def _smiles(variance_at: Callable[[FloatArray], FloatArray]) -> int:
    return int(variance_at(np.zeros((1, 1))).shape[0])
