"""Undiscounted option prices by Lewis's integral along a bent contour, and by the COS series.

Prices are of the out-of-the-money side (put for ``k < 0``, call otherwise) per unit of forward,
so they are coin prices of inverse options too; USD prices are these times F, and the other side
follows by parity. With ``k = ln(K / F)`` and ``L(z) = ln E[(S_T / F)^z]``

    call / F = 1 / (2 pi i) int exp(L(z) + (1 - z) k) / (z (z - 1)) dz,   1 < Re z < highest moment,

and a put is a call on the dual law (numeraire changed to the coin). On ``Re z = 1/2`` this is
Lewis (2001). Here the contour crosses the real axis at the saddle point (Lord and Kahl 2007), so
that a price of 1e-100 has as many digits as one of 0.1, and is bent away from the oscillation
(Boyarchenko and Levendorskii 2019), so that a few dozen nodes do near expiry and in deep wings.
COS (Fang and Oosterlee 2008) has an absolute error and is the quicker for a whole expiry.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from plimsoll.errors import EstimationError, UsageError
from plimsoll.maths.characteristic_functions import LogMoment, LogReturnLaw, cumulants
from plimsoll.maths.heston_moments import ComplexArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEWIS_TOLERANCE = 1e-12
COS_TOLERANCE = 1e-12
MOST_NODES = 65536
MOST_TERMS = 65536

_FIRST_NODES = 16
_NEGLIGIBLE_LOG = -41.0
_BENDS = (0.0, -0.2, 0.2, -0.5, 0.5)
_PROBES = np.concatenate([np.arange(0.0, 12.0, 0.75), np.arange(12.0, 49.0, 3.0)])
_COST_OF_HEIGHT = 3.0
_NARROW = 1e-8
_ROUNDING = 50.0 * np.finfo(np.float64).eps
_FIRST_TERMS = 128
_CUMULANT_WIDTH = 12.0
_PARITY_SHARE = 1e14
"""Calls come from puts by parity while a put's rounding, ``1e-15 e^k``, is a tenth of the
tolerance; beyond that, and at the tightest tolerances, from the dual law."""


def lewis_prices(
    law: LogReturnLaw, log_moneyness: ArrayLike, *, tolerance: float = LEWIS_TOLERANCE
) -> Vector:
    """Out-of-the-money prices per unit of forward, to a relative tolerance.

    Parameters
    ----------
    law : LogReturnLaw
        Law of the log-return to the expiry.
    log_moneyness : array_like, shape (n,)
        ``ln(K / F)``, finite.
    tolerance : float
        Two successive halvings of the step must agree to this share of the price, or to 50
        rounding errors of the exponent where that is more (``ln(K / F)`` times orders of 1e3).

    Returns
    -------
    ndarray of float, shape (n,)
        Puts where ``log_moneyness < 0``, calls otherwise; 0 below 1e-308 or beyond the law's reach
        (``rho = -1`` bounds the price). Where moments
        above the first hardly exist (highest order within 1e-8 of 1) the error is absolute.

    Raises
    ------
    UsageError
        Where an input is not finite or ``tolerance`` is outside [1e-14, 0.1].
    EstimationError
        Where :data:`MOST_NODES` nodes do not reach the tolerance.

    Examples
    --------
    >>> from plimsoll.maths.characteristic_functions import black_law
    >>> float(lewis_prices(black_law(tau=1.0, volatility=0.2), [0.0])[0].round(12))
    0.079655674554
    """
    k = _checked(log_moneyness, tolerance)
    prices = np.empty_like(k)
    is_call = k >= 0.0
    prices[is_call] = _lewis_calls(law, k[is_call], tolerance)
    puts = ~is_call
    prices[puts] = np.exp(k[puts]) * _lewis_calls(law.dual(), -k[puts], tolerance)
    return np.maximum(prices, 0.0)


def cos_prices(
    law: LogReturnLaw, log_moneyness: ArrayLike, *, tolerance: float = COS_TOLERANCE
) -> Vector:
    """Out-of-the-money prices per unit of forward by the COS series, to an absolute tolerance.

    Parameters
    ----------
    law : LogReturnLaw
    log_moneyness : array_like, shape (n,)
        ``ln(K / F)``, finite.
    tolerance : float
        Absolute error in units of forward: mass cut off by the range (Chernoff's bound) and the
        last block of terms (sum of bounds) are each below it.

    Returns
    -------
    ndarray of float, shape (n,)
        Puts where ``log_moneyness < 0``, calls otherwise; never below 0.

    Raises
    ------
    UsageError
        Where an input is not finite or ``tolerance`` is outside [1e-14, 0.1].
    EstimationError
        Where :data:`MOST_TERMS` terms do not reach the tolerance (a law without diffusion, or
        tails so heavy that the range is too wide): take :func:`lewis_prices`.
    """
    k = _checked(log_moneyness, tolerance)
    prices = np.empty_like(k)
    far = np.exp(k) > _PARITY_SHARE * tolerance
    prices[~far] = _cos_puts(law, k[~far], tolerance) - np.maximum(np.expm1(k[~far]), 0.0)
    prices[far] = np.exp(k[far]) * _cos_puts(law.dual(), -k[far], tolerance)
    return np.maximum(prices, 0.0)


def from_out_of_the_money(
    prices: ArrayLike, log_moneyness: ArrayLike, is_call: ArrayLike
) -> Vector:
    """Call or put prices per unit of forward from the out-of-the-money ones, by parity.

    ``call - put = 1 - e^k``: the intrinsic value is added to the in-the-money side only, so
    nothing cancels.

    Parameters
    ----------
    prices, log_moneyness : array_like, shape (n,)
    is_call : array_like of bool, shape (n,)
    """
    k = np.asarray(log_moneyness, dtype=np.float64)
    intrinsic = np.where(np.asarray(is_call, dtype=np.bool_), -np.expm1(k), np.expm1(k))
    total: Vector = np.asarray(prices, dtype=np.float64) + np.maximum(intrinsic, 0.0)
    return total


def truncation_range(law: LogReturnLaw, *, tolerance: float) -> tuple[float, float]:
    """Interval outside which the log-return lies with a probability below ``tolerance`` a side.

    Chernoff: ``P(X > b) <= exp(L(p) - p b)`` for every finite moment p, minimised over p. Never
    wider than needed where tails are light, and safe where they are heavy; the rule
    ``c1 +- 12 sqrt(c2 + sqrt(c4))`` of Fang and Oosterlee stands in where no moment helps.
    """
    top = _chernoff_bound(law.log_moment, law.highest_moment, tolerance)
    bottom = -_chernoff_bound(lambda z: law.log_moment(-z), -law.lowest_moment, tolerance)
    if math.isfinite(top) and math.isfinite(bottom):
        return bottom, top
    c = cumulants(law)
    half_width = _CUMULANT_WIDTH * math.sqrt(c.c2 + math.sqrt(abs(c.c4)))
    return c.c1 - half_width, c.c1 + half_width


def _checked(log_moneyness: ArrayLike, tolerance: float) -> Vector:
    k = np.array(log_moneyness, dtype=np.float64, ndmin=1)
    if k.ndim != 1 or not np.isfinite(k).all():
        raise UsageError("must be a finite vector of ln(K / F)", field="log_moneyness")
    if not 1e-14 <= tolerance <= 0.1:
        raise UsageError("must lie in [1e-14, 0.1]", found=tolerance, field="tolerance")
    return k


def _lewis_calls(law: LogReturnLaw, k: Vector, tolerance: float) -> Vector:
    """Calls for ``k >= 0``; inside (0, 1) and by the covered call where (1, highest) is no room."""
    if k.size == 0:
        return k
    narrow = law.highest_moment - 1.0 < _NARROW
    low, high = (0.0, 1.0) if narrow else (1.0, law.highest_moment)
    crossing, scale, log_peak = _saddle_points(law, k, low, high)
    integral = _bent_integrals(law, k, crossing, scale, log_peak, tolerance)
    with np.errstate(under="ignore"):
        value: Vector = np.exp(log_peak) * integral
    return 1.0 + value if narrow else value


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


def _no_convergence(k: Vector, nodes: int, tolerance: float) -> EstimationError:
    return EstimationError(
        f"Lewis's integral must converge to {tolerance:g} within {nodes} nodes",
        found=f"not so at ln(K/F) = {k[0]:g}" + (f" and {k.size - 1} more" if k.size > 1 else ""),
        remedy="loosen the tolerance, or check that the law has some diffusion",
        field="log_moneyness",
    )


def _cos_puts(law: LogReturnLaw, k: Vector, tolerance: float) -> Vector:
    """Puts; terms are added in doubling blocks until one is negligible."""
    if k.size == 0:
        return k
    bottom, top = truncation_range(law, tolerance=0.1 * tolerance)
    top = max(top, float(k.max()) + 1e-3 * (top - bottom))
    prices = np.zeros_like(k)
    strikes = np.ascontiguousarray(np.maximum(k, bottom))
    first, last = 0, _FIRST_TERMS
    while True:
        frequencies: Vector = math.pi / (top - bottom) * np.arange(first, last, dtype=np.float64)
        orders: ComplexArray = 1j * frequencies.astype(np.complex128)
        with np.errstate(under="ignore"):
            phased = np.exp(law.log_moment(orders) - bottom * orders)
        density = np.ascontiguousarray(phased.real * (2.0 / (top - bottom)))
        if first == 0:
            density[0] *= 0.5
        _add_cos_terms(density, frequencies, bottom, strikes, prices)
        scale = 4.0 / (top - bottom) / (1.0 + frequencies**2)
        block = float(np.abs(phased) @ scale)
        if first > 0 and block < tolerance:
            with np.errstate(under="ignore"):
                block = float(np.exp(law.log_bound(orders)) @ scale)
        if first > 0 and block < tolerance:
            return prices
        first, last = last, 2 * last
        if last > MOST_TERMS:
            raise EstimationError(
                f"the COS series must converge to {tolerance:g} within {MOST_TERMS} terms",
                found=f"a last block of {block:.2g} on the range [{bottom:.3g}, {top:.3g}]",
                remedy="take lewis_prices, or loosen the tolerance",
                field="log_moneyness",
            )


@njit(cache=True, nogil=True)
def _add_cos_terms(
    density: Vector, frequencies: Vector, bottom: float, strikes: Vector, prices: Vector
) -> None:
    """Add ``sum density_n int_bottom^k (e^k - e^x) cos(w_n (x - bottom)) dx`` to each price.

    Sines and cosines of equally spaced angles by rotation, restarted every 64 terms.
    """
    spacing = frequencies[1] - frequencies[0]
    floor = math.exp(bottom)
    for j in range(strikes.size):
        width = strikes[j] - bottom
        strike = math.exp(strikes[j])
        turn_cos, turn_sin = math.cos(spacing * width), math.sin(spacing * width)
        cosine, sine, total = 1.0, 0.0, 0.0
        for n in range(density.size):
            w = frequencies[n]
            if n % 64 == 0:
                cosine, sine = math.cos(w * width), math.sin(w * width)
            if w == 0.0:
                total += density[n] * (strike * (width - 1.0) + floor)
            else:
                payoff = strike * sine / w - strike * cosine + floor
                total += density[n] * payoff / (1.0 + w * w)
            turned = cosine * turn_cos - sine * turn_sin
            sine = sine * turn_cos + cosine * turn_sin
            cosine = turned
        prices[j] += total


def _chernoff_bound(moment: LogMoment, highest: float, tolerance: float) -> float:
    """Smallest ``b`` with ``exp(moment(p) - p b) <= tolerance`` for some order p."""
    fractions = expit(np.linspace(-24.0, 12.0, 73))
    orders = highest * fractions
    with np.errstate(all="ignore"):
        bounds = (moment(orders.astype(np.complex128)).real - math.log(tolerance)) / orders
    return float(np.min(np.where(np.isnan(bounds), np.inf, bounds)))
