"""Whether smiles stay free of arbitrage from a far point to infinity: bounds by their asymptotes.

Ordered slopes alone do not keep smiles from crossing, as the intercepts may be far out of order
the other way; nor does a slope below two keep ``g`` from falling below zero on its way to
``1/4 - slope**2/16``. Both bounds are sufficient wherever they are taken, and all but exact at a
point so far out that a smile has met its asymptote.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.svi import svi_point_slopes

Vector = NDArray[np.float64]

ROUNDING = 1e-12
"""Relative to the terms whose difference is taken; double precision leaves 1e-15 to 1e-14."""


@njit(cache=True, nogil=True, error_model="numpy")
def asymptote(raw: Vector, side: float) -> tuple[float, float]:
    """Intercept and slope in |k| of the line that a smile tends to from above, on side -1 or 1."""
    slope = raw[1] * (1.0 + side * raw[2])
    return raw[0] - side * slope * raw[3], slope


@njit(cache=True, nogil=True, error_model="numpy")
def least_tail_butterfly(intercept: float, slope: float, w: float) -> float:
    """A lower bound of ``4 g`` from a far point with total variance ``w`` to infinity.

    With ``x = 1/w`` and ``T = w - k w'``, ``4 g`` is ``(1 + T x)**2 - w'**2 (x + 1/4) + 2 w''``.
    As ``w`` is convex, ``T``, where the tangent meets the axis, is never below the asymptote's
    intercept ``A``, and the slope never beyond its slope ``B``: ``4 g`` is at least the parabola
    ``(1 + A x)**2 - B**2 (x + 1/4)`` wherever ``1 + A x >= 0``, on ``0 < x <= 1/w``. At ``x = 0``
    that is ``1 - B**2/4``, and rises or falls there by ``2 A - B**2``.
    """
    highest, square = 1.0 / w, slope * slope
    if not 1.0 + intercept * highest >= 0.0:
        return -np.inf
    bend, tilt = intercept * intercept, 2.0 * intercept - square
    x = 0.0 if tilt >= 0.0 else highest
    if tilt < 0.0 and bend > 0.0:
        x = min(x, -0.5 * tilt / bend)
    return 1.0 - 0.25 * square + tilt * x + bend * x * x


@njit(cache=True, nogil=True, error_model="numpy")
def broken_tails(early: Vector, late: Vector, share: float, farthest: float) -> int:
    """Sides on which ``(1 - share) early + share late`` may have a butterfly beyond a point."""
    broken, rest = 0, 1.0 - share
    for side in (-1.0, 1.0):
        k = side * farthest
        level, slope = asymptote(early, side)
        level_late, slope_late = asymptote(late, side)
        w = rest * svi_point_slopes(early[0], early[1], early[2], early[3], early[4], k)[0]
        w += share * svi_point_slopes(late[0], late[1], late[2], late[3], late[4], k)[0]
        level, slope = rest * level + share * level_late, rest * slope + share * slope_late
        broken += not least_tail_butterfly(level, slope, w) >= -ROUNDING * (1.0 + slope * slope)
    return broken


@njit(cache=True, nogil=True, error_model="numpy")
def least_tail_gap(early: Vector, late: Vector, side: float, farthest: float) -> float:
    """The later smile's asymptote less the earlier smile at a far point, over their terms' size.

    Where it is not negative and the later asymptote is no flatter, the smiles do not cross from
    there to infinity: the earlier smile approaches its own asymptote from above, falling.
    """
    level, slope = asymptote(late, side)
    k = side * farthest
    w = svi_point_slopes(early[0], early[1], early[2], early[3], early[4], k)[0]
    size = abs(early[0]) + abs(late[0]) + 2.0 * farthest * (early[1] + late[1])
    gap: float = (level + slope * farthest - w) / size
    return gap
