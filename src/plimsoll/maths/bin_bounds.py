"""Upper bounds of tail measures from second-order forms, bins of scenarios and what forms miss.

Scenarios are put into B bins by their moves z = (x, y). A contract's profit under scenario s is its
form Q at z(s) plus a residual, which over bin b lies in [low, high]. Around the middle of a bin,

    Q(z) = Q(z_b) + slope(z_b) dz + second-order terms of dz,

and every monomial of dz has a smallest and a largest value over the bin. So for a whole unit, with
positions netted inside Q and its slope before anything is bounded,

    loss(s) <= -Q(z_b) + sum over monomials of max(-c low, -c high)
               + sum over positions of (-q low  if q > 0,  -q high  if q < 0)    for all s in b.

All measures of `plimsoll.maths.unit_losses` are monotone in the losses, so the measure of the bins'
bounds, each with the weight of its scenarios, is at least that of the losses.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.quadratic_losses import (
    DELTA,
    GAMMA,
    THETA,
    VANNA,
    VEGA,
    VOLGA,
    QuadraticForms,
    UnitForm,
    empty_form,
    sum_form,
)
from plimsoll.maths.unit_losses import (
    BLOCKS,
    SPECTRAL,
    VALUE_AT_RISK,
    WORST_CASE,
    UnitExposures,
    tail_order,
    tail_shares,
)

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]

MONOMIALS = 5
"""dx, dy, dx^2, dx dy, dy^2 of one coin."""


class ScenarioBins(NamedTuple):
    """B bins of scenarios over J coins; N contracts, then C currencies."""

    spot: Matrix  # (B, J) middle of the bin
    vol: Matrix  # (B, J)
    low: Cube  # (B, J, 5) of the monomials of deviations from it
    high: Cube  # (B, J, 5)
    pair_price_low: Cube  # (B, J, J) of dx_i dx_k
    pair_price_high: Cube
    pair_vol_low: Cube  # (B, J, J) of dx_i dy_k
    pair_vol_high: Cube
    residual_low: Matrix  # (N + C, B) of profit less form, one contract or unit of currency
    residual_high: Matrix
    weights: Vector  # (B,)


@njit(cache=True, nogil=True)
def _most(coefficient: float, low: float, high: float) -> float:
    """Largest of ``-coefficient t`` for t in [low, high]."""
    return max(-coefficient * low, -coefficient * high)


@njit(cache=True, nogil=True)
def _coin_bound(b: int, i: int, count: int, form: UnitForm, bins: ScenarioBins) -> float:
    """Bound of the part of the loss that coin ``i`` leads, its pairs with later coins included."""
    own, x, y = form.own[i], bins.spot[b, i], bins.vol[b, i]
    profit = own[THETA] + own[DELTA] * x + own[GAMMA] * x * x
    profit += own[VEGA] * y + own[VANNA] * x * y + own[VOLGA] * y * y
    dx = own[DELTA] + 2.0 * own[GAMMA] * x + own[VANNA] * y
    dy = own[VEGA] + own[VANNA] * x + 2.0 * own[VOLGA] * y
    bound = 0.0
    for a in range(count):
        k = form.coins[a]
        if k == i:
            continue
        price, vol = form.cross_price[min(i, k), max(i, k)], form.cross_vol[i, k]
        dx += price * bins.spot[b, k] + vol * bins.vol[b, k]
        dy += form.cross_vol[k, i] * bins.spot[b, k]
        profit += vol * x * bins.vol[b, k]
        bound += _most(vol, bins.pair_vol_low[b, i, k], bins.pair_vol_high[b, i, k])
        if i < k:
            profit += price * x * bins.spot[b, k]
            bound += _most(price, bins.pair_price_low[b, i, k], bins.pair_price_high[b, i, k])
    low, high = bins.low[b, i], bins.high[b, i]
    bound += _most(dx, low[0], high[0]) + _most(dy, low[1], high[1])
    bound += _most(own[GAMMA], low[2], high[2]) + _most(own[VANNA], low[3], high[3])
    return float(bound + _most(own[VOLGA], low[4], high[4]) - profit)


@njit(cache=True, nogil=True)
def _add_residual(amount: float, low: Vector, high: Vector, out: Vector) -> None:
    if amount >= 0.0:
        for b in range(out.size):
            out[b] -= amount * low[b]
    else:
        for b in range(out.size):
            out[b] -= amount * high[b]


@njit(cache=True, nogil=True)
def bin_losses(
    u: int,
    exposures: UnitExposures,
    forms: QuadraticForms,
    bins: ScenarioBins,
    form: UnitForm,
    out: Vector,
) -> None:
    """Fill ``out`` (B,) with bounds of the losses of unit ``u`` under the scenarios of each bin."""
    count = sum_form(u, exposures, forms, form)
    out[:] = 0.0
    for t in range(count):
        for b in range(out.size):
            out[b] += _coin_bound(b, form.coins[t], count, form, bins)
    for p in range(exposures.offsets[u], exposures.offsets[u + 1]):
        row = exposures.row[p]
        _add_residual(exposures.quantity[p], bins.residual_low[row], bins.residual_high[row], out)
    currencies = exposures.holdings.shape[1]
    first = forms.offsets.size - 1 - currencies
    for c in range(currencies):
        amount = exposures.holdings[u, c]
        if amount != 0.0:
            low, high = bins.residual_low[first + c], bins.residual_high[first + c]
            _add_residual(amount, low, high, out)


@njit(cache=True, nogil=True)
def bounded_tails(
    kind: int,
    level: float,
    exposures: UnitExposures,
    forms: QuadraticForms,
    bins: ScenarioBins,
    out: Vector,
) -> None:
    """Fill ``out`` (U,) with bounds from above of each unit's measure at ``level``."""
    size = bins.weights.size
    loss, share, order = np.empty(size), np.empty(size), np.empty(size, dtype=np.int64)
    peak, mass = np.empty(BLOCKS), np.empty(BLOCKS)
    form = empty_form(bins.spot.shape[1])
    deepest = 1.0 if kind == SPECTRAL else 1.0 - level
    deepest = 0.0 if kind == WORST_CASE else deepest
    for u in range(exposures.offsets.size - 1):
        bin_losses(u, exposures, forms, bins, form, loss)
        count = tail_order(loss, bins.weights, deepest, peak, mass, order)
        counted = tail_shares(kind, level, bins.weights, order, count, share)
        if kind == VALUE_AT_RISK:
            out[u] = loss[order[counted - 1]]
            continue
        value = 0.0
        for i in range(counted):
            value += share[i] * loss[order[i]]
        out[u] = value
