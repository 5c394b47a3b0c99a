"""Losses of many margin units by second-order forms in moves of spot and volatility.

Coin j moves by x (simple return) and its volatilities by y (times each option's own scale). A
unit's profit is the sum over its coins of

    theta + delta x + gamma x^2 + vega y + vanna x y + volga y^2

(gamma and volga hold the one half already) and, over pairs of coins i, k, of ``xx x_i x_k`` and
``xy x_i y_k``. On a grid of G points (X, Y) in [-1, 1] x {-1, 0, 1} a leading coin j moves by
``x = X R_j`` and ``y = Y up_j`` or ``Y down_j``.

*With correlations* rho the others follow by what is expected of them, ``rho_ij X R_i`` and
``rho_ij Y up_i`` or ``down_i``; what is left of their moves is independent of the leading coin, has
the correlations ``rho_ik - rho_ij rho_kj`` and enters through the slopes d, e at the point:

    A = -profit,   B^2 = sum over i, k of (rho_ik - rho_ij rho_kj)
                         (d_i R_i d_k R_k + e_i up_i e_k up_k)
    loss = max over j and the grid of sqrt(max(A, 0)^2 + B^2).

Of a book that is linear in x alone this is ``sqrt(d' rho d)``, whichever coin leads.

*Without correlations* nothing offsets: coins move one at a time, their worst losses add up, gains
do not count, and pairs add ``|xx| R_i R_k`` and ``|xy| R_i max(up_k, down_k)``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.unit_losses import UnitExposures

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]

THETA, DELTA, GAMMA, VEGA, VANNA, VOLGA, CROSS_PRICE, CROSS_VOL = range(8)
"""Kinds of entries; the first six belong to one coin, CROSS_VOL to the spot of the first coin."""

TERMS = 8
"""Delta, gamma, vega, vanna, volga, theta, cross, residual: parts of a loss, in this order."""


class QuadraticForms(NamedTuple):
    """Entries of one contract of N rows, then of one unit of C currencies; numeraire."""

    offsets: Codes  # (N + C + 1,)
    kind: Codes  # (E,)
    first: Codes  # (E,) coin
    second: Codes  # (E,) the other coin of a pair, else the same
    coefficient: Vector  # (E,)


class MoveGrid(NamedTuple):
    """J coins and G points."""

    spot_range: Vector  # (J,)
    up_range: Vector  # (J,)
    down_range: Vector  # (J,)
    spot: Vector  # (G,) in [-1, 1]
    vol: Vector  # (G,) -1, 0 or 1
    correlation: Matrix  # (J, J)
    offsets_allowed: bool  # whether correlations hold; else coins add up


class UnitForm(NamedTuple):
    """One unit's coefficients over J coins; scratch memory."""

    own: Matrix  # (J, 6)
    cross_price: Matrix  # (J, J), upper half
    cross_vol: Matrix  # (J, J), spot of the row, volatility of the column
    coins: Codes  # (J,) those touched, rising


@njit(cache=True, nogil=True)
def empty_form(coins: int) -> UnitForm:
    """Scratch memory for one unit at a time."""
    return UnitForm(
        np.zeros((coins, 6)),
        np.zeros((coins, coins)),
        np.zeros((coins, coins)),
        np.zeros(coins, dtype=np.int64),
    )


@njit(cache=True, nogil=True)
def _add_row(row: int, amount: float, forms: QuadraticForms, form: UnitForm) -> None:
    for e in range(forms.offsets[row], forms.offsets[row + 1]):
        kind, i, k = forms.kind[e], forms.first[e], forms.second[e]
        value = amount * forms.coefficient[e]
        if kind < CROSS_PRICE:
            form.own[i, kind] += value
        elif kind == CROSS_PRICE:
            form.cross_price[min(i, k), max(i, k)] += value
        else:
            form.cross_vol[i, k] += value


@njit(cache=True, nogil=True)
def sum_form(u: int, exposures: UnitExposures, forms: QuadraticForms, form: UnitForm) -> int:
    """Fill ``form`` with the coefficients of unit ``u``; return how many coins it touches."""
    form.own[:] = 0.0
    form.cross_price[:] = 0.0
    form.cross_vol[:] = 0.0
    for p in range(exposures.offsets[u], exposures.offsets[u + 1]):
        _add_row(exposures.row[p], exposures.quantity[p], forms, form)
    currencies = exposures.holdings.shape[1]
    first = forms.offsets.size - 1 - currencies
    for c in range(currencies):
        if exposures.holdings[u, c] != 0.0:
            _add_row(first + c, exposures.holdings[u, c], forms, form)
    count = 0
    for j in range(form.coins.size):
        if _touched(j, form):
            form.coins[count] = j
            count += 1
    return count


@njit(cache=True, nogil=True)
def _touched(j: int, form: UnitForm) -> bool:
    for kind in range(6):
        if form.own[j, kind] != 0.0:
            return True
    for k in range(form.coins.size):
        if form.cross_price[min(j, k), max(j, k)] != 0.0:
            return True
        if form.cross_vol[j, k] != 0.0 or form.cross_vol[k, j] != 0.0:
            return True
    return False


@njit(cache=True, nogil=True)
def _add_own(form: UnitForm, j: int, x: float, y: float, parts: Vector) -> None:
    """Subtract the profit of one coin's moves from ``parts``: losses are positive."""
    own = form.own[j]
    parts[0] -= own[DELTA] * x
    parts[1] -= own[GAMMA] * x * x
    parts[2] -= own[VEGA] * y
    parts[3] -= own[VANNA] * x * y
    parts[4] -= own[VOLGA] * y * y
    parts[5] -= own[THETA]


@njit(cache=True, nogil=True)
def _total(parts: Vector) -> float:
    total = 0.0
    for value in parts:
        total += value
    return float(total)


@njit(cache=True, nogil=True)
def _vol_move(grid: MoveGrid, j: int, y: float) -> float:
    return float(y * (grid.up_range[j] if y > 0.0 else grid.down_range[j]))


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
            x, y = grid.spot[g] * grid.spot_range[j], _vol_move(grid, j, grid.vol[g])
            _add_own(form, j, x, y, trial)
            loss = _total(trial)
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
def _joint_moves(
    form: UnitForm, count: int, grid: MoveGrid, lead: int, g: int, x: Vector, y: Vector
) -> None:
    """Moves of the touched coins when ``lead`` is at point ``g``."""
    for t in range(count):
        i = form.coins[t]
        rho = grid.correlation[i, lead]
        x[i] = rho * grid.spot[g] * grid.spot_range[i]
        y[i] = _vol_move(grid, i, rho * grid.vol[g])


@njit(cache=True, nogil=True)
def _joint_loss(form: UnitForm, count: int, x: Vector, y: Vector, parts: Vector) -> None:
    """Parts of the loss of joint moves, without the residual."""
    parts[:] = 0.0
    for a in range(count):
        i = form.coins[a]
        _add_own(form, i, x[i], y[i], parts)
        for b in range(count):
            k = form.coins[b]
            parts[6] -= form.cross_vol[i, k] * x[i] * y[k]
            if i < k:
                parts[6] -= form.cross_price[i, k] * x[i] * x[k]


@njit(cache=True, nogil=True)
def _slopes(
    form: UnitForm, count: int, grid: MoveGrid, x: Vector, y: Vector, d: Vector, e: Vector
) -> None:
    """Slopes of the touched coins at a point, times their ranges."""
    for a in range(count):
        i = form.coins[a]
        own = form.own[i]
        dx = own[DELTA] + 2.0 * own[GAMMA] * x[i] + own[VANNA] * y[i]
        dy = own[VEGA] + own[VANNA] * x[i] + 2.0 * own[VOLGA] * y[i]
        for b in range(count):
            k = form.coins[b]
            if i != k:
                dx += form.cross_price[min(i, k), max(i, k)] * x[k]
            dx += form.cross_vol[i, k] * y[k]
            dy += form.cross_vol[k, i] * x[k]
        d[i], e[i] = dx * grid.spot_range[i], dy * grid.up_range[i]


@njit(cache=True, nogil=True)
def _residual_square(
    form: UnitForm, count: int, grid: MoveGrid, lead: int, d: Vector, e: Vector
) -> float:
    """B^2; never negative but for rounding."""
    total = 0.0
    for a in range(count):
        i = form.coins[a]
        for b in range(count):
            k = form.coins[b]
            left = grid.correlation[i, k] - grid.correlation[i, lead] * grid.correlation[k, lead]
            total += left * (d[i] * d[k] + e[i] * e[k])
    return max(total, 0.0)


@njit(cache=True, nogil=True)
def _together(form: UnitForm, count: int, grid: MoveGrid, parts: Vector, best: Vector) -> int:
    """Worst of all leading coins and points; best[7] lifts the loss to its root sum of squares."""
    coins = form.coins.size
    x, y, d, e = np.zeros(coins), np.zeros(coins), np.zeros(coins), np.zeros(coins)
    largest, binding = 0.0, -1
    best[:] = 0.0
    for t in range(count):
        lead = form.coins[t]
        for g in range(grid.spot.size):
            _joint_moves(form, count, grid, lead, g, x, y)
            _joint_loss(form, count, x, y, parts)
            expected = _total(parts)
            _slopes(form, count, grid, x, y, d, e)
            square = _residual_square(form, count, grid, lead, d, e)
            loss = expected
            if square > 0.0 or expected < 0.0:
                loss = math.sqrt(max(expected, 0.0) ** 2 + square)
            if loss > largest:
                largest, binding = loss, lead * grid.spot.size + g
                parts[7] = loss - expected
                best[:] = parts
    return binding


@njit(cache=True, nogil=True)
def unit_quadratic_losses(
    exposures: UnitExposures, forms: QuadraticForms, grid: MoveGrid, out: Matrix, binding: Codes
) -> None:
    """Fill the parts of every unit's loss (U, 8) and the scenario that binds (U,).

    The scenario is ``coin * G + point``, of the leading coin (of the one that loses most where
    nothing offsets), and -1 where no scenario loses anything. The parts then are zero.
    """
    form, parts = empty_form(grid.spot_range.size), np.zeros(TERMS)
    for u in range(exposures.offsets.size - 1):
        count = sum_form(u, exposures, forms, form)
        if grid.offsets_allowed:
            binding[u] = _together(form, count, grid, parts, out[u])
        else:
            binding[u] = _apart(form, count, grid, parts, out[u])
