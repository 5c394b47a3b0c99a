"""Generalised extreme value law of block maxima of losses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import InsufficientDataError, ParameterError
from plimsoll.estimators.observations import as_observations
from plimsoll.estimators.tails.family import Family, LikelihoodPoint, fit_family
from plimsoll.estimators.tails.fitted_law import tail_probability
from plimsoll.estimators.tails.likelihood_fit import LikelihoodFit
from plimsoll.estimators.tails.pareto_limits import check_mean_exists
from plimsoll.maths.gev import (
    gev_cdf,
    gev_expected_shortfall,
    gev_log_density,
    gev_of_single,
    gev_of_weighted_moments,
    gev_quantile,
    gev_scores,
)

Vector = NDArray[np.float64]

MINIMUM_BLOCKS = 15


def _starts(values: Vector) -> Sequence[Vector]:
    mu, sigma, xi = gev_of_weighted_moments(values)
    size = 0.78 * float(np.std(values))
    middle = float(np.mean(values)) - 0.577 * size
    found = [np.array([middle, math.log(size), shape]) for shape in (-0.1, 0.0, 0.1, 0.4)]
    if np.isfinite(sigma) and sigma > 0.0:
        found += [np.array([mu, math.log(sigma), xi]), np.array([mu, math.log(sigma), 0.5 * xi])]
    return found


def _published(theta: Vector, centre: float, spread: float) -> Vector:
    return np.array([centre + spread * theta[0], spread * math.exp(theta[1]), theta[2]])


EXTREME_VALUE = Family(
    name="generalised extreme value law",
    parameters=("mu", "sigma", "xi"),
    coordinates=("mu", "log sigma", "xi"),
    scores=gev_scores,
    published=_published,
    starts=(),
    further_starts=_starts,
    lowest=(-50.0, -14.0, -0.99),
    highest=(50.0, 14.0, 10.0),
    degenerate=(1, 2),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockMaxima:
    """Maxima of consecutive blocks, from the first row; an incomplete last block is dropped.

    Parameters
    ----------
    block_length : int
        Observations in a block: 21 days for about a month of trading days.

    Examples
    --------
    >>> import numpy as np
    >>> fitted = BlockMaxima(block_length=25).fit(np.random.default_rng(1).standard_t(3, 5000))
    >>> fitted.return_level(100) > fitted.return_level(10)
    True
    """

    block_length: int = 21

    def __post_init__(self) -> None:
        if self.block_length < 1:
            raise ParameterError(
                "must be at least 1", found=self.block_length, field="block_length"
            )

    def fit(self, losses: ArrayLike) -> FittedBlockMaxima:
        """Fit to the block maxima of ``losses`` (positive = loss), shape (n,), in time order.

        Raises
        ------
        DataFormatError, InsufficientDataError, EstimationError
            Fewer than 15 whole blocks, or no maximum of the likelihood with ``xi`` above -1.
        """
        sample = as_observations(losses, minimum=MINIMUM_BLOCKS, name="losses")
        blocks = sample.size // self.block_length
        if blocks < MINIMUM_BLOCKS:
            raise InsufficientDataError(
                f"at least {MINIMUM_BLOCKS} whole blocks are needed",
                found=blocks,
                remedy="use a longer history or shorter blocks",
                field="losses",
            )
        maxima = sample[: blocks * self.block_length].reshape(blocks, -1).max(axis=1)
        maxima = as_observations(maxima, minimum=MINIMUM_BLOCKS, name="block maxima of losses")
        point = fit_family(EXTREME_VALUE, maxima)
        mu, sigma, xi = (float(p) for p in point.parameters())
        return FittedBlockMaxima(
            mu=mu,
            sigma=sigma,
            xi=xi,
            block_length=self.block_length,
            log_likelihood=point.log_likelihood,
            observations=blocks,
            point=point,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedBlockMaxima(LikelihoodFit):
    """Result of :class:`BlockMaxima`; ``xi`` positive for a heavy tail, ``observations`` blocks."""

    family: ClassVar[Family] = EXTREME_VALUE

    mu: float
    sigma: float
    xi: float
    block_length: int
    log_likelihood: float
    observations: int
    point: LikelihoodPoint = field(repr=False)

    @property
    def variance_is_infinite(self) -> bool:
        """``xi > 0.5``: prefer value-at-risk with a stress scenario to expected shortfall."""
        return self.xi > 0.5

    def log_density(self, x: ArrayLike) -> Any:
        """Log density of a block maximum at ``x``."""
        return gev_log_density(x, self.mu, self.sigma, self.xi)

    def pdf(self, x: ArrayLike) -> Any:
        """Density of a block maximum at ``x``."""
        return np.exp(self.log_density(x))

    def cdf(self, x: ArrayLike) -> Any:
        """Probability of a block maximum at or below ``x``."""
        return gev_cdf(x, self.mu, self.sigma, self.xi)

    def quantile(self, probability: ArrayLike) -> Any:
        """Maximum not exceeded with ``probability``, each strictly between 0 and 1."""
        p = np.asarray(probability, dtype=np.float64)
        if not np.all((p > 0.0) & (p < 1.0)):
            raise ParameterError(
                "must lie strictly between 0 and 1", found=probability, field="probability"
            )
        return gev_quantile(p, self.mu, self.sigma, self.xi)

    def return_level(self, blocks: float) -> float:
        """Loss that the maximum of a block exceeds once in ``blocks`` blocks, more than one."""
        if not blocks > 1.0:
            raise ParameterError("must be above 1", found=blocks, field="blocks")
        return float(gev_quantile(1.0 - 1.0 / blocks, self.mu, self.sigma, self.xi))

    def value_at_risk(self, confidence: float, *, extremal_index: float = 1.0) -> float:
        """Loss of one observation not exceeded with ``confidence``.

        A block of m observations holds about ``extremal_index * m`` independent ones, so that
        one observation has the law of the maximum to the power of one over that number (Coles,
        2001, 5.3). Meant for high confidence: below the usual maximum it says little.

        Raises
        ------
        ParameterError
        """
        tail_probability(confidence)
        return float(gev_quantile(confidence, *self._of_single(extremal_index)))

    def expected_shortfall(self, confidence: float, *, extremal_index: float = 1.0) -> float:
        """Mean loss of one observation beyond :meth:`value_at_risk`.

        Raises
        ------
        EstimationError
            ``xi >= 1``: the law has no mean.
        """
        tail_probability(confidence)
        check_mean_exists(self.xi)
        return gev_expected_shortfall(confidence, *self._of_single(extremal_index))

    def _of_single(self, extremal_index: float) -> tuple[float, float, float]:
        if not 0.0 < extremal_index <= 1.0:
            raise ParameterError("must lie in (0, 1]", found=extremal_index, field="extremal_index")
        count = max(1.0, extremal_index * self.block_length)
        return gev_of_single(self.mu, self.sigma, self.xi, count)
