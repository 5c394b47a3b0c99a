"""eSSVI slices of a whole chain, fitted together and free of arbitrage by construction.

Minimises a redescending loss of the weighted residuals in volatility over slices ``(theta, rho,
psi)`` that fulfil the sufficient conditions of `plimsoll.maths.ssvi`, strictly: every iterate of
the interior-point descent does. The coordinates make the conditions nearly linear (in the spirit of
Mingone's global parametrisation, 2022, which makes them bounds but ties all slices to the first).

The shape of a slice, ``ln(psi (1 +/- rho) / sqrt(theta))``, is expected near its neighbours', the
nearer the closer their expiries: weakly where a slice has quotes enough, strongly where it is thin.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError
from plimsoll.maths.essvi_fit_descent import descend_essvi
from plimsoll.maths.essvi_fit_terms import ChainQuotes, Ties

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]
Flags = NDArray[np.bool_]

ENOUGH_QUOTES = 5
REACH = 1.0
SHAPE_DEVIATION, THIN_DEVIATION, ANCHOR_DEVIATION = 0.5, 0.05, 1.0
TYPICAL_SHAPE = 0.9
"""``psi (1 +/- rho) / sqrt(theta)`` of a smile as steep as quoted ones usually are."""
_CLOSEST_LOG_TIME = 0.05
_RISE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EssviFit:
    """Fitted slices of a chain.

    Parameters
    ----------
    slices : (n, 3) float64
        theta, rho, psi; NaN for expiries without quotes.
    fitted : (n,) bool
        Expiries with quotes.
    objective : float
        Loss of the quotes and of the ties.
    steps : int
    converged : bool
        If not, the slices are the best found; they are free of arbitrage all the same.
    """

    slices: Matrix
    fitted: Flags
    objective: float
    steps: int
    converged: bool


def fit_essvi(
    log_moneyness: ArrayLike,
    volatility: ArrayLike,
    weight: ArrayLike,
    offsets: ArrayLike,
    tau_years: ArrayLike,
    *,
    reach: float = REACH,
    shape_deviation: float = SHAPE_DEVIATION,
    thin_deviation: float = THIN_DEVIATION,
    enough_quotes: int = ENOUGH_QUOTES,
) -> EssviFit:
    """Fit eSSVI slices to the quotes of a chain.

    Parameters
    ----------
    log_moneyness, volatility, weight : array_like, shape (N,)
        k = ln(K/F), annual volatility (positive), weight of its residual: the reciprocal of half
        the spread makes the unit of ``reach`` half a spread. Quotes of weight 0 are not there.
    offsets : array_like of int, shape (n + 1,)
        Expiry i holds quotes ``offsets[i]`` to ``offsets[i + 1]``.
    tau_years : array_like, shape (n,)
        Positive, rising.
    reach : float
        Weighted residual ``c`` of the loss ``c**2/2 ln(1 + (r/c)**2)``: residuals well beyond let
        go. Infinite: least squares.
    shape_deviation, thin_deviation : float
        Standard deviation of the shape's logarithm from slice to slice, for expiries a factor e
        apart; the thin one for slices with fewer quotes than ``enough_quotes``.
    enough_quotes : int

    Returns
    -------
    EssviFit

    Raises
    ------
    UsageError
        For arrays that do not correspond, numbers that are not finite, volatilities that are not
        positive, negative weights, years that do not rise.

    Examples
    --------
    >>> from plimsoll.maths.ssvi import ssvi_total_variance
    >>> true, tau = np.array([[0.02, -0.3, 0.1], [0.05, -0.2, 0.15]]), np.array([0.1, 0.25])
    >>> k = np.linspace(-0.4, 0.4, 9)
    >>> vol = np.sqrt(ssvi_total_variance(true, k) / tau[:, None])
    >>> found = fit_essvi(np.tile(k, 2), vol.ravel(), np.full(18, 1e4), [0, 9, 18], tau)
    >>> bool(np.abs(found.slices - true).max() < 1e-6)
    True
    """
    k, vol, weights, bounds, tau = _checked(log_moneyness, volatility, weight, offsets, tau_years)
    kept = weights > 0.0
    counts = np.array([int(np.sum(kept[a:b])) for a, b in pairwise(bounds)])
    fitted: Flags = counts > 0
    slices = np.full((tau.size, 3), np.nan)
    if not np.any(fitted):
        return EssviFit(slices=slices, fitted=fitted, objective=0.0, steps=0, converged=True)
    first = np.concatenate(([0], np.cumsum(counts[fitted]))).astype(np.int64)
    quotes = ChainQuotes(k[kept], vol[kept], weights[kept], first, tau[fitted])
    thin = counts[fitted] < enough_quotes
    ties = _ties(quotes.tau, thin, shape_deviation, thin_deviation)
    found = _first_slices(quotes)
    objective, steps, converged = descend_essvi(found, quotes, ties, float(reach))
    psi = 0.5 * (found[:, 1] + found[:, 2])
    rho = (found[:, 1] - found[:, 2]) / (found[:, 1] + found[:, 2])
    slices[fitted] = np.stack((found[:, 0], rho, psi), axis=-1)
    return EssviFit(
        slices=slices, fitted=fitted, objective=objective, steps=steps, converged=converged
    )


def _ties(tau: Vector, thin: Flags, shape_deviation: float, thin_deviation: float) -> Ties:
    """Precisions between neighbours, and of the anchor where nothing else may tell the shape."""
    apart = np.maximum(np.diff(np.log(tau)), _CLOSEST_LOG_TIME)
    deviation = np.where(thin[1:] | thin[:-1], thin_deviation, shape_deviation)
    neighbour = np.zeros(tau.size)
    neighbour[:-1] = 1.0 / (deviation**2 * apart)
    anchor = np.full(tau.size, ANCHOR_DEVIATION**-2.0)
    shape = float(np.log(TYPICAL_SHAPE))
    return Ties(neighbour, anchor, shape, shape)


def _first_slices(quotes: ChainQuotes) -> Matrix:
    """Slices of one shape that fulfil every condition: theta rising, psi ~ sqrt(theta).

    ``psi = c sqrt(theta / (1 + theta))`` rises with theta, and ``psi / theta`` falls; with
    ``rho = 0`` and ``c < 2`` there are no butterflies.
    """
    n = quotes.tau.size
    theta = np.empty(n)
    least = 0.0
    for i in range(n):
        own = slice(quotes.offsets[i], quotes.offsets[i + 1])
        near = np.argsort(np.abs(quotes.k[own]), kind="stable")[:3]
        money = float(np.median(quotes.vol[own][near])) ** 2 * quotes.tau[i]
        theta[i] = max(money, least * (1.0 + _RISE))
        least = theta[i]
    wing = TYPICAL_SHAPE * np.sqrt(theta / (1.0 + theta))
    return np.stack((theta, wing, wing), axis=-1)


def _checked(
    log_moneyness: ArrayLike,
    volatility: ArrayLike,
    weight: ArrayLike,
    offsets: ArrayLike,
    tau_years: ArrayLike,
) -> tuple[Vector, Vector, Vector, Index, Vector]:
    """Contiguous arrays that correspond."""
    k, vol, weights, tau = (
        np.array(part, dtype=np.float64, ndmin=1, order="C")
        for part in (log_moneyness, volatility, weight, tau_years)
    )
    bounds = np.array(offsets, dtype=np.int64, ndmin=1)
    if not (k.shape == vol.shape == weights.shape and k.ndim == 1):
        found = (k.shape, vol.shape, weights.shape)
        raise UsageError("must be of one length", found=found, field="log_moneyness")
    ends = bounds.size == tau.size + 1 and bounds[0] == 0 and bounds[-1] == k.size
    if not (ends and np.all(np.diff(bounds) >= 0)):
        raise UsageError(
            "must rise from 0 to the number of quotes", found=bounds.tolist(), field="offsets"
        )
    conditions = (
        ("log_moneyness", k, np.isfinite(k), "finite"),
        ("volatility", vol, (vol > 0.0) & (vol < np.inf), "positive"),
        ("weight", weights, (weights >= 0.0) & (weights < np.inf), "at least 0"),
        ("tau_years", tau, np.diff(tau, prepend=0.0) > 0.0, "positive and rise"),
    )
    for name, array, good, must in conditions:
        if not np.all(good):
            row = int(np.argmin(good))
            raise UsageError(f"must be {must}", found=float(array[row]), field=name, row=row)
    return k, vol, weights, bounds, tau
