"""Lewis's integral for calls: where its contour crosses, how it bends, how it is added up.

The private half of :func:`plimsoll.maths.fourier_prices.lewis_prices`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from plimsoll.errors import EstimationError
from plimsoll.maths.characteristic_functions import LogReturnLaw
from plimsoll.maths.heston_moments import ComplexArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

MOST_NODES = 65536

_FIRST_NODES = 16
_NEGLIGIBLE_LOG = -41.0
_BENDS = (0.0, -0.2, 0.2, -0.5, 0.5)
_PROBES = np.concatenate([np.arange(0.0, 12.0, 0.75), np.arange(12.0, 49.0, 3.0)])
_COST_OF_HEIGHT = 3.0
_NARROW = 1e-8
_LARGEST_ERROR = 1e-6
_ROUNDING = 50.0 * np.finfo(np.float64).eps


def lewis_calls(law: LogReturnLaw, k: Vector, tolerance: float) -> Vector:
    """Calls for ``k >= 0``; inside (0, 1) and by the covered call where (1, highest) is no room."""
    if k.size == 0:
        return k
    narrow = law.highest_moment - 1.0 < _NARROW
    low, high = (0.0, 1.0) if narrow else (1.0, law.highest_moment)
    crossing, scale, log_peak = _saddle_points(law, k, low, high)
    integral = _bent_integrals(law, k, crossing, scale, log_peak, tolerance)
    with np.errstate(under="ignore", over="ignore"):
        value: Vector = np.exp(log_peak) * integral
    value = 1.0 + value if narrow else value
    impossible = ~(value <= 1.0 + _LARGEST_ERROR)
    if impossible.any():
        raise _no_price(k[impossible], value[impossible])
    return value


def _saddle_points(
    law: LogReturnLaw, k: Vector, low: float, high: float
) -> tuple[Vector, Vector, Vector]:
    """Minimum over (low, high) of the integrand, its width there and its logarithm.

    The integrand is log-convex on the real axis: a logistic grid brackets the minimum (the grid
    is shared by all strikes), a finer one and a parabola refine it.
    """
    grid = np.linspace(-50.0, 22.0, 289)
    step = grid[1] - grid[0]
    height = _heights(law, grid[None, :], k[:, None], low, high)
    t = grid[np.argmin(height, axis=1)]
    fine = np.linspace(-step, step, 17)
    height = _heights(law, t[:, None] + fine[None, :], k[:, None], low, high)
    at = np.clip(np.argmin(height, axis=1), 1, 15)
    left, middle, right = (
        np.take_along_axis(height, (at + i)[:, None], axis=1)[:, 0] for i in (-1, 0, 1)
    )
    delta = fine[1] - fine[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        curvature = (left - 2.0 * middle + right) / delta**2
        shift = (left - right) / (2.0 * delta * curvature)
    good = np.isfinite(shift) & (curvature > 0.0)
    t = t + fine[at] + np.where(good, np.clip(shift, -delta, delta), 0.0)
    slope = (high - low) * expit(t) * expit(-t)
    width = slope / np.sqrt(np.where(good, np.maximum(curvature, 1e-4), 1.0))
    crossing = low + (high - low) * expit(t)
    return crossing, width, _heights(law, t, k, low, high)


def _heights(law: LogReturnLaw, t: Matrix, k: Matrix, low: float, high: float) -> Matrix:
    """Log of the integrand's modulus at ``low + (high - low) expit(t)``."""
    a = low + (high - low) * expit(t)
    from_pole = (high - low) * (expit(t) if low > 0.0 else expit(-t))
    with np.errstate(all="ignore"):
        moment = law.log_moment(a.astype(np.complex128)).real
        height: Matrix = moment + (1.0 - a) * k - np.log(a) - np.log(from_pole)
    return np.where(np.isnan(height), np.inf, height)


def _bent_integrals(
    law: LogReturnLaw,
    k: Vector,
    crossing: Vector,
    scale: Vector,
    log_peak: Vector,
    tolerance: float,
) -> Vector:
    """Integrals over ``z(y) = c + i s sinh(y + i bend)``, scaled by the integrand's peak.

    The integrand is analytic about the contour, so the trapezoid's error falls exponentially.
    """
    bend, last = _best_bends(law, k, crossing, scale, log_peak)

    def values(rows: Flags, y: Matrix) -> Matrix:
        z, dz = _contour(y, crossing[rows], scale[rows], bend[rows])
        with np.errstate(all="ignore"):
            exponent = law.log_moment(z) + (1.0 - z) * k[rows, None] - log_peak[rows, None]
            value = np.exp(exponent) * dz / (math.pi * z * (z - 1.0))
        real: Matrix = np.where(np.isfinite(value), value, np.inf).real
        return real

    def sums(rows: Flags, y: Matrix, weights: Vector) -> tuple[Vector, Vector]:
        found = values(rows, y)
        return found @ weights, np.abs(found) @ weights

    nodes = _FIRST_NODES
    open_rows = np.ones(k.size, dtype=np.bool_)
    steps = np.arange(nodes + 1)
    total, size = sums(open_rows, last[:, None] / nodes * steps, np.where(steps == 0, 0.5, 1.0))
    integral: Vector = last / nodes * total
    noise = _ROUNDING * (1.0 + np.abs(k * crossing)) * last
    while open_rows.any():
        if nodes >= MOST_NODES:
            raise _no_convergence(k[open_rows], nodes, tolerance)
        step = last[open_rows] / nodes
        middles = step[:, None] * (np.arange(nodes) + 0.5)
        total, added = sums(open_rows, middles, np.ones(nodes))
        size = size + added
        nodes *= 2
        refined = 0.5 * (integral[open_rows] + step * total)
        with np.errstate(
            invalid="ignore"
        ):  # infinite at a probe in reach: not close, hence refused
            error = np.abs(refined - integral[open_rows])
        close = error <= tolerance * np.abs(refined) + noise[open_rows] * size / nodes
        integral[open_rows] = refined
        size = size[~close]
        open_rows[open_rows] = ~close
    return integral


def _best_bends(
    law: LogReturnLaw, k: Vector, crossing: Vector, scale: Vector, log_peak: Vector
) -> tuple[Vector, Vector]:
    """Bend under which the integrand dies out soonest without rising first, and where it has."""
    best, last = np.zeros_like(k), np.zeros_like(k)
    lowest_cost = np.full_like(k, np.inf)
    y = np.broadcast_to(_PROBES, (k.size, _PROBES.size))
    for bend in _BENDS:
        z, dz = _contour(y, crossing, scale, np.full_like(k, bend))
        with np.errstate(all="ignore"):
            size = law.log_bound(z) + (1.0 - z.real) * k[:, None] - log_peak[:, None]
            size = size + np.log(np.abs(dz / (z * (z - 1.0))))
        size = np.where(np.isnan(size), np.inf, size) - size[:, :1]
        final = _PROBES.size - 1 - np.argmax(size[:, ::-1] > _NEGLIGIBLE_LOG, axis=1)
        end = _PROBES[np.minimum(final + 1, _PROBES.size - 1)]
        cost = end + _COST_OF_HEIGHT * size.max(axis=1)
        better = cost < lowest_cost
        best[better], last[better], lowest_cost[better] = bend, end[better], cost[better]
    return best, last


def _contour(
    y: Matrix, crossing: Vector, scale: Vector, bend: Vector
) -> tuple[ComplexArray, ComplexArray]:
    """Points of the contour and their derivative by ``y``, over i."""
    turned: ComplexArray = y + 1j * bend[:, None]
    s = scale[:, None]
    middle = (crossing + scale * np.sin(bend))[:, None]
    grown = 0.5 * s * np.asarray(np.exp(turned), dtype=np.complex128)
    shrunk = 0.5 * s * np.asarray(np.exp(-turned), dtype=np.complex128)
    derivative: ComplexArray = np.add(grown, shrunk, dtype=np.complex128)
    return middle + 1j * (grown - shrunk), derivative


def _no_price(k: Vector, value: Vector) -> EstimationError:
    """Settled on what no call can be worth: the peak was sought where the law has no reach."""
    return EstimationError(
        "Lewis's integral must give a price between 0 and the forward",
        found=f"{value[0]:g} at |ln(K/F)| = {k[0]:g}" + (f", {k.size} such" if k.size > 1 else ""),
        remedy="take cos_prices, or a correlation away from -1 and 1",
        field="log_moneyness",
    )


def _no_convergence(k: Vector, nodes: int, tolerance: float) -> EstimationError:
    return EstimationError(
        f"Lewis's integral must converge to {tolerance:g} within {nodes} nodes",
        found=f"not so at ln(K/F) = {k[0]:g}" + (f" and {k.size - 1} more" if k.size > 1 else ""),
        remedy="loosen the tolerance, or check that the law has some diffusion",
        field="log_moneyness",
    )
