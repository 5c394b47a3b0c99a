"""Azzalini-Capitanio skew t (2003) by maximum likelihood."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.estimators.observations import as_observations
from plimsoll.estimators.tails.family import (
    Family,
    LikelihoodPoint,
    fit_family,
    student_t_start,
)
from plimsoll.estimators.tails.fitted_law import FittedLaw
from plimsoll.maths.student_t_azzalini import (
    azzalini_t_cdf,
    azzalini_t_log_density,
    azzalini_t_lower_mean,
    azzalini_t_quantile,
    azzalini_t_scores,
)

Vector = NDArray[np.float64]

MINIMUM_OBSERVATIONS = 30


_STARTS = tuple(
    (-0.5 * lean, math.log(0.85 + 0.15 * abs(lean)), lean, math.log(nu))
    for nu in (3.0, 15.0)
    for lean in (-1.0, 0.0, 1.0)
)


def _symmetric_start(values: Vector) -> Sequence[Vector]:
    found = student_t_start(values)
    return () if found is None else (np.array([found[0], found[1], 0.0, found[2]]),)


def _published(theta: Vector, centre: float, spread: float) -> Vector:
    location, scale = centre + spread * theta[0], spread * math.exp(theta[1])
    return np.array([location, scale, math.sinh(theta[2]), math.exp(theta[3])])


AZZALINI_SKEW_T = Family(
    name="Azzalini skew-t",
    parameters=("location", "scale", "alpha", "degrees_of_freedom"),
    coordinates=("location", "log scale", "arsinh alpha", "log degrees of freedom"),
    scores=azzalini_t_scores,
    published=_published,
    starts=_STARTS,
    further_starts=_symmetric_start,
    lowest=(-50.0, -14.0, -7.0, math.log(0.2)),
    highest=(50.0, 14.0, 7.0, math.log(500.0)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AzzaliniSkewT:
    """Azzalini-Capitanio skew t: ``location`` xi, ``scale`` omega, ``alpha``, nu.

    Examples
    --------
    >>> import numpy as np
    >>> fitted = AzzaliniSkewT().fit(np.random.default_rng(0).standard_t(4, 4000))
    >>> 3.4 < fitted.degrees_of_freedom < 4.6
    True
    """

    def fit(self, values: ArrayLike) -> FittedAzzaliniSkewT:
        """Fit to ``values``, shape (n,), n at least 30.

        Raises
        ------
        DataFormatError, InsufficientDataError, EstimationError
            Unusable observations, or a likelihood without maximum.
        """
        sample = as_observations(values, minimum=MINIMUM_OBSERVATIONS, name="values")
        point = fit_family(AZZALINI_SKEW_T, sample)
        location, scale, alpha, nu = (float(p) for p in point.parameters())
        return FittedAzzaliniSkewT(
            location=location,
            scale=scale,
            alpha=alpha,
            degrees_of_freedom=nu,
            log_likelihood=point.log_likelihood,
            observations=sample.size,
            point=point,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedAzzaliniSkewT(FittedLaw):
    """Result of :class:`AzzaliniSkewT`; ``alpha`` is negative for a longer lower tail."""

    family: ClassVar[Family] = AZZALINI_SKEW_T

    location: float
    scale: float
    alpha: float
    degrees_of_freedom: float
    log_likelihood: float
    observations: int
    point: LikelihoodPoint = field(repr=False)

    def log_density(self, x: ArrayLike) -> Any:
        """Log density at ``x``."""
        z = (np.asarray(x, dtype=np.float64) - self.location) / self.scale
        return azzalini_t_log_density(z, self.alpha, self.degrees_of_freedom) - math.log(self.scale)

    def cdf(self, x: ArrayLike) -> Any:
        """Probability of a value at or below ``x``."""
        z = (np.asarray(x, dtype=np.float64) - self.location) / self.scale
        return azzalini_t_cdf(z, self.alpha, self.degrees_of_freedom)

    def _quantile(self, probability: Vector) -> Any:
        z = azzalini_t_quantile(probability, self.alpha, self.degrees_of_freedom)
        return self.location + self.scale * z

    def _lower_mean(self, probability: float, quantile: float) -> float | None:
        if self.degrees_of_freedom <= 1.0:
            return None
        z = (quantile - self.location) / self.scale
        partial = azzalini_t_lower_mean(z, self.alpha, self.degrees_of_freedom)
        return self.location * probability + self.scale * partial
