"""Second-order forms of margin units in moves of spot and volatility.

Coin j moves by x (simple return) and its volatilities by y (times each option's own scale). A
unit's profit is the sum over its coins of

    theta + delta x + gamma x^2 + vega y + vanna x y + volga y^2

(gamma and volga hold the one half already) and, over pairs of coins i, k, of ``xx x_i x_k`` and
``xy x_i y_k``. Losses over sets of moves: `plimsoll.maths.quadratic_losses`.
"""

from __future__ import annotations

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

TERMS = 7
"""Delta, gamma, vega, vanna, volga, theta, cross: parts of a loss, in this order."""


class QuadraticForms(NamedTuple):
    """Entries of one contract of N rows, then of one unit of C currencies; numeraire."""

    offsets: Codes  # (N + C + 1,)
    kind: Codes  # (E,)
    first: Codes  # (E,) coin
    second: Codes  # (E,) the other coin of a pair, else the same
    coefficient: Vector  # (E,)


class MoveGrid(NamedTuple):
    """Moves of J coins: G points of each by itself, and what they may do together."""

    spot_range: Vector  # (J,)
    up_range: Vector  # (J,)
    down_range: Vector  # (J,)
    spot: Vector  # (G,) in [-1, 1]
    vol: Vector  # (G,) -1, 0 or 1
    correlation: Matrix  # (J, J)
    reach: float  # length of the longest joint move of spot, in ranges
    vol_shifts: Matrix  # (V, J) joint moves of volatility in [-1, 1]; the first is none
    offsets_allowed: bool  # whether coins move together; else one at a time, and losses add up


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
def add_own(form: UnitForm, j: int, x: float, y: float, parts: Vector) -> None:
    """Subtract the profit of one coin's moves from ``parts``: losses are positive."""
    own = form.own[j]
    parts[0] -= own[DELTA] * x
    parts[1] -= own[GAMMA] * x * x
    parts[2] -= own[VEGA] * y
    parts[3] -= own[VANNA] * x * y
    parts[4] -= own[VOLGA] * y * y
    parts[5] -= own[THETA]


@njit(cache=True, nogil=True)
def total_of(parts: Vector) -> float:
    total = 0.0
    for value in parts:
        total += value
    return float(total)


@njit(cache=True, nogil=True)
def vol_move(grid: MoveGrid, j: int, y: float) -> float:
    return float(y * (grid.up_range[j] if y > 0.0 else grid.down_range[j]))
