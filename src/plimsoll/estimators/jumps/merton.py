"""Merton's jump-diffusion (1976) as a law of returns, by maximum likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.estimators.jumps.jump_law import FittedJumpLaw, threshold_starts
from plimsoll.estimators.observations import as_observations
from plimsoll.estimators.tails.family import Family, LikelihoodPoint, fit_family
from plimsoll.maths.jump_merton import merton_density, merton_scores, merton_tail

Vector = NDArray[np.float64]

MINIMUM_OBSERVATIONS = 30
LEAST_VOLATILITY = 0.05
"""Least diffusive deviation, in robust deviations of the sample.

The likelihood of a mixture of normals has no maximum where one of them may shrink onto a single
return (Kiefer and Wolfowitz, 1956; Honore, 1998): the local maximum above this bound is taken.
"""
_LEAST_INTENSITY, _MOST_INTENSITY = 1e-6, 20.0


def _published(theta: Vector, centre: float, spread: float) -> Vector:
    return np.array(
        [
            centre + spread * theta[0],
            spread * math.exp(theta[1]),
            math.exp(theta[2]),
            spread * theta[3],
            spread * math.exp(theta[4]),
        ]
    )


def _starts(values: Vector) -> list[Vector]:
    return [
        np.array(
            [
                0.0,
                math.log(s.diffusive_sd),
                math.log(s.up_intensity + s.down_intensity),
                s.jump_mean,
                math.log(s.jump_sd),
            ]
        )
        for s in threshold_starts(values)
    ]


MERTON = Family(
    name="Merton jump-diffusion",
    parameters=("drift", "volatility", "intensity", "jump_mean", "jump_sd"),
    coordinates=("drift", "log volatility", "log intensity", "jump mean", "log jump sd"),
    scores=merton_scores,
    published=_published,
    starts=(
        (0.0, math.log(0.6), math.log(0.5), 0.0, 0.0),
        (0.0, math.log(0.8), math.log(0.05), 0.0, math.log(3.0)),
    ),
    further_starts=_starts,
    lowest=(-50.0, math.log(LEAST_VOLATILITY), math.log(_LEAST_INTENSITY), -1e4, math.log(1e-2)),
    highest=(50.0, 5.0, math.log(_MOST_INTENSITY), 1e4, math.log(1e4)),
    climbs=3,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merton:
    """A return is ``drift + volatility Z`` and a Poisson number of normal jumps.

    The number of jumps is not cut at ten: terms are added until the rest is provably below 1e-16
    of the density. ``drift`` is the mean without jumps.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = 0.01 * rng.standard_normal(2000) + 0.06 * rng.standard_normal(2000) * (
    ...     rng.random(2000) < 0.05
    ... )
    >>> 0.03 < Merton().fit(x).intensity < 0.08
    True
    """

    def fit(self, values: ArrayLike) -> FittedMerton:
        """Fit to log returns, shape (n,), n at least 30.

        Raises
        ------
        DataFormatError, InsufficientDataError
            Unusable observations.
        EstimationError
            No maximum above the least volatility: most often stale bars.
        """
        sample = as_observations(values, minimum=MINIMUM_OBSERVATIONS, name="values")
        point = fit_family(MERTON, sample)
        found = dict(zip(MERTON.parameters, map(float, point.parameters()), strict=True))
        return FittedMerton(
            **found,
            log_likelihood=point.log_likelihood,
            observations=sample.size,
            point=point,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedMerton(FittedJumpLaw):
    """Result of :class:`Merton`; ``intensity`` is jumps per step, sizes are of the log price."""

    family: ClassVar[Family] = MERTON

    jump_mean: float
    jump_sd: float
    log_likelihood: float
    observations: int
    point: LikelihoodPoint = field(repr=False)

    def _density(self, x: Vector) -> Vector:
        return np.asarray(merton_density(x, *self._arguments()))

    def cumulants(self) -> tuple[float, float, float, float]:
        """First four cumulants of one step."""
        m, v, rate = self.jump_mean, self.jump_sd**2, self.intensity
        return (
            self.drift + rate * m,
            self.volatility**2 + rate * (m * m + v),
            rate * (m**3 + 3.0 * m * v),
            rate * (m**4 + 6.0 * m * m * v + 3.0 * v * v),
        )

    def tail(self, value: float) -> tuple[float, float]:
        """Probability at or below ``value``, and ``E[x; x <= value]``."""
        found = merton_tail(value, *self._arguments())
        return float(found[0]), float(found[1])

    def simulate(self, count: int, *, seed: int) -> Vector:
        """Independent returns of one step."""
        rng = np.random.default_rng(seed)
        jumps = rng.poisson(self.intensity, count)
        deviation = np.sqrt(self.volatility**2 + jumps * self.jump_sd**2)
        drawn = self.drift + jumps * self.jump_mean + deviation * rng.standard_normal(count)
        return np.asarray(drawn, dtype=np.float64)

    def _arguments(self) -> tuple[float, float, float, float, float]:
        return self.drift, self.volatility, self.intensity, self.jump_mean, self.jump_sd
