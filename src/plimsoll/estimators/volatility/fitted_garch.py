"""A fitted GARCH or GJR model: what was estimated, under which rules, and what it forecasts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from plimsoll.errors import ParameterError
from plimsoll.estimators.observations import Vector
from plimsoll.estimators.volatility.fitted_family import FittedFamily
from plimsoll.estimators.volatility.garch_options import (
    Innovations,
    Mean,
    PersistenceRule,
    VarianceStart,
)
from plimsoll.estimators.volatility.garch_parameters import GarchParameters
from plimsoll.estimators.volatility.usable_returns import usable_return
from plimsoll.maths.recursions import garch_variance_path, gjr_step

__all__ = ["FittedGarch", "GarchParameters"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedGarch(FittedFamily):
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

    def update(self, value: float) -> Self:
        """The model after one more return; parameters unchanged, one step of the recursion.

        Streaming a series gives the variances of :meth:`filter` to the last bit.
        """
        p = self.parameters
        shock = usable_return(value) - p.mean
        variance = gjr_step(self.variance_next, shock, p.omega, p.alpha, p.gamma, p.beta)
        return replace(self, variance_next=variance, observations=self.observations + 1)

    def forecast(self, horizon: int) -> Vector:
        """Expected variances of the next ``horizon`` returns, shape (horizon,); closed form."""
        if horizon < 1:
            raise ParameterError("must be at least 1", found=horizon, field="horizon")
        p = self.parameters
        path: Vector = garch_variance_path(self.variance_next, p.omega, p.persistence, horizon)
        return path

    def standard_errors(self) -> GarchParameters:
        """Robust (Bollerslev and Wooldridge, 1992) standard errors; 0 for what was not estimated.

        At a boundary (see ``status``) they are nominal: the estimate is not normal there.
        """
        return GarchParameters(**self._standard_errors(has_gamma=self.asymmetric))
