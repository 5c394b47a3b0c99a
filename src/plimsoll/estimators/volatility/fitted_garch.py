"""A fitted GARCH model: what was estimated, under which rules, and what it forecasts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.errors import ParameterError
from plimsoll.estimators.observations import Vector, as_observations, finite_observation
from plimsoll.estimators.volatility.garch_options import (
    Innovations,
    Mean,
    PersistenceRule,
    VarianceStart,
)
from plimsoll.estimators.volatility.garch_standard_errors import robust_standard_errors
from plimsoll.maths.garch_scores import garch_log_densities
from plimsoll.maths.recursions import (
    garch_first_variance,
    garch_variance_path,
    gjr_filter,
    gjr_step,
)
from plimsoll.maths.student_t import (
    student_t_expected_shortfall,
    student_t_value_at_risk,
    unit_variance_scale,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GarchParameters:
    """Parameters in the units of the returns; ``gamma`` is 0 for a plain GARCH.

    ``degrees_of_freedom`` is infinite for normal innovations.
    """

    mean: float
    omega: float
    alpha: float
    gamma: float
    beta: float
    degrees_of_freedom: float

    @property
    def persistence(self) -> float:
        """``alpha + gamma / 2 + beta``: share of a variance shock left after one step."""
        return self.alpha + 0.5 * self.gamma + self.beta


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedGarch:
    """Result of :class:`~plimsoll.estimators.volatility.garch.Garch` or ``GjrGarch``; frozen.

    Attributes
    ----------
    parameters : GarchParameters
    persistence_rule, persistence_limit, variance_start, mean_model : str, float, str, str
        The rules the fit was made under.
    presample_variance : float
        The number the variance start gave.
    status : tuple of str
        Constraints that bind at the optimum, empty if the optimum is interior. ``"persistence"``
        means the persistence equals ``persistence_limit``.
    converged : bool
    log_likelihood : float
        At the optimum, of ``returns``, the sample of the fit.
    variances : ndarray, shape (n + 1,)
        Of the sample; the last is the forecast at its end.
    variance_next : float
        Variance of the next return, updates included.
    observations : int
        Returns seen, updates included.
    """

    parameters: GarchParameters
    asymmetric: bool
    innovations: Innovations
    mean_model: Mean
    variance_start: VarianceStart
    presample_variance: float
    persistence_rule: PersistenceRule
    persistence_limit: float
    status: tuple[str, ...]
    converged: bool
    log_likelihood: float
    evaluations: int
    returns: Vector
    variances: Vector
    variance_next: float
    observations: int

    @property
    def conditional_volatility(self) -> Vector:
        """Volatility of each return of the sample, shape (n,), known before it."""
        return np.sqrt(self.variances[:-1])

    @property
    def shocks(self) -> Vector:
        """Returns of the sample less the mean."""
        return self.returns - self.parameters.mean

    @property
    def standardised_residuals(self) -> Vector:
        """Shocks over their conditional volatility, shape (n,)."""
        return self.shocks / self.conditional_volatility

    def update(self, value: float) -> Self:
        """The model after one more return; parameters unchanged, one step of the recursion.

        Streaming a series gives the variances of :meth:`filter` to the last bit.
        """
        p = self.parameters
        shock = finite_observation(value, name="return") - p.mean
        variance = gjr_step(self.variance_next, shock, p.omega, p.alpha, p.gamma, p.beta)
        return replace(self, variance_next=variance, observations=self.observations + 1)

    def filter(self, returns: ArrayLike) -> Vector:
        """Variances of another stretch of returns under these parameters, shape (n + 1,).

        Started by the fit's pre-sample variance; the last entry is the forecast.
        """
        p = self.parameters
        values = as_observations(returns, minimum=2, name="returns")
        first = garch_first_variance(self.presample_variance, p.omega, p.alpha, p.gamma, p.beta)
        variances: Vector = gjr_filter(values - p.mean, first, p.omega, p.alpha, p.gamma, p.beta)
        return variances

    def forecast(self, horizon: int) -> Vector:
        """Expected variances of the next ``horizon`` returns, shape (horizon,)."""
        if horizon < 1:
            raise ParameterError("must be at least 1", found=horizon, field="horizon")
        p = self.parameters
        path: Vector = garch_variance_path(self.variance_next, p.omega, p.persistence, horizon)
        return path

    def value_at_risk(self, confidence: float) -> float:
        """One-step loss (positive) not exceeded with ``confidence``, by the fitted law."""
        return self._risk(confidence, shortfall=False)

    def expected_shortfall(self, confidence: float) -> float:
        """Mean one-step loss (positive) beyond the value-at-risk, by the fitted law."""
        return self._risk(confidence, shortfall=True)

    def _risk(self, confidence: float, *, shortfall: bool) -> float:
        nu = self.parameters.degrees_of_freedom
        # At 1e9 degrees of freedom a t is normal to 1e-9: one formula serves both laws.
        freedom, scale = (nu, unit_variance_scale(nu)) if np.isfinite(nu) else (1e9, 1.0)
        measure = student_t_expected_shortfall if shortfall else student_t_value_at_risk
        standard = float(measure(confidence, freedom, 0.0, scale))
        return float(np.sqrt(self.variance_next)) * standard - self.parameters.mean

    def log_densities(self) -> Vector:
        """Log density of each return of the sample; their sum is the log-likelihood."""
        densities: Vector = garch_log_densities(
            np.array(self.returns), parameter_vector(self.parameters), self.presample_variance
        )
        return densities

    def standard_errors(self) -> GarchParameters:
        """Robust (Bollerslev and Wooldridge, 1992) standard errors; 0 for what was not estimated.

        At a boundary (see ``status``) they are nominal: the estimate is not normal there.
        """
        estimated = np.array(
            [
                self.mean_model == "constant",
                True,
                True,
                self.asymmetric,
                True,
                self.innovations == "t",
            ]
        )
        errors = robust_standard_errors(
            np.array(self.returns),
            parameter_vector(self.parameters),
            self.presample_variance,
            estimated,
        )
        return GarchParameters(
            mean=errors[0],
            omega=errors[1],
            alpha=errors[2],
            gamma=errors[3],
            beta=errors[4],
            degrees_of_freedom=errors[5],
        )


def parameter_vector(parameters: GarchParameters) -> Vector:
    """Mean, omega, alpha, gamma, beta, degrees of freedom."""
    p = parameters
    return np.array([p.mean, p.omega, p.alpha, p.gamma, p.beta, p.degrees_of_freedom])
