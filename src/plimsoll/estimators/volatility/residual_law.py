"""Law of standardised residuals: normal, Student-t or Hansen's skewed t, with tail measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from plimsoll.errors import EstimationError
from plimsoll.estimators.observations import Vector
from plimsoll.estimators.volatility.garch_options import Innovations
from plimsoll.maths.hansen_skew_t import (
    hansen_expected_shortfall,
    hansen_log_densities,
    hansen_value_at_risk,
)
from plimsoll.maths.hansen_skew_t_fit import hansen_skew_t_fit
from plimsoll.maths.student_t import (
    student_t_expected_shortfall,
    student_t_log_density,
    student_t_value_at_risk,
    unit_variance_scale,
)
from plimsoll.maths.student_t_fit import student_t_fit

_NORMAL_FREEDOM = 1e9
"""At 1e9 degrees of freedom a t is normal to 1e-9: one formula serves both laws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidualLaw:
    """A law with location, scale, degrees of freedom (infinite for normal) and skew (0 for none).

    ``scale`` is that of a Student-t for symmetric laws (its standard deviation is
    ``scale * sqrt(nu / (nu - 2))``), and the standard deviation for a skewed law.
    """

    location: float = 0.0
    scale: float = 1.0
    degrees_of_freedom: float = float("inf")
    skew: float = 0.0
    skewed: bool = False

    @classmethod
    def unit_variance(cls, degrees_of_freedom: float, skew: float, *, skewed: bool) -> Self:
        """The law of innovations: mean 0, variance 1."""
        heavy = bool(np.isfinite(degrees_of_freedom)) and not skewed
        scale = float(unit_variance_scale(degrees_of_freedom)) if heavy else 1.0
        return cls(scale=scale, degrees_of_freedom=degrees_of_freedom, skew=skew, skewed=skewed)

    def value_at_risk(self, confidence: float) -> float:
        """Loss (positive) of a residual not exceeded with ``confidence``."""
        if self.skewed:
            unit = hansen_value_at_risk(confidence, self.degrees_of_freedom, self.skew)
            return float(self.scale * unit - self.location)
        return float(student_t_value_at_risk(confidence, self._freedom, self.location, self.scale))

    def expected_shortfall(self, confidence: float) -> float:
        """Mean loss (positive) beyond the value-at-risk; infinite for a t with nu <= 1."""
        if self.skewed:
            unit = hansen_expected_shortfall(confidence, self.degrees_of_freedom, self.skew)
            return float(self.scale * unit - self.location)
        return float(
            student_t_expected_shortfall(confidence, self._freedom, self.location, self.scale)
        )

    @property
    def _freedom(self) -> float:
        nu = self.degrees_of_freedom
        return nu if np.isfinite(nu) else _NORMAL_FREEDOM


def fit_residual_law(residuals: Vector, innovations: Innovations) -> ResidualLaw:
    """Maximum-likelihood law of standardised residuals; the standard normal is not fitted.

    Raises
    ------
    EstimationError
        The residuals do not vary enough for a law.
    """
    if innovations == "normal":
        return ResidualLaw()
    skew = 0.0
    if innovations == "t":
        location, scale, freedom, _, _ = student_t_fit(residuals)
    else:
        location, scale, freedom, skew, _, _ = hansen_skew_t_fit(residuals)
    if not (np.isfinite(freedom) and scale > 0.0):
        raise EstimationError(
            "standardised residuals must vary",
            found="a law without spread",
            remedy="look for a stale feed, or use normal innovations",
        )
    return ResidualLaw(
        location=float(location),
        scale=float(scale),
        degrees_of_freedom=float(freedom),
        skew=float(skew),
        skewed=innovations == "skewt",
    )


def log_densities_of(law: ResidualLaw, residuals: Vector) -> Vector:
    """Log density of each residual under the law."""
    z, densities = (residuals - law.location) / law.scale, np.empty(0)
    nu = law.degrees_of_freedom
    if law.skewed:
        densities = hansen_log_densities(z, nu, law.skew)
    elif np.isfinite(nu):
        constant = student_t_log_density(0.0, nu, 0.0, 1.0)
        densities = constant - 0.5 * (nu + 1.0) * np.log1p(z * z / nu)
    else:
        densities = -0.5 * (np.log(2.0 * np.pi) + z * z)
    shifted: Vector = densities - np.log(law.scale)
    return shifted
