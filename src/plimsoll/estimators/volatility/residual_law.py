"""Law of standardised residuals: normal, Student-t or Hansen's skewed t, with tail measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from plimsoll.maths.hansen_skew_t import hansen_expected_shortfall, hansen_value_at_risk
from plimsoll.maths.student_t import (
    student_t_expected_shortfall,
    student_t_value_at_risk,
    unit_variance_scale,
)

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
