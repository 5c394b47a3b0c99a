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


class MarginalTable(NamedTuple):
    """Laws of N markets by G tail probabilities, rising, the last 0.5; sides fall and rise.

    ``loss``: (N, 2, G) loss exceeded with that probability, 0 at the last. ``mass``: (N, 2, G)
    its integral from 0 to that probability. Between nodes losses are linear.
    """

    tail: Vector
    loss: Cube
    mass: Cube


@njit(cache=True, nogil=True)
def _mass_beyond(probability: float, tail: Vector, loss: Vector, mass: Vector) -> float:
    """Integral of the loss from 0 to a tail probability; one mean beyond the first node."""
    if probability <= tail[0]:
        return float(mass[0] * probability / tail[0])
    k = min(np.searchsorted(tail, probability, side="right"), tail.size - 1) - 1
    step = probability - tail[k]
    slope = (loss[k + 1] - loss[k]) / (tail[k + 1] - tail[k])
    return float(mass[k] + step * (loss[k] + 0.5 * slope * step))


@njit(cache=True, nogil=True)
def _mass_below(lower: float, tail: Vector, loss: Matrix, mass: Matrix) -> float:
    """Integral of the return's quantile function from 0 to a lower probability."""
    last = tail.size - 1
    if lower <= tail[last]:
        return -_mass_beyond(lower, tail, loss[0], mass[0])
    upper = max(1.0 - lower, 0.0)
    rises = mass[1, last] - _mass_beyond(upper, tail, loss[1], mass[1])
    return float(rises - mass[0, last])


@njit(cache=True, nogil=True)
def _fill_market(
    values: Vector, weights: Vector, tail: Vector, loss: Matrix, mass: Matrix, out: Vector
) -> None:
    order, count = np.argsort(values, kind="mergesort"), values.size
    total = weights.sum()
    first, below, mass_below = 0, 0.0, 0.0
    while first < count:
        after, weight = first, 0.0
        while after < count and values[order[after]] == values[order[first]]:
            weight += weights[order[after]]
            after += 1
        upto = 1.0 if after == count else min(below + weight / total, 1.0)
        mass_upto = _mass_below(upto, tail, loss, mass)
        size = (mass_upto - mass_below) / (upto - below) if upto > below else 0.0
        for k in range(first, after):
            out[order[k]] = size
        first, below, mass_below = after, upto, mass_upto


@njit(cache=True, nogil=True)
def marginal_returns(moves: Matrix, weights: Vector, table: MarginalTable, out: Matrix) -> None:
    """Fill (N, S) simple returns with the ranks of (N, S) moves; see the module text.

    Rows of moves that are not finite become NaN. ``weights`` (S,) are positive.
    """
    for j in range(moves.shape[0]):
        if np.isfinite(moves[j]).all():
            _fill_market(moves[j], weights, table.tail, table.loss[j], table.mass[j], out[j])
        else:
            out[j, :] = np.nan
