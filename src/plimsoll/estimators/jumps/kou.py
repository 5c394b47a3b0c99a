"""Kou's double-exponential jump-diffusion (2002) as a law of returns, by maximum likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.estimators.jumps.jump_law import FittedJumpLaw, threshold_starts
from plimsoll.estimators.jumps.merton import LEAST_VOLATILITY, MINIMUM_OBSERVATIONS
from plimsoll.estimators.observations import as_observations
from plimsoll.estimators.tails.family import Family, LikelihoodPoint, fit_family
from plimsoll.maths.jump_kou import kou_density, kou_scores, kou_tail

Vector = NDArray[np.float64]

_LEAST_INTENSITY, _MOST_INTENSITY = 1e-6, 10.0
_LEAST_RATE, _MOST_RATE = 1e-4, 50.0


def _published(theta: Vector, centre: float, spread: float) -> Vector:
    up, down = math.exp(theta[2]), math.exp(theta[3])
    return np.array(
        [
            centre + spread * theta[0],
            spread * math.exp(theta[1]),
            up + down,
            up / (up + down),
            math.exp(theta[4]) / spread,
            math.exp(theta[5]) / spread,
        ]
    )


def _starts(values: Vector) -> list[Vector]:
    sides = [
        np.log([s.up_intensity, s.down_intensity, 1.0 / s.up_size, 1.0 / s.down_size])
        for s in threshold_starts(values)
    ]
    return [np.concatenate([[0.0, math.log(0.85)], side]) for side in sides]


KOU = Family(
    name="Kou jump-diffusion",
    parameters=("drift", "volatility", "intensity", "up_probability", "up_rate", "down_rate"),
    coordinates=(
        "drift",
        "log volatility",
        "log up intensity",
        "log down intensity",
        "log up rate",
        "log down rate",
    ),
    scores=kou_scores,
    published=_published,
    starts=(
        (0.0, math.log(0.6), math.log(0.3), math.log(0.3), 0.0, 0.0),
        (0.0, math.log(0.8), math.log(0.03), math.log(0.03), math.log(0.4), math.log(0.4)),
    ),
    further_starts=_starts,
    lowest=(
        -50.0,
        math.log(LEAST_VOLATILITY),
        math.log(_LEAST_INTENSITY),
        math.log(_LEAST_INTENSITY),
        math.log(_LEAST_RATE),
        math.log(_LEAST_RATE),
    ),
    highest=(
        50.0,
        5.0,
        math.log(_MOST_INTENSITY),
        math.log(_MOST_INTENSITY),
        math.log(_MOST_RATE),
        math.log(_MOST_RATE),
    ),
    climbs=2,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kou:
    """A return is ``drift + volatility Z`` and Poisson numbers of exponential jumps up and down.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = 0.01 * rng.standard_normal(800) + 0.05 * rng.laplace(size=800) * (rng.random(800) < 0.1)
    >>> 0.05 < Kou().fit(x).intensity < 0.2
    True
    """

    def fit(self, values: ArrayLike) -> FittedKou:
        """Fit to log returns, shape (n,), n at least 30.

        Raises
        ------
        DataFormatError, InsufficientDataError
            Unusable observations.
        EstimationError
            No maximum above the least volatility: most often stale bars.
        """
        sample = as_observations(values, minimum=MINIMUM_OBSERVATIONS, name="values")
        point = fit_family(KOU, sample)
        found = dict(zip(KOU.parameters, map(float, point.parameters()), strict=True))
        return FittedKou(
            **found,
            log_likelihood=point.log_likelihood,
            observations=sample.size,
            point=point,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedKou(FittedJumpLaw):
    """Result of :class:`Kou`; ``intensity`` is jumps per step, rates are inverse mean sizes."""

    family: ClassVar[Family] = KOU

    up_probability: float
    up_rate: float
    down_rate: float
    log_likelihood: float
    observations: int
    point: LikelihoodPoint = field(repr=False)

    @property
    def has_mean_price(self) -> bool:
        """``up_rate > 1``: the mean of the price exists (returns as fractions, not per cent)."""
        return self.up_rate > 1.0

    def _density(self, x: Vector) -> Vector:
        return np.asarray(kou_density(x, self._coordinates()))

    def cumulants(self) -> tuple[float, float, float, float]:
        """First four cumulants of one step."""
        up, down = 1.0 / self.up_rate, 1.0 / self.down_rate
        ups = self.intensity * self.up_probability
        downs = self.intensity - ups
        return (
            self.drift + ups * up - downs * down,
            self.volatility**2 + 2.0 * (ups * up**2 + downs * down**2),
            6.0 * (ups * up**3 - downs * down**3),
            24.0 * (ups * up**4 + downs * down**4),
        )

    def tail(self, value: float) -> tuple[float, float]:
        """Probability at or below ``value``, and ``E[x; x <= value]``."""
        found = kou_tail(value, self._coordinates())
        return float(found[0]), float(found[1])

    def simulate(self, count: int, *, seed: int) -> Vector:
        """Independent returns of one step."""
        rng = np.random.default_rng(seed)
        ups = rng.poisson(self.intensity * self.up_probability, count)
        downs = rng.poisson(self.intensity * (1.0 - self.up_probability), count)
        smooth = self.drift + self.volatility * rng.standard_normal(count)
        rise: Vector = rng.standard_gamma(ups) / self.up_rate
        fall: Vector = rng.standard_gamma(downs) / self.down_rate
        return smooth + rise - fall

    def _coordinates(self) -> Vector:
        up = self.intensity * self.up_probability
        scale = np.array([self.volatility, up, self.intensity - up, self.up_rate, self.down_rate])
        return np.concatenate([[self.drift], np.log(np.maximum(scale, 1e-300))])
