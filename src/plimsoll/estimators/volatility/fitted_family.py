"""What every fitted model of the GARCH family holds and can do, whatever its recursion."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.estimators.observations import Vector
from plimsoll.estimators.volatility.fixed_filter import (
    FilteredReturns,
    filter_at,
    variance_path,
)
from plimsoll.estimators.volatility.garch_options import (
    Innovations,
    Mean,
    VarianceStart,
    start_code,
)
from plimsoll.estimators.volatility.garch_parameters import (
    FamilyParameters,
    family_kind,
    family_theta,
)
from plimsoll.estimators.volatility.garch_standard_errors import robust_standard_errors
from plimsoll.estimators.volatility.one_step_risk import OneStepRisk
from plimsoll.estimators.volatility.residual_law import ResidualLaw
from plimsoll.estimators.volatility.usable_returns import as_returns, check_variances
from plimsoll.maths.garch_family_likelihood import (
    START_FIRST_VARIANCE,
    family_first_variance,
)


class FittedFamily(OneStepRisk):
    """Mixin of :class:`FittedGarch` and :class:`FittedEgarch`."""

    __slots__ = ()

    parameters: FamilyParameters
    innovations: Innovations
    mean_model: Mean
    variance_start: VarianceStart
    presample_variance: float
    returns: Vector

    @property
    def shocks(self) -> Vector:
        """Returns of the sample less the mean."""
        return self.returns - self.parameters.mean

    @property
    def law(self) -> ResidualLaw:
        """Law of the innovations: mean 0, variance 1."""
        p = self.parameters
        return ResidualLaw.unit_variance(
            p.degrees_of_freedom, p.skew, skewed=self.innovations == "skewt"
        )

    @property
    def mean_return(self) -> float:
        """The constant mean; 0 for the zero-mean model."""
        return self.parameters.mean

    @property
    def variance_bounds(self) -> tuple[float, float]:
        """Lowest and highest variance the recursion yields."""
        return 0.0, float("inf")

    def filter(self, returns: ArrayLike) -> Vector:
        """Variances of another stretch of returns under these parameters, shape (n + 1,).

        Started by the fit's pre-sample variance; the last entry is the forecast.
        """
        values = as_returns(returns, minimum=2)
        floor, ceiling = self.variance_bounds
        path = variance_path(self.parameters, values, self._first_variance(), floor, ceiling)
        check_variances(path)
        return path

    def log_densities(self) -> Vector:
        """Log density of each return of the sample; their sum is the log-likelihood."""
        return self._filtered().log_densities

    def _first_variance(self) -> float:
        start = start_code(self.variance_start)
        theta = family_theta(self.parameters)
        first = family_first_variance(
            theta, family_kind(self.parameters), start, self.presample_variance
        )
        return float(first)

    def _filtered(self) -> FilteredReturns:
        return filter_at(
            self.parameters,
            self.returns,
            initial=self.presample_variance,
            is_first_variance=start_code(self.variance_start) == START_FIRST_VARIANCE,
        )

    def _standard_errors(self, *, has_gamma: bool) -> dict[str, float]:
        law = self.innovations
        estimated = np.array(
            [
                self.mean_model == "constant",
                True,
                True,
                has_gamma,
                True,
                law != "normal",
                law == "skewt",
            ]
        )
        return robust_standard_errors(
            self.returns,
            self.parameters,
            start=start_code(self.variance_start),
            presample=self.presample_variance,
            estimated=estimated,
        )
