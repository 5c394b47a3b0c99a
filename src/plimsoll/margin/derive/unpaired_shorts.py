"""Short options that no option of the other right at the same strike pairs up with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.maths.unit_order import order_within_units

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def unpaired_shorts(
    segment: IntArray, strike: IntArray, quantity: FloatArray, is_call: BoolArray, segments: int
) -> FloatArray:
    """Count short options by segment, calls and puts of opposite sign at one strike netted.

    Such a pair is a synthetic forward; a spread of two strikes is not netted.

    Parameters
    ----------
    segment : (E,) int64
        Expiry of a portfolio to which each option belongs.
    strike : (E,) int64
        Any number that is the same for equal strikes.
    quantity : (E,) float64
        Units of the underlying, signed.
    is_call : (E,) bool
    segments : int

    Returns
    -------
    (segments,) float64
        Units of the underlying.

    Examples
    --------
    A short call against a long put at 100, and a short call at 110:

    >>> unpaired_shorts(
    ...     np.zeros(3, dtype=np.int64), np.array([100, 100, 110]),
    ...     np.array([-2.0, 1.5, -1.0]), np.array([True, False, True]), 1
    ... )
    array([1.5])
    """
    order = order_within_units(segment, strike, segments)
    same = (np.diff(segment[order]) == 0) & (np.diff(strike[order]) == 0)
    number = np.cumsum(np.append(True, ~same)[: order.size]) - 1
    count = int(number[-1]) + 1 if number.size else 0
    amount, right = quantity[order], is_call[order]
    calls = np.bincount(number, weights=np.where(right, amount, 0.0), minlength=count)
    puts = np.bincount(number, weights=np.where(right, 0.0, amount), minlength=count)
    paired = np.where(calls * puts < 0.0, np.minimum(np.abs(calls), np.abs(puts)), 0.0)
    naked = np.maximum(-calls, 0.0) + np.maximum(-puts, 0.0) - paired
    of = np.zeros(count, dtype=np.int64)
    of[number] = segment[order]
    return np.bincount(of, weights=naked, minlength=segments).astype(np.float64)
