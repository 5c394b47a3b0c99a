"""Exponentially weighted sums of products of pairs, bar by bar, with holes.

A pair counts a bar that both printed in. The filter over many bars is made of the same steps as
one bar, so that a stream and a batch agree to the last bit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


class PairSums(NamedTuple):
    """Decayed sums over bars that both of a pair printed in, (N, N) each.

    ``cross``: products. ``square``: squares of the row's market. ``weight``: bars.
    """

    cross: Matrix
    square: Matrix
    weight: Matrix


def no_pair_sums(markets: int) -> PairSums:
    """Sums before any bar."""
    return PairSums(*(np.zeros((markets, markets)) for _ in range(3)))


@njit(cache=True, nogil=True)
def pair_step(sums: PairSums, row: int, values: Vector, printed: Vector, decay: float) -> None:
    """Take one bar into one row of the sums: ``values`` are 0 where ``printed`` is 0."""
    mine, there = values[row], printed[row]
    squared = mine * mine
    cross, square, weight = sums.cross[row], sums.square[row], sums.weight[row]
    for j in range(values.size):
        cross[j] = decay * cross[j] + mine * values[j]
        square[j] = decay * square[j] + squared * printed[j]
        weight[j] = decay * weight[j] + there * printed[j]


@njit(cache=True, nogil=True)
def take_pair_bar(sums: PairSums, values: Vector, printed: Vector, decay: float) -> None:
    """Take one bar of all markets."""
    for row in range(values.size):
        pair_step(sums, row, values, printed, decay)


@njit(cache=True, parallel=True)
def take_pair_bars(sums: PairSums, values: Matrix, printed: Matrix, decay: float) -> None:
    """Take (T, N) bars in time order."""
    for row in prange(values.shape[1]):
        for t in range(values.shape[0]):
            pair_step(sums, row, values[t], printed[t], decay)
