"""Curves and no-arbitrage conditions at many points: loops that compile to vector instructions."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.elementary import log1p

Vector = NDArray[np.float64]


@njit(cache=True, nogil=True, error_model="numpy")
def curve_row(shape: Vector, points: Vector, w: Vector, slope: Vector, bend: Vector) -> None:
    """`plimsoll.maths.surface_fit_curve.svi_curve` at many points."""
    left, right, centre, square, deviation = shape[1], shape[2], shape[3], shape[4], shape[6]
    inverse, scale, both = 1.0 / deviation, deviation * deviation, left + right
    tilt = right - left
    base = shape[0] - both * shape[5] + tilt * centre
    for p in range(points.size):
        z = points[p] * inverse - centre
        h = math.sqrt(z * z + square)
        flat = 1.0 / h
        w[p] = scale * (base + both * h + tilt * z)
        slope[p] = deviation * (both * z * flat + tilt)
        bend[p] = both * square * flat * flat * flat


@njit(cache=True, nogil=True, error_model="numpy")
def butterfly_row(
    points: Vector, w: Vector, slope: Vector, bend: Vector, margin: float, g: Vector
) -> None:
    """Durrleman's g less a margin."""
    for p in range(points.size):
        inverse = 1.0 / w[p]
        h = 1.0 - 0.5 * points[p] * slope[p] * inverse
        skew = 0.25 * slope[p] * slope[p] * (inverse + 0.25)
        g[p] = h * h - skew + 0.5 * bend[p] - margin


@njit(cache=True, nogil=True, error_model="numpy")
def growth_row(w: Vector, after: Vector, margin: float, growth: Vector) -> None:
    """Growth of total variance as a share of the sum of both, less a margin."""
    for p in range(w.size):
        growth[p] = (after[p] - w[p]) / (after[p] + w[p]) - margin


@njit(cache=True, nogil=True, error_model="numpy")
def mix_row(one: Vector, other: Vector, share: Vector, mix: Vector) -> None:
    """(1 - share) one + share other."""
    for p in range(one.size):
        mix[p] = one[p] + share[p] * (other[p] - one[p])


@njit(cache=True, nogil=True, error_model="numpy")
def residual_row(
    shape: Vector, years: float, k: Vector, vol: Vector, half_spread: Vector, residuals: Vector
) -> None:
    """Model volatility less the mid's in half-spreads; NaN where a variance is negative."""
    left, right, centre, square, deviation = shape[1], shape[2], shape[3], shape[4], shape[6]
    inverse, scale, both = 1.0 / deviation, deviation * deviation / years, left + right
    tilt = right - left
    base = shape[0] - both * shape[5] + tilt * centre
    for q in range(k.size):
        z = k[q] * inverse - centre
        w = scale * (base + both * math.sqrt(z * z + square) + tilt * z)
        residuals[q] = (math.sqrt(w) - vol[q]) / half_spread[q]


@njit(cache=True, nogil=True, error_model="numpy")
def loss_row(
    residuals: Vector, body: float, wall: float, edge: float, reach: float, losses: Vector
) -> None:
    """`plimsoll.maths.surface_fit_loss.quote_loss` of many residuals."""
    inverse = 1.0 / (reach * reach)
    for q in range(residuals.size):
        r = residuals[q]
        over = max(abs(r) - edge, 0.0)
        square = over * over
        losses[q] = 0.5 * (body * log1p(r * r) + wall * square / (1.0 + square * inverse))
