"""EWMA that weights squared falls and squared rises apart.

    h[t+1] = decay h[t] + (1 - decay) (1 + asymmetry) r[t]**2   after a fall
                          (1 - decay) (1 - asymmetry) r[t]**2   after a rise

Falls and rises that carry half of the variance each keep its level whatever the asymmetry. Given,
or estimated: the ``asymmetry`` in (-1, 1) under which the returns are likeliest, with the law of
the residuals refitted for each. Crypto returns often show no asymmetry, or the inverted one (rises
raise volatility more): it is estimated, not imposed.
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
    log_densities_of,
)
from plimsoll.estimators.volatility.usable_returns import check_variances, usable_return
from plimsoll.maths.recursions import asymmetric_ewma_filter, asymmetric_ewma_step

ASYMMETRY_LIMIT = 0.95
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class AsymmetricEwma:
    """EWMA with an asymmetry; see the module text.

    Parameters
    ----------
    half_life : float
        In observations.
    asymmetry : float or None
        Between -0.95 and 0.95; None estimates it.
    innovations : {"t", "normal", "skewt"}
    variance_start : {"arch_backcast", "sample_variance"}
        Variance of the first return.

    Examples
    --------
    >>> fitted = AsymmetricEwma(half_life=11.2, asymmetry=0.3).fit([0.01, -0.02, 0.005] * 10)
    >>> fitted.update(-0.03).variance_next > fitted.update(0.03).variance_next
    True
    """

    half_life: float
    asymmetry: float | None = None
    innovations: Innovations = "t"
    variance_start: VarianceStart = "arch_backcast"

    def __post_init__(self) -> None:
        check_choice(self.innovations, Innovations, field="innovations")
        check_ewma(self.half_life, self.variance_start)
        if self.asymmetry is not None and not abs(self.asymmetry) <= ASYMMETRY_LIMIT:
            raise ParameterError(
                f"must lie in [-{ASYMMETRY_LIMIT}, {ASYMMETRY_LIMIT}]",
                found=self.asymmetry,
                field="asymmetry",
            )

    def fit(self, returns: ArrayLike) -> FittedAsymmetricEwma:
        """Filter ``returns``, shape (n,), in time order; n at least 20.

        Raises
        ------
        DataFormatError, InsufficientDataError, EstimationError
            As :meth:`plimsoll.estimators.volatility.ewma.Ewma.fit`.
        """
        decay = decay_of_half_life(self.half_life)
        values, first = ewma_sample(
            returns, decay, self.variance_start, heavy=self.innovations != "normal"
        )
        chosen = self.asymmetry
        if chosen is None:
            chosen = _likeliest_asymmetry(values, first, decay, self.innovations)
        variances = asymmetric_ewma_filter(values, first, decay, chosen)
        check_variances(variances)
        residuals = values / np.sqrt(variances[:-1])
        law = fit_residual_law(residuals, self.innovations)
        check_reach(law, residuals)
        total = log_densities_of(law, residuals).sum() - 0.5 * np.log(variances[:-1]).sum()
        return FittedAsymmetricEwma(
            decay=decay,
            asymmetry=float(chosen),
            is_estimated=self.asymmetry is None,
            innovations=self.innovations,
            variance_start=self.variance_start,
            law=law,
            log_likelihood=float(total),
            returns=read_only(values),
            variances=read_only(variances),
            variance_next=float(variances[-1]),
            observations=values.size,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedAsymmetricEwma(MartingaleVariance):
    """Result of :class:`AsymmetricEwma`; frozen. ``law`` is that of the standardised residuals."""

    decay: float
    asymmetry: float
    is_estimated: bool
    innovations: Innovations
    variance_start: VarianceStart
    law: ResidualLaw
    log_likelihood: float
    returns: Vector
    variances: Vector
    variance_next: float
    observations: int

    @property
    def status(self) -> tuple[str, ...]:
        """Bounds on which the estimates stand, empty if none."""
        limit = self.is_estimated and abs(self.asymmetry) > ASYMMETRY_LIMIT - 2.0 * _TOLERANCE
        bound = (f"asymmetry={np.copysign(ASYMMETRY_LIMIT, self.asymmetry):g}",) if limit else ()
        return self.law.status + bound

    def update(self, value: float) -> Self:
        """The model after one more return: one step of the recursion, a new object."""
        shock = usable_return(value)
        variance = asymmetric_ewma_step(self.variance_next, shock, self.decay, self.asymmetry)
        return replace(self, variance_next=variance, observations=self.observations + 1)


def _likeliest_asymmetry(
    returns: Vector, first: float, decay: float, innovations: Innovations
) -> float:
    """A grid, then Brent's method between the neighbours of its best point."""

    def minus_log_likelihood(asymmetry: float) -> float:
        variances = asymmetric_ewma_filter(returns, first, decay, asymmetry)[:-1]
        residuals = returns / np.sqrt(variances)
        law = fit_residual_law(residuals, innovations)
        densities = log_densities_of(law, residuals)
        return float(0.5 * np.log(variances).sum() - densities.sum())

    grid = np.linspace(-ASYMMETRY_LIMIT, ASYMMETRY_LIMIT, 9)
    return lowest_point(minus_log_likelihood, grid, _TOLERANCE)
