"""Hansen's skewed Student-t (1994) by maximum likelihood.

Fitted as the two-piece t of :mod:`plimsoll.maths.student_t_two_piece`, which is the same law where
it has a variance and stays defined where it has none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import EstimationError
from plimsoll.estimators.observations import as_observations
from plimsoll.estimators.tails.family import (
    Family,
    LikelihoodPoint,
    fit_family,
    student_t_start,
)
from plimsoll.estimators.tails.fitted_law import FittedLaw
from plimsoll.maths.student_t_two_piece import (
    two_piece_t_cdf,
    two_piece_t_log_density,
    two_piece_t_lower_mean,
    two_piece_t_moments,
    two_piece_t_quantile,
    two_piece_t_scores,
)

Vector = NDArray[np.float64]

MINIMUM_OBSERVATIONS = 30


_STARTS = tuple(
    (-0.6 * skew, math.log(0.85), math.log(nu), skew)
    for nu in (2.0, 5.0, 20.0)
    for skew in (-0.3, 0.0, 0.3)
)


def _symmetric_start(values: Vector) -> Sequence[Vector]:
    found = student_t_start(values)
    return () if found is None else (np.array([found[0], found[1], found[2], 0.0]),)


def _published(theta: Vector, centre: float, spread: float) -> Vector:
    scale = spread * math.exp(theta[1])
    return np.array([centre + spread * theta[0], scale, math.exp(theta[2]), math.tanh(theta[3])])


HANSEN_SKEW_T = Family(
    name="Hansen skew-t",
    parameters=("mode", "scale", "degrees_of_freedom", "asymmetry"),
    coordinates=("mode", "log scale", "log degrees of freedom", "artanh asymmetry"),
    scores=two_piece_t_scores,
    published=_published,
    starts=_STARTS,
    further_starts=_symmetric_start,
    lowest=(-50.0, -14.0, math.log(0.2), -6.0),
    highest=(50.0, 14.0, math.log(500.0), 6.0),
)


class HansenParameters(NamedTuple):
    """Hansen's own: mean, standard deviation, eta and lambda of ``mean + sd * z``."""

    mean: float
    standard_deviation: float
    eta: float
    skew: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HansenSkewT:
    """Hansen's skewed Student-t.

    Examples
    --------
    >>> import numpy as np
    >>> fitted = HansenSkewT().fit(np.random.default_rng(0).standard_t(4, 4000))
    >>> abs(fitted.asymmetry) < 0.1
    True
    """

    def fit(self, values: ArrayLike) -> FittedHansenSkewT:
        """Fit to ``values``, shape (n,), n at least 30.

        Raises
        ------
        DataFormatError, InsufficientDataError, EstimationError
            Unusable observations, or a likelihood without maximum.
        """
        sample = as_observations(values, minimum=MINIMUM_OBSERVATIONS, name="values")
        point = fit_family(HANSEN_SKEW_T, sample)
        mode, scale, nu, skew = (float(p) for p in point.parameters())
        return FittedHansenSkewT(
            mode=mode,
            scale=scale,
            degrees_of_freedom=nu,
            asymmetry=skew,
            log_likelihood=point.log_likelihood,
            observations=sample.size,
            point=point,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedHansenSkewT(FittedLaw):
    """Result of :class:`HansenSkewT`: ``mode``, ``scale``, ``degrees_of_freedom``, ``asymmetry``.

    ``asymmetry`` is Hansen's lambda, negative where the lower tail is the longer one.
    """

    family: ClassVar[Family] = HANSEN_SKEW_T

    mode: float
    scale: float
    degrees_of_freedom: float
    asymmetry: float
    log_likelihood: float
    observations: int
    point: LikelihoodPoint = field(repr=False)

    def hansen_parameters(self) -> HansenParameters:
        """Mean, standard deviation, eta, lambda.

        Raises
        ------
        EstimationError
            At most two degrees of freedom: no variance, so Hansen's form does not exist.
        """
        nu, skew = self.degrees_of_freedom, self.asymmetry
        if nu <= 2.0:
            raise EstimationError(
                "Hansen's form needs more than two degrees of freedom",
                found=nu,
                remedy="use mode, scale, degrees_of_freedom and asymmetry",
            )
        mean, deviation = two_piece_t_moments(nu, skew)
        return HansenParameters(self.mode + self.scale * mean, self.scale * deviation, nu, skew)

    def log_density(self, x: ArrayLike) -> Any:
        """Log density at ``x``."""
        y = (np.asarray(x, dtype=np.float64) - self.mode) / self.scale
        density = two_piece_t_log_density(y, self.degrees_of_freedom, self.asymmetry)
        return density - math.log(self.scale)

    def cdf(self, x: ArrayLike) -> Any:
        """Probability of a value at or below ``x``."""
        y = (np.asarray(x, dtype=np.float64) - self.mode) / self.scale
        return two_piece_t_cdf(y, self.degrees_of_freedom, self.asymmetry)

    def _quantile(self, probability: Vector) -> Any:
        y = two_piece_t_quantile(probability, self.degrees_of_freedom, self.asymmetry)
        return self.mode + self.scale * y

    def _lower_mean(self, probability: float, quantile: float) -> float | None:
        if self.degrees_of_freedom <= 1.0:
            return None
        y = (quantile - self.mode) / self.scale
        nu, skew = self.degrees_of_freedom, self.asymmetry
        return self.mode * probability + self.scale * two_piece_t_lower_mean(y, nu, skew)
