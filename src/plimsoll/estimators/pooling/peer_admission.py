r"""Who may be a peer: not what hardly moves, and nobody farther out than the others' spread allows.

A stablecoin, a wrapped coin or a feed that stands still has a log level far below all others. One
of them among thirty markets makes the spread between markets several times as wide, and with it
the predictive quantile of every young market. They are told by how they move, not by their names.

Rule: a market's log level is compared with the median of the markets by the median absolute
deviation, made a standard deviation (times 1.4826), and 3.5 of these are the limit (Iglewicz and
Hoaglin, *How to Detect and Handle Outliers*, ASQC 1993, section 3.3: the modified z-score). With a
few markets alike the deviation is near nothing, so a least one is given.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MOST_DEVIATIONS = 3.5
DEVIATION_OVER_MAD = 1.4826
"""Of a normal distribution."""
LEAST_LOG_ACTIVITY = float(np.log(2e-6))
"""Log mean absolute return of a bar: what does not move more does not move."""
STUCK = -3.0
"""Log of a recent activity over the mean since listing from which a price stands still."""


def level_bounds(level: FloatArray, least_deviation: float) -> tuple[float, float]:
    """Lowest and highest usual of (n,) log levels; no bounds without a level.

    Parameters
    ----------
    level : (n,) float64
        NaN where there is none.
    least_deviation : float
        The deviation is taken as no less.

    Examples
    --------
    >>> low, high = level_bounds(np.array([-0.2, -0.1, 0.0, 0.1, 0.2, -9.0]), 0.0)
    >>> round(low, 3), round(high, 3)
    (-0.828, 0.728)
    """
    known = level[np.isfinite(level)]
    if not known.size:
        return -np.inf, np.inf
    middle = float(np.median(known))
    deviation = DEVIATION_OVER_MAD * float(np.median(np.abs(known - middle)))
    reach = MOST_DEVIATIONS * max(deviation, least_deviation)
    return middle - reach, middle + reach


def moving_peers(log_level: FloatArray, established: BoolArray, least: float) -> BoolArray:
    """(N,) markets that move enough to be anybody's peer.

    Parameters
    ----------
    log_level : (N, K) float64
        Log activities, the mean since listing last.
    established : (N,) bool
        Markets that say what is usual.
    least : float
        Least deviation between them.
    """
    since_listing = log_level[:, -1]
    moves = np.isfinite(log_level).all(axis=1) & (since_listing > LEAST_LOG_ACTIVITY)
    recent = log_level[moves, :-1] - since_listing[moves, None]
    moves[moves] = (recent > STUCK).all(axis=1)
    low, _ = level_bounds(since_listing[moves & established], least)
    found = moves.copy()
    found[moves] = since_listing[moves] >= low
    return found
