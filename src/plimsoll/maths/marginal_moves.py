"""Joint moves given other marginals: every market keeps its ranks, and takes its sizes from a law.

A scenario of weight w between the lower probabilities a and b = a + w of its market takes the mean
of the law over that cell,

    x = (M(b) - M(a)) / (b - a),  M(c) = integral of Q from 0 to c,

so that a set's means beyond any of its own cell bounds are those of the law, whatever its size.
Scenarios that tie share a cell.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Codes = NDArray[np.int64]
IndexMatrix = NDArray[np.int64]


class MarginalTable(NamedTuple):
    """Laws of N markets by G tail probabilities, rising, the last 0.5; sides fall and rise.

    ``loss``: (N, 2, G) loss exceeded with that probability, 0 at the last. ``mass``: (N, 2, G)
    its integral from 0 to that probability. Between nodes losses are linear.
    """

    tail: Vector
    loss: Cube
    mass: Cube


@njit(cache=True, nogil=True)
def _node(probability: float, start: int, tail: Vector) -> int:
    """Node at or below a tail probability, sought from a near one; the last but one at most."""
    k = start
    while k < tail.size - 2 and tail[k + 1] <= probability:
        k += 1
    while k > 0 and tail[k] > probability:
        k -= 1
    return k


@njit(cache=True, nogil=True)
def _mass_beyond(probability: float, k: int, tail: Vector, loss: Vector, mass: Vector) -> float:
    """Integral of the loss from 0 to a tail probability; one mean beyond the first node."""
    if probability <= tail[0]:
        return float(mass[0] * probability / tail[0])
    step = probability - tail[k]
    slope = (loss[k + 1] - loss[k]) / (tail[k + 1] - tail[k])
    return float(mass[k] + step * (loss[k] + 0.5 * slope * step))


@njit(cache=True, nogil=True)
def _fill_market(
    values: Vector,
    order: Codes,
    weights: Vector,
    tail: Vector,
    loss: Matrix,
    mass: Matrix,
    out: Vector,
) -> None:
    count, total, last, node = values.size, weights.sum(), tail.size - 1, 0
    first, below, mass_below = 0, 0.0, 0.0
    while first < count:
        after, weight = first, 0.0
        while after < count and values[order[after]] == values[order[first]]:
            weight += weights[order[after]]
            after += 1
        upto = 1.0 if after == count else min(below + weight / total, 1.0)
        near = min(upto, 1.0 - upto)
        node = _node(near, node, tail)
        side = 0 if upto <= 0.5 else 1
        mass_upto = -_mass_beyond(near, node, tail, loss[side], mass[side])
        if side == 1:
            mass_upto += mass[1, last] - mass[0, last]
        size = (mass_upto - mass_below) / (upto - below) if upto > below else 0.0
        for k in range(first, after):
            out[order[k]] = size
        first, below, mass_below = after, upto, mass_upto


@njit(cache=True, nogil=True)
def marginal_returns(
    moves: Matrix, order: IndexMatrix, weights: Vector, table: MarginalTable, out: Matrix
) -> None:
    """Fill (N, S) simple returns with the ranks of (N, S) moves; see the module text.

    Rows of moves that are not finite become NaN. ``order`` (N, S) sorts each row, in whatever
    order of those that tie; ``weights`` (S,) are positive.
    """
    for j in range(moves.shape[0]):
        first, last = moves[j, order[j, 0]], moves[j, order[j, -1]]
        if np.isfinite(first) and np.isfinite(last):
            own_order, loss, mass = order[j], table.loss[j], table.mass[j]
            _fill_market(moves[j], own_order, weights, table.tail, loss, mass, out[j])
        else:
            out[j, :] = np.nan
