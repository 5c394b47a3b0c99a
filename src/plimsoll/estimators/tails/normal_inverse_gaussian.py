"""Normal inverse Gaussian law by maximum likelihood: semi-heavy tails, all moments."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.estimators.observations import as_observations
from plimsoll.estimators.tails.family import Family, LikelihoodPoint, fit_family
from plimsoll.estimators.tails.fitted_law import FittedLaw
from plimsoll.maths.normal_inverse_gaussian import (
    nig_cdf,
    nig_log_density,
    nig_lower_mean,
    nig_of_coordinates,
    nig_quantile,
    nig_scores,
)

Vector = NDArray[np.float64]

MINIMUM_OBSERVATIONS = 30


_STARTS = tuple(
    (0.0, 0.5 * math.log1p(0.6 / zeta), math.log(zeta), lean)
    for zeta in (0.1, 0.7, 5.0)
    for lean in (-0.3, 0.0, 0.3)
)


def _published(theta: Vector, centre: float, spread: float) -> Vector:
    alpha, beta, delta, mu = nig_of_coordinates(theta)
    return np.array([alpha / spread, beta / spread, delta * spread, centre + spread * mu])


NORMAL_INVERSE_GAUSSIAN = Family(
    name="normal inverse Gaussian law",
    parameters=("alpha", "beta", "delta", "mu"),
    coordinates=("mean", "log standard deviation", "log delta gamma", "arsinh beta / gamma"),
    scores=nig_scores,
    published=_published,
    starts=_STARTS,
    lowest=(-1e3, -14.0, math.log(1e-6), -6.0),
    highest=(1e3, 14.0, math.log(1e4), 6.0),
    degenerate=(1, 2),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalInverseGaussian:
    """Normal inverse Gaussian law in alpha, beta, delta, mu.

    Thin-tailed values drive ``alpha delta`` to the normal law; the search stops at 10,000, which
    :attr:`FittedNormalInverseGaussian.bounds_reached` tells.

    Examples
    --------
    >>> import numpy as np
    >>> fitted = NormalInverseGaussian().fit(np.random.default_rng(0).standard_t(4, 4000))
    >>> fitted.alpha > abs(fitted.beta)
    True
    """

    def fit(self, values: ArrayLike) -> FittedNormalInverseGaussian:
        """Fit to ``values``, shape (n,), n at least 30.

        Raises
        ------
        DataFormatError, InsufficientDataError, EstimationError
            Unusable observations, or a likelihood without maximum.
        """
        sample = as_observations(values, minimum=MINIMUM_OBSERVATIONS, name="values")
        point = fit_family(NORMAL_INVERSE_GAUSSIAN, sample)
        alpha, beta, delta, mu = (float(p) for p in point.parameters())
        return FittedNormalInverseGaussian(
            alpha=alpha,
            beta=beta,
            delta=delta,
            mu=mu,
            log_likelihood=point.log_likelihood,
            observations=sample.size,
            point=point,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedNormalInverseGaussian(FittedLaw):
    """Result of :class:`NormalInverseGaussian`; ``beta`` is negative for a longer lower tail."""

    family: ClassVar[Family] = NORMAL_INVERSE_GAUSSIAN

    alpha: float
    beta: float
    delta: float
    mu: float
    log_likelihood: float
    observations: int
    point: LikelihoodPoint = field(repr=False)

    def log_density(self, x: ArrayLike) -> Any:
        """Log density at ``x``."""
        return nig_log_density(x, self.alpha, self.beta, self.delta, self.mu)

    def cdf(self, x: ArrayLike) -> Any:
        """Probability of a value at or below ``x``."""
        return nig_cdf(x, self.alpha, self.beta, self.delta, self.mu)

    def _quantile(self, probability: Vector) -> Any:
        return nig_quantile(probability, self.alpha, self.beta, self.delta, self.mu)

    def _lower_mean(self, probability: float, quantile: float) -> float | None:
        z = (quantile - self.mu) / self.delta
        scaled = nig_lower_mean(z, self.alpha * self.delta, self.beta * self.delta, 1.0, 0.0)
        return self.mu * probability + self.delta * scaled
