"""Tail measures where scenarios are equally likely, and the scenario that stands for each.

What `plimsoll.maths.weighted_tails` says of weights that are all the same, to the last bit: then a
loss counts by its rank alone, so that shares are computed once for all units, and the worst losses
are those that `plimsoll.maths.tail_losses_kernels` selects, the kernel of `tail_losses`.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.account_losses_kernels import lowest
from plimsoll.maths.tail_losses_kernels import select_lowest
from plimsoll.maths.weighted_tails import VALUE_AT_RISK, WORST_CASE, tail_shares

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]

_BLOCK = 64


@njit(cache=True, nogil=True)
def equally_likely(weights: Vector) -> bool:
    """Whether all scenarios have the same weight.

    >>> equally_likely(np.array([0.5, 0.5])), equally_likely(np.array([0.6, 0.4]))
    (True, False)
    """
    return weights.size > 0 and weights[0] > 0.0 and bool(np.all(weights == weights[0]))


@njit(cache=True, nogil=True)
def rank_shares(kind: int, levels: Vector, weights: Vector) -> tuple[Matrix, Codes]:
    """What the worst loss, the second worst and so on count for at each level; how many count.

    Returns
    -------
    shares : (L, K) float64
        K: as many as count at any level.
    counted : (L,) int64

    Examples
    --------
    >>> shares, counted = rank_shares(1, np.array([0.8, 0.6]), np.full(5, 0.2))
    >>> shares.tolist(), counted.tolist()
    ([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]], [2, 3])
    """
    order, total = np.arange(weights.size), weights.sum()
    shares, counted = np.zeros((levels.size, weights.size)), np.zeros(levels.size, np.int64)
    for k in range(levels.size):
        counted[k] = tail_shares(kind, levels[k], weights, total, order, weights.size, shares[k])
    return shares[:, : counted.max()].copy(), counted


@njit(cache=True, nogil=True, error_model="numpy")
def equal_tail(
    kind: int,
    profit: Vector,
    scenarios: int,
    shares: Matrix,
    counted: Codes,
    lanes: Vector,
    hits: Codes,
    kept: Vector,
    ranked: Vector,
    value: Vector,
    scenario: Codes,
) -> None:
    """Fill ``value`` and ``scenario`` (L,) of one unit.

    ``profit`` is padded and the buffers are as long as `select_lowest` says; shares are those of
    `rank_shares`. Of equal losses the later scenario counts as the worse.
    """
    if kind == WORST_CASE:
        low, _ = lowest(profit, scenarios)
        value[:] = -low
        scenario[:] = _latest(profit, scenarios, low, 1)
        return
    select_lowest(profit, scenarios, shares.shape[1], lanes, hits, kept, ranked)
    if kind == VALUE_AT_RISK:
        for k in range(counted.size):
            last = counted[k] - 1
            value[k] = -ranked[last]
            scenario[k] = _latest(profit, scenarios, ranked[last], _among_equals(ranked, last))
        return
    for k in range(counted.size):
        measure = 0.0
        for i in range(counted[k]):
            measure -= shares[k, i] * ranked[i]
        value[k] = measure
    scenario[:] = _latest(profit, scenarios, ranked[0], 1)


@njit(cache=True, nogil=True, error_model="numpy")
def _among_equals(ranked: Vector, place: int) -> int:
    """Which one of the values that equal it, counted from the first, stands at ``place``."""
    first = place
    while first > 0 and ranked[first - 1] == ranked[place]:
        first -= 1
    return place - first + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _latest(profit: Vector, scenarios: int, value: float, which: int) -> int:
    """Scenario at which ``value`` stands for the ``which``-th time, from the last one back."""
    left = which
    for s in range(scenarios - 1, scenarios - scenarios % _BLOCK - 1, -1):
        left -= profit[s] == value
        if left == 0:
            return s
    for start in range(scenarios - scenarios % _BLOCK - _BLOCK, -1, -_BLOCK):
        found = int(_count_equal(profit[start : start + _BLOCK], value))
        if found >= left:
            for s in range(start + _BLOCK - 1, start - 1, -1):
                left -= profit[s] == value
                if left == 0:
                    return s
        left -= found
    return -1  # of values that are no numbers


@njit(cache=True, nogil=True, error_model="numpy")
def _count_equal(part: Vector, value: float) -> np.int32:
    """Count over a fixed number of values with a narrow counter: this is what vectorises."""
    count = np.int32(0)
    for j in range(_BLOCK):
        count += np.int32(part[j] == value)
    return count
