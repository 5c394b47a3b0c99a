"""Ask a surface: volatility and total variance at any strike and expiry, with standard errors.

Strikes and expiries broadcast against each other; expiries are whole nanoseconds since 1970 (UTC)
or `numpy.datetime64`. Between expiries total variance is linear in the time of the surface's
`VarianceClock` at fixed log-moneyness (`plimsoll.maths.svi` says what holds before the first and
after the last expiry), and the forward is log-linear in calendar time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.surface import SviSmile, VolSurface
from plimsoll.estimators.surface.arguments import common_shape, finite_numbers, positive_numbers
from plimsoll.estimators.surface.expiry_times import expiry_times
from plimsoll.maths.svi import mix_rows, surface_points
from plimsoll.maths.variance_clock import calendar_years, variance_years

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurfaceValues:
    """A surface at points; all arrays of one shape.

    Parameters
    ----------
    log_moneyness, tau_years : ndarray
        k = ln(K/F); calendar years, ACT/365.
    total_variance, volatility : ndarray
        w, and sqrt(w / tau_years), annual.
    skew, curvature : ndarray
        First and second derivative of the volatility in k.
    extrapolated : ndarray of bool
        True after the last expiry of the surface.
    """

    log_moneyness: FloatArray
    tau_years: FloatArray
    total_variance: FloatArray
    volatility: FloatArray
    skew: FloatArray
    curvature: FloatArray
    extrapolated: NDArray[np.bool_]


def tau_years(surface: VolSurface, expiry_ns: ArrayLike) -> FloatArray:
    """Calendar years from the surface's time to each expiry, ACT/365.

    Parameters
    ----------
    surface : VolSurface
    expiry_ns : array_like of int or numpy.datetime64

    Raises
    ------
    UsageError
        As `expiry_times`.
    """
    return calendar_years(surface.at_ns, expiry_times(surface, expiry_ns))


def forward_at(surface: VolSurface, expiry_ns: ArrayLike) -> FloatArray:
    """Forward for each expiry, quote currency.

    Log-linear in calendar time between the listed ones; before the first towards the index where
    it is known (else the first forward), after the last with the carry of the last two.

    Parameters
    ----------
    surface : VolSurface
    expiry_ns : array_like of int or numpy.datetime64

    Raises
    ------
    UsageError
        As `expiry_times`.
    """
    years = tau_years(surface, expiry_ns)
    listed = np.array([smile.tau_years for smile in surface.smiles])
    logs = np.log([smile.forward for smile in surface.smiles])
    if np.isfinite(surface.index) and surface.index > 0.0:
        listed, logs = np.append(0.0, listed), np.append(np.log(surface.index), logs)
    carry = 0.0
    if listed.size > 1:
        carry = (logs[-1] - logs[-2]) / (listed[-1] - listed[-2])
    beyond = np.maximum(years - listed[-1], 0.0) * carry
    return np.asarray(np.exp(np.interp(years, listed, logs) + beyond), dtype=np.float64)


def at_strike(surface: VolSurface, strike: ArrayLike, expiry_ns: ArrayLike) -> SurfaceValues:
    """The surface at strikes and expiries.

    Parameters
    ----------
    surface : VolSurface
    strike : array_like of float
        Quote currency.
    expiry_ns : array_like of int or numpy.datetime64
        UTC; broadcasts with ``strike``.

    Raises
    ------
    UsageError
        For strikes that are not positive and finite, expiries not after the surface's time, and
        shapes that do not broadcast.
    """
    k = strike_moneyness(surface, strike, expiry_ns)
    return at_moneyness(surface, k, expiry_ns)


def strike_moneyness(surface: VolSurface, strike: ArrayLike, expiry_ns: ArrayLike) -> FloatArray:
    """k = ln(K/F) of strikes at expiries; parameters and errors as in `at_strike`."""
    strikes, forwards = positive_numbers("strike", strike), forward_at(surface, expiry_ns)
    common_shape(strike=strikes, expiry_ns=forwards)
    return np.asarray(np.log(strikes / forwards), dtype=np.float64)


def at_moneyness(
    surface: VolSurface, log_moneyness: ArrayLike, expiry_ns: ArrayLike
) -> SurfaceValues:
    """The surface at k = ln(K/F) and expiries.

    Parameters
    ----------
    surface : VolSurface
    log_moneyness : array_like of float
    expiry_ns : array_like of int or numpy.datetime64
        UTC; broadcasts with ``log_moneyness``.

    Raises
    ------
    UsageError
        For moneyness that is not finite, expiries not after the surface's time, and shapes that do
        not broadcast.
    """
    k, years = finite_numbers("log_moneyness", log_moneyness), tau_years(surface, expiry_ns)
    common_shape(log_moneyness=k, expiry_ns=years)
    k, years = np.broadcast_arrays(k, years)
    times = np.broadcast_to(_variance_years(surface, expiry_ns), k.shape)
    points = surface_points(surface.raw(), _listed_years(surface), k, times)
    volatility = np.sqrt(points.variance / years)
    skew = points.slope / (2.0 * volatility * years)
    curvature = points.curvature / (2.0 * volatility * years) - skew**2 / volatility
    return SurfaceValues(
        log_moneyness=k,
        tau_years=years,
        total_variance=points.variance,
        volatility=volatility,
        skew=skew,
        curvature=curvature,
        extrapolated=points.extrapolated,
    )


def standard_error(
    surface: VolSurface, log_moneyness: ArrayLike, expiry_ns: ArrayLike
) -> FloatArray:
    """Standard error of the volatility at k = ln(K/F) and expiries, by the delta method.

    The errors of two smiles between which is interpolated are taken as independent. After the last
    expiry the error of the growth, which goes with that smile's total variance at the money, is
    in it. NaN where a smile that enters has no covariance.

    Parameters
    ----------
    surface : VolSurface
    log_moneyness : array_like of float
    expiry_ns : array_like of int or numpy.datetime64
        UTC; broadcasts with ``log_moneyness``.

    Returns
    -------
    ndarray
        Annual volatility, in the broadcast shape.

    Raises
    ------
    UsageError
        As `at_moneyness`.
    """
    values = at_moneyness(surface, log_moneyness, expiry_ns)
    k = values.log_moneyness.ravel()
    times = np.broadcast_to(_variance_years(surface, expiry_ns), values.log_moneyness.shape)
    rows, weights = np.empty((2, k.size), dtype=np.int64), np.empty((2, k.size))
    listed = _listed_years(surface)
    mix_rows(surface.raw(), listed, np.array(times).ravel(), *rows, *weights)
    growth = np.maximum(times.ravel() / listed[-1] - 1.0, 0.0)
    variance = np.zeros(k.size)
    for row, weight in zip(rows, weights, strict=True):
        for i in np.unique(row[weight != 0.0]):
            here = (row == i) & (weight != 0.0)
            error = _variance_error(surface.smiles[i], k[here], growth[here])
            variance[here] += weight[here] ** 2 * error
    errors: FloatArray = np.sqrt(variance).reshape(values.volatility.shape)
    return errors / (2.0 * values.volatility * values.tau_years)


def _variance_error(smile: SviSmile, k: FloatArray, growth: FloatArray) -> FloatArray:
    """Variance of ``w(k) + growth w(0)``, w being the smile's total variance."""
    if smile.covariance is None:
        return np.full(k.shape, np.nan)
    gradient = _gradient(smile, k) + growth * _gradient(smile, np.zeros(1))
    return np.asarray(np.sum(gradient * (smile.covariance @ gradient), axis=0))


def _gradient(smile: SviSmile, k: FloatArray) -> FloatArray:
    """Derivatives of the total variance in a, b, rho, m and sigma; shape (5, k.size)."""
    x = k - smile.m
    root = np.hypot(x, smile.sigma)
    return np.stack(
        (
            np.ones(k.shape),
            smile.rho * x + root,
            smile.b * x,
            -smile.b * (smile.rho + x / root),
            smile.b * smile.sigma / root,
        )
    )


def _listed_years(surface: VolSurface) -> FloatArray:
    return np.array([smile.variance_years for smile in surface.smiles])


def _variance_years(surface: VolSurface, expiry_ns: ArrayLike) -> FloatArray:
    expiries = expiry_times(surface, expiry_ns)
    return variance_years(surface.clock.day_weights, surface.at_ns, expiries)
