"""Kernels of the profits of options under scenarios that move whole smiles.

What `plimsoll.maths.black76_grid_kernels` does for one shock of volatility per scenario, here for a
shape: level, skew and curvature at fixed z = k / sqrt(tau), bounded, with a floor. With
k' = ln(K/F'), d = sqrt(w(k - stickiness ln(F'/F))) the deviation looked up and R = sqrt(tau),

    sigma e^level + skew z + curvature z**2 / 2,   times R,
    = d scale + c (skew + bend c),      c = k' held within +- reach d,   bend = curvature / (2 R),

so that a scenario without shocks keeps every bit of ``d``. Rows are filled in four short loops
through one-dimensional slices, which vectorise: look-up, shock, price, profit.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from plimsoll.maths.black76_kernels import (
    at_least_smallest,
    intrinsic_value,
    scaled_tails,
    time_value,
)
from plimsoll.maths.elementary import log_ratio
from plimsoll.maths.svi import svi_point

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]
Index = NDArray[np.int64]


class GridOptions(NamedTuple):
    """N options."""

    strike: Vector  # (N,) quote currency
    is_call: Flags  # (N,)
    size: Vector  # (N,) units of the underlying per contract
    expiry: Index  # (N,) row of the expiry among `GridExpiries`
    row: Index  # (N,) row of the table to fill


class GridExpiries(NamedTuple):
    """G expiries. Total variance is the sum of two raw SVI slices, the second zero for most."""

    forward: Vector  # (G,) now
    inverse: Flags  # (G,) prices in coin
    root_tau: Vector  # (G,) of what is left at the scenario; 0 where expired by then
    stickiness: Vector  # (G,) 1: the smile travels with the forward, 0: it does not
    mixed: Flags  # (G,) whether the second slice counts
    now: Matrix  # (G, 5)
    now_second: Matrix  # (G, 5)
    then: Matrix  # (G, 5) in the log-moneyness of the scenario
    then_second: Matrix  # (G, 5)


class GridShocks(NamedTuple):
    """S scenarios for the G expiries."""

    log_move: Matrix  # (G, S) ln(F'/F)
    move: Matrix  # (G, S) F'/F
    scale: Matrix  # (G, S) e^level
    skew: Matrix  # (G, S)
    bend: Matrix  # (G, S) curvature / (2 sqrt(tau))


class SmileBounds(NamedTuple):
    """What keeps a shocked smile sane."""

    reach: float  # deviations beyond which the parabola is held
    lowest_ratio: float  # of sigma e^level
    minimum_vol: float  # annual


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _price(forward: float, strike: float, x: float, deviation: float, is_call: bool) -> float:
    """Value in quote currency; ``x`` is ln(F/K)."""
    v = at_least_smallest(deviation)
    h = abs(x) / v
    near, far = h - 0.5 * v, h + 0.5 * v
    _, near_tail, far_tail = scaled_tails(near, far)
    extra = time_value(min(forward, strike), near, near_tail, far_tail)
    return intrinsic_value(forward, strike, is_call) + (extra if deviation > 0.0 else 0.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _look_up_row(x: float, stickiness: float, raw: Vector, log_move: Vector, out: Vector) -> None:
    """Total variances on one slice into ``out``; ``x`` is ln(F/K)."""
    a, b, rho, m, sigma = raw[0], raw[1], raw[2], raw[3], raw[4]
    for s in range(out.size):
        out[s] = svi_point(a, b, rho, m, sigma, -(x + stickiness * log_move[s]))


@njit(cache=True, nogil=True, error_model="numpy")
def _look_up_second_row(
    x: float, stickiness: float, raw: Vector, log_move: Vector, out: Vector
) -> None:
    """Add the total variances of a second slice."""
    a, b, rho, m, sigma = raw[0], raw[1], raw[2], raw[3], raw[4]
    for s in range(out.size):
        out[s] += svi_point(a, b, rho, m, sigma, -(x + stickiness * log_move[s]))


@njit(cache=True, nogil=True, error_model="numpy")
def _shock_row(
    x: float,
    root_tau: float,
    bounds: SmileBounds,
    log_move: Vector,
    scale: Vector,
    skew: Vector,
    bend: Vector,
    out: Vector,
) -> None:
    """Turn total variances in ``out`` into shocked deviations."""
    reach, lowest, floor = bounds.reach, bounds.lowest_ratio, bounds.minimum_vol * root_tau
    for s in range(out.size):
        deviation = math.sqrt(out[s] if out[s] > 0.0 else 0.0)
        k, edge = -(x + log_move[s]), reach * deviation
        k = k if k < edge else edge
        k = k if k > -edge else -edge
        level = deviation * scale[s]
        shocked = level + k * (skew[s] + bend[s] * k)
        held = lowest * level if lowest * level > floor else floor
        out[s] = shocked if shocked > held else held


@njit(cache=True, nogil=True, error_model="numpy")
def _price_row(
    forward: float,
    strike: float,
    x: float,
    is_call: bool,
    log_move: Vector,
    move: Vector,
    out: Vector,
) -> None:
    """Turn deviations in ``out`` into values in quote currency."""
    for s in range(out.size):
        out[s] = _price(forward * move[s], strike, x + log_move[s], out[s], is_call)


@njit(cache=True, nogil=True, error_model="numpy")
def _profit_row(
    forward: float, inverse: bool, size: float, value_now: float, move: Vector, out: Vector
) -> None:
    """Turn values in ``out`` into profits of one contract, in coin where ``inverse``."""
    if inverse:
        for s in range(out.size):
            out[s] = size * (out[s] / (forward * move[s]) - value_now)
    else:
        for s in range(out.size):
            out[s] = size * (out[s] - value_now)


@njit(cache=True, nogil=True, error_model="numpy")
def _value_now(i: int, options: GridOptions, expiries: GridExpiries) -> float:
    """Value now per unit of the underlying, in coin where inverse, by the arithmetic of a cell."""
    g = options.expiry[i]
    forward, strike = expiries.forward[g], options.strike[i]
    x = log_ratio(forward, strike)
    raw, second = expiries.now[g], expiries.now_second[g]
    w = svi_point(raw[0], raw[1], raw[2], raw[3], raw[4], -x)
    if expiries.mixed[g]:
        w += svi_point(second[0], second[1], second[2], second[3], second[4], -x)
    value = _price(forward, strike, x, math.sqrt(w if w > 0.0 else 0.0), options.is_call[i])
    return value / forward if expiries.inverse[g] else value


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_option(
    i: int,
    options: GridOptions,
    expiries: GridExpiries,
    shocks: GridShocks,
    bounds: SmileBounds,
    value: Vector,
    profit: Matrix,
) -> None:
    """Value now and profits of option ``i``."""
    g, row = options.expiry[i], options.row[i]
    forward, strike, size = expiries.forward[g], options.strike[i], options.size[i]
    log_move, move, out = shocks.log_move[g], shocks.move[g], profit[row]
    x, sticky = log_ratio(forward, strike), expiries.stickiness[g]
    _look_up_row(x, sticky, expiries.then[g], log_move, out)
    if expiries.mixed[g]:
        _look_up_second_row(x, sticky, expiries.then_second[g], log_move, out)
    shape = (log_move, shocks.scale[g], shocks.skew[g], shocks.bend[g], out)
    _shock_row(x, expiries.root_tau[g], bounds, *shape)
    _price_row(forward, strike, x, options.is_call[i], log_move, move, out)
    now = _value_now(i, options, expiries)
    _profit_row(forward, expiries.inverse[g], size, now, move, out)
    value[row] = size * now


@njit(cache=True, nogil=True, error_model="numpy")
def smile_grid(
    options: GridOptions,
    expiries: GridExpiries,
    shocks: GridShocks,
    bounds: SmileBounds,
    value: Vector,
    profit: Matrix,
) -> None:
    """Fill the options' rows of ``value`` (R,) and ``profit`` (R, S); settlement currency.

    ``value`` is that of one contract now, ``profit`` what one long contract gains.
    """
    for i in range(options.strike.size):
        _fill_option(i, options, expiries, shocks, bounds, value, profit)


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def smile_grid_parallel(
    options: GridOptions,
    expiries: GridExpiries,
    shocks: GridShocks,
    bounds: SmileBounds,
    value: Vector,
    profit: Matrix,
) -> None:
    """`smile_grid` by all threads, with the same bits."""
    for i in prange(options.strike.size):
        _fill_option(i, options, expiries, shocks, bounds, value, profit)
