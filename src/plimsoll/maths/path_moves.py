"""Joint moves of many markets over a horizon, out of the rows of their common past.

Two kernels, both over rows (T, N) of past bars that all markets share, so that what happened
together is taken together:

`recursed_moves` runs every market's own variance recursion along the path (Barone-Adesi,
Giannopoulos and Vosper, 1999): with s the volatility of the moment and s[i] that of the past bar
i, a past residual z[i] makes the shock and the next variance

    shock = z[i] clip(s, low s[i], high s[i]),
    s^2  <- omega + (alpha + gamma [shock < 0]) shock^2 + beta s^2,

so that a past shock z[i] s[i] grows or shrinks within the bounds ``low`` and ``high``.

`window_moves` takes moves that happened over ``horizon`` consecutive bars, scaled by the ratio of
the volatility forecast for the horizon now to that of then (Hull and White, 1998).

Every scenario is computed by itself, in one thread: a thousand of 300 markets take milliseconds.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]
IndexMatrix = NDArray[np.int64]


class VarianceColumns(NamedTuple):
    """Recursions of N markets; an EWMA is ``(0, 0, 1 - decay, 0, decay)``."""

    mean: Vector
    omega: Vector
    alpha: Vector
    gamma: Vector
    beta: Vector


class PastRows(NamedTuple):
    """(T, N) bars of N markets."""

    residual: Matrix  # shock over its volatility
    volatility: Matrix  # forecast before the bar


class PathDraws(NamedTuple):
    """S paths of h bars."""

    rows: IndexMatrix  # (S, h)
    sign: Vector  # (S,) -1 turns every residual of a path round


class WindowScaling(NamedTuple):
    """Forecast variance of a horizon: ``constant + slope * variance of the next bar``; (N,)."""

    constant: Vector
    slope: Vector
    variance_now: Vector


@njit(cache=True, nogil=True, error_model="numpy")
def panel_variances(
    returns: Matrix, first_variance: Vector, columns: VarianceColumns, out: Matrix
) -> None:
    """Fill (T + 1, N) forecasts, row t known before return t; over a hole (NaN) it stands."""
    for j in range(first_variance.size):
        out[0, j] = first_variance[j]
    for t in range(returns.shape[0]):
        for j in range(first_variance.size):
            before, shock = out[t, j], returns[t, j] - columns.mean[j]
            weight = columns.alpha[j] + (columns.gamma[j] if shock < 0.0 else 0.0)
            after = (columns.omega[j] + weight * (shock * shock)) + columns.beta[j] * before
            out[t + 1, j] = after if shock == shock else before


@njit(cache=True, nogil=True, error_model="numpy")
def _advance(
    residual: Vector,
    then: Vector,
    sign: float,
    low: float,
    high: float,
    columns: VarianceColumns,
    variance: Vector,
    total: Vector,
) -> None:
    """One bar of one path, all markets."""
    mean, omega, alpha, gamma, beta = columns
    for j in range(variance.size):
        now = math.sqrt(variance[j])
        least, most = low * then[j], high * then[j]
        scale = least if now < least else now
        scale = most if scale > most else scale
        shock = sign * residual[j] * scale
        total[j] += mean[j] + shock
        weight = alpha[j] + (gamma[j] if shock < 0.0 else 0.0)
        variance[j] = (omega[j] + weight * (shock * shock)) + beta[j] * variance[j]


@njit(cache=True, nogil=True, error_model="numpy")
def _recurse(
    path: int,
    past: PastRows,
    draws: PathDraws,
    variance_next: Vector,
    columns: VarianceColumns,
    low: float,
    high: float,
    out: Matrix,
) -> None:
    variance, total = variance_next.copy(), out[path]
    total[:] = 0.0
    for k in range(draws.rows.shape[1]):
        row = draws.rows[path, k]
        residual, then = past.residual[row], past.volatility[row]
        _advance(residual, then, draws.sign[path], low, high, columns, variance, total)


@njit(cache=True, nogil=True, error_model="numpy")
def recursed_moves(
    past: PastRows,
    draws: PathDraws,
    variance_next: Vector,
    columns: VarianceColumns,
    low: float,
    high: float,
    out: Matrix,
) -> None:
    """Fill (S, N) sums of log returns over the horizon; see the module text."""
    for path in range(out.shape[0]):
        _recurse(path, past, draws, variance_next, columns, low, high, out)


@njit(cache=True, nogil=True, error_model="numpy")
def _add(row: Vector, total: Vector) -> None:
    for j in range(total.size):
        total[j] += row[j]


@njit(cache=True, nogil=True, error_model="numpy")
def _rescale(
    volatility: Vector,
    scaling: WindowScaling,
    drift: Vector,
    low: float,
    high: float,
    total: Vector,
) -> None:
    """Turn a past move into one at the volatility of now; drift stays."""
    for j in range(total.size):
        then = scaling.constant[j] + scaling.slope[j] * (volatility[j] * volatility[j])
        now = scaling.constant[j] + scaling.slope[j] * scaling.variance_now[j]
        ratio = math.sqrt(now / then)
        ratio = low if ratio < low else ratio
        ratio = high if ratio > high else ratio
        total[j] = drift[j] + (total[j] - drift[j]) * ratio


@njit(cache=True, nogil=True, error_model="numpy")
def window_moves(
    returns: Matrix,
    volatility: Matrix,
    starts: Codes,
    horizon: int,
    scaling: WindowScaling,
    drift: Vector,
    low: float,
    high: float,
    out: Matrix,
) -> None:
    """Fill (S, N) rescaled moves; see the module text. ``drift`` (N,) is the mean times bars."""
    for s in range(out.shape[0]):
        first, total = starts[s], out[s]
        total[:] = 0.0
        for k in range(horizon):
            _add(returns[first + k], total)
        _rescale(volatility[first], scaling, drift, low, high, total)
