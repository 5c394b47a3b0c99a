"""Student-t law of returns by maximum likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.errors import EstimationError
from plimsoll.estimators.observations import as_observations
from plimsoll.maths.student_t import student_t_expected_shortfall, student_t_value_at_risk
from plimsoll.maths.student_t_fit import student_t_fit, student_t_information

MINIMUM_OBSERVATIONS = 30


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
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedStudentT:
    """Result of :class:`StudentT`; ``..._error`` are standard errors by expected information."""

    location: float
    scale: float
    degrees_of_freedom: float
    log_likelihood: float
    observations: int
    location_error: float
    scale_error: float
    degrees_of_freedom_error: float

    def value_at_risk(self, confidence: float) -> float:
        """Loss (positive, of minus the values) not exceeded with ``confidence``."""
        nu = self.degrees_of_freedom
        return float(student_t_value_at_risk(confidence, nu, self.location, self.scale))

    def expected_shortfall(self, confidence: float) -> float:
        """Mean loss beyond the value-at-risk.

        Raises
        ------
        EstimationError
            ``nu <= 1``: the law has no mean.
        """
        nu = self.degrees_of_freedom
        if nu <= 1.0:
            raise EstimationError(
                "expected shortfall needs more than one degree of freedom",
                found=nu,
                remedy="use value-at-risk with a stress scenario",
            )
        return float(student_t_expected_shortfall(confidence, nu, self.location, self.scale))
