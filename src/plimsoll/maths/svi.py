"""Total implied variance by raw SVI: value, derivatives in the strike, and between expiries.

``w(k) = a + b (rho (k - m) + sqrt((k - m)**2 + sigma**2))`` (Gatheral, 2004), with ``k = ln(K/F)``
the log forward-moneyness and ``w = vol**2 * years`` the total variance. Slices are rows
``(a, b, rho, m, sigma)``. A slice is free of butterfly arbitrage where Durrleman's

``g(k) = (1 - k w'/(2 w))**2 - (w'**2 / 4) (1/w + 1/4) + w''/2``

is not negative (Gatheral and Jacquier, 2014, section 2.2), as the density of the forward is
``g(k) / sqrt(2 pi w) * exp(-d2**2 / 2)`` over ``k``.

Between expiries, ``t`` in variance-years, at fixed ``k``:

* from ``t1`` to ``t2``: linear in ``t``. It rises in ``t`` where the slices do not cross.
* before the first: ``w1(k) t / t1``. For ``0 < s <= 1`` the function ``g`` of ``s w`` is
  ``(1 - k w'/(2 w))**2 + s (w''/2 - w'**2/(4 w)) - s**2 w'**2/16``, concave in ``s``, a square at
  ``s = 0`` and the slice's own ``g`` at ``s = 1``: it is nowhere below the smaller of both ends,
  so not negative where the slice's own is not.
* after the last: ``w_n(k) + w_n(0) (t/t_n - 1)``, that is, the volatility at the money stays and
  the smile is carried on unchanged in total variance; such values are flagged as extrapolated.
  Nothing crosses and the wings keep their slopes. Butterflies: with ``x = 1/(w_n + c)``, ``g`` is
  ``(1 - k w'x/2)**2 - w'**2 x/4 - w'**2/16 + w''/2``. If the last slice is free of arbitrage at
  every strike, to infinity - not only where it is quoted -, ``d1`` and ``d2`` fall in ``k``
  (Fukasawa, 2012), so ``1 - k w'x/2 > |w'|/4``. Where ``k w' >= 0`` that makes ``g`` fall in
  ``x`` down to ``x = 1/w_n``: adding ``c`` only raises it. Where ``k w' < 0``, which an SVI has
  between the lowest point of the smile and the money only, let ``y = |w'/(4 k)|``. For
  ``y <= 1`` the least is ``1 - w'**2/16 + w''/2``, at ``x = 0``, not below 3/4 as ``|w'| <= 2``.
  Otherwise it is ``y (2 - y) - w'**2/16 + w''/2``, at ``x = 8 y (y - 1) / w'**2``: positive for
  ``y <= 1.86``; for greater ``y`` it lies beyond ``1/w_n``, so that again adding ``c`` only
  raises ``g``, as long as ``|w'| <= 3.5 sqrt(w_n)``, many times the skew of any quoted smile.
  None of this is taken for granted: `plimsoll.estimators.surface.arbitrage` checks the last
  slice to infinity and, at its points, the least ``g`` over all ``c >= 0``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]
Index = NDArray[np.int64]

PARAMETERS = 5


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def svi_point(a: float, b: float, rho: float, m: float, sigma: float, k: float) -> float:
    """Total variance at one log-moneyness."""
    x = k - m
    return a + b * (rho * x + math.sqrt(x * x + sigma * sigma))


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def svi_point_slopes(
    a: float, b: float, rho: float, m: float, sigma: float, k: float
) -> tuple[float, float, float]:
    """Total variance and its first and second derivatives in ``k``."""
    x = k - m
    root = math.sqrt(x * x + sigma * sigma)
    inverse = 1.0 / root
    bend = sigma * inverse
    return (
        a + b * (rho * x + root),
        b * (rho + x * inverse),
        b * bend * bend * inverse,
    )


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def durrleman_point(k: float, w: float, slope: float, curvature: float) -> float:
    """Durrleman's ``g`` of a total variance with its first two derivatives."""
    inverse = 1.0 / w
    level = 1.0 - 0.5 * k * slope * inverse
    return level * level - 0.25 * slope * slope * (inverse + 0.25) + 0.5 * curvature


@njit(cache=True, nogil=True, error_model="numpy")
def svi_slopes_row(
    raw: Vector, log_moneyness: Vector, variance: Vector, slope: Vector, curvature: Vector
) -> None:
    """Write the total variances of one slice and their two derivatives."""
    a, b, rho, m, sigma = raw[0], raw[1], raw[2], raw[3], raw[4]
    for i in range(log_moneyness.size):
        w, first, second = svi_point_slopes(a, b, rho, m, sigma, log_moneyness[i])
        variance[i] = w
        slope[i] = first
        curvature[i] = second


@njit(cache=True, nogil=True, error_model="numpy")
def durrleman_row(
    log_moneyness: Vector, variance: Vector, slope: Vector, curvature: Vector, g: Vector
) -> None:
    """Write Durrleman's ``g`` of one slice given its total variances and their derivatives."""
    for i in range(log_moneyness.size):
        g[i] = durrleman_point(log_moneyness[i], variance[i], slope[i], curvature[i])


class SliceMix(NamedTuple):
    """The slice at a time as ``weight_low w_low + weight_high w_high + shift``.

    ``low`` and ``high`` are rows of the surface. The derivatives in ``k`` mix with the same
    weights; ``forward_low`` and ``forward_high`` are the weights' derivatives in variance-years
    and ``forward_shift`` the shift's, so that they give the forward variance. ``extrapolated`` is
    true after the last expiry.
    """

    low: int
    high: int
    weight_low: float
    weight_high: float
    shift: float
    forward_low: float
    forward_high: float
    forward_shift: float
    extrapolated: bool


@njit(cache=True, nogil=True, error_model="numpy")
def slice_mix(raw: Matrix, variance_years: Vector, at_years: float) -> SliceMix:
    """How the slice at ``at_years`` is made of the slices of a surface.

    Parameters
    ----------
    raw : ndarray, shape (n, 5)
    variance_years : ndarray, shape (n,)
        Rising, positive.
    at_years : float
        Variance-years from now, at least 0 (0 gives no variance).
    """
    last = variance_years.size - 1
    if at_years <= variance_years[0]:
        per_year = 1.0 / variance_years[0]
        weight = at_years * per_year
        return SliceMix(0, 0, weight, 0.0, 0.0, per_year, 0.0, 0.0, False)
    if at_years > variance_years[last]:
        money = svi_point(raw[last, 0], raw[last, 1], raw[last, 2], raw[last, 3], raw[last, 4], 0.0)
        per_year = money / variance_years[last]
        shift = per_year * (at_years - variance_years[last])
        return SliceMix(last, last, 1.0, 0.0, shift, 0.0, 0.0, per_year, True)
    high = 1
    while variance_years[high] < at_years:
        high += 1
    per_year = 1.0 / (variance_years[high] - variance_years[high - 1])
    weight = (at_years - variance_years[high - 1]) * per_year
    return SliceMix(high - 1, high, 1.0 - weight, weight, 0.0, -per_year, per_year, 0.0, False)


@njit(cache=True, nogil=True, error_model="numpy")
def mix_rows(
    raw: Matrix,
    variance_years: Vector,
    at_years: Vector,
    low: Index,
    high: Index,
    weight_low: Vector,
    weight_high: Vector,
) -> None:
    """Write the rows and weights of :func:`slice_mix` at each time into the given arrays."""
    for i in range(at_years.size):
        mix = slice_mix(raw, variance_years, at_years[i])
        low[i], high[i] = mix.low, mix.high
        weight_low[i], weight_high[i] = mix.weight_low, mix.weight_high


@njit(cache=True, nogil=True, error_model="numpy")
def surface_point(
    raw: Matrix, variance_years: Vector, k: float, at_years: float
) -> tuple[float, float, float, float, bool]:
    """Total variance, its derivatives in ``k`` (two) and in variance-years; extrapolated or not."""
    mix = slice_mix(raw, variance_years, at_years)
    i, j = mix.low, mix.high
    w, slope, curvature = svi_point_slopes(raw[i, 0], raw[i, 1], raw[i, 2], raw[i, 3], raw[i, 4], k)
    forward = mix.forward_low * w + mix.forward_shift
    w, slope, curvature = mix.weight_low * w, mix.weight_low * slope, mix.weight_low * curvature
    if mix.weight_high != 0.0:
        above, slope_above, curvature_above = svi_point_slopes(
            raw[j, 0], raw[j, 1], raw[j, 2], raw[j, 3], raw[j, 4], k
        )
        w += mix.weight_high * above
        slope += mix.weight_high * slope_above
        curvature += mix.weight_high * curvature_above
        forward += mix.forward_high * above
    return w + mix.shift, slope, curvature, forward, mix.extrapolated


@njit(cache=True, nogil=True, error_model="numpy")
def surface_rows(
    raw: Matrix,
    variance_years: Vector,
    log_moneyness: Vector,
    at_years: Vector,
    variance: Vector,
    slope: Vector,
    curvature: Vector,
    forward: Vector,
    extrapolated: Flags,
) -> None:
    """:func:`surface_point` for pairs of log-moneyness and time, into the given arrays."""
    for i in range(log_moneyness.size):
        variance[i], slope[i], curvature[i], forward[i], extrapolated[i] = surface_point(
            raw, variance_years, log_moneyness[i], at_years[i]
        )


class SurfacePoints(NamedTuple):
    """A surface at points; all arrays of one shape.

    ``forward_variance`` is the derivative of the total variance in variance-years.
    """

    variance: Vector
    slope: Vector
    curvature: Vector
    forward_variance: Vector
    extrapolated: Flags


def svi_total_variance(raw: ArrayLike, log_moneyness: ArrayLike) -> Vector:
    """Total variance of each slice at each log-moneyness.

    Parameters
    ----------
    raw : array_like, shape (..., 5)
        a, b, rho, m, sigma.
    log_moneyness : array_like
        Any shape; taken at every slice.

    Returns
    -------
    ndarray, shape raw.shape[:-1] + log_moneyness.shape

    Raises
    ------
    UsageError
        Where the last axis of ``raw`` is not five long.

    Examples
    --------
    >>> float(svi_total_variance([0.04, 0.4, 0.0, 0.0, 0.1], 0.0).round(12))
    0.08
    """
    return svi_slopes(raw, log_moneyness)[0]


def svi_slopes(raw: ArrayLike, log_moneyness: ArrayLike) -> tuple[Vector, Vector, Vector]:
    """Total variance and its first and second derivatives in ``k``; as `svi_total_variance`."""
    parameters = np.asarray(raw, dtype=np.float64)
    if parameters.ndim == 0 or parameters.shape[-1] != PARAMETERS:
        raise UsageError(
            "must have a, b, rho, m, sigma on its last axis", found=parameters.shape, field="raw"
        )
    k = np.array(log_moneyness, dtype=np.float64)
    flat = np.array(parameters.reshape(-1, PARAMETERS), order="C")
    out = np.empty((3, flat.shape[0], k.size))
    for i in range(flat.shape[0]):
        svi_slopes_row(flat[i], k.ravel(), out[0, i], out[1, i], out[2, i])
    shape = parameters.shape[:-1] + k.shape
    return out[0].reshape(shape), out[1].reshape(shape), out[2].reshape(shape)


def durrleman(raw: ArrayLike, log_moneyness: ArrayLike) -> Vector:
    """Durrleman's ``g`` of each slice at each log-moneyness; shapes as `svi_total_variance`.

    Not negative everywhere if and only if the slice is free of butterfly arbitrage (given wings
    of slope below 2).
    """
    return durrleman_values(log_moneyness, *svi_slopes(raw, log_moneyness))


def durrleman_values(
    log_moneyness: ArrayLike, variance: ArrayLike, slope: ArrayLike, curvature: ArrayLike
) -> Vector:
    """Durrleman's ``g`` given total variances and their derivatives in ``k``, of any smile.

    Parameters
    ----------
    log_moneyness, variance, slope, curvature : array_like
        They broadcast against each other.

    Examples
    --------
    A flat smile of total variance 0.04, at the money and away from it.

    >>> durrleman_values([0.0, 0.3], 0.04, 0.0, 0.0).tolist()
    [1.0, 1.0]
    """
    parts = (np.asarray(part, float) for part in (log_moneyness, variance, slope, curvature))
    k, w, first, second = np.broadcast_arrays(*parts)
    g = np.empty(k.size)
    # Copies, because a broadcast array is neither contiguous nor writeable.
    durrleman_row(
        np.array(k).ravel(),
        np.array(w).ravel(),
        np.array(first).ravel(),
        np.array(second).ravel(),
        g,
    )
    return g.reshape(k.shape)


def surface_points(
    raw: ArrayLike, variance_years: ArrayLike, log_moneyness: ArrayLike, at_years: ArrayLike
) -> SurfacePoints:
    """A whole surface at points of log-moneyness and time, which broadcast against each other.

    Parameters
    ----------
    raw : array_like, shape (n, 5)
        Slices, rising in time.
    variance_years : array_like, shape (n,)
        Rising, positive.
    log_moneyness : array_like
    at_years : array_like
        Variance-years from now; at least 0.

    Raises
    ------
    UsageError
        For slices and times that do not correspond or do not rise, or a negative time.

    Examples
    --------
    >>> flat = [[0.04, 0.0, 0.0, 0.0, 0.1], [0.09, 0.0, 0.0, 0.0, 0.1]]
    >>> found = surface_points(flat, [1.0, 2.0], 0.0, [0.5, 1.0, 1.5, 4.0])
    >>> found.variance.round(12).tolist(), found.extrapolated.tolist()
    ([0.02, 0.04, 0.065, 0.18], [False, False, False, True])
    """
    slices = np.array(raw, dtype=np.float64, ndmin=2, order="C")
    years = np.array(variance_years, dtype=np.float64, ndmin=1)
    if slices.shape != (years.size, PARAMETERS) or years.ndim != 1 or years.size == 0:
        raise UsageError(
            "must be (n, 5) slices and their n times", found=(slices.shape, years.shape)
        )
    if not (years[0] > 0.0 and np.all(np.diff(years) > 0.0)):
        raise UsageError("must be positive and rise", found=years.tolist(), field="variance_years")
    k, t = np.broadcast_arrays(np.asarray(log_moneyness, float), np.asarray(at_years, float))
    if not np.all(t >= 0.0):
        raise UsageError("must be at least 0", found=float(np.min(t)), field="at_years")
    out, flags = np.empty((4, k.size)), np.empty(k.size, dtype=np.bool_)
    surface_rows(
        slices,
        years,
        np.array(k).ravel(),
        np.array(t).ravel(),
        out[0],
        out[1],
        out[2],
        out[3],
        flags,
    )
    w, slope, curvature, forward = (row.reshape(k.shape) for row in out)
    return SurfacePoints(w, slope, curvature, forward, flags.reshape(k.shape))
