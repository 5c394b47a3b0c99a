"""Walking books: what it costs to trade a size at the levels that are there.

With mid ``m`` and average price ``p`` of the fill, the cost relative to the value at mid is

- linear, of ``Q / m`` coins: ``p / m - 1`` bought, ``1 - p / m`` sold; ``p`` weighted by coins;
- inverse, of ``Q`` quote units: ``1 - m / p`` bought, ``m / p - 1`` sold, in coins; ``1 / p`` is
  the mean of inverse prices weighted by quote units.

Both are means of a price (or its inverse) over units, and a level adds its units in order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


class Walked(NamedTuple):
    """T books, K sizes."""

    cost: Matrix  # (T, K) relative, of the part that was filled; NaN where nothing was
    filled: Matrix  # (T, K) share of the size that the book holds, 0 to 1


@njit(cache=True, nogil=True, error_model="numpy")
def _walk_one(
    price: Vector,
    size: Vector,
    mid: float,
    notional: Vector,
    contract: float,
    inverse: bool,
    cost: Vector,
    filled: Vector,
) -> None:
    """Fill one row; notionals rise, so the book is passed once."""
    level, before_units, before_paid = 0, 0.0, 0.0  # of whole levels passed
    for k in range(notional.size):
        wanted = notional[k] if inverse else notional[k] / mid
        while level < price.size and size[level] > 0.0:
            units = size[level] * contract
            if before_units + units >= wanted:
                break
            before_paid += units * (mid / price[level] if inverse else price[level] / mid)
            before_units += units
            level += 1
        paid, done = before_paid, before_units
        if level < price.size and size[level] > 0.0:
            rest = wanted - before_units
            paid += rest * (mid / price[level] if inverse else price[level] / mid)
            done = wanted
        filled[k] = done / wanted
        cost[k] = abs(paid / done - 1.0) if done > 0.0 else np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def _walk_all(
    price: Matrix,
    size: Matrix,
    mid: Vector,
    notional: Vector,
    contract: float,
    inverse: bool,
    cost: Matrix,
    filled: Matrix,
) -> None:
    for t in range(mid.size):
        if mid[t] > 0.0:
            _walk_one(price[t], size[t], mid[t], notional, contract, inverse, cost[t], filled[t])


def walk_books(
    price: Matrix, size: Matrix, mid: Vector, notional: Vector, *, contract: float, inverse: bool
) -> Walked:
    """Return the relative cost of trading each size against one side of each book.

    Parameters
    ----------
    price, size : (T, L) float64
        The side that is traded against, best first; a size of 0 ends it.
    mid : (T,) float64
        NaN: no book.
    notional : (K,) float64
        Value at mid in quote currency, positive and rising.
    contract : float
        Base coins (linear) or quote units (inverse) per unit of size.
    inverse : bool
    """
    shape = (mid.size, notional.size)
    cost, filled = np.full(shape, np.nan), np.zeros(shape)
    sides = np.ascontiguousarray(price), np.ascontiguousarray(size)
    _walk_all(*sides, np.array(mid), np.array(notional), contract, inverse, cost, filled)
    return Walked(cost, filled)


@njit(cache=True, nogil=True, error_model="numpy")
def _near(price: Matrix, size: Matrix, mid: Vector, within: float, units: Vector) -> None:
    """Fill the units (T,) of levels within a distance of mid."""
    for t in range(mid.size):
        row, sizes = price[t], size[t]
        for j in range(row.size):
            if not sizes[j] > 0.0 or not abs(row[j] / mid[t] - 1.0) <= within:
                break
            units[t] += sizes[j]


def side_notional(
    price: Matrix, size: Matrix, mid: Vector, *, within: float, contract: float, inverse: bool
) -> Vector:
    """(T,) value at mid of a side's levels at most ``within`` (a fraction) from mid.

    The value at mid, in quote currency, so that it compares with the sizes of `walk_books`.
    """
    # A level at the bound by its decimal price may differ from it by rounding.
    bound = within * (1.0 + 1e-9) + 1e-15
    units = np.zeros(mid.size)
    _near(np.ascontiguousarray(price), np.ascontiguousarray(size), np.array(mid), bound, units)
    return np.asarray(units * contract if inverse else units * contract * mid)
