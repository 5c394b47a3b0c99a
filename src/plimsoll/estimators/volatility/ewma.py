"""Exponentially weighted moving variance, with normal, Student-t or skewed Student-t residuals.

    h[t+1] = decay h[t] + (1 - decay) r[t]**2,   decay = 0.5 ** (1 / half_life)

Zero mean (RiskMetrics, 1996). No optimiser: the half-life is a choice, the law of
``innovations="t"`` or ``"skewt"`` is fitted to the standardised residuals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.errors import EstimationError, ParameterError
from plimsoll.estimators.observations import Vector, read_only
from plimsoll.estimators.volatility.garch_options import Innovations, VarianceStart, check_choice
from plimsoll.estimators.volatility.one_step_risk import OneStepRisk
from plimsoll.estimators.volatility.residual_law import (
    ResidualLaw,
    check_reach,
    fit_residual_law,
)
from plimsoll.estimators.volatility.usable_returns import (
    as_returns,
    check_not_stuck,
    check_variances,
    check_zeros,
    usable_return,
)
from plimsoll.maths.recursions import arch_backcast, ewma_filter, ewma_step

MINIMUM_OBSERVATIONS = 20


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
    innovations : {"t", "normal", "skewt"}
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
        check_half_life(self.half_life)
        check_ewma_start(self.variance_start)

    def fit(self, returns: ArrayLike) -> FittedEwma:
        """Filter ``returns``, shape (n,), in time order; n at least 20.

        Raises
        ------
        DataFormatError, InsufficientDataError, EstimationError
            See :func:`~plimsoll.estimators.volatility.usable_returns.as_returns`; the last also for
            too many zeros (30 % under a fitted t, 90 % under any law), zeros at the end that are a
            stuck feed, and a law that does not reach the residuals' own tail.
        """
        values = as_returns(returns, minimum=MINIMUM_OBSERVATIONS)
        decay = decay_of_half_life(self.half_life)
        check_zeros(values, heavy=self.innovations != "normal")
        check_not_stuck(values, decay)
        variances = ewma_filter(values, ewma_first_variance(values, self.variance_start), decay)
        check_variances(variances)
        residuals = values / np.sqrt(variances[:-1])
        law = fit_residual_law(residuals, self.innovations)
        check_reach(law, residuals)
        return FittedEwma(
            decay=decay,
            innovations=self.innovations,
            variance_start=self.variance_start,
            residual_location=law.location,
            residual_scale=law.scale,
            degrees_of_freedom=law.degrees_of_freedom,
            residual_skew=law.skew,
            returns=read_only(values),
            variances=read_only(variances),
            variance_next=float(variances[-1]),
            observations=values.size,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedEwma(OneStepRisk):
    """Result of :class:`Ewma`; frozen.

    ``residual_location``, ``residual_scale``, ``degrees_of_freedom`` and ``residual_skew`` describe
    the law of the standardised residuals (0, 1, infinity and 0 for normal innovations); the scale
    of a skewed law is its standard deviation. ``status`` names the bounds on which the law stands
    (``nu=2.05``: the tail is heavier than any law with a variance).
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
    residual_skew: float = 0.0

    @property
    def shocks(self) -> Vector:
        """Returns of the sample: the mean is zero."""
        return self.returns

    @property
    def status(self) -> tuple[str, ...]:
        """Bounds on which the fitted law stands, empty if none."""
        return self.law.status

    @property
    def law(self) -> ResidualLaw:
        """Law of the standardised residuals."""
        return ResidualLaw(
            location=self.residual_location,
            scale=self.residual_scale,
            degrees_of_freedom=self.degrees_of_freedom,
            skew=self.residual_skew,
            skewed=self.innovations == "skewt",
        )

    def update(self, value: float) -> Self:
        """The model after one more return: one step of the recursion, a new object."""
        shock = usable_return(value)
        variance = ewma_step(self.variance_next, shock, self.decay)
        return replace(self, variance_next=variance, observations=self.observations + 1)

    def forecast(self, horizon: int) -> Vector:
        """Expected variances of the next ``horizon`` returns: all equal to the next one."""
        if horizon < 1:
            raise ParameterError("must be at least 1", found=horizon, field="horizon")
        return np.full(horizon, self.variance_next)


def check_half_life(half_life: float) -> None:
    """Raise :class:`ParameterError` unless a positive finite number of observations."""
    if not (np.isfinite(half_life) and half_life > 0.0):
        raise ParameterError(
            "must be a positive number of observations", found=half_life, field="half_life"
        )


def check_ewma_start(rule: VarianceStart) -> None:
    """An EWMA has no mean that moves: two of the starts, the others raise."""
    if rule not in ("arch_backcast", "sample_variance"):
        raise ParameterError(
            "must be one of 'arch_backcast', 'sample_variance'", found=rule, field="variance_start"
        )


def ewma_first_variance(returns: Vector, rule: VarianceStart) -> float:
    """Variance of the first return: the backcast of arch, or the mean square.

    Raises
    ------
    EstimationError
        It is 0: the first returns are all zero.
    """
    start = arch_backcast(returns) if rule == "arch_backcast" else np.mean(returns * returns)
    if not start > 0.0:
        raise EstimationError(
            "the variance of the first return must be positive",
            found=float(start),
            remedy="use variance_start='sample_variance', or cut the frozen prices off",
            field="variance_start",
        )
    return float(start)
