"""Jones-Faddy skew t (2003) by maximum likelihood: a tail index of its own on either side."""

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
from plimsoll.maths.student_t_jones_faddy import (
    jones_faddy_cdf,
    jones_faddy_log_density,
    jones_faddy_lower_mean,
    jones_faddy_quantile,
    jones_faddy_scores,
)

Vector = NDArray[np.float64]

MINIMUM_OBSERVATIONS = 30


_STARTS = tuple(
    (0.0, math.log(0.85), math.log(a), math.log(b))
    for a, b in ((0.8, 0.8), (2.0, 2.0), (8.0, 8.0), (1.0, 2.0), (2.0, 1.0))
)


def _symmetric_start(values: Vector) -> Sequence[Vector]:
    found = student_t_start(values)
    return (
        ()
        if found is None
        else (np.array([found[0], found[1], found[2] - math.log(2.0), found[2] - math.log(2.0)]),)
    )


def _published(theta: Vector, centre: float, spread: float) -> Vector:
    location, scale = centre + spread * theta[0], spread * math.exp(theta[1])
    return np.array([math.exp(theta[2]), math.exp(theta[3]), location, scale])


JONES_FADDY_SKEW_T = Family(
    name="Jones-Faddy skew-t",
    parameters=("a", "b", "location", "scale"),
    coordinates=("location", "log scale", "log a", "log b"),
    scores=jones_faddy_scores,
    published=_published,
    starts=_STARTS,
    further_starts=_symmetric_start,
    lowest=(-1e3, -14.0, math.log(0.1), math.log(0.1)),
    highest=(1e3, 14.0, math.log(250.0), math.log(250.0)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JonesFaddySkewT:
    """Jones-Faddy skew t: the lower tail falls like ``|x|**(-2 a)``, the upper like ``x**(-2 b)``.

    Examples
    --------
    >>> import numpy as np
    >>> fitted = JonesFaddySkewT().fit(np.random.default_rng(0).standard_t(4, 4000))
    >>> 1.6 < fitted.a < 2.4 and 1.6 < fitted.b < 2.4
    True
    """

    def fit(self, values: ArrayLike) -> FittedJonesFaddySkewT:
        """Fit to ``values``, shape (n,), n at least 30.

        Raises
        ------
        DataFormatError, InsufficientDataError, EstimationError
            Unusable observations, or a likelihood without maximum.
        """
        sample = as_observations(values, minimum=MINIMUM_OBSERVATIONS, name="values")
        point = fit_family(JONES_FADDY_SKEW_T, sample)
        a, b, location, scale = (float(p) for p in point.parameters())
        return FittedJonesFaddySkewT(
            a=a,
            b=b,
            location=location,
            scale=scale,
            log_likelihood=point.log_likelihood,
            observations=sample.size,
            point=point,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedJonesFaddySkewT(FittedLaw):
    """Result of :class:`JonesFaddySkewT`: ``a``, ``b``, ``location``, ``scale``."""

    family: ClassVar[Family] = JONES_FADDY_SKEW_T

    a: float
    b: float
    location: float
    scale: float
    log_likelihood: float
    observations: int
    point: LikelihoodPoint = field(repr=False)

    def log_density(self, x: ArrayLike) -> Any:
        """Log density at ``x``."""
        t = (np.asarray(x, dtype=np.float64) - self.location) / self.scale
        return jones_faddy_log_density(t, self.a, self.b) - math.log(self.scale)

    def cdf(self, x: ArrayLike) -> Any:
        """Probability of a value at or below ``x``."""
        t = (np.asarray(x, dtype=np.float64) - self.location) / self.scale
        return jones_faddy_cdf(t, self.a, self.b)

    def _quantile(self, probability: Vector) -> Any:
        return self.location + self.scale * jones_faddy_quantile(probability, self.a, self.b)

    def _lower_mean(self, probability: float, quantile: float) -> float | None:
        if min(self.a, self.b) <= 0.5:
            return None
        t = (quantile - self.location) / self.scale
        partial = jones_faddy_lower_mean(t, self.a, self.b)
        return self.location * probability + self.scale * partial
