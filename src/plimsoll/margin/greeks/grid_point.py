"""A Greeks loss at one point of the grid in plain arrays, and what positions add to it.

The loss of `plimsoll.maths.quadratic_losses` is homogeneous of degree one in the positions, so by
Euler's theorem it is the sum of each form's derivative: with correlations, of ``sqrt(A^2 + B^2)``,

    (max(A, 0) A_n + sum over i, k of left_ik (d_i d_k^n + e_i e_k^n)) / loss.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.maths.quadratic_losses import (
    DELTA,
    GAMMA,
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
    grid : MoveGrid
    spot, vol : (J,) float64
        Moves of all coins; where nothing offsets, of each coin by itself.
    counted : (J,) bool
        Coins whose loss counts.
    together : float or None
        Loss, where coins move together; None where they do not.
    expected : float
        A.
    price_slopes, vol_slopes : (J,) float64
        d and e times ranges.
    cross_price, cross_vol : (J, J) float64
        Signs that make pairs lose, where nothing offsets.
    left : (J, J) float64
        Correlations of what is left beside the leading coin.
    """

    grid: MoveGrid
    spot: FloatArray
    vol: FloatArray
    counted: NDArray[np.bool_]
    together: float | None
    expected: float
    price_slopes: FloatArray
    vol_slopes: FloatArray
    cross_price: FloatArray
    cross_vol: FloatArray
    left: FloatArray


def losses_of_coin(form: UnitForm, grid: MoveGrid, j: int) -> FloatArray:
    """(G,) losses when coin ``j`` leads (all parts) or moves alone (its own)."""
    if grid.offsets_allowed:
        points = range(grid.spot.size)
        found = [loss_at(form, grid, j * grid.spot.size + g).together or 0.0 for g in points]
        return np.array(found)
    x, y = grid.spot * grid.spot_range[j], _vol_moves(grid, grid.vol, j)
    return -_own_profit(form.own[j], x, y)


def loss_at(form: UnitForm, grid: MoveGrid, scenario: int) -> LossPoint:
    """Evaluate a unit at a scenario of the kernel, ``coin * G + point`` or -1."""
    coins = grid.spot_range.size
    lead, g = divmod(max(scenario, 0), grid.spot.size)
    if not grid.offsets_allowed:
        return _apart(form, grid)
    rho = grid.correlation[:, lead]
    x = rho * grid.spot[g] * grid.spot_range
    y = np.array([float(_vol_moves(grid, rho[i] * grid.vol[g], i)) for i in range(coins)])
    d, e = _slopes(form, grid, x, y)
    left = grid.correlation - np.outer(rho, rho)
    expected = -_joint_profit(form, x, y)
    square = max(float(d @ left @ d + e @ left @ e), 0.0)
    loss = float(np.sqrt(max(expected, 0.0) ** 2 + square))
    return LossPoint(
        grid=grid,
        spot=x,
        vol=y,
        counted=np.full(coins, scenario >= 0),
        together=loss,
        expected=expected,
        price_slopes=d,
        vol_slopes=e,
        cross_price=np.zeros((coins, coins)),
        cross_vol=np.zeros((coins, coins)),
        left=left,
    )


def shares_of_loss(point: LossPoint, form: UnitForm) -> float:
    """What a form adds to the loss of the unit whose point this is."""
    if point.together is None:
        own = [
            -_own_profit(f, x, y) for f, x, y in zip(form.own, point.spot, point.vol, strict=True)
        ]
        lost = float(np.sum(np.where(point.counted, own, 0.0)))
        pairs = point.cross_price * form.cross_price + point.cross_vol * form.cross_vol
        return lost + float(pairs.sum())
    if point.together == 0.0 or not point.counted.any():
        return 0.0
    d, e = _slopes(form, point.grid, point.spot, point.vol)
    expected = -_joint_profit(form, point.spot, point.vol)
    beside = point.price_slopes @ point.left @ d + point.vol_slopes @ point.left @ e
    return float((max(point.expected, 0.0) * expected + beside) / point.together)


def _apart(form: UnitForm, grid: MoveGrid) -> LossPoint:
    coins = grid.spot_range.size
    worst = [losses_of_coin(form, grid, j) for j in range(coins)]
    at = [int(np.argmax(losses)) for losses in worst]
    lost = np.array([losses[g] for losses, g in zip(worst, at, strict=True)])
    moves = [float(_vol_moves(grid, grid.vol[g], j)) for j, g in enumerate(at)]
    widest = np.maximum(grid.up_range, grid.down_range)
    return LossPoint(
        grid=grid,
        spot=grid.spot[at] * grid.spot_range,
        vol=np.array(moves),
        counted=lost > 0.0,
        together=None,
        expected=0.0,
        price_slopes=np.zeros(coins),
        vol_slopes=np.zeros(coins),
        cross_price=np.sign(form.cross_price) * np.outer(grid.spot_range, grid.spot_range),
        cross_vol=np.sign(form.cross_vol) * np.outer(grid.spot_range, widest),
        left=np.zeros((coins, coins)),
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


def _joint_profit(form: UnitForm, x: FloatArray, y: FloatArray) -> float:
    own = sum(float(_own_profit(form.own[j], x[j], y[j])) for j in range(x.size))
    return own + float(x @ form.cross_price @ x + x @ form.cross_vol @ y)


def _slopes(
    form: UnitForm, grid: MoveGrid, x: FloatArray, y: FloatArray
) -> tuple[FloatArray, FloatArray]:
    own, pairs = form.own, form.cross_price + form.cross_price.T
    dx = own[:, DELTA] + 2.0 * own[:, GAMMA] * x + own[:, VANNA] * y
    dy = own[:, VEGA] + own[:, VANNA] * x + 2.0 * own[:, VOLGA] * y
    dx = dx + pairs @ x + form.cross_vol @ y
    dy = dy + form.cross_vol.T @ x
    return dx * grid.spot_range, dy * grid.up_range
