"""What a joint surface fit is given, and the room it works in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Index = NDArray[np.int64]


class SurfaceProblem(NamedTuple):
    """Quotes, priors and constraint points of n expiries, rising in time.

    Parameters
    ----------
    deviation : (n,)
        At-the-money standard deviation that standardises an expiry.
    years : (n,)
        Calendar time to expiry.
    first : (n + 1,)
        Quotes first[i] to first[i + 1] belong to expiry i.
    k, vol, half_spread, weight : (N,)
        Log moneyness, centre of bid and ask volatility, half their distance, weight.
    points : (n, J)
        Log moneyness of the constraints of each expiry and its next.
    share : (n, J)
        Weight of the later expiry in the smile between both, at each point.
    midpoint : (n,)
        That weight halfway to the next expiry on the calendar; the last is not read.
    counts : (n,)
        Points in use.
    anchor, anchor_precision : (n, 5)
        Gaussian prior of the coordinates.
    link, link_precision : (n, 5)
        Gaussian prior of the coordinates of expiry i + 1 less those of i; the last is not read.
    """

    deviation: Vector
    years: Vector
    first: Index
    k: Vector
    vol: Vector
    half_spread: Vector
    weight: Vector
    points: Matrix
    share: Matrix
    midpoint: Vector
    counts: Index
    anchor: Matrix
    anchor_precision: Matrix
    link: Matrix
    link_precision: Matrix


class LossShape(NamedTuple):
    """The loss of a residual in half-spreads; see `plimsoll.maths.surface_fit_loss`."""

    body: float
    wall: float
    edge: float
    reach: float


class NormalEquations(NamedTuple):
    """Gradient and Gauss-Newton matrix of the objective.

    Parameters
    ----------
    gradient : (n, 5)
    diagonal, coupling : (n, 5, 5)
        As in `plimsoll.maths.surface_fit_blocks.solve_block_tridiagonal`.
    """

    gradient: Matrix
    diagonal: Cube
    coupling: Cube
