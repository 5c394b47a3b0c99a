"""Paths of price and variance under Heston and Bates, for stress.

Andersen's QE scheme (2008, "Simple and efficient simulation of the Heston stochastic volatility
model") with its martingale correction; jumps are compound Poisson within each step. The variance
of the next step has its exact mean and variance: a squared normal where it is far from 0, a mass
at 0 with an exponential tail where it is near.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from plimsoll.errors import UsageError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_SWITCH = 1.5
_DETERMINISTIC_BELOW = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class HestonPaths:
    """Simulated paths.

    Parameters
    ----------
    years : ndarray of float, shape (steps + 1,)
        Time from now; starts at 0.
    log_return : ndarray of float, shape (paths, steps + 1)
        ``ln`` of the price over its forward; starts at 0.
    variance : ndarray of float, shape (paths, steps + 1)
        Variance per year, at least 0.
    uncorrected_share : float
        Share of steps whose martingale correction does not exist (a large positive ``rho sigma_v``
        with long steps); above 0 the mean price is off: take shorter steps.
    """

    years: Vector
    log_return: Matrix
    variance: Matrix
    uncorrected_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """Constants of one step; ``k1 .. k4`` as in Andersen with equal weights on both ends."""

    years: float
    kappa: float
    theta: float
    sigma_v: float
    rho: float

    @property
    def decay(self) -> float:
        return math.exp(-self.kappa * self.years)

    @property
    def weights(self) -> tuple[float, float, float]:
        """``k1``, ``k2`` and ``k3 = k4``."""
        slope = self.rho / self.sigma_v
        drift = 0.5 * self.years * (self.kappa * slope - 0.5)
        return drift - slope, drift + slope, 0.5 * self.years * (1.0 - self.rho * self.rho)


def simulate_paths(
    generator: np.random.Generator,
    *,
    paths: int,
    steps: int,
    tau: float,
    v0: float,
    kappa: float,
    theta: float,
    sigma_v: float,
    rho: float,
    jump_intensity: float = 0.0,
    jump_mean: float = 0.0,
    jump_sd: float = 0.0,
) -> HestonPaths:
    """Simulate Heston (without jumps) or Bates (with) over equal steps.

    Parameters
    ----------
    generator : numpy.random.Generator
        Source of randomness, seeded by the caller; the same seed gives the same paths.
    paths, steps : int
        How many, at least 1 each. The scheme's own bias is small at 50 steps a year.
    tau : float
        Years to simulate, above 0.
    v0, kappa, theta, sigma_v, rho : float
        As in :func:`plimsoll.maths.characteristic_functions.heston_law`. Under a ``sigma_v`` of
        1e-6 the variance follows its mean.
    jump_intensity, jump_mean, jump_sd : float
        As in :func:`plimsoll.maths.characteristic_functions.normal_jumps_law`.

    Raises
    ------
    UsageError
        Where a count is below 1 or a parameter out of bounds.
    """
    _check(paths, steps, tau, v0, kappa, theta, sigma_v, rho, jump_intensity, jump_sd)
    step = _Step(years=tau / steps, kappa=kappa, theta=theta, sigma_v=sigma_v, rho=rho)
    variance, log_return = np.empty((steps + 1, paths)), np.zeros((steps + 1, paths))
    variance[0] = v0
    uncorrected = 0
    for t in range(steps):
        moved, variance[t + 1], missing = _advance(generator, variance[t], step)
        jumps = _jumps(generator, paths, jump_intensity * step.years, jump_mean, jump_sd)
        log_return[t + 1] = log_return[t] + moved + jumps
        uncorrected += missing
    return HestonPaths(
        years=np.linspace(0.0, tau, steps + 1),
        log_return=np.ascontiguousarray(log_return.T),
        variance=np.ascontiguousarray(variance.T),
        uncorrected_share=uncorrected / (paths * steps),
    )


def _advance(generator: np.random.Generator, v: Vector, step: _Step) -> tuple[Vector, Vector, int]:
    """Log-return and next variance of one step, and how many corrections do not exist."""
    uniform = generator.random(v.size)
    normal = generator.standard_normal(v.size)
    if step.sigma_v < _DETERMINISTIC_BELOW:
        return *_advance_deterministic(v, step, normal), 0
    k1, k2, k3 = step.weights
    following, log_mean = _next_variance(v, uniform, step, k2 + 0.5 * k3)
    exists = np.isfinite(log_mean)
    uncorrected = -step.rho * step.kappa * step.theta * step.years / step.sigma_v
    start = np.where(exists, -log_mean - (k1 + 0.5 * k3) * v, uncorrected)
    moved = start + k1 * v + k2 * following + np.sqrt(k3 * (v + following)) * normal
    return moved, following, int(v.size - np.count_nonzero(exists))


def _advance_deterministic(v: Vector, step: _Step, normal: Vector) -> tuple[Vector, Vector]:
    """Step of a variance that follows its mean."""
    following = step.theta + (v - step.theta) * step.decay
    share = (1.0 - step.decay) / step.kappa
    total = step.theta * step.years + (v - step.theta) * share
    return -0.5 * total + np.sqrt(total) * normal, following


def _next_variance(v: Vector, uniform: Vector, step: _Step, order: float) -> tuple[Vector, Vector]:
    """Next variance by QE and ``ln E[exp(order * next)]``, infinite where it does not exist."""
    decay = step.decay
    mean = step.theta + (v - step.theta) * decay
    gain = step.sigma_v**2 * (1.0 - decay) / step.kappa
    spread = v * gain * decay + 0.5 * step.theta * gain * (1.0 - decay)
    ratio = spread / (mean * mean)
    following, log_mean = np.empty_like(v), np.empty_like(v)
    far = ratio <= _SWITCH
    following[far], log_mean[far] = _squared_normal(mean[far], ratio[far], uniform[far], order)
    near = ~far
    following[near], log_mean[near] = _mass_at_zero(mean[near], ratio[near], uniform[near], order)
    return following, log_mean


def _squared_normal(
    mean: Vector, ratio: Vector, uniform: Vector, order: float
) -> tuple[Vector, Vector]:
    """``a (b + Z)^2`` with the mean and variance wanted."""
    inverse = 2.0 / ratio
    b2 = inverse - 1.0 + np.sqrt(inverse * (inverse - 1.0))
    a = mean / (1.0 + b2)
    following = a * (np.sqrt(b2) + ndtri(uniform)) ** 2
    room = 1.0 - 2.0 * order * a
    safe = np.where(room > 0.0, room, 1.0)
    log_mean = order * b2 * a / safe - 0.5 * np.log(safe)
    return following, np.where(room > 0.0, log_mean, np.inf)


def _mass_at_zero(
    mean: Vector, ratio: Vector, uniform: Vector, order: float
) -> tuple[Vector, Vector]:
    """0 with probability ``p``, else exponential with rate ``beta``."""
    p = (ratio - 1.0) / (ratio + 1.0)
    beta = (1.0 - p) / mean
    following = np.where(uniform <= p, 0.0, np.log((1.0 - p) / (1.0 - uniform)) / beta)
    room = beta - order
    safe = np.where(room > 0.0, room, 1.0)
    log_mean = np.log(p + beta * (1.0 - p) / safe)
    return following, np.where(room > 0.0, log_mean, np.inf)


def _jumps(
    generator: np.random.Generator, paths: int, expected: float, mean: float, sd: float
) -> Vector:
    """Compensated sum of the jumps of one step."""
    if expected == 0.0:
        return np.zeros(paths)
    count = generator.poisson(expected, paths).astype(np.float64)
    normal = generator.standard_normal(paths)
    compensator = expected * math.expm1(mean + 0.5 * sd * sd)
    total: Vector = count * mean + np.sqrt(count) * sd * normal - compensator
    return total


def _check(
    paths: int,
    steps: int,
    tau: float,
    v0: float,
    kappa: float,
    theta: float,
    sigma_v: float,
    rho: float,
    jump_intensity: float,
    jump_sd: float,
) -> None:
    bounds = {
        "paths": (paths, paths >= 1, "at least 1"),
        "steps": (steps, steps >= 1, "at least 1"),
        "tau": (tau, tau > 0.0, "positive"),
        "kappa": (kappa, kappa > 0.0, "positive"),
        "v0": (v0, v0 >= 0.0, "at least 0"),
        "theta": (theta, theta > 0.0, "positive"),
        "sigma_v": (sigma_v, sigma_v >= 0.0, "at least 0"),
        "rho": (rho, -1.0 <= rho <= 1.0, "in [-1, 1]"),
        "jump_intensity": (jump_intensity, jump_intensity >= 0.0, "at least 0"),
        "jump_sd": (jump_sd, jump_sd >= 0.0, "at least 0"),
    }
    for name, (value, holds, bound) in bounds.items():
        if not (holds and math.isfinite(value)):
            raise UsageError(f"must be finite and {bound}", found=value, field=name)
