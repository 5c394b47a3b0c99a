"""Student-t score EWMA: a large return is believed less.

    h[t+1] = decay h[t] + (1 - decay) w r[t]**2,   w = (nu + 1) / (nu - 2 + r[t]**2 / h[t])

with unit-variance Student-t innovations (Lucas and Zhang, 2016; see
:mod:`plimsoll.maths.heavy_ewma`, whose path also honours bars that are condemned later). The
degrees of freedom are given, or those under which the returns are likeliest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.errors import ParameterError
from plimsoll.estimators.observations import Vector, read_only
from plimsoll.estimators.volatility.bracketed_search import lowest_point
from plimsoll.estimators.volatility.ewma import decay_of_half_life
from plimsoll.estimators.volatility.garch_options import VarianceStart
from plimsoll.estimators.volatility.martingale_variance import (
    MartingaleVariance,
    check_ewma,
    ewma_sample,
)
from plimsoll.estimators.volatility.residual_law import (
    HIGHEST_FREEDOM,
    LOWEST_FREEDOM,
    ResidualLaw,
    check_reach,
)
from plimsoll.estimators.volatility.usable_returns import check_variances, usable_return
from plimsoll.maths.heavy_ewma import (
    heavy_ewma_filter,
    heavy_ewma_log_likelihood,
    heavy_ewma_step,
)

_TOLERANCE = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreEwma:
    """Student-t score EWMA; see the module text.

    Parameters
    ----------
    half_life : float
        In observations.
    degrees_of_freedom : float or None
        Above 2, infinity for the plain EWMA; None estimates them between 2.05 and 500.
    variance_start : {"arch_backcast", "sample_variance"}
        Variance of the first return.

    Examples
    --------
    >>> fitted = ScoreEwma(half_life=11.2, degrees_of_freedom=4.0).fit([0.01, -0.02, 0.005] * 10)
    >>> fitted.update(10.0).variance_next < 1.3 * fitted.variance_next
    True
    """

    half_life: float
    degrees_of_freedom: float | None = None
    variance_start: VarianceStart = "arch_backcast"

    def __post_init__(self) -> None:
        check_ewma(self.half_life, self.variance_start)
        if self.degrees_of_freedom is not None and not self.degrees_of_freedom > 2.0:
            raise ParameterError(
                "must be above 2, or None to estimate them",
                found=self.degrees_of_freedom,
                field="degrees_of_freedom",
            )

    def fit(self, returns: ArrayLike) -> FittedScoreEwma:
        """Filter ``returns``, shape (n,), in time order; n at least 20.

        Raises
        ------
        DataFormatError, InsufficientDataError, EstimationError
            As :meth:`plimsoll.estimators.volatility.ewma.Ewma.fit`.
        """
        decay = decay_of_half_life(self.half_life)
        values, first = ewma_sample(
            returns, decay, self.variance_start, heavy=self.degrees_of_freedom is None
        )
        freedom = self.degrees_of_freedom
        if freedom is None:
            freedom = _likeliest_freedom(values, first, decay)
        variances = heavy_ewma_filter(values, first, decay, freedom)
        check_variances(variances)
        law = ResidualLaw.unit_variance(float(freedom), 0.0, skewed=False)
        check_reach(law, values / np.sqrt(variances[:-1]))
        return FittedScoreEwma(
            decay=decay,
            degrees_of_freedom=float(freedom),
            is_estimated=self.degrees_of_freedom is None,
            variance_start=self.variance_start,
            log_likelihood=float(heavy_ewma_log_likelihood(values, first, decay, freedom)),
            returns=read_only(values),
            variances=read_only(variances),
            variance_next=float(variances[-1]),
            observations=values.size,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedScoreEwma(MartingaleVariance):
    """Result of :class:`ScoreEwma`; frozen."""

    decay: float
    degrees_of_freedom: float
    is_estimated: bool
    variance_start: VarianceStart
    log_likelihood: float
    returns: Vector
    variances: Vector
    variance_next: float
    observations: int

    @property
    def law(self) -> ResidualLaw:
        """Unit-variance Student-t, normal for infinite degrees of freedom."""
        return ResidualLaw.unit_variance(self.degrees_of_freedom, 0.0, skewed=False)

    @property
    def status(self) -> tuple[str, ...]:
        """The bound on which estimated degrees of freedom stand, empty if none."""
        return self.law.status if self.is_estimated else ()

    def update(self, value: float) -> Self:
        """The model after one more return: one step of the recursion, a new object."""
        shock = usable_return(value)
        variance = heavy_ewma_step(self.variance_next, shock, self.decay, self.degrees_of_freedom)
        return replace(self, variance_next=variance, observations=self.observations + 1)


def _likeliest_freedom(returns: Vector, first: float, decay: float) -> float:
    """A grid in the inverse, then Brent's method between the neighbours of its best point."""

    def minus_log_likelihood(eta: float) -> float:
        return -float(heavy_ewma_log_likelihood(returns, first, decay, 1.0 / eta))

    grid = np.linspace(1.0 / HIGHEST_FREEDOM, 1.0 / LOWEST_FREEDOM, 17)
    found = lowest_point(minus_log_likelihood, grid, _TOLERANCE)
    # The search stops short of its bounds: where one of them is likelier, it is the estimate.
    return min(
        (float(1.0 / found), LOWEST_FREEDOM, HIGHEST_FREEDOM),
        key=lambda nu: minus_log_likelihood(1.0 / nu),
    )
