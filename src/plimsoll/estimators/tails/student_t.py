"""Student-t law of returns by maximum likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import EstimationError
from plimsoll.estimators.observations import as_observations, read_only
from plimsoll.estimators.tails.family import Family, LikelihoodPoint, standardised
from plimsoll.estimators.tails.fitted_law import FittedLaw
from plimsoll.maths.student_t import (
    student_t_cdf,
    student_t_log_density,
    student_t_quantile,
)
from plimsoll.maths.student_t_fit import (
    NU_HIGHEST,
    NU_LOWEST,
    student_t_fit,
    student_t_information,
    student_t_scores,
)
from plimsoll.maths.student_t_two_piece import two_piece_t_lower_mean

Vector = NDArray[np.float64]

MINIMUM_OBSERVATIONS = 30


_STARTS = tuple((0.0, math.log(0.85), math.log(nu)) for nu in (2.0, 5.0, 20.0))


def _published(theta: Vector, centre: float, spread: float) -> Vector:
    return np.array([centre + spread * theta[0], spread * math.exp(theta[1]), math.exp(theta[2])])


STUDENT_T = Family(
    name="Student-t",
    parameters=("location", "scale", "degrees_of_freedom"),
    coordinates=("location", "log scale", "log degrees of freedom"),
    scores=student_t_scores,
    published=_published,
    starts=_STARTS,
    lowest=(-50.0, -14.0, math.log(NU_LOWEST)),
    highest=(50.0, 14.0, math.log(NU_HIGHEST)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentT:
    """Location-scale Student-t.

    Examples
    --------
    >>> import numpy as np
    >>> fitted = StudentT().fit(np.random.default_rng(0).standard_t(4, 4000))
    >>> 3.4 < fitted.degrees_of_freedom < 4.6
    True
    """

    def fit(self, values: ArrayLike) -> FittedStudentT:
        """Fit to ``values``, shape (n,), n at least 30.

        Raises
        ------
        DataFormatError, InsufficientDataError, EstimationError
            Unusable observations, or a search that did not converge.
        """
        sample = as_observations(values, minimum=MINIMUM_OBSERVATIONS, name="values")
        location, scale, nu, log_likelihood, converged = student_t_fit(sample)
        if not converged:
            raise EstimationError(
                "the likelihood of a Student-t must have a maximum",
                found=f"no convergence, nu {nu:.3g}, scale {scale:.3g}",
                remedy="look for values repeated many times",
            )
        covariance = np.linalg.inv(student_t_information(scale, nu, sample.size))
        errors = np.sqrt(np.diag(covariance)) * np.array([1.0, scale, nu])
        return FittedStudentT(
            location=location,
            scale=scale,
            degrees_of_freedom=nu,
            log_likelihood=log_likelihood,
            observations=sample.size,
            location_error=float(errors[0]),
            scale_error=float(errors[1]),
            degrees_of_freedom_error=float(errors[2]),
            point=_point(sample, location, scale, nu, log_likelihood),
        )


def _point(
    sample: Vector, location: float, scale: float, nu: float, log_likelihood: float
) -> LikelihoodPoint:
    values, centre, spread = standardised(sample)
    low, high = STUDENT_T.box()
    theta = np.array([(location - centre) / spread, math.log(scale / spread), math.log(nu)])
    return LikelihoodPoint(
        family=STUDENT_T,
        values=read_only(values),
        centre=centre,
        spread=spread,
        coordinates=read_only(np.clip(theta, low, high)),
        log_likelihood=log_likelihood,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedStudentT(FittedLaw):
    """Result of :class:`StudentT`; ``..._error`` are standard errors by expected information."""

    family: ClassVar[Family] = STUDENT_T

    location: float
    scale: float
    degrees_of_freedom: float
    log_likelihood: float
    observations: int
    location_error: float
    scale_error: float
    degrees_of_freedom_error: float
    point: LikelihoodPoint = field(repr=False)

    def log_density(self, x: ArrayLike) -> Any:
        """Log density at ``x``."""
        z = (np.asarray(x, dtype=np.float64) - self.location) / self.scale
        nu = self.degrees_of_freedom
        top = student_t_log_density(0.0, nu, 0.0, self.scale)
        return top - 0.5 * (nu + 1.0) * np.log1p(z * z / nu)

    def cdf(self, x: ArrayLike) -> Any:
        """Probability of a value at or below ``x``."""
        values = np.asarray(x, dtype=np.float64)
        return student_t_cdf(values, self.degrees_of_freedom, self.location, self.scale)

    def _quantile(self, probability: Vector) -> Any:
        return student_t_quantile(probability, self.degrees_of_freedom, self.location, self.scale)

    def _lower_mean(self, probability: float, quantile: float) -> float | None:
        nu = self.degrees_of_freedom
        if nu <= 1.0:
            return None
        u = (quantile - self.location) / self.scale
        partial = two_piece_t_lower_mean(u, nu, 0.0)
        return self.location * probability + self.scale * partial
