"""Two fitted regimes: probabilities, errors, forecasts, and the update by one return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from plimsoll.estimators.observations import finite_observation
from plimsoll.estimators.regimes.regime_forecast import RegimeForecast, regime_forecast
from plimsoll.estimators.tails.family import LikelihoodPoint
from plimsoll.estimators.tails.likelihood_errors import covariance_of
from plimsoll.estimators.volatility.garch_options import check_choice
from plimsoll.maths.regime_filter import regime_smoother, regime_step

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
RegimeErrorKind = Literal["sandwich", "information"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedSwitching:
    """Result of :class:`~plimsoll.estimators.regimes.switching.SwitchingVolatility`.

    Parameters
    ----------
    calm_volatility, storm_volatility : float
        Standard deviations per step, the calm one the smaller.
    stay_calm, stay_storm : float
        Chances that a regime lasts one more step.
    degrees_of_freedom : float or None
        None for normal innovations.
    storm_next : float
        Probability that the next return is stormy.
    log_likelihood, observations
        Of the fit; updates do not change them.
    """

    calm_mean: float
    storm_mean: float
    calm_volatility: float
    storm_volatility: float
    stay_calm: float
    stay_storm: float
    degrees_of_freedom: float | None
    log_likelihood: float
    observations: int
    shared_mean: bool
    storm_next: float
    coordinates: Vector = field(repr=False)
    probabilities: Matrix = field(repr=False)
    point: LikelihoodPoint = field(repr=False)

    def parameters(self) -> Mapping[str, float]:
        """Published parameters by name; ``mean`` is the one both regimes share."""
        found = map(float, self.point.parameters())
        return dict(zip(self.point.family.parameters, found, strict=True))

    @property
    def storm_before(self) -> Vector:
        """Probability of the storm before each return of the fit, (n,)."""
        return self.probabilities[:-1, 0]

    @property
    def storm_filtered(self) -> Vector:
        """Probability of the storm given the returns up to and with each, (n,)."""
        return self.probabilities[:-1, 1]

    def storm_smoothed(self) -> Vector:
        """Probability of the storm at each return given the whole sample, (n,)."""
        return regime_smoother(np.array(self.probabilities), self.stay_storm)

    @property
    def storm_share(self) -> float:
        """Stationary probability of the storm."""
        return (1.0 - self.stay_calm) / (2.0 - self.stay_calm - self.stay_storm)

    @property
    def expected_stay(self) -> tuple[float, float]:
        """Mean steps of a calm and of a stormy spell."""
        return 1.0 / (1.0 - self.stay_calm), 1.0 / (1.0 - self.stay_storm)

    @property
    def volatility(self) -> float:
        """Standard deviation of the next return about its mixed mean."""
        return self.forecast(1).deviation

    def update(self, value: float) -> Self:
        """The fit with the regime's probability moved on by one return.

        Raises
        ------
        DataFormatError
            Where ``value`` is not finite.
        """
        number = finite_observation(value, name="value")
        _, _, ahead = regime_step(
            number,
            self.storm_next,
            np.array(self.coordinates),
            self.degrees_of_freedom is not None,
            self.shared_mean,
        )
        return replace(self, storm_next=float(ahead))

    def forecast(self, steps: int = 1) -> RegimeForecast:
        """Law of the sum of the next ``steps`` returns; see :class:`RegimeForecast`."""
        return regime_forecast(
            storm_next=self.storm_next,
            means=(self.calm_mean, self.storm_mean),
            volatilities=(self.calm_volatility, self.storm_volatility),
            stays=(self.stay_calm, self.stay_storm),
            degrees_of_freedom=self.degrees_of_freedom,
            steps=steps,
        )

    @property
    def bounds_reached(self) -> tuple[str, ...]:
        """Coordinates that ended on a bound of the search."""
        return self.point.bounds_reached

    def standard_errors(
        self, kind: RegimeErrorKind = "sandwich", *, block_length: int = 1
    ) -> Mapping[str, float]:
        """Standard errors by name: exact scores of the filter, Hessian from their differences.

        Parameters
        ----------
        kind : {"sandwich", "information"}
            The sandwich sums scores over blocks of ``block_length`` returns.

        Raises
        ------
        ParameterError
        EstimationError
            A maximum on a bound, or a flat likelihood: most often one regime is enough.
        """
        check_choice(kind, RegimeErrorKind, field="kind")
        covariance = covariance_of(self.point, kind, block_length=block_length)
        errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        return dict(zip(self.point.family.parameters, map(float, errors), strict=True))
