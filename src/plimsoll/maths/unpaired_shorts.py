"""Short options that no option of the other right at the same strike pairs up with."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.unit_order import order_within_units

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


@njit(cache=True, nogil=True)
def _unpaired(calls: float, puts: float) -> float:
    """Shorts among the net calls and net puts of one strike, less those that pair up."""
    paired = min(abs(calls), abs(puts)) if calls * puts < 0.0 else 0.0
    return max(-calls, 0.0) + max(-puts, 0.0) - paired


@njit(cache=True, nogil=True)
def unpaired_shorts(
    segment: Codes, strike: Codes, quantity: Vector, is_call: Flags, segments: int
) -> Vector:
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
    found = np.zeros(segments)
    order = order_within_units(segment, strike, segments)
    calls, puts = 0.0, 0.0
    for place in range(order.size):
        e = order[place]
        if is_call[e]:
            calls += quantity[e]
        else:
            puts += quantity[e]
        after = order[min(place + 1, order.size - 1)]
        if after == e or segment[after] != segment[e] or strike[after] != strike[e]:
            found[segment[e]] += _unpaired(calls, puts)
            calls, puts = 0.0, 0.0
    return found
