"""Exponentially weighted moving variance, with normal or Student-t innovations.

    h[t+1] = decay h[t] + (1 - decay) r[t]**2,   decay = 0.5 ** (1 / half_life)

Zero mean (RiskMetrics, 1996). No optimiser: the half-life is a choice, the degrees of freedom of
``innovations="t"`` are fitted to the standardised residuals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.errors import ParameterError
from plimsoll.estimators.observations import (
    Vector,
    as_observations,
    finite_observation,
    read_only,
)
from plimsoll.estimators.volatility.garch_options import Innovations, VarianceStart, check_choice
from plimsoll.maths.recursions import arch_backcast, ewma_filter, ewma_step
from plimsoll.maths.student_t import student_t_expected_shortfall, student_t_value_at_risk
from plimsoll.maths.student_t_fit import student_t_fit

MINIMUM_OBSERVATIONS = 20
_NORMAL_FREEDOM = 1e9


def decay_of_half_life(half_life: float) -> float:
    """Weight of the old variance: ``0.5 ** (1 / half_life)``.

    Examples
    --------
    >>> round(decay_of_half_life(11.2), 2)
    0.94
    """
    return float(0.5 ** (1.0 / half_life))


def half_life_of_decay(decay: float) -> float:
    """Observations after which a weight has halved: ``log 0.5 / log decay``."""
    return float(np.log(0.5) / np.log(decay))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ewma:
    """EWMA variance; see the module text.

    Parameters
    ----------
    half_life : float
        In observations; 11.2 is RiskMetrics' daily 0.94, 22.8 is 0.97.
    innovations : {"t", "normal"}
    variance_start : {"arch_backcast", "sample_variance"}
        Variance of the first return.

    Examples
    --------
    >>> fitted = Ewma(half_life=11.2).fit([0.01, -0.02, 0.005] * 10)
    >>> fitted.update(0.03).observations
    31
    """

    half_life: float
    innovations: Innovations = "t"
    variance_start: VarianceStart = "arch_backcast"

    def __post_init__(self) -> None:
        check_choice(self.innovations, Innovations, field="innovations")
        check_choice(self.variance_start, VarianceStart, field="variance_start")
        if not (np.isfinite(self.half_life) and self.half_life > 0.0):
            raise ParameterError(
                "must be a positive number of observations",
                found=self.half_life,
                field="half_life",
            )

    def fit(self, returns: ArrayLike) -> FittedEwma:
        """Filter ``returns``, shape (n,), in time order; n at least 20.

        Raises
        ------
        DataFormatError, InsufficientDataError, EstimationError
            See :func:`plimsoll.estimators.observations.as_observations`.
        """
        values = as_observations(returns, minimum=MINIMUM_OBSERVATIONS, name="returns")
        decay = decay_of_half_life(self.half_life)
        variances = ewma_filter(values, _first_variance(values, self.variance_start), decay)
        location, scale, freedom = 0.0, 1.0, np.inf
        if self.innovations == "t":
            location, scale, freedom, _, _ = student_t_fit(values / np.sqrt(variances[:-1]))
        return FittedEwma(
            decay=decay,
            innovations=self.innovations,
            variance_start=self.variance_start,
            residual_location=float(location),
            residual_scale=float(scale),
            degrees_of_freedom=float(freedom),
            returns=read_only(values),
            variances=read_only(variances),
            variance_next=float(variances[-1]),
            observations=values.size,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedEwma:
    """Result of :class:`Ewma`; frozen.

    ``residual_location``, ``residual_scale`` and ``degrees_of_freedom`` describe the Student-t
    law of the standardised residuals (0, 1 and infinity for normal innovations).
    """

    decay: float
    innovations: Innovations
    variance_start: VarianceStart
    residual_location: float
    residual_scale: float
    degrees_of_freedom: float
    returns: Vector
    variances: Vector
    variance_next: float
    observations: int

    @property
    def conditional_volatility(self) -> Vector:
        """Volatility of each return of the sample, shape (n,), known before it."""
        return np.sqrt(self.variances[:-1])

    @property
    def standardised_residuals(self) -> Vector:
        """Returns over their conditional volatility, shape (n,)."""
        return self.returns / self.conditional_volatility

    def update(self, value: float) -> Self:
        """The model after one more return: one step of the recursion, a new object."""
        shock = finite_observation(value, name="return")
        variance = ewma_step(self.variance_next, shock, self.decay)
        return replace(self, variance_next=variance, observations=self.observations + 1)

    def forecast(self, horizon: int) -> Vector:
        """Expected variances of the next ``horizon`` returns: all equal to the next one."""
        if horizon < 1:
            raise ParameterError("must be at least 1", found=horizon, field="horizon")
        return np.full(horizon, self.variance_next)

    def value_at_risk(self, confidence: float) -> float:
        """One-step loss (positive) not exceeded with ``confidence``."""
        nu, location, scale = self._law()
        standard = student_t_value_at_risk(confidence, nu, location, scale)
        return float(np.sqrt(self.variance_next) * standard)

    def expected_shortfall(self, confidence: float) -> float:
        """Mean one-step loss (positive) beyond the value-at-risk; infinite for nu <= 1."""
        nu, location, scale = self._law()
        standard = student_t_expected_shortfall(confidence, nu, location, scale)
        return float(np.sqrt(self.variance_next) * standard)

    def _law(self) -> tuple[float, float, float]:
        nu = self.degrees_of_freedom if np.isfinite(self.degrees_of_freedom) else _NORMAL_FREEDOM
        return nu, self.residual_location, self.residual_scale


def _first_variance(returns: Vector, rule: VarianceStart) -> float:
    if rule == "arch_backcast":
        return float(arch_backcast(returns))
    return float(np.mean(returns * returns))
