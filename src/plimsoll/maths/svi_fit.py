"""Free SVI slices by weighted least squares, many at a time.

Minimises ``sum (weight (vol_model - vol))**2 / 2`` over all raw SVI with wings between 0 and Lee's
bound, each slice for itself: no condition on the shape of a smile or on its neighbours. The answer
is the best of the optima reached from the starts of `plimsoll.maths.svi_fit_starts` by the descent
of `plimsoll.maths.svi_fit_steps`.

One smile has one set of raw parameters as long as it is neither straight nor a kink: ``b >= 0``
and ``sigma > 0`` leave no equivalent solutions to flip between. Near-parabolic quotes determine
``sigma`` and the wings weakly; there the bound on the wings, ``b (1 + |rho|) <= 2``, ends the
valley.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError
from plimsoll.maths.svi import PARAMETERS
from plimsoll.maths.svi_fit_starts import find_starts
from plimsoll.maths.svi_fit_steps import Bounds, descend

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Index = NDArray[np.int64]
Codes = NDArray[np.int64]

MOST_STARTS = 3
TOLERANCE = 1e-13
STEEPEST, FLATTEST = 2.0 * (1.0 - 1e-9), 1e-8
"""Bounds of ``b (1 + rho)`` and ``b (1 - rho)``, just within Lee's and just above a flat wing."""
PARALLEL_FROM = 150
"""Slices from which the work is worth two threads (about 1 ms)."""
_LANES, _CHUNK = 8, 32


class SviFitStatus(IntEnum):
    """How the fit of a slice ended."""

    CONVERGED = 0
    NOT_CONVERGED = 1  # the best point found; the model promises less than it could verify
    TOO_FEW_QUOTES = 2  # fewer than five with a weight, or all at one strike: NaN
    NEGATIVE_VARIANCE = 3  # converged to a smile whose lowest point, beyond the quotes, is below 0


class SviResidual(StrEnum):
    """What the weights weigh."""

    VOLATILITY = "volatility"
    TOTAL_VARIANCE = "total_variance"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SviFits:
    """Fitted slices.

    Parameters
    ----------
    raw : (n, 5) float64
        a, b, rho, m, sigma; NaN where there are too few quotes.
    cost : (n,) float64
        Half the sum of squared weighted residuals.
    status : (n,) int64
        `SviFitStatus`.
    passes : (n,) int64
        Evaluations of the slice's quotes, all starts together.
    """

    raw: Matrix
    cost: Vector
    status: Codes
    passes: Codes


@njit(cache=True, nogil=True, error_model="numpy")
def _scale(
    k: Vector,
    observed: Vector,
    weight: Vector,
    tau: float,
    of_volatility: bool,
    rows: Matrix,
) -> tuple[int, int, float, float, float, float]:
    """Fill the scaled slice; padded length, quotes, middle, half range, variance, weight.

    Rows: strike, target, weight, total variance, its squared weight. Quotes without weight are
    left out; the padding to whole vector registers repeats the last quote, without weight.
    """
    used, low, high, variance, power = 0, np.inf, -np.inf, 0.0, 0.0
    for i in range(k.size):
        if weight[i] > 0.0:
            w = observed[i] * observed[i] * tau if of_volatility else observed[i]
            per_variance = 0.5 * weight[i] / (observed[i] * tau) if of_volatility else weight[i]
            rows[0, used], rows[3, used], rows[4, used] = k[i], w, per_variance
            low, high = min(low, k[i]), max(high, k[i])
            variance += w
            used += 1
    if used == 0 or not high > low:
        return 0, 0, 0.0, 0.0, 0.0, 0.0
    variance /= used
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    for i in range(used):
        power += (rows[4, i] * rows[3, i]) ** 2
    unit = math.sqrt(power / used)
    padded = (used + _LANES - 1) // _LANES * _LANES
    for i in range(padded):
        last = min(i, used - 1)
        w = rows[3, last] / variance if i < used else rows[3, last]
        rows[0, i] = (rows[0, i] - middle) / half if i < used else rows[0, last]
        per_variance = rows[4, i] * variance / unit if i < used else 0.0
        rows[3, i], rows[4, i] = w, per_variance * per_variance
        rows[1, i] = math.sqrt(w) if of_volatility else w
        rows[2, i] = 2.0 * per_variance * math.sqrt(w) if of_volatility else per_variance
    return padded, used, middle, half, variance, unit


@njit(cache=True, nogil=True, error_model="numpy")
def fit_slice(
    k: Vector,
    observed: Vector,
    weight: Vector,
    tau: float,
    of_volatility: bool,
    tolerance: float,
    rows: Matrix,
    starts: Matrix,
    work: Cube,
    raw: Vector,
) -> tuple[float, int, int]:
    """Cost, status and passes of one slice; ``raw`` is written."""
    padded, used, middle, half, variance, unit = _scale(
        k, observed, weight, tau, of_volatility, rows
    )
    raw[:] = np.nan
    if used < PARAMETERS:
        return np.nan, 2, 0
    y, target, scaled = rows[0, :padded], rows[1, :padded], rows[2, :padded]
    bounds = Bounds(FLATTEST * half / variance, STEEPEST * half / variance)
    found = find_starts(y, rows[3, :padded], rows[4, :padded], starts)
    best, status, passes = np.inf, 1, 0
    for start in range(found):
        point = starts[start]
        for j in range(1, 3):
            point[j] = min(max(point[j], bounds.least), bounds.greatest)
        _lift(point, y)
        cost, spent, converged = descend(
            point, y, target, scaled, of_volatility, bounds, tolerance, work
        )
        passes += spent
        if cost < best:
            best, status = cost, 0 if converged else 1
            _write_raw(point, middle, half, variance, raw)
    lowest = raw[0] + raw[1] * raw[4] * math.sqrt((1.0 - raw[2]) * (1.0 + raw[2]))
    if status == 0 and not lowest > 0.0:
        status = 3
    return best * unit * unit, status, passes


@njit(cache=True, nogil=True, error_model="numpy")
def _lift(point: Vector, y: Vector) -> None:
    """Raise the level where the linear fit left a quote without positive variance."""
    along, bow = 0.5 * (point[1] - point[2]), 0.5 * (point[1] + point[2])
    m, sigma = point[3], point[4]
    middle, lowest = math.sqrt(m * m + sigma * sigma), np.inf
    for at in y:
        r = math.sqrt((at - m) * (at - m) + sigma * sigma)
        lowest = min(lowest, along * at + bow * (r - middle))
    point[0] = max(point[0], 0.01 - lowest)


@njit(cache=True, nogil=True, error_model="numpy")
def _write_raw(point: Vector, middle: float, half: float, variance: float, raw: Vector) -> None:
    """Parameters of the unscaled slice."""
    right, left, m, sigma = point[1], point[2], point[3], point[4]
    along, bow = 0.5 * (right - left), 0.5 * (right + left)
    at_zero = point[0] + along * m - bow * math.sqrt(m * m + sigma * sigma)
    raw[0], raw[1] = variance * at_zero, bow * variance / half
    raw[2], raw[3], raw[4] = along / bow, middle + half * m, half * sigma


@njit(cache=True, nogil=True, error_model="numpy")
def fit_range(
    first: int,
    last: int,
    k: Vector,
    observed: Vector,
    weight: Vector,
    offsets: Index,
    tau: Vector,
    of_volatility: bool,
    most_starts: int,
    tolerance: float,
    raw: Matrix,
    cost: Vector,
    status: Codes,
    passes: Codes,
) -> None:
    """Fit slices ``first`` to ``last``."""
    longest = 0
    for i in range(first, last):
        longest = max(longest, offsets[i + 1] - offsets[i])
    rows, starts = np.empty((5, longest + _LANES)), np.empty((most_starts, PARAMETERS))
    work = np.empty((2, 8, 25))
    for i in range(first, last):
        begin, end = offsets[i], offsets[i + 1]
        cost[i], status[i], passes[i] = fit_slice(
            k[begin:end],
            observed[begin:end],
            weight[begin:end],
            tau[i],
            of_volatility,
            tolerance,
            rows,
            starts,
            work,
            raw[i],
        )


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def fit_all_parallel(
    k: Vector,
    observed: Vector,
    weight: Vector,
    offsets: Index,
    tau: Vector,
    of_volatility: bool,
    most_starts: int,
    tolerance: float,
    raw: Matrix,
    cost: Vector,
    status: Codes,
    passes: Codes,
) -> None:
    """Fit all slices on all threads; the same bits as one after the other."""
    size = tau.size
    for chunk in prange((size + _CHUNK - 1) // _CHUNK):
        fit_range(
            chunk * _CHUNK,
            min(size, (chunk + 1) * _CHUNK),
            k,
            observed,
            weight,
            offsets,
            tau,
            of_volatility,
            most_starts,
            tolerance,
            raw,
            cost,
            status,
            passes,
        )


def fit_svi(
    log_moneyness: ArrayLike,
    observed: ArrayLike,
    weight: ArrayLike,
    offsets: ArrayLike,
    tau_years: ArrayLike,
    *,
    residual: SviResidual = SviResidual.VOLATILITY,
    most_starts: int = MOST_STARTS,
    tolerance: float = TOLERANCE,
) -> SviFits:
    """Fit raw SVI to each of many slices.

    Parameters
    ----------
    log_moneyness : array_like, shape (N,)
        k = ln(K/F) of the quotes, slice after slice, any order within.
    observed : array_like, shape (N,)
        Volatilities (annual), or total variances, as ``residual`` says; positive.
    weight : array_like, shape (N,)
        Of the residuals, at least 0: the reciprocal of a quote's error, say.
    offsets : array_like of int, shape (n + 1,)
        Slice i holds quotes ``offsets[i]`` to ``offsets[i + 1]``.
    tau_years : array_like, shape (n,)
        Years of each slice; positive. Total variances do not need it, but give the volatility.
    residual : SviResidual
    most_starts : int
        Local minima of the grid that are tried, at least 1.
    tolerance : float
        Relative fall in cost below which a slice has converged.

    Returns
    -------
    SviFits

    Raises
    ------
    UsageError
        For arrays that do not correspond, numbers that are not finite, volatilities or years that
        are not positive, negative weights.

    Examples
    --------
    >>> k = np.linspace(-0.5, 0.5, 9)
    >>> vol = np.sqrt(0.04 + 0.2 * (-0.3 * k + np.sqrt(k * k + 0.01)))
    >>> fit_svi(k, vol, np.ones(9), [0, 9], [1.0]).raw[0].round(8)
    array([ 0.04,  0.2 , -0.3 ,  0.  ,  0.1 ])
    """
    k, values, weights, bounds, tau = _checked(log_moneyness, observed, weight, offsets, tau_years)
    n = tau.size
    raw, cost = np.empty((n, PARAMETERS)), np.empty(n)
    status, passes = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    of_volatility, starts = _of_volatility(residual), max(int(most_starts), 1)
    if n >= PARALLEL_FROM:
        fit_all_parallel(
            k, values, weights, bounds, tau, of_volatility, starts, tolerance,
            raw, cost, status, passes,
        )  # fmt: skip
    else:
        fit_range(
            0, n, k, values, weights, bounds, tau, of_volatility, starts, tolerance,
            raw, cost, status, passes,
        )  # fmt: skip
    return SviFits(raw=raw, cost=cost, status=status, passes=passes)


def _checked(
    log_moneyness: ArrayLike,
    observed: ArrayLike,
    weight: ArrayLike,
    offsets: ArrayLike,
    tau_years: ArrayLike,
) -> tuple[Vector, Vector, Vector, Index, Vector]:
    """Contiguous arrays that correspond."""
    k, values, weights, tau = (
        np.array(part, dtype=np.float64, ndmin=1, order="C")
        for part in (log_moneyness, observed, weight, tau_years)
    )
    bounds = np.array(offsets, dtype=np.int64, ndmin=1)
    if not (k.shape == values.shape == weights.shape and k.ndim == 1):
        found = (k.shape, values.shape, weights.shape)
        raise UsageError("must be of one length", found=found, field="log_moneyness")
    ends = bounds.size == tau.size + 1 and bounds[0] == 0 and bounds[-1] == k.size
    if not (ends and np.all(np.diff(bounds) >= 0)):
        raise UsageError(
            "must rise from 0 to the number of quotes", found=bounds.tolist(), field="offsets"
        )
    conditions = (
        ("log_moneyness", k, np.isfinite(k), "finite"),
        ("observed", values, (values > 0.0) & (values < np.inf), "positive"),
        ("weight", weights, (weights >= 0.0) & (weights < np.inf), "at least 0"),
        ("tau_years", tau, (tau > 0.0) & (tau < np.inf), "positive"),
    )
    for name, array, good, must in conditions:
        if not np.all(good):
            row = int(np.argmin(good))
            raise UsageError(f"must be {must}", found=float(array[row]), field=name, row=row)
    return k, values, weights, bounds, tau


def _of_volatility(residual: SviResidual) -> bool:
    try:
        return SviResidual(residual) is SviResidual.VOLATILITY
    except ValueError:
        known = ", ".join(repr(one.value) for one in SviResidual)
        raise UsageError(f"must be one of {known}", found=residual, field="residual") from None
