"""Profit of delta-one payoffs, in settlement currency: the one place where it is written.

For a signed quantity ``q`` of contracts of size ``s``, entered at ``p0`` and marked at ``p1``:

======== ================================= ==========================================
payoff   profit                            contract size ``s`` counts
======== ================================= ==========================================
linear   ``q s (p1 - p0)``                 base units; profit in the quote currency
inverse  ``q s (1/p0 - 1/p1)``             quote units (dollars); profit in base coin
quanto   ``q s (p1 - p0)``                 settlement coin per point of price
======== ================================= ==========================================

With ``q s = N = Q p0`` the inverse profit is ``Q (1 - p0/p1)``: a move ``x`` gives
``Q x / (1 + x)``, so a long loses more on a fall than it gains on an equal rise.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]

LINEAR = 0
INVERSE = 1
QUANTO = 2


@njit(cache=True, nogil=True)
def linear_profit(amount: float, entry: float, mark: float) -> float:
    """Profit in quote currency of ``amount`` base units (signed, positive = long).

    Examples
    --------
    >>> linear_profit(2.0, 100.0, 84.0)
    -32.0
    """
    return amount * (mark - entry)


@njit(cache=True, nogil=True)
def inverse_profit(amount: float, entry: float, mark: float) -> float:
    """Profit in base coin of a contract value of ``amount`` quote units (signed).

    Written as ``amount (mark - entry) / (entry mark)``, which loses no digits for small moves.

    Examples
    --------
    >>> round(inverse_profit(100.0, 100.0, 84.0), 6), round(inverse_profit(100.0, 100.0, 116.0), 6)
    (-0.190476, 0.137931)
    """
    return amount * (mark - entry) / (entry * mark)


@njit(cache=True, nogil=True)
def quanto_profit(amount: float, entry: float, mark: float) -> float:
    """Profit in settlement coin of ``amount`` settlement coins per point of price (signed)."""
    return amount * (mark - entry)


@njit(cache=True, nogil=True)
def profit(payoff: int, amount: float, entry: float, mark: float) -> float:
    """Profit in settlement currency; ``payoff`` is `LINEAR`, `INVERSE` or `QUANTO`."""
    if payoff == INVERSE:
        return inverse_profit(amount, entry, mark)
    if payoff == QUANTO:
        return quanto_profit(amount, entry, mark)
    return linear_profit(amount, entry, mark)


@njit(cache=True, nogil=True)
def profit_table(payoffs: Codes, amounts: Vector, marks: Vector, moves: Matrix) -> Matrix:
    """Profit of N positions under S simple moves of their own price.

    Parameters
    ----------
    payoffs : (N,) int64
        `LINEAR`, `INVERSE` or `QUANTO`.
    amounts : (N,) float64
        Signed quantity times contract size.
    marks : (N,) float64
        Price from which the move starts, positive.
    moves : (N, S) float64
        Simple returns, above -1.

    Returns
    -------
    (N, S) float64
        Signed profit in settlement currency.
    """
    table = np.empty_like(moves)
    for i in range(moves.shape[0]):
        for s in range(moves.shape[1]):
            table[i, s] = profit(payoffs[i], amounts[i], marks[i], marks[i] * (1.0 + moves[i, s]))
    return table
