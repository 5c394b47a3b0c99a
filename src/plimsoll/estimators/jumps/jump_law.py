"""What laws of returns with jumps share: moments, horizons, quantiles, simulation."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import EstimationError, InsufficientDataError, ParameterError
from plimsoll.estimators.jumps.bipower_threshold import bipower_threshold_jumps
from plimsoll.estimators.tails.fitted_law import FittedLaw

Vector = NDArray[np.float64]

_BISECTIONS = 200


class JumpMoments(NamedTuple):
    """Mean, variance, skewness and excess kurtosis, in closed form."""

    mean: float
    variance: float
    skewness: float
    excess_kurtosis: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedJumpLaw(FittedLaw):
    """A diffusion with Poisson jumps, per step of the returns it was fitted to.

    Logarithmic returns of h steps follow the same law with drift, variance and intensity times h:
    :meth:`over`. Errors are of the fitted step.
    """

    drift: float
    volatility: float
    intensity: float

    @abstractmethod
    def cumulants(self) -> tuple[float, float, float, float]:
        """First four cumulants of one step."""

    @abstractmethod
    def tail(self, value: float) -> tuple[float, float]:
        """Probability at or below ``value``, and ``E[x; x <= value]``."""

    @abstractmethod
    def simulate(self, count: int, *, seed: int) -> Vector:
        """Independent returns of one step."""

    @abstractmethod
    def _density(self, x: Vector) -> Vector:
        """Density at (n,) values."""

    def log_density(self, x: ArrayLike) -> Any:
        """Log density at ``x``; minus infinity where it is below the smallest number."""
        values = np.asarray(x, dtype=np.float64)
        density = self._density(np.array(values.ravel()))
        with np.errstate(divide="ignore"):
            return np.log(density).reshape(values.shape)[()]

    def over(self, steps: float) -> Self:
        """The law of the sum of ``steps`` returns (any positive number)."""
        h = checked_steps(steps)
        return replace(
            self,
            drift=h * self.drift,
            volatility=math.sqrt(h) * self.volatility,
            intensity=h * self.intensity,
        )

    def moments(self) -> JumpMoments:
        """Moments of one step."""
        k1, k2, k3, k4 = self.cumulants()
        return JumpMoments(k1, k2, k3 / k2**1.5, k4 / (k2 * k2))

    @property
    def jump_share(self) -> float:
        """Share of the variance that comes from jumps."""
        return 1.0 - self.volatility**2 / self.cumulants()[1]

    def cdf(self, x: ArrayLike) -> Any:
        """Probability of a value at or below ``x``."""
        values = np.asarray(x, dtype=np.float64)
        found = np.array([self.tail(float(v))[0] for v in np.ravel(values)])
        return np.clip(found, 0.0, 1.0).reshape(values.shape)[()]

    def _quantile(self, probability: Vector) -> Any:
        found = np.array([self._root(float(p)) for p in np.ravel(probability)])
        return found.reshape(probability.shape)[()]

    def _root(self, probability: float) -> float:
        """Bisection from a bracket that doubles; the distribution has no flat stretch."""
        mean, variance, _, _ = self.cumulants()
        width = math.sqrt(variance)
        low, high = mean - 8.0 * width, mean + 8.0 * width
        while self.tail(low)[0] > probability:
            low -= 2.0 * (high - low)
        while self.tail(high)[0] < probability:
            high += 2.0 * (high - low)
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            if not low < middle < high:
                break
            if self.tail(middle)[0] < probability:
                low = middle
            else:
                high = middle
        return 0.5 * (low + high)

    def _lower_mean(self, probability: float, quantile: float) -> float:  # noqa: ARG002
        return self.tail(quantile)[1]


def checked_steps(steps: float) -> float:
    """``steps`` as a float, positive and finite."""
    if not 0.0 < steps < math.inf:
        raise ParameterError("must be positive and finite", found=steps, field="steps")
    return float(steps)


class JumpStart(NamedTuple):
    """Threshold moments of standardised values, kept inside the search's box."""

    diffusive_sd: float
    up_intensity: float
    down_intensity: float
    jump_mean: float
    jump_sd: float
    up_size: float
    down_size: float


def threshold_starts(values: Vector) -> list[JumpStart]:
    """Moments beyond thresholds of 3, 4 and 6 bipower deviations, where there is one."""
    found = [_threshold_start(values, multiple) for multiple in (3.0, 4.0, 6.0)]
    return [start for start in found if start is not None]


def _threshold_start(values: Vector, multiple: float) -> JumpStart | None:
    """Moments of the returns beyond a bipower threshold; None where there is no such volatility."""
    try:
        found = bipower_threshold_jumps(values, multiple=multiple)
    except (EstimationError, InsufficientDataError):
        return None
    jumps = values[found.flag]
    up, down = jumps[jumps > 0.0], -jumps[jumps < 0.0]
    usual = max(multiple * found.deviation, 1e-3)
    return JumpStart(
        diffusive_sd=max(found.diffusive_sd, 0.06),
        up_intensity=max(up.size, 1) / values.size,
        down_intensity=max(down.size, 1) / values.size,
        jump_mean=float(jumps.mean()) if jumps.size else 0.0,
        jump_sd=max(float(np.sqrt(np.mean(jumps**2))), 1e-2) if jumps.size else usual,
        up_size=float(up.mean()) if up.size else usual,
        down_size=float(down.mean()) if down.size else usual,
    )
