"""Losses of many margin units by second-order forms (`plimsoll.maths.quadratic_forms`).

*Apart*, nothing offsets: coins move one at a time over a grid of G points (X, Y) in
[-1, 1] x {-1, 0, 1}, coin j by ``x = X R_j`` and ``y = Y up_j`` or ``Y down_j``; their worst losses
add up, gains do not count, and pairs add ``|xx| R_i R_k`` and ``|xy| R_i max(up_k, down_k)``.

*Together* they take any move of an ellipsoid: `plimsoll.maths.joint_quadratic_losses`.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.joint_quadratic_losses import joint_scratch, worst_joint_move
from plimsoll.maths.quadratic_forms import (
    TERMS,
    MoveGrid,
    QuadraticForms,
    UnitForm,
    add_own,
    empty_form,
    sum_form,
    total_of,
    vol_move,
)
from plimsoll.maths.unit_losses import UnitExposures

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]


@njit(cache=True, nogil=True)
def _apart(form: UnitForm, count: int, grid: MoveGrid, parts: Vector, best: Vector) -> int:
    """Losses of coins that move one at a time; the binding scenario is the worst coin's."""
    trial, binding, largest = np.zeros(TERMS), -1, 0.0
    best[:] = 0.0
    for t in range(count):
        j = form.coins[t]
        worst, place = 0.0, -1
        for g in range(grid.spot.size):
            trial[:] = 0.0
            x, y = grid.spot[g] * grid.spot_range[j], vol_move(grid, j, grid.vol[g])
            add_own(form, j, x, y, trial)
            loss = total_of(trial)
            if loss > worst:
                worst, place = loss, g
                parts[:] = trial
        if place >= 0:
            best += parts
            if worst > largest:
                largest, binding = worst, j * grid.spot.size + place
    for a in range(count):
        i = form.coins[a]
        for b in range(count):
            k = form.coins[b]
            reach = grid.spot_range[i]
            widest = max(grid.up_range[k], grid.down_range[k])
            best[6] += abs(form.cross_vol[i, k]) * reach * widest
            if i < k:
                best[6] += abs(form.cross_price[i, k]) * reach * grid.spot_range[k]
    return binding


@njit(cache=True, nogil=True)
def unit_quadratic_losses(
    exposures: UnitExposures, forms: QuadraticForms, grid: MoveGrid, out: Matrix, binding: Codes
) -> None:
    """Fill the parts of every unit's loss (U, 7) and the scenario that binds (U,).

    The scenario is the shift of volatilities of the worst joint move; apart, ``coin * G + point``
    of the coin that loses most. It is -1 where nothing loses anything; the parts then are zero.
    """
    coins = grid.spot_range.size
    form, parts, scratch = empty_form(coins), np.zeros(TERMS), joint_scratch(coins)
    for u in range(exposures.offsets.size - 1):
        count = sum_form(u, exposures, forms, form)
        if grid.offsets_allowed:
            binding[u] = worst_joint_move(form, count, grid, scratch, parts, out[u])
        else:
            binding[u] = _apart(form, count, grid, parts, out[u])
