"""What an eSSVI fit minimises: quotes, ties between neighbours, and the barrier of its conditions.

Coordinates of a slice are ``(theta, right, left)`` with ``right = psi (1 + rho)`` and
``left = psi (1 - rho)``, twice the slopes of the wings:

``w(k) = (theta + x + sqrt((theta + x)**2 + right left k**2)) / 2``, ``x = (right - left) k / 2``.

In them nearly every sufficient condition of `plimsoll.maths.ssvi` is linear: ``right, left <= 4``;
``theta``, ``right`` and ``left`` do not fall in time. The others are quadratic:
``psi right <= 4 theta``, ``psi left <= 4 theta`` and ``psi2 theta1 <= psi1 theta2``. Each adds
``-strength ln(room)`` to the objective, so that every iterate fulfils all of them.

Normal equations come as blocks: ``diagonal[i]`` of slice i, ``coupling[i]`` of row i + 1 and
column i.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Index = NDArray[np.int64]

SLICE = 3
STEEPEST = 4.0
CONDITIONS = 6
"""Of a slice; four more tie it to the next."""
_REORDER = {"reassoc", "contract", "arcp", "nsz"}


class ChainQuotes(NamedTuple):
    """Quotes of a chain, expiry after expiry.

    Parameters
    ----------
    k, vol, weight : (N,)
        Log-moneyness, volatility, weight of its residual.
    offsets : (n + 1,)
    tau : (n,)
        Years.
    """

    k: Vector
    vol: Vector
    weight: Vector
    offsets: Index
    tau: Vector


class Ties(NamedTuple):
    """Precisions that tie the shape ``ln(wing / sqrt(theta))`` of a slice.

    Parameters
    ----------
    neighbour : (n,)
        To the shape of the next slice; the last is not read.
    anchor : (n,)
        To ``right_shape`` and ``left_shape``.
    right_shape, left_shape : float
        Logarithms.
    """

    neighbour: Vector
    anchor: Vector
    right_shape: float
    left_shape: float


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_REORDER, forceinline=True)
def _slice_sums(
    theta: float,
    right: float,
    left: float,
    k: Vector,
    vol: Vector,
    weight: Vector,
    tau: float,
    reach: float,
    sums: Vector,
) -> None:
    """Gauss-Newton sums of one slice, and the product of ``1 + (residual/reach)**2``."""
    per_year, tilt, product = 1.0 / tau, 0.5 * (right - left), right * left
    softness = 1.0 / (reach * reach)
    g0, g1, g2, h00, h01, h02 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    h11, h12, h22, squares = 0.0, 0.0, 0.0, 0.0
    for i in range(k.size):
        at = k[i]
        x = theta + tilt * at
        square = at * at
        root = math.sqrt(x * x + product * square)
        inverse = 1.0 / root
        w = 0.5 * (x + root)
        volatility = math.sqrt(w * per_year)
        residual = weight[i] * (volatility - vol[i])
        slope = 0.25 * weight[i] * per_year / volatility
        unit = residual * residual * softness
        trust = 1.0 / (1.0 + unit)
        lean = 1.0 + x * inverse
        j0 = slope * lean
        j1 = 0.5 * slope * (at * lean + left * square * inverse)
        j2 = 0.5 * slope * (right * square * inverse - at * lean)
        pull = trust * residual
        t0, t1, t2 = trust * j0, trust * j1, trust * j2
        squares += residual * residual
        g0 += pull * j0
        g1 += pull * j1
        g2 += pull * j2
        h00 += t0 * j0
        h01 += t0 * j1
        h02 += t0 * j2
        h11 += t1 * j1
        h12 += t1 * j2
        h22 += t2 * j2
    sums[0], sums[1], sums[2], sums[3] = g0, g1, g2, squares
    sums[4], sums[5], sums[6] = h00, h01, h02
    sums[7], sums[8], sums[9] = h11, h12, h22


@njit(cache=True, nogil=True, error_model="numpy")
def _slice_loss(
    theta: float,
    right: float,
    left: float,
    k: Vector,
    vol: Vector,
    weight: Vector,
    tau: float,
    reach: float,
) -> float:
    """Sum of ``reach**2/2 ln(1 + (residual/reach)**2)``, one logarithm for eight factors."""
    per_year, tilt, product = 1.0 / tau, 0.5 * (right - left), right * left
    softness = 1.0 / (reach * reach)
    logarithm, factors = 0.0, 1.0
    for i in range(k.size):
        x = theta + tilt * k[i]
        w = 0.5 * (x + math.sqrt(x * x + product * k[i] * k[i]))
        residual = weight[i] * (math.sqrt(w * per_year) - vol[i])
        factors *= 1.0 + residual * residual * softness
        if i % 8 == 7:
            logarithm += math.log(factors)
            factors = 1.0
    return 0.5 * reach * reach * (logarithm + math.log(factors))


@njit(cache=True, nogil=True, error_model="numpy")
def add_quotes(
    slices: Matrix,
    quotes: ChainQuotes,
    reach: float,
    gradient: Matrix,
    diagonal: Cube,
    sums: Vector,
) -> float:
    """Add the loss of all quotes; with an infinite ``reach`` it is half the sum of squares."""
    total = 0.0
    for i in range(slices.shape[0]):
        first, last = quotes.offsets[i], quotes.offsets[i + 1]
        theta, right, left = slices[i, 0], slices[i, 1], slices[i, 2]
        k, vol, weight = quotes.k[first:last], quotes.vol[first:last], quotes.weight[first:last]
        tau = quotes.tau[i]
        _slice_sums(theta, right, left, k, vol, weight, tau, reach, sums)
        if reach < np.inf:
            total += _slice_loss(theta, right, left, k, vol, weight, tau, reach)
        else:
            total += 0.5 * sums[3]
        block = diagonal[i]
        for j in range(SLICE):
            gradient[i, j] += sums[j]
        block[0, 0] += sums[4]
        block[1, 0] += sums[5]
        block[2, 0] += sums[6]
        block[1, 1] += sums[7]
        block[2, 1] += sums[8]
        block[2, 2] += sums[9]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def add_ties(slices: Matrix, ties: Ties, gradient: Matrix, diagonal: Cube, coupling: Cube) -> float:
    """Add half the weighted squares of the differences in shape."""
    total = 0.0
    for i in range(slices.shape[0]):
        half_log = 0.5 * math.log(slices[i, 0])
        level = -0.5 / slices[i, 0]
        for wing in range(1, SLICE):
            shape = math.log(slices[i, wing]) - half_log
            by_wing = 1.0 / slices[i, wing]
            aim = ties.right_shape if wing == 1 else ties.left_shape
            precision = ties.anchor[i]
            total += 0.5 * precision * (shape - aim) ** 2
            gradient[i, 0] += precision * (shape - aim) * level
            gradient[i, wing] += precision * (shape - aim) * by_wing
            diagonal[i, 0, 0] += precision * level * level
            diagonal[i, wing, 0] += precision * level * by_wing
            diagonal[i, wing, wing] += precision * by_wing * by_wing
            if i + 1 == slices.shape[0]:
                continue
            precision = ties.neighbour[i]
            level_next, by_next = -0.5 / slices[i + 1, 0], 1.0 / slices[i + 1, wing]
            rise = math.log(slices[i + 1, wing]) - 0.5 * math.log(slices[i + 1, 0]) - shape
            total += 0.5 * precision * rise * rise
            gradient[i, 0] -= precision * rise * level
            gradient[i, wing] -= precision * rise * by_wing
            gradient[i + 1, 0] += precision * rise * level_next
            gradient[i + 1, wing] += precision * rise * by_next
            diagonal[i, 0, 0] += precision * level * level
            diagonal[i, wing, 0] += precision * level * by_wing
            diagonal[i, wing, wing] += precision * by_wing * by_wing
            diagonal[i + 1, 0, 0] += precision * level_next * level_next
            diagonal[i + 1, wing, 0] += precision * level_next * by_next
            diagonal[i + 1, wing, wing] += precision * by_next * by_next
            coupling[i, 0, 0] -= precision * level_next * level
            coupling[i, 0, wing] -= precision * level_next * by_wing
            coupling[i, wing, 0] -= precision * by_next * level
            coupling[i, wing, wing] -= precision * by_next * by_wing
    return total


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _add_own(
    strength: float, room: float, by: tuple[float, float, float], gradient: Vector, block: Matrix
) -> None:
    """Add ``-strength ln(room)`` of a condition on one slice, its room linearised."""
    scale = strength / room
    for i in range(SLICE):
        gradient[i] -= scale * by[i]
        for j in range(i + 1):
            block[i, j] += scale / room * by[i] * by[j]


@njit(cache=True, nogil=True, error_model="numpy")
def rooms(slices: Matrix, room: Matrix) -> bool:
    """Write the room of every condition, 10 a slice; whether all are positive."""
    n, good = slices.shape[0], True
    for i in range(n):
        theta, right, left = slices[i, 0], slices[i, 1], slices[i, 2]
        psi = 0.5 * (right + left)
        room[i, 0], room[i, 1] = right, left
        room[i, 2], room[i, 3] = STEEPEST - right, STEEPEST - left
        room[i, 4], room[i, 5] = STEEPEST * theta - psi * right, STEEPEST * theta - psi * left
        if i + 1 < n:
            for j in range(SLICE):
                room[i, CONDITIONS + j] = slices[i + 1, j] - slices[i, j]
            psi_next = 0.5 * (slices[i + 1, 1] + slices[i + 1, 2])
            room[i, CONDITIONS + SLICE] = psi * slices[i + 1, 0] - psi_next * theta
        used = CONDITIONS + SLICE + 1 if i + 1 < n else CONDITIONS
        for j in range(used):
            good = good and room[i, j] > 0.0
    return good


@njit(cache=True, nogil=True, error_model="numpy")
def add_barrier(
    slices: Matrix,
    room: Matrix,
    strength: float,
    gradient: Matrix,
    diagonal: Cube,
    coupling: Cube,
) -> float:
    """Add the barrier at slices with the given (positive) rooms."""
    n, total = slices.shape[0], 0.0
    for i in range(n):
        right, left = slices[i, 1], slices[i, 2]
        psi = 0.5 * (right + left)
        g, block = gradient[i], diagonal[i]
        _add_own(strength, room[i, 0], (0.0, 1.0, 0.0), g, block)
        _add_own(strength, room[i, 1], (0.0, 0.0, 1.0), g, block)
        _add_own(strength, room[i, 2], (0.0, -1.0, 0.0), g, block)
        _add_own(strength, room[i, 3], (0.0, 0.0, -1.0), g, block)
        _add_own(strength, room[i, 4], (STEEPEST, -psi - 0.5 * right, -0.5 * right), g, block)
        _add_own(strength, room[i, 5], (STEEPEST, -0.5 * left, -psi - 0.5 * left), g, block)
        product = 1.0
        for j in range(CONDITIONS):
            product *= room[i, j]
        total -= strength * math.log(product)
        if i + 1 < n:
            total += _add_order(slices, room[i], i, strength, gradient, diagonal, coupling)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _add_order(
    slices: Matrix,
    room: Vector,
    i: int,
    strength: float,
    gradient: Matrix,
    diagonal: Cube,
    coupling: Cube,
) -> float:
    """Add the barrier of the four conditions between slice i and the next."""
    product = 1.0
    for j in range(SLICE):
        scale = strength / room[CONDITIONS + j]
        curvature = scale / room[CONDITIONS + j]
        gradient[i, j] += scale
        gradient[i + 1, j] -= scale
        diagonal[i, j, j] += curvature
        diagonal[i + 1, j, j] += curvature
        coupling[i, j, j] -= curvature
        product *= room[CONDITIONS + j]
    psi, psi_next = 0.5 * (slices[i, 1] + slices[i, 2]), 0.5 * (slices[i + 1, 1] + slices[i + 1, 2])
    own = (-psi_next, 0.5 * slices[i + 1, 0], 0.5 * slices[i + 1, 0])
    other = (psi, -0.5 * slices[i, 0], -0.5 * slices[i, 0])
    falls = room[CONDITIONS + SLICE]
    _add_own(strength, falls, own, gradient[i], diagonal[i])
    _add_own(strength, falls, other, gradient[i + 1], diagonal[i + 1])
    for row in range(SLICE):
        for column in range(SLICE):
            coupling[i, row, column] += strength / (falls * falls) * other[row] * own[column]
    return -strength * (math.log(product) + math.log(falls))
