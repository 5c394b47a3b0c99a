"""Kernels that reprice options under many scenarios, one row of the table per option.

A cell costs one exponential: ln(F'/K) is the option's ln(F/K) plus the scenario's ln(F'/F), both
formed beforehand, and the rest is as in :mod:`plimsoll.maths.black76_kernels`, without its second
parts (a cell is wrong by less than 3e-15 of the forward or strike). Rows are written through
one-dimensional slices, which vectorise.

The volatility of a cell is ``max(volatility * scale + shift, 0)``. On a surface the volatility is
looked up per cell at the log-moneyness ``ln(K/F) - stickiness * ln(F'/F)``: 1 is sticky moneyness
(the smile travels with the forward), 0 sticky strike.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from plimsoll.maths.black76_kernels import intrinsic_value, scaled_tails, time_value
from plimsoll.maths.elementary import log_ratio

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]
Index = NDArray[np.int64]

_SMALLEST_DEVIATION = 1e-150


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _cell(
    forward: float, strike: float, moneyness: float, deviation: float, is_call: bool
) -> float:
    """Value in quote currency; ``moneyness`` is ln(F/K), ``deviation`` sigma sqrt(tau)."""
    v = deviation if deviation > _SMALLEST_DEVIATION else _SMALLEST_DEVIATION
    h = abs(moneyness) / v
    near, far = h - 0.5 * v, h + 0.5 * v
    _, near_tail, far_tail = scaled_tails(near, far)
    extra = time_value(min(forward, strike), near, near_tail, far_tail)
    extra = extra if deviation > 0.0 else 0.0
    return intrinsic_value(forward, strike, is_call) + extra


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _svi_deviation(k: float, a: float, b: float, rho: float, m: float, sigma: float) -> float:
    """Root of the total variance of a raw SVI slice; 0 where the slice is negative."""
    gap = k - m
    variance = a + b * (rho * gap + math.sqrt(gap * gap + sigma * sigma))
    return math.sqrt(variance if variance > 0.0 else 0.0)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _shocked(deviation: float, scale: float, shift: float) -> float:
    """Deviation under a shock; ``shift`` already times the root of time."""
    shocked = deviation * scale + shift
    return shocked if shocked > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _flat_row(
    forward: float,
    strike: float,
    root_tau: float,
    sigma: float,
    is_call: bool,
    log_move: Vector,
    move: Vector,
    scale: Vector,
    shift: Vector,
    out: Vector,
) -> None:
    """One option at its own volatility, value in quote currency."""
    moneyness = log_ratio(forward, strike)
    deviation = sigma * root_tau
    for s in range(out.size):
        v = _shocked(deviation, scale[s], shift[s] * root_tau)
        out[s] = _cell(forward * move[s], strike, moneyness + log_move[s], v, is_call)


@njit(cache=True, nogil=True, error_model="numpy")
def _surface_row(
    forward: float,
    strike: float,
    root_tau: float,
    smile: Vector,
    stickiness: float,
    is_call: bool,
    log_move: Vector,
    move: Vector,
    scale: Vector,
    shift: Vector,
    out: Vector,
) -> None:
    """One option at the volatility of its smile, looked up per scenario."""
    moneyness = log_ratio(forward, strike)
    a, b, rho, m, sigma = smile[0], smile[1], smile[2], smile[3], smile[4]
    alive = 1.0 if root_tau > 0.0 else 0.0
    for s in range(out.size):
        k = -(moneyness + stickiness * log_move[s])
        deviation = alive * _svi_deviation(k, a, b, rho, m, sigma)
        v = _shocked(deviation, scale[s], shift[s] * root_tau)
        out[s] = _cell(forward * move[s], strike, moneyness + log_move[s], v, is_call)


@njit(cache=True, nogil=True, error_model="numpy")
def _into_coin(forward: float, move: Vector, out: Vector) -> None:
    """Divide by the shocked forward."""
    for s in range(out.size):
        out[s] /= forward * move[s]


@njit(cache=True, nogil=True, error_model="numpy")
def _flat_option(
    i: int,
    forward: Vector,
    strike: Vector,
    root_tau: Vector,
    sigma: Vector,
    is_call: Flags,
    inverse: bool,
    group: Index,
    log_moves: Matrix,
    moves: Matrix,
    scales: Matrix,
    shifts: Matrix,
    out: Matrix,
) -> None:
    """Row ``i`` at flat volatility."""
    g = group[i]
    _flat_row(
        forward[i],
        strike[i],
        root_tau[i],
        sigma[i],
        is_call[i],
        log_moves[g],
        moves[g],
        scales[g],
        shifts[g],
        out[i],
    )
    if inverse:
        _into_coin(forward[i], moves[g], out[i])


@njit(cache=True, nogil=True, error_model="numpy")
def _surface_option(
    i: int,
    forward: Vector,
    strike: Vector,
    root_tau: Vector,
    smiles: Matrix,
    smile_of: Index,
    stickiness: float,
    is_call: Flags,
    inverse: bool,
    group: Index,
    log_moves: Matrix,
    moves: Matrix,
    scales: Matrix,
    shifts: Matrix,
    out: Matrix,
) -> None:
    """Row ``i`` on its smile."""
    g = group[i]
    _surface_row(
        forward[i],
        strike[i],
        root_tau[i],
        smiles[smile_of[i]],
        stickiness,
        is_call[i],
        log_moves[g],
        moves[g],
        scales[g],
        shifts[g],
        out[i],
    )
    if inverse:
        _into_coin(forward[i], moves[g], out[i])


@njit(cache=True, nogil=True, error_model="numpy")
def flat_grid(
    forward: Vector,
    strike: Vector,
    root_tau: Vector,
    sigma: Vector,
    is_call: Flags,
    inverse: bool,
    group: Index,
    log_moves: Matrix,
    moves: Matrix,
    scales: Matrix,
    shifts: Matrix,
    out: Matrix,
) -> None:
    """Prices (N, S) into ``out``; options (N,), shocks (G, S), ``group`` (N,) in 0 .. G - 1."""
    option = (forward, strike, root_tau, sigma, is_call, inverse, group)
    shocks = (log_moves, moves, scales, shifts, out)
    for i in range(forward.size):
        _flat_option(i, *option, *shocks)


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def flat_grid_parallel(
    forward: Vector,
    strike: Vector,
    root_tau: Vector,
    sigma: Vector,
    is_call: Flags,
    inverse: bool,
    group: Index,
    log_moves: Matrix,
    moves: Matrix,
    scales: Matrix,
    shifts: Matrix,
    out: Matrix,
) -> None:
    """`flat_grid` by all threads, with the same bits."""
    option = (forward, strike, root_tau, sigma, is_call, inverse, group)
    shocks = (log_moves, moves, scales, shifts, out)
    for i in prange(forward.size):
        _flat_option(i, *option, *shocks)


@njit(cache=True, nogil=True, error_model="numpy")
def surface_grid(
    forward: Vector,
    strike: Vector,
    root_tau: Vector,
    smiles: Matrix,
    smile_of: Index,
    stickiness: float,
    is_call: Flags,
    inverse: bool,
    group: Index,
    log_moves: Matrix,
    moves: Matrix,
    scales: Matrix,
    shifts: Matrix,
    out: Matrix,
) -> None:
    """Prices (N, S) into ``out``; raw SVI ``smiles`` (E, 5), ``smile_of`` (N,) in 0 .. E - 1."""
    option = (forward, strike, root_tau, smiles, smile_of, stickiness, is_call, inverse, group)
    shocks = (log_moves, moves, scales, shifts, out)
    for i in range(forward.size):
        _surface_option(i, *option, *shocks)


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def surface_grid_parallel(
    forward: Vector,
    strike: Vector,
    root_tau: Vector,
    smiles: Matrix,
    smile_of: Index,
    stickiness: float,
    is_call: Flags,
    inverse: bool,
    group: Index,
    log_moves: Matrix,
    moves: Matrix,
    scales: Matrix,
    shifts: Matrix,
    out: Matrix,
) -> None:
    """`surface_grid` by all threads, with the same bits."""
    option = (forward, strike, root_tau, smiles, smile_of, stickiness, is_call, inverse, group)
    shocks = (log_moves, moves, scales, shifts, out)
    for i in prange(forward.size):
        _surface_option(i, *option, *shocks)
