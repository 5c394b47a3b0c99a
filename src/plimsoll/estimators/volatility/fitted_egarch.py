"""A fitted EGARCH model: what was estimated, under which rules, and what it forecasts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from plimsoll.errors import ParameterError
from plimsoll.estimators.observations import Vector
from plimsoll.estimators.volatility.fitted_family import FittedFamily
from plimsoll.estimators.volatility.garch_options import (
    EgarchBounds,
    Innovations,
    Mean,
    PersistenceRule,
    VarianceStart,
)
from plimsoll.estimators.volatility.garch_parameters import EgarchParameters
from plimsoll.estimators.volatility.usable_returns import usable_return
from plimsoll.maths.egarch_recursion import (
    egarch_empirical_growth,
    egarch_normal_growth,
    egarch_step,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedEgarch(FittedFamily):
    """Result of :class:`~plimsoll.estimators.volatility.egarch.Egarch`; frozen.

    Attributes as :class:`~plimsoll.estimators.volatility.fitted_garch.FittedGarch`, and

    variance_floor, variance_ceiling : float
        Bounds of the recursion: 1e-8 and 1e8 times the variance of the sample. The response to a
        shock is exponential, so that one bad print would otherwise make it infinite.
    """

    parameters: EgarchParameters
    innovations: Innovations
    mean_model: Mean
    variance_start: VarianceStart
    presample_variance: float
    persistence_rule: PersistenceRule
    persistence_limit: float
    bounds: EgarchBounds
    status: tuple[str, ...]
    converged: bool
    log_likelihood: float
    evaluations: int
    returns: Vector
    variances: Vector
    variance_floor: float
    variance_ceiling: float
    variance_next: float
    observations: int

    @property
    def variance_bounds(self) -> tuple[float, float]:
        """Floor and ceiling of the recursion."""
        return self.variance_floor, self.variance_ceiling

    def update(self, value: float) -> Self:
        """The model after one more return; parameters unchanged, one step of the recursion.

        Streaming a series gives the variances of :meth:`filter` to the last bit.
        """
        p = self.parameters
        shock = usable_return(value) - p.mean
        variance = egarch_step(
            self.variance_next, shock, p.omega, p.alpha, p.gamma, p.beta, *self.variance_bounds
        )
        return replace(self, variance_next=variance, observations=self.observations + 1)

    @property
    def forecast_law(self) -> str:
        """Over which law :meth:`forecast` takes its expectations: ``normal`` or ``residuals``."""
        return "normal" if self.innovations == "normal" else "residuals"

    def forecast(self, horizon: int) -> Vector:
        """Expected variances of the next ``horizon`` returns, shape (horizon,).

        The first is known. Later ones are a closed form,
        ``h**(beta**k) exp(omega (1 + .. + beta**(k-1))) prod_j E exp(beta**j g(z))``, taken over
        the normal law (Nelson, 1991), or for heavy tails over the standardised residuals of the
        sample: ``E exp(c |z|)`` is infinite for a Student-t, whatever c > 0, so that its expected
        variance beyond one step does not exist. Kept within the bounds of the recursion.
        """
        if horizon < 1:
            raise ParameterError("must be at least 1", found=horizon, field="horizon")
        p, residuals, path = self.parameters, self.standardised_residuals, np.empty(horizon)
        log_variance, log_growth, weight = float(np.log(self.variance_next)), 0.0, 1.0
        for k in range(horizon):
            path[k] = log_variance + log_growth
            alpha, gamma = weight * p.alpha, weight * p.gamma
            log_growth += (
                egarch_normal_growth(alpha, gamma)
                if self.innovations == "normal"
                else egarch_empirical_growth(alpha, gamma, residuals)
            )
            log_variance = p.omega + p.beta * log_variance
            weight *= p.beta
        low, high = np.log(self.variance_floor), np.log(self.variance_ceiling)
        return np.exp(np.clip(path, low, high))

    def standard_errors(self) -> EgarchParameters:
        """Robust (Bollerslev and Wooldridge, 1992) standard errors; 0 for what was not estimated.

        At a boundary (see ``status``) they are nominal: the estimate is not normal there.
        """
        return EgarchParameters(**self._standard_errors(has_gamma=True))
