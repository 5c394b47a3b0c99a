"""Scenarios in which portfolios lose more than their margin, from losses that are sorted once."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]
IndexMatrix = NDArray[np.int64]


@njit(cache=True, nogil=True)
def add_breaches(
    loss: Matrix,
    scenario: IndexMatrix,
    margin: Vector,
    family: Index,
    share: Vector,
    weight: Vector,
    hits: Matrix,
    rate: Vector,
) -> None:
    """Add the scenarios of each portfolio whose loss exceeds its margin.

    Parameters
    ----------
    loss : (P, K) float64
        Largest losses of each portfolio, falling.
    scenario : (P, K) int64
        Which scenario each loss is of.
    margin : (P,) float64
    family : (P,) int64
    share : (P,) float64
        What one portfolio adds to its family.
    weight : (S,) float64
        Of scenarios.
    hits : (F, S) float64
        ``share`` is added at every breach.
    rate : (P,) float64
        Set to the weight of each portfolio's breaches.
    """
    for p in range(loss.shape[0]):
        rate[p] = 0.0
        for place in range(loss.shape[1]):
            if not loss[p, place] > margin[p]:
                break
            s = scenario[p, place]
            hits[family[p], s] += share[p]
            rate[p] += weight[s]
