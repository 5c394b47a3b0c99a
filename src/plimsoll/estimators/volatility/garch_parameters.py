"""Parameters of the GARCH family, in the units of the returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.estimators.observations import Vector
from plimsoll.maths.garch_family_likelihood import EGARCH, GARCH


@dataclass(frozen=True, slots=True, kw_only=True)
class GarchParameters:
    """Parameters of GARCH and GJR; ``gamma`` is 0 for a plain GARCH.

    ``degrees_of_freedom`` (Hansen's eta) is infinite for normal innovations, ``skew`` (Hansen's
    lambda) 0 for symmetric ones.
    """

    mean: float
    omega: float
    alpha: float
    gamma: float
    beta: float
    degrees_of_freedom: float
    skew: float = 0.0

    @property
    def persistence(self) -> float:
        """``alpha + gamma / 2 + beta``: share of a variance shock left after one step.

        Half of gamma, as arch counts it: exact where falls carry half of the variance.
        """
        return self.alpha + 0.5 * self.gamma + self.beta


@dataclass(frozen=True, slots=True, kw_only=True)
class EgarchParameters:
    """Parameters of EGARCH: ``alpha`` the size term, ``gamma`` the sign term (arch's order).

    rugarch calls the sign term alpha1 and the size term gamma1.
    """

    mean: float
    omega: float
    alpha: float
    gamma: float
    beta: float
    degrees_of_freedom: float
    skew: float = 0.0

    @property
    def persistence(self) -> float:
        """``beta``: share of a shock to the log variance left after one step."""
        return self.beta


FamilyParameters = GarchParameters | EgarchParameters


def parameter_vector(parameters: FamilyParameters) -> Vector:
    """Mean, omega, alpha, gamma, beta, degrees of freedom, skew."""
    p = parameters
    return np.array([p.mean, p.omega, p.alpha, p.gamma, p.beta, p.degrees_of_freedom, p.skew])


def family_theta(parameters: FamilyParameters) -> Vector:
    """The same with the inverse of the degrees of freedom, as the family kernels take it."""
    theta = parameter_vector(parameters)
    theta[5] = 1.0 / theta[5]
    return theta


def family_kind(parameters: FamilyParameters) -> int:
    """The kernels' code of the recursion."""
    return EGARCH if isinstance(parameters, EgarchParameters) else GARCH
