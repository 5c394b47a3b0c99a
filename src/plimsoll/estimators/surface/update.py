"""Carry a surface on in time and correct it by quotes as they come: an extended Kalman filter.

Between quotes the smiles keep their shape in standardised moneyness and their forward variance,
and what is known of them fades as a random walk (`plimsoll.estimators.surface.previous`). That
keeps a surface free of arbitrage: carried on, a smile is ``r w(k / sqrt(r))`` with r the share of
its variance time that is left. Its g is that of w at ``k / sqrt(r)`` plus ``(1 - r) w'^2 / 16``.
It rises in r, as ``1 - x w'(x) / (2 w(x)) > 0`` (Fukasawa, 2012), and r rises with expiry, so that
two smiles that did not cross do not cross afterwards.

A quote corrects its own smile only, by as much as both are believed; one too surprising is left
out. A correction that would open an arbitrage is taken as far as it opens none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.option_chain import BoolArray, FloatArray, IntArray
from plimsoll.domain.surface import SviSmile, VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.arbitrage import arbitrage_report
from plimsoll.estimators.surface.previous import carried_smiles
from plimsoll.estimators.surface.settings import DEFAULTS, SurfaceSettings
from plimsoll.estimators.surface.uncertainty import raw_jacobian
from plimsoll.maths.surface_fit_curve import (
    COORDINATES,
    LOG_LEVEL,
    coordinates_of_raw,
    raw_of_coordinates,
    svi_curve,
    svi_gradient,
    svi_shape,
)
from plimsoll.maths.variance_clock import calendar_years, variance_years

_SHARES = (1.0, 0.5, 0.25, 0.125, 0.0625)
_STEPS = 4
_UNKNOWN = 1.0
"""Standard deviation of the coordinates of a smile without covariance."""


class UpdateStatus(IntEnum):
    """What became of a quote (closed enumeration)."""

    USED = 0
    SURPRISING = 1  # further from the surface than ``gate`` standard deviations
    UNKNOWN_EXPIRY = 2  # no smile of that expiry: fit the chain anew
    EXPIRED = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VolQuotes:
    """N implied volatilities seen at one time.

    Parameters
    ----------
    at_ns : int
    expiry_ns : (N,) int64
    log_moneyness : (N,) float64
        k = ln(strike / forward), with the forward of the quote's own time.
    volatility, standard_error : (N,) float64
        Mid, and how far it may be from the smile (the half-spread is a fair value); annual,
        positive and finite.

    Raises
    ------
    UsageError
        For columns of different length, and for values outside their range, with the row.
    """

    at_ns: int
    expiry_ns: IntArray
    log_moneyness: FloatArray
    volatility: FloatArray
    standard_error: FloatArray

    def __post_init__(self) -> None:
        for name in ("log_moneyness", "volatility", "standard_error"):
            column = getattr(self, name)
            if column.shape != self.expiry_ns.shape:
                raise UsageError(
                    f"must have one entry per quote, {self.expiry_ns.shape}",
                    found=column.shape,
                    field=name,
                )
            good = np.isfinite(column) & ((column > 0.0) | (name == "log_moneyness"))
            if not bool(np.all(good)):
                row = int(np.flatnonzero(~good)[0])
                raise UsageError(
                    "must be finite, volatilities and errors positive",
                    found=float(column[row]),
                    field=name,
                    row=row,
                    remedy="leave quotes without an implied volatility out",
                )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurfaceUpdate:
    """A surface corrected by quotes.

    Parameters
    ----------
    surface : VolSurface
        At the time of the quotes; free of arbitrage if the surface before was.
    status : (N,) int8
        `UpdateStatus` by quote.
    surprise : (N,) float64
        Quote minus expectation, in standard deviations of that difference; NaN where the surface
        expected nothing.
    share : float
        Part of the correction that was taken: 1, or less where all of it would open an arbitrage.
    """

    surface: VolSurface
    status: NDArray[np.int8]
    surprise: FloatArray
    share: float

    @property
    def used(self) -> BoolArray:
        """(N,) quotes that corrected the surface."""
        used: BoolArray = self.status == UpdateStatus.USED
        return used


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Belief:
    """Coordinates of the n smiles, standardised by ``deviation``, with their covariances."""

    smiles: tuple[SviSmile, ...]
    deviation: FloatArray
    theta: FloatArray
    covariance: FloatArray


def carried_surface(
    surface: VolSurface, at_ns: int, *, settings: SurfaceSettings = DEFAULTS
) -> VolSurface:
    """Return the surface as expected at a later time; expiries past by then are gone.

    Raises
    ------
    UsageError
        For a time before the surface's, or one at which all its expiries have passed.
    """
    return _surface(surface, at_ns, _carried(surface, at_ns, settings))


def update_surface(
    surface: VolSurface,
    quotes: VolQuotes,
    *,
    gate: float = 5.0,
    settings: SurfaceSettings = DEFAULTS,
) -> SurfaceUpdate:
    """Carry the surface on to the time of the quotes and correct it by them.

    Parameters
    ----------
    gate : float
        Quotes more standard deviations away than this are not used: one wild quote must not move
        a surface. A market that has truly jumped is met by a new fit.

    Raises
    ------
    UsageError
        For quotes before the surface's time, and once all its expiries have passed.
    """
    belief = _carried(surface, quotes.at_ns, settings)
    corrected, covariance = belief.theta.copy(), belief.covariance.copy()
    status = np.full(quotes.expiry_ns.size, UpdateStatus.UNKNOWN_EXPIRY, dtype=np.int8)
    status[quotes.expiry_ns <= quotes.at_ns] = UpdateStatus.EXPIRED
    surprise = np.full(quotes.expiry_ns.size, np.nan)
    for i, smile in enumerate(belief.smiles):
        rows = np.flatnonzero(quotes.expiry_ns == smile.expiry_ns)
        if not rows.size:
            continue
        surprise[rows] = _surprise(belief, i, quotes, rows)
        near = np.abs(surprise[rows]) <= gate
        status[rows] = np.where(near, UpdateStatus.USED, UpdateStatus.SURPRISING)
        if near.any():
            corrected[i], covariance[i] = _posterior(belief, i, quotes, rows[near])
    known = replace(belief, theta=corrected, covariance=covariance)
    found, share = _as_far_as_clean(surface, quotes.at_ns, belief, known)
    return SurfaceUpdate(surface=found, status=status, surprise=surprise, share=share)


def _carried(surface: VolSurface, at_ns: int, settings: SurfaceSettings) -> _Belief:
    if at_ns < surface.at_ns:
        raise UsageError("must not be before the surface's time", found=at_ns, field="at_ns")
    alive = tuple(smile for smile in surface.smiles if smile.expiry_ns > at_ns)
    if not alive:
        raise UsageError(
            "must be before the surface's last expiry",
            found=at_ns,
            field="at_ns",
            remedy="fit a surface to a chain of that time",
        )
    expiries = [smile.expiry_ns for smile in alive]
    listed = np.array(expiries, dtype=np.int64)
    years = calendar_years(np.int64(at_ns), listed)
    clock = variance_years(surface.clock.day_weights, np.int64(at_ns), listed)
    carried = carried_smiles(surface, settings, at_ns, expiries, years, clock)
    theta = carried.shape.copy()
    theta[:, LOG_LEVEL] = 0.0
    spread = carried.scale**2 if at_ns > surface.at_ns else np.zeros_like(carried.scale)
    covariance = np.stack([_coordinate_covariance(smile) for smile in alive])
    covariance += spread[:, :, None] * np.eye(COORDINATES)
    moved = tuple(
        replace(smile, tau_years=float(tau), variance_years=float(variance))
        for smile, tau, variance in zip(alive, years, clock, strict=True)
    )
    deviation = carried.vol * np.sqrt(years)
    return _Belief(smiles=moved, deviation=deviation, theta=theta, covariance=covariance)


def _coordinate_covariance(smile: SviSmile) -> FloatArray:
    """Covariance of the coordinates standardised by the smile's own deviation."""
    if smile.covariance is None:
        return np.eye(COORDINATES) * _UNKNOWN**2
    at_the_money = smile.a + smile.b * (np.hypot(smile.m, smile.sigma) - smile.rho * smile.m)
    deviation = np.array([np.sqrt(at_the_money)])
    theta = coordinates_of_raw(smile.raw[None, :], deviation)
    inverse = np.linalg.inv(raw_jacobian(theta, deviation)[0])
    covariance: FloatArray = inverse @ smile.covariance @ inverse.T
    return covariance


def _expected(
    theta: FloatArray, deviation: float, k: FloatArray, tau_years: float
) -> tuple[FloatArray, FloatArray]:
    """(Q,) volatilities of a smile and their (Q, 5) derivatives by its coordinates."""
    shape, gradient = np.empty(7), np.empty((k.size, COORDINATES))
    svi_shape(theta, deviation, shape)
    variance = np.empty(k.size)
    for q, moneyness in enumerate(k.tolist()):
        variance[q] = svi_curve(shape, moneyness)[0]
        svi_gradient(shape, moneyness, gradient[q])
    volatility = np.sqrt(variance / tau_years)
    return volatility, gradient / (2.0 * volatility * tau_years)[:, None]


def _surprise(belief: _Belief, i: int, quotes: VolQuotes, rows: IntArray) -> FloatArray:
    k, tau = quotes.log_moneyness[rows], belief.smiles[i].tau_years
    volatility, slope = _expected(belief.theta[i], float(belief.deviation[i]), k, tau)
    known = np.einsum("qi,ij,qj->q", slope, belief.covariance[i], slope)
    spread = np.sqrt(known + quotes.standard_error[rows] ** 2)
    surprise: FloatArray = (quotes.volatility[rows] - volatility) / spread
    return surprise


def _posterior(
    belief: _Belief, i: int, quotes: VolQuotes, rows: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Coordinates and covariance of a smile given quotes: Gauss-Newton on prior and quotes."""
    k, tau = quotes.log_moneyness[rows], belief.smiles[i].tau_years
    error, prior = quotes.standard_error[rows], belief.covariance[i]
    theta = belief.theta[i].copy()
    for _ in range(_STEPS):
        volatility, slope = _expected(theta, float(belief.deviation[i]), k, tau)
        distance = quotes.volatility[rows] - volatility + slope @ (theta - belief.theta[i])
        total = slope @ prior @ slope.T + np.diag(error**2)
        gain = np.linalg.solve(total, slope @ prior).T
        theta = belief.theta[i] + gain @ distance
    left = np.eye(COORDINATES) - gain @ slope
    covariance: FloatArray = left @ prior @ left.T + (gain * error**2) @ gain.T
    return theta, covariance


def _as_far_as_clean(
    surface: VolSurface, at_ns: int, belief: _Belief, known: _Belief
) -> tuple[VolSurface, float]:
    """The corrected surface, or the largest tried share of the correction without arbitrage.

    What is taken in part is also known only in part.
    """
    for share in _SHARES:
        partly = replace(
            belief,
            theta=belief.theta + share * (known.theta - belief.theta),
            covariance=belief.covariance + share * (known.covariance - belief.covariance),
        )
        try:
            found = _surface(surface, at_ns, partly)
        except UsageError:  # outside the bounds of raw SVI
            continue
        if arbitrage_report(found).is_clean:
            return found, share
    return _surface(surface, at_ns, belief), 0.0


def _surface(surface: VolSurface, at_ns: int, belief: _Belief) -> VolSurface:
    raw = raw_of_coordinates(belief.theta, belief.deviation)
    jacobian = raw_jacobian(belief.theta, belief.deviation)
    covariance = jacobian @ belief.covariance @ jacobian.transpose(0, 2, 1)
    smiles = tuple(
        replace(
            smile,
            **dict(zip(("a", "b", "rho", "m", "sigma"), row.tolist(), strict=True)),
            covariance=0.5 * (known + known.T),
        )
        for smile, row, known in zip(belief.smiles, raw, covariance, strict=True)
    )
    alive = {expiry: why for expiry, why in surface.reasons.items() if expiry > at_ns}
    return replace(surface, at_ns=at_ns, smiles=smiles, reasons=alive)
