"""The least that portfolios of options of one expiry can be worth when they settle.

A payoff is piecewise linear in the settlement price and bends at strikes only, so it is least at
zero, at a strike, or, where more calls are short than long, nowhere: without limit to the right.
That last part is not looked at here; margin rules charge net short calls by themselves.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


@njit(cache=True, nogil=True)
def _payoff(
    first: int, last: int, settlement: float, strike: Vector, quantity: Vector, is_call: Flags
) -> float:
    """Sum the payoffs of the options ``first`` to ``last - 1``."""
    total = 0.0
    for i in range(first, last):
        gap = settlement - strike[i] if is_call[i] else strike[i] - settlement
        total += quantity[i] * max(gap, 0.0)
    return total


@njit(cache=True, nogil=True)
def least_payoffs(
    offsets: Codes, strike: Vector, quantity: Vector, is_call: Flags, least: Vector, where: Vector
) -> None:
    """Fill the least payoff of every portfolio over zero and its own strikes, and where it is.

    Parameters
    ----------
    offsets : (G + 1,) int64
        Options of portfolio g are ``offsets[g]`` to ``offsets[g + 1] - 1``.
    strike, quantity : (E,) float64
        ``quantity`` signed, positive = long.
    is_call : (E,) bool
    least, where : (G,) float64
        Payoff, and the settlement price of it (the first of equals; 0 comes first).
    """
    for g in range(offsets.size - 1):
        first, last = offsets[g], offsets[g + 1]
        lowest, place = _payoff(first, last, 0.0, strike, quantity, is_call), 0.0
        for i in range(first, last):
            value = _payoff(first, last, strike[i], strike, quantity, is_call)
            if value < lowest:
                lowest, place = value, strike[i]
        least[g], where[g] = lowest, place
