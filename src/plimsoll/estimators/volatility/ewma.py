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

from plimsoll.estimators.observations import Vector, read_only
from plimsoll.estimators.volatility.garch_options import Innovations, VarianceStart, check_choice
from plimsoll.estimators.volatility.martingale_variance import (
    MartingaleVariance,
    check_ewma,
    ewma_sample,
)
from plimsoll.estimators.volatility.residual_law import (
    ResidualLaw,
    check_reach,
    fit_residual_law,
)
from plimsoll.estimators.volatility.usable_returns import check_variances, usable_return
from plimsoll.maths.recursions import ewma_filter, ewma_step


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
        check_ewma(self.half_life, self.variance_start)

    def fit(self, returns: ArrayLike) -> FittedEwma:
        """Filter ``returns``, shape (n,), in time order; n at least 20.

        Raises
        ------
        DataFormatError, InsufficientDataError, EstimationError
            See :func:`~plimsoll.estimators.volatility.usable_returns.as_returns`; the last also for
            too many zeros (30 % under a fitted t, 90 % under any law), zeros at the end that are a
            stuck feed, and a law that does not reach the residuals' own tail.
        """
        decay = decay_of_half_life(self.half_life)
        values, first = ewma_sample(
            returns, decay, self.variance_start, heavy=self.innovations != "normal"
        )
        variances = ewma_filter(values, first, decay)
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
class FittedEwma(MartingaleVariance):
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
