"""Spectra: how much a coherent measure minds each quantile of loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError
from plimsoll.measures.sample import check_confidence

Vector = NDArray[np.float64]
Function = Callable[[Vector], Vector]

_GRID = np.concatenate((np.geomspace(1e-6, 1e-2, 200, endpoint=False), np.linspace(1e-2, 1.0, 991)))
_TOLERANCE = 1e-8
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(16)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spectrum:
    """An admissible spectrum ``phi(u)`` of the tail probability u: 0 is the worst outcome.

    Admissible (Acerbi, 2002): not negative, decreasing in u, and of integral one; then
    ``integral of phi(u) VaR_u du`` is coherent.

    Parameters
    ----------
    name : str
    density : callable
        ``phi``, of arrays of u in [0, 1].
    cumulative : callable
        ``integral of phi from 0 to u``, concave from 0 to 1.

    Raises
    ------
    ParameterError
        Where the spectrum is not admissible, or its two functions do not belong together; checked
        on 1,191 points, tolerance 1e-8 on the integral.
    """

    name: str
    density: Function
    cumulative: Function

    def __post_init__(self) -> None:
        phi = np.asarray(self.density(_GRID), dtype=np.float64)
        area = np.asarray(self.cumulative(_GRID), dtype=np.float64)
        start = float(np.asarray(self.cumulative(np.zeros(1)))[0])
        self._require(bool(np.all(phi >= 0.0)), "must not be negative", float(phi.min()))
        worst = float(np.diff(phi).max())
        self._require(worst <= _TOLERANCE, "must be decreasing in u", worst)
        self._require(abs(start) <= _TOLERANCE, "must integrate from zero", start)
        last = float(area[-1])
        self._require(abs(last - 1.0) <= _TOLERANCE, "must integrate to one", last)
        _check_pair(self.name, phi, np.diff(area) / np.diff(_GRID))

    def _require(self, holds: bool, must: str, found: float) -> None:
        if not holds:
            raise ParameterError(
                must, found=found, field=f"spectrum {self.name}", remedy="see Acerbi, 2002"
            )


def exponential_spectrum(aversion: float) -> Spectrum:
    """``phi(u) = k exp(-k u) / (1 - exp(-k))`` with absolute risk aversion ``k > 0``.

    >>> float(exponential_spectrum(5.0).cumulative(np.ones(1))[0])
    1.0
    """
    if not (aversion > 0.0 and math.isfinite(aversion)):
        raise ParameterError("must be positive and finite", found=aversion, field="aversion")
    whole = -math.expm1(-aversion)
    return Spectrum(
        name=f"exponential {aversion:g}",
        density=lambda u: aversion * np.exp(-aversion * u) / whole,
        cumulative=lambda u: -np.expm1(-aversion * u) / whole,
    )


def power_spectrum(exponent: float) -> Spectrum:
    """``phi(u) = g (1 - u)^(g - 1)`` with ``g >= 1`` (the dual power distortion)."""
    if not (exponent >= 1.0 and math.isfinite(exponent)):
        raise ParameterError("must be at least 1 and finite", found=exponent, field="exponent")
    return Spectrum(
        name=f"power {exponent:g}",
        density=lambda u: exponent * (1.0 - u) ** (exponent - 1.0),
        cumulative=lambda u: 1.0 - (1.0 - u) ** exponent,
    )


def shortfall_mixture_spectrum(confidences: Sequence[float], shares: Sequence[float]) -> Spectrum:
    """Spectrum of ``sum share_i ES(confidence_i)``; every admissible spectrum is a limit of these.

    Raises
    ------
    ParameterError
        Where shares are negative or do not add up to one.
    """
    for confidence in confidences:
        check_confidence(confidence)
    tails = 1.0 - np.asarray(confidences, dtype=np.float64)
    parts = np.asarray(shares, dtype=np.float64)
    wrong = parts.shape != tails.shape or bool(np.any(parts < 0.0))
    if wrong or abs(float(parts.sum()) - 1.0) > _TOLERANCE:
        raise ParameterError("must be one share per level, adding up to 1", found=list(shares))
    return Spectrum(
        name="shortfall mixture",
        density=lambda u: (np.asarray(u)[..., None] < tails) @ (parts / tails),
        cumulative=lambda u: np.minimum(np.asarray(u)[..., None] / tails, 1.0) @ parts,
    )


def spectrum_from_density(name: str, density: Function) -> Spectrum:
    """Build a spectrum from ``phi`` alone, integrating it by 16-point Gauss-Legendre pieces.

    Exact to rounding for smooth densities; for one with jumps give `Spectrum` its integral.
    """
    edges = np.concatenate(([0.0], _GRID))
    area = np.concatenate(([0.0], np.cumsum(_pieces(density, edges[:-1], edges[1:]))))

    def cumulative(u: Vector) -> Vector:
        at = np.asarray(u, dtype=np.float64)
        cell = np.clip(np.searchsorted(edges, at, side="right") - 1, 0, edges.size - 1)
        rest: Vector = area[cell] + _pieces(density, edges[cell], at)
        return rest

    return Spectrum(name=name, density=density, cumulative=cumulative)


def _pieces(density: Function, low: Vector, high: Vector) -> Vector:
    half = 0.5 * (high - low)
    points = low[..., None] + half[..., None] * (1.0 + _NODES)
    out: Vector = half * (np.asarray(density(points)) @ _NODE_WEIGHTS)
    return out


def _check_pair(name: str, phi: Vector, mean_slope: Vector) -> None:
    # phi decreases, so its mean over a cell lies between its values at the two ends.
    slack = 1e-6 * (1.0 + phi[0])
    outside = (mean_slope > phi[:-1] + slack) | (mean_slope < phi[1:] - slack)
    if outside.any():
        cell = int(np.flatnonzero(outside)[0])
        raise ParameterError(
            "the cumulative function must be the integral of the density",
            found=f"slope {mean_slope[cell]:g}, density {phi[cell]:g} at u = {_GRID[cell]:g}",
            field=f"spectrum {name}",
        )
