"""The moves at which a Greeks loss is taken, in plain arrays, and what positions lose there.

The loss of `plimsoll.maths.quadratic_losses` is the largest over a set of moves of something linear
in the positions, so at the worst moves each position's own loss is its share, by Euler's theorem
its derivative too, and shares add up to the loss.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.maths.joint_quadratic_losses import (
    joint_scratch,
    loss_of_shift,
    ready_joint,
    worst_joint_move,
)
from plimsoll.maths.quadratic_forms import (
    DELTA,
    GAMMA,
    TERMS,
    THETA,
    VANNA,
    VEGA,
    VOLGA,
    MoveGrid,
    UnitForm,
)

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LossPoint:
    """Where a unit's loss is taken.

    Parameters
    ----------
    spot, vol : (J,) float64
        Moves of all coins; apart, of each coin by itself.
    counted : (J,) bool
        Coins whose own loss counts.
    price_pairs, vol_pairs : (J, J) float64
        What cross-gammas are multiplied by: minus the product of their moves; apart, of the sign
        that loses.
    """

    spot: FloatArray
    vol: FloatArray
    counted: NDArray[np.bool_]
    price_pairs: FloatArray
    vol_pairs: FloatArray


def loss_point(form: UnitForm, count: int, grid: MoveGrid) -> LossPoint:
    """Worst moves of a unit whose form touches ``count`` coins."""
    return _together(form, count, grid) if grid.offsets_allowed else _apart(form, grid)


def parts_at(point: LossPoint, form: UnitForm) -> FloatArray:
    """(7,) parts of what a form loses there, in the order of the kernel."""
    own = np.where(point.counted[:, None], form.own, 0.0)
    x, y = point.spot, point.vol
    moves = {DELTA: x, GAMMA: x * x, VEGA: y, VANNA: x * y, VOLGA: y * y, THETA: np.ones(x.size)}
    order = (DELTA, GAMMA, VEGA, VANNA, VOLGA, THETA)
    pairs = point.price_pairs * form.cross_price + point.vol_pairs * form.cross_vol
    return np.array([*(-float(own[:, kind] @ moves[kind]) for kind in order), float(pairs.sum())])


def losses_of_coin(form: UnitForm, grid: MoveGrid, j: int) -> FloatArray:
    """(G,) losses when coin ``j`` moves: by itself, or with the others as correlated with it."""
    if not grid.offsets_allowed:
        x, y = grid.spot * grid.spot_range[j], _vol_moves(grid, grid.vol, j)
        return -_own_profit(form.own[j], x, y)
    rho, coins = grid.correlation[:, j], range(grid.spot_range.size)
    found = []
    for spot, vol in zip(grid.spot.tolist(), grid.vol.tolist(), strict=True):
        x = rho * spot * grid.spot_range
        y = np.array([float(_vol_moves(grid, rho[i] * vol, i)) for i in coins])
        found.append(float(parts_at(_moved(x, y), form).sum()))
    return np.array(found)


def losses_of_shifts(form: UnitForm, count: int, grid: MoveGrid) -> FloatArray:
    """(V,) largest loss over joint moves of spot under every shift of volatilities."""
    scratch, parts = joint_scratch(grid.spot_range.size), np.zeros(TERMS)
    ready_joint(form, count, grid, scratch)
    shifts = range(grid.vol_shifts.shape[0])
    return np.array([loss_of_shift(s, form, count, grid, scratch, parts) for s in shifts])


def _together(form: UnitForm, count: int, grid: MoveGrid) -> LossPoint:
    scratch, parts, best = joint_scratch(grid.spot_range.size), np.zeros(TERMS), np.zeros(TERMS)
    shift = worst_joint_move(form, count, grid, scratch, parts, best)
    if shift < 0:
        nothing = np.zeros((grid.spot_range.size, grid.spot_range.size))
        still = np.zeros(grid.spot_range.size)
        return LossPoint(
            spot=still,
            vol=still,
            counted=np.zeros(still.size, dtype=np.bool_),
            price_pairs=nothing,
            vol_pairs=nothing,
        )
    return _moved(scratch.worst_spot, scratch.worst_vol)


def _moved(x: FloatArray, y: FloatArray) -> LossPoint:
    return LossPoint(
        spot=x,
        vol=y,
        counted=np.ones(x.size, dtype=np.bool_),
        price_pairs=-np.outer(x, x),
        vol_pairs=-np.outer(x, y),
    )


def _apart(form: UnitForm, grid: MoveGrid) -> LossPoint:
    coins = grid.spot_range.size
    worst = [losses_of_coin(form, grid, j) for j in range(coins)]
    at = [int(np.argmax(losses)) for losses in worst]
    lost = np.array([losses[g] for losses, g in zip(worst, at, strict=True)])
    moves = [float(_vol_moves(grid, grid.vol[g], j)) for j, g in enumerate(at)]
    widest = np.maximum(grid.up_range, grid.down_range)
    return LossPoint(
        spot=grid.spot[at] * grid.spot_range,
        vol=np.array(moves),
        counted=lost > 0.0,
        price_pairs=np.sign(form.cross_price) * np.outer(grid.spot_range, grid.spot_range),
        vol_pairs=np.sign(form.cross_vol) * np.outer(grid.spot_range, widest),
    )


def _vol_moves(grid: MoveGrid, y: FloatArray | float, j: int) -> FloatArray:
    at = np.asarray(y, dtype=np.float64)
    out: FloatArray = np.where(at > 0.0, at * grid.up_range[j], at * grid.down_range[j])
    return out


def _own_profit(own: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    spot = own[DELTA] * x + own[GAMMA] * x * x
    vol = own[VEGA] * y + own[VANNA] * x * y + own[VOLGA] * y * y
    out: FloatArray = own[THETA] + spot + vol
    return out
