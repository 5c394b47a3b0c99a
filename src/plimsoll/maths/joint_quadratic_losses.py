"""The worst second-order loss where coins move together: a maximum over an ellipsoid of moves.

Spots may take every joint move ``x_i = R_i X_i`` with ``X' rho^-1 X <= reach^2``; volatilities any
of V shifts Y, ``y_i = Y_i up_i`` or ``Y_i down_i``, independently of spot. With the forms of
`plimsoll.maths.quadratic_forms`,

    loss = max over shifts of max over the ellipsoid of -profit(x, y),   or 0.

For one shift the profit is a quadratic in ``X = L u``, ``L L' = rho``, over a ball in u, whose
maximum is found exactly (`plimsoll.maths.ellipsoid_quadratic`). The set of moves does not depend on
the unit, so the loss is a support function: the loss of two books together is at most the sum of
theirs. Of a book that is linear in spot it is ``reach sqrt(d' rho d)``. What a unit does not touch
leaves the shadow of the ellipsoid on the rest, which is the ellipsoid of their own correlations.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.ellipsoid_quadratic import largest_in_ball, lower_root, symmetric_axes
from plimsoll.maths.quadratic_forms import (
    DELTA,
    GAMMA,
    VANNA,
    VEGA,
    VOLGA,
    MoveGrid,
    UnitForm,
    add_own,
    total_of,
    vol_move,
)

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]


class JointScratch(NamedTuple):
    """Memory for one unit at a time, over J coins; the moves of the worst one stay in it."""

    root: Matrix  # (J, J)
    curve: Matrix  # (J, J)
    axes: Matrix  # (J, J)
    curves: Vector  # (J,) eigenvalues
    slope: Vector  # (J,)
    turned: Vector  # (J,)
    ball: Vector  # (J,)
    spot: Vector  # (J,) moves on trial
    vol: Vector  # (J,)
    worst_spot: Vector  # (J,)
    worst_vol: Vector  # (J,)


@njit(cache=True, nogil=True)
def joint_scratch(coins: int) -> JointScratch:
    """Scratch memory."""
    return JointScratch(
        np.zeros((coins, coins)),
        np.zeros((coins, coins)),
        np.zeros((coins, coins)),
        np.zeros(coins),
        np.zeros(coins),
        np.zeros(coins),
        np.zeros(coins),
        np.zeros(coins),
        np.zeros(coins),
        np.zeros(coins),
        np.zeros(coins),
    )


@njit(cache=True, nogil=True)
def _feels_vol(form: UnitForm, count: int) -> bool:
    for t in range(count):
        i = form.coins[t]
        if form.own[i, VEGA] != 0.0 or form.own[i, VANNA] != 0.0 or form.own[i, VOLGA] != 0.0:
            return True
        for s in range(count):
            if form.cross_vol[form.coins[s], i] != 0.0:
                return True
    return False


@njit(cache=True, nogil=True)
def _curve(form: UnitForm, count: int, grid: MoveGrid, scratch: JointScratch) -> None:
    """Fill ``scratch.curve`` with the loss's second-order part over the ball, -L'(R G R)L."""
    root, curve, half = scratch.root, scratch.curve, scratch.axes
    for a in range(count):
        i = form.coins[a]
        for b in range(count):
            total = 0.0
            for c in range(count):
                k = form.coins[c]
                pair = 0.5 * form.cross_price[min(i, k), max(i, k)]
                second = form.own[i, GAMMA] if i == k else pair
                total -= second * grid.spot_range[i] * grid.spot_range[k] * root[c, b]
            half[a, b] = total
    for a in range(count):
        for b in range(a + 1):
            total = 0.0
            for c in range(count):
                total += root[c, a] * half[c, b]
            curve[a, b], curve[b, a] = total, total


@njit(cache=True, nogil=True)
def _turned_slope(form: UnitForm, count: int, grid: MoveGrid, scratch: JointScratch) -> None:
    """Fill ``scratch.turned`` with the loss's slope at no move of spot, in the ball's axes."""
    y, slope, turned = scratch.vol, scratch.slope, scratch.turned
    for a in range(count):
        i = form.coins[a]
        d = form.own[i, DELTA] + form.own[i, VANNA] * y[i]
        for b in range(count):
            k = form.coins[b]
            d += form.cross_vol[i, k] * y[k]
        slope[a] = -d * grid.spot_range[i]
    for a in range(count):
        turned[a] = 0.0
    for b in range(count):
        along = 0.0
        for c in range(count):
            along += scratch.root[c, b] * slope[c]
        for a in range(count):
            turned[a] += scratch.axes[b, a] * along


@njit(cache=True, nogil=True)
def _worst_spot(form: UnitForm, count: int, grid: MoveGrid, scratch: JointScratch) -> None:
    """Fill ``scratch.spot`` with the moves that lose most at the volatilities on trial."""
    ball, turned = scratch.ball, scratch.turned
    _turned_slope(form, count, grid, scratch)
    largest_in_ball(turned, scratch.curves, count, grid.reach, ball)
    for b in range(count):
        turned[b] = 0.0
        for a in range(count):
            turned[b] += scratch.axes[b, a] * ball[a]
    for a in range(count):
        move = 0.0
        for b in range(a + 1):
            move += scratch.root[a, b] * turned[b]
        i = form.coins[a]
        scratch.spot[i] = grid.spot_range[i] * move


@njit(cache=True, nogil=True)
def _joint_loss(form: UnitForm, count: int, x: Vector, y: Vector, parts: Vector) -> None:
    """Parts of the loss of joint moves."""
    parts[:] = 0.0
    for a in range(count):
        i = form.coins[a]
        add_own(form, i, x[i], y[i], parts)
        for b in range(count):
            k = form.coins[b]
            parts[6] -= form.cross_vol[i, k] * x[i] * y[k]
            if i < k:
                parts[6] -= form.cross_price[i, k] * x[i] * x[k]


@njit(cache=True, nogil=True)
def ready_joint(form: UnitForm, count: int, grid: MoveGrid, scratch: JointScratch) -> None:
    """Prepare ``scratch`` for the shifts of one unit."""
    lower_root(grid.correlation, form.coins, count, scratch.root)
    _curve(form, count, grid, scratch)
    symmetric_axes(scratch.curve, scratch.axes, count)
    for a in range(count):
        scratch.curves[a] = scratch.curve[a, a]


@njit(cache=True, nogil=True)
def loss_of_shift(
    shift: int, form: UnitForm, count: int, grid: MoveGrid, scratch: JointScratch, parts: Vector
) -> float:
    """Largest loss under one shift of volatilities; its parts, and its moves in ``scratch``."""
    for t in range(count):
        i = form.coins[t]
        scratch.vol[i] = vol_move(grid, i, grid.vol_shifts[shift, i])
    _worst_spot(form, count, grid, scratch)
    _joint_loss(form, count, scratch.spot, scratch.vol, parts)
    return total_of(parts)


@njit(cache=True, nogil=True)
def worst_joint_move(
    form: UnitForm,
    count: int,
    grid: MoveGrid,
    scratch: JointScratch,
    parts: Vector,
    best: Vector,
) -> int:
    """Fill ``best`` with the parts of the largest loss; return its shift, -1 where all gain.

    The moves are left in ``scratch.worst_spot`` and ``worst_vol``; zero where nothing is lost.
    """
    best[:], scratch.worst_spot[:], scratch.worst_vol[:] = 0.0, 0.0, 0.0
    if count == 0:
        return -1
    ready_joint(form, count, grid, scratch)
    largest, binding = 0.0, -1
    shifts = grid.vol_shifts.shape[0] if _feels_vol(form, count) else 1
    for shift in range(shifts):
        loss = loss_of_shift(shift, form, count, grid, scratch, parts)
        if loss > largest:
            largest, binding = loss, shift
            best[:] = parts
            for t in range(count):
                i = form.coins[t]
                scratch.worst_spot[i], scratch.worst_vol[i] = scratch.spot[i], scratch.vol[i]
    return binding
