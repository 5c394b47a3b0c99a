"""Prices and amounts with which arithmetic can be done: their squares and quotients are finite.

What lies beyond is no market and no holding: it is treated like a number that nobody knows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SMALLEST_PRICE = 1e-100
LARGEST_PRICE = 1e100
LARGEST_AMOUNT = 1e50


def is_price(value: float) -> bool:
    """Whether a number is a positive price, or any positive ratio of usual size.

    >>> [is_price(x) for x in (50e3, 0.0, -1.0, 1e-300, float("inf"), float("nan"))]
    [True, False, False, False, False, False]
    """
    return SMALLEST_PRICE <= value <= LARGEST_PRICE


def are_prices(values: FloatArray) -> BoolArray:
    """(N,) whether each number is a price."""
    out: BoolArray = (values >= SMALLEST_PRICE) & (values <= LARGEST_PRICE)
    return out


def are_amounts(values: FloatArray) -> BoolArray:
    """(N,) whether each number is an amount of something, of either sign or 0."""
    out: BoolArray = np.abs(values) <= LARGEST_AMOUNT
    return out


def all_prices(values: FloatArray) -> bool:
    """Whether all numbers are prices; two reductions, nothing of the size of ``values``.

    >>> all_prices(np.array([1.0, 2.0])), all_prices(np.array([1.0, np.nan]))
    (True, False)
    """
    if not values.size:
        return True
    return bool(values.min() >= SMALLEST_PRICE) and bool(values.max() <= LARGEST_PRICE)


def all_amounts(values: FloatArray) -> bool:
    """Whether all numbers are amounts.

    >>> all_amounts(np.array([-1.0, 0.0])), all_amounts(np.array([1.0, np.inf]))
    (True, False)
    """
    if not values.size:
        return True
    return bool(values.min() >= -LARGEST_AMOUNT) and bool(values.max() <= LARGEST_AMOUNT)
