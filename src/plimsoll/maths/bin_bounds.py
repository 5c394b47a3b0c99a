"""Upper bounds of tail measures from second-order forms, bins of scenarios and what forms miss.

Scenarios are put into B bins by their moves z = (x, y). A contract's profit under scenario s is its
form Q at z(s) plus a residual, which over bin b lies in [low, high]. Around the middle of a bin,

    Q(z) = Q(z_b) + slope(z_b) dz + second-order terms of dz,

and every monomial of dz has a smallest and a largest value over the bin. So for a whole unit, with
positions netted inside Q and its slope before anything is bounded,

    loss(s) <= -Q(z_b) + sum over monomials of max(-c low, -c high)
               + sum over positions of (-q low  if q > 0,  -q high  if q < 0)    for all s in b.

All measures of `plimsoll.maths.weighted_tails` are monotone in the losses, so the measure of the
bins' bounds, each with the weight of its scenarios, is at least that of the losses.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.quadratic_forms import (
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
from plimsoll.maths.unit_losses import UnitExposures
from plimsoll.maths.weighted_tails import BLOCKS, deepest_share, tail_measure, tail_order

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]

MONOMIALS = 5
"""dx, dy, dx^2, dx dy, dy^2 of one coin."""


class ScenarioBins(NamedTuple):
    """B bins of scenarios over J coins; N contracts, then C currencies."""

    spot: Matrix  # (J, B) middle of the bin
    vol: Matrix  # (J, B)
    low: Cube  # (J, 5, B) of the monomials of deviations from it
    high: Cube  # (J, 5, B)
    pair_price_low: Cube  # (J, J, B) of dx_i dx_k
    pair_price_high: Cube
    pair_vol_low: Cube  # (J, J, B) of dx_i dy_k
    pair_vol_high: Cube
    residual_low: Matrix  # (N + C, B) of profit less form, one contract or unit of currency
    residual_high: Matrix
    weights: Vector  # (B,)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _most(coefficient: float, low: float, high: float) -> float:
    """Largest of ``-coefficient t`` for t in [low, high]."""
    one, other = -coefficient * low, -coefficient * high
    return one if one > other else other


@njit(cache=True, nogil=True, error_model="numpy")
def _add_own(
    form: UnitForm, i: int, bins: ScenarioBins, slope_x: Matrix, slope_y: Matrix, out: Vector
) -> None:
    """Add what coin ``i`` loses by itself at the middles, and at most around them.

    ``slope_x`` and ``slope_y`` (J, B) are what pairs of coins add to its slopes.
    """
    delta, gamma, vega = form.own[i, DELTA], form.own[i, GAMMA], form.own[i, VEGA]
    vanna, volga, theta = form.own[i, VANNA], form.own[i, VOLGA], form.own[i, THETA]
    low, high = bins.low, bins.high
    for b in range(out.size):
        x, y = bins.spot[i, b], bins.vol[i, b]
        profit = theta + delta * x + gamma * x * x + vega * y + vanna * x * y + volga * y * y
        dx = slope_x[i, b] + delta + 2.0 * gamma * x + vanna * y
        dy = slope_y[i, b] + vega + vanna * x + 2.0 * volga * y
        bound = _most(dx, low[i, 0, b], high[i, 0, b]) + _most(dy, low[i, 1, b], high[i, 1, b])
        bound += _most(gamma, low[i, 2, b], high[i, 2, b])
        bound += _most(vanna, low[i, 3, b], high[i, 3, b])
        bound += _most(volga, low[i, 4, b], high[i, 4, b])
        out[b] += bound - profit


@njit(cache=True, nogil=True, error_model="numpy")
def _add_pairs(
    form: UnitForm,
    i: int,
    k: int,
    bins: ScenarioBins,
    slope_x: Matrix,
    slope_y: Matrix,
    out: Vector,
) -> None:
    """Add what spot of coin ``i`` loses with spot and volatility of coin ``k``."""
    price = form.cross_price[i, k] if i < k else 0.0
    vol = form.cross_vol[i, k]
    if price == 0.0 and vol == 0.0:
        return
    for b in range(out.size):
        x, other, y = bins.spot[i, b], bins.spot[k, b], bins.vol[k, b]
        slope_x[i, b] += price * other + vol * y
        slope_x[k, b] += price * x
        slope_y[k, b] += vol * x
        out[b] -= price * x * other + vol * x * y
        out[b] += _most(price, bins.pair_price_low[i, k, b], bins.pair_price_high[i, k, b])
        out[b] += _most(vol, bins.pair_vol_low[i, k, b], bins.pair_vol_high[i, k, b])


@njit(cache=True, nogil=True, error_model="numpy")
def _add_residual(amount: float, row: int, bins: ScenarioBins, out: Vector) -> None:
    at = np.uint64(row)
    if amount >= 0.0:
        for b in range(out.size):
            out[b] -= amount * bins.residual_low[at, b]
    else:
        for b in range(out.size):
            out[b] -= amount * bins.residual_high[at, b]


@njit(cache=True, nogil=True, error_model="numpy")
def bin_losses(
    u: int,
    exposures: UnitExposures,
    forms: QuadraticForms,
    bins: ScenarioBins,
    form: UnitForm,
    slope_x: Matrix,
    slope_y: Matrix,
    out: Vector,
) -> None:
    """Fill ``out`` (B,) with bounds of the losses of unit ``u`` under the scenarios of each bin.

    ``form`` and the slopes (J, B) are scratch memory.
    """
    count = sum_form(u, exposures, forms, form)
    out[:], slope_x[:], slope_y[:] = 0.0, 0.0, 0.0
    for s in range(count):
        for t in range(count):
            if s != t:
                _add_pairs(form, form.coins[s], form.coins[t], bins, slope_x, slope_y, out)
    for t in range(count):
        _add_own(form, form.coins[t], bins, slope_x, slope_y, out)
    for p in range(exposures.offsets[u], exposures.offsets[u + 1]):
        _add_residual(exposures.quantity[p], exposures.row[p], bins, out)
    currencies = exposures.holdings.shape[1]
    first = forms.offsets.size - 1 - currencies
    for c in range(currencies):
        if exposures.holdings[u, c] != 0.0:
            _add_residual(exposures.holdings[u, c], first + c, bins, out)


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
    coins = bins.spot.shape[0]
    form, slope_x, slope_y = empty_form(coins), np.empty((coins, size)), np.empty((coins, size))
    deepest, total = deepest_share(kind, level, level), bins.weights.sum()
    for u in range(exposures.offsets.size - 1):
        bin_losses(u, exposures, forms, bins, form, slope_x, slope_y, loss)
        count = tail_order(loss, bins.weights, total, deepest, peak, mass, order)
        out[u], _ = tail_measure(kind, level, loss, bins.weights, total, order, count, share)
