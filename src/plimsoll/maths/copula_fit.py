"""Maximum likelihood of the t copula: over nu alone, or over nu and all correlations.

The search runs over ``1 / nu``, which puts the normal copula at the end of a finite interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from plimsoll.maths.copula_likelihood import (
    PseudoObservations,
    climb_correlation,
    t_copula_log_likelihood,
    t_scores,
)

Matrix = NDArray[np.float64]

NU_LOWEST, NU_HIGHEST = 1.0, 1000.0
_GRID = (0.001, 0.03, 0.08, 0.15, 0.3, 0.6, 1.0)
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class CopulaOptimum:
    """Where the search ended."""

    correlation: Matrix
    nu: float
    log_likelihood: float
    converged: bool
    evaluations: int


@dataclass(slots=True, kw_only=True)
class _Profile:
    """Negative log-likelihood as a function of 1 / nu; remembers the best correlations so far."""

    pseudo: PseudoObservations
    correlation: Matrix
    free: bool
    converged: bool = True
    evaluations: int = 0

    def __call__(self, eta: float) -> float:
        self.evaluations += 1
        nu = 1.0 / eta
        scores, marginal = t_scores(self.pseudo, nu)
        if not self.free:
            return -t_copula_log_likelihood(scores, marginal, self.correlation, nu)
        self.correlation, value, self.converged = climb_correlation(scores, self.correlation, nu)
        return marginal - value


def fit_t_copula(pseudo: PseudoObservations, correlation: Matrix, *, free: bool) -> CopulaOptimum:
    """Maximise over nu, with ``correlation`` as given or, if ``free``, as the start of its own.

    Parameters
    ----------
    correlation : ndarray, shape (N, N)
        Positive definite.
    """
    coarse = _Profile(pseudo=pseudo, correlation=correlation, free=False)
    values = [coarse(eta) for eta in _GRID]
    place = int(np.argmin(values))
    low, high = _GRID[max(place - 1, 0)], _GRID[min(place + 1, len(_GRID) - 1)]
    profile = _Profile(pseudo=pseudo, correlation=correlation, free=free)
    eta = _minimised(profile, low, high)
    # The profile over free correlations may have its optimum outside the coarse bracket.
    if free and math.isclose(eta, high, rel_tol=1e-4) and high < _GRID[-1]:
        eta = _minimised(profile, low, _GRID[-1])
    elif free and math.isclose(eta, low, rel_tol=1e-4) and low > _GRID[0]:
        eta = _minimised(profile, _GRID[0], high)
    for end in (1.0 / NU_HIGHEST, 1.0 / NU_LOWEST):
        if math.isclose(eta, end, rel_tol=1e-3) and profile(end) <= profile(eta):
            eta = end
    value = profile(eta)
    return CopulaOptimum(
        correlation=profile.correlation,
        nu=1.0 / eta,
        log_likelihood=-value,
        converged=profile.converged,
        evaluations=coarse.evaluations + profile.evaluations,
    )


def _minimised(profile: _Profile, low: float, high: float) -> float:
    found = optimize.minimize_scalar(
        profile, bounds=(low, high), method="bounded", options={"xatol": _TOLERANCE}
    )
    return float(found.x)
