"""Law of standardised residuals: normal, Student-t or Hansen's skewed t, with tail measures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import special

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
from plimsoll.maths.student_t_fit import NU_HIGHEST, student_t_fit_above

LOWEST_FREEDOM, HIGHEST_FREEDOM = 2.05, NU_HIGHEST
"""Bounds of every fitted law, the GARCH family's: a variance exists, and so a shortfall."""
_AT_BOUND = 1e-6
_SKEW_LIMIT = 0.99
_LEAST_REACH = 1.0 / 3.0
"""Real coins, pegged and dead ones in: 0.57 and more in 1,040 fits of eight models."""
_REACH_CONFIDENCE, _LOSSES_BEYOND = 0.99, 3


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
        nu = self.degrees_of_freedom
        if np.isinf(nu):
            return float(self.scale * special.ndtri(confidence) - self.location)
        return float(student_t_value_at_risk(confidence, nu, self.location, self.scale))

    def expected_shortfall(self, confidence: float) -> float:
        """Mean loss (positive) beyond the value-at-risk.

        Raises
        ------
        EstimationError
            A t with at most one degree of freedom has no mean.
        """
        if self.skewed:
            unit = hansen_expected_shortfall(confidence, self.degrees_of_freedom, self.skew)
            return float(self.scale * unit - self.location)
        nu = self.degrees_of_freedom
        if np.isinf(nu):
            quantile = float(special.ndtri(confidence))
            density = float(np.exp(-0.5 * quantile * quantile) / np.sqrt(2.0 * np.pi))
            return self.scale * density / (1.0 - confidence) - self.location
        if not nu > 1.0:
            raise EstimationError(
                "nu must be above 1 for an expected shortfall",
                found=nu,
                remedy="report the value-at-risk, or bound the degrees of freedom",
                field="degrees_of_freedom",
            )
        return float(student_t_expected_shortfall(confidence, nu, self.location, self.scale))

    @property
    def status(self) -> tuple[str, ...]:
        """Bounds on which a fitted law stands, named as the GARCH family names them."""
        nu, found = self.degrees_of_freedom, []
        if nu <= LOWEST_FREEDOM * (1.0 + _AT_BOUND):
            found.append(f"nu={LOWEST_FREEDOM:g}")
        if np.isfinite(nu) and nu >= HIGHEST_FREEDOM * (1.0 - _AT_BOUND):
            found.append(f"nu={HIGHEST_FREEDOM:g}")
        if abs(self.skew) >= _SKEW_LIMIT * (1.0 - _AT_BOUND):
            found.append(f"skew={np.copysign(_SKEW_LIMIT, self.skew):g}")
        return tuple(found)


def fit_residual_law(residuals: Vector, innovations: Innovations) -> ResidualLaw:
    """Maximum-likelihood law of standardised residuals; the standard normal is not fitted.

    Degrees of freedom are kept within ``LOWEST_FREEDOM`` and ``HIGHEST_FREEDOM``.

    Raises
    ------
    EstimationError
        The residuals do not vary enough for a law.
    """
    if innovations == "normal":
        return ResidualLaw()
    skew = 0.0
    if innovations == "t":
        location, scale, freedom, _, _ = student_t_fit_above(residuals, LOWEST_FREEDOM)
    else:
        location, scale, freedom, skew, _, _ = hansen_skew_t_fit(residuals)
    if not (np.isfinite(location) and np.isfinite(freedom) and 0.0 < scale < np.inf):
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


def check_reach(law: ResidualLaw, residuals: Vector) -> None:
    """Refuse a law whose 99 % loss is less than a third of the residuals' own.

    Such a law describes a mass of returns next to one value, or another level, not the tail. Under
    300 residuals the confidence is lower, so that three losses lie beyond.

    Raises
    ------
    EstimationError
        With both losses.
    """
    confidence = min(_REACH_CONFIDENCE, 1.0 - _LOSSES_BEYOND / residuals.size)
    place = int(np.floor((residuals.size - 1) * (1.0 - confidence)))
    reached = law.value_at_risk(confidence)
    # Counting costs a tenth of the order statistic, and nearly always settles it.
    edge = -reached / _LEAST_REACH
    if math.isfinite(edge) and np.count_nonzero(residuals < edge) <= place:
        return
    own = -float(np.partition(residuals, place)[place])
    if np.isfinite(reached) and (own <= 0.0 or reached >= _LEAST_REACH * own):
        return
    raise EstimationError(
        f"the law's {confidence:.2%} loss must be a third of the residuals' own or more",
        found=f"{reached:.3g} against {own:.3g} standard deviations",
        remedy="look for prices that hardly move and for breaks: use coarser bars, mask or cut "
        "them, or take filtered history of a model with normal innovations",
        field="returns",
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
