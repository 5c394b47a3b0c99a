"""Volatility of the sandbox: persistent log volatility, regimes, echoes of crashes, the clock."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.market import DAY_NS, HOUR_NS, BoolArray, FloatArray, IntArray
from plimsoll.maths.linear_filter import first_order_filter
from plimsoll.sandbox.law import VenueLaw

# Half-life in hours and standard deviation of each part of log volatility. Several time scales
# together give the slow, near-hyperbolic decay of the autocorrelation of absolute returns.
COMMON_PARTS = ((720.0, 0.27), (60.0, 0.25), (4.0, 0.25))
OWN_PARTS = ((480.0, 0.24), (36.0, 0.20), (3.0, 0.25))
COMMON_SHARE = 0.7  # of the factor's log volatility that reaches each market's own


def regimes(rng: np.random.Generator, hours: int, law: VenueLaw) -> BoolArray:
    """(T,) True in stress: calm and stress alternate, lengths exponential, calm comes first."""
    means = 24.0 * np.array([law.calm_mean_days, law.stress_mean_days])
    pairs = 2 + int(4 * hours / means.sum())
    ends = np.cumsum(np.ceil(rng.exponential(1.0, (pairs, 2)) * means).ravel())
    return np.asarray(np.searchsorted(ends, np.arange(hours), side="right") % 2 == 1)


def mean_reverting(
    rng: np.random.Generator, shape: tuple[int, int], half_life_hours: float, deviation: float
) -> FloatArray:
    """(T, N) stationary AR(1) of standard deviation ``deviation``, started in its law."""
    rho = 0.5 ** (1.0 / half_life_hours)
    shocks = rng.standard_normal(shape)
    shocks[1:] *= np.sqrt(1.0 - rho * rho)
    return first_order_filter(shocks, 1.0, rho) * deviation


def log_volatility(
    rng: np.random.Generator, shape: tuple[int, int], parts: tuple[tuple[float, float], ...]
) -> FloatArray:
    """(T, N) sum of mean-reverting parts, shifted so that E[exp(2 x)] = 1."""
    total = sum(mean_reverting(rng, shape, half_life, sd) for half_life, sd in parts)
    return np.asarray(total - sum(sd * sd for _, sd in parts))


def echo(size: FloatArray, half_life_hours: float, gain: float) -> FloatArray:
    """(T,) rise of log volatility after crashes of ``size``, from the hour after on; capped."""
    rho = 0.5 ** (1.0 / half_life_hours)
    before = np.concatenate(([0.0], size[:-1]))
    memory = first_order_filter((before / 0.06)[:, None], 1.0, rho)[:, 0]
    return np.asarray(np.minimum(gain * memory, 1.2))


def clock(time_ns: IntArray) -> FloatArray:
    """(T,) factor of volatility by hour of day and weekend, of mean square about one.

    Highest at 14 UTC, lowest at 04 UTC, weekends 15 % quieter.
    """
    hour = (time_ns % DAY_NS) // HOUR_NS
    weekday = (time_ns // DAY_NS + 3) % 7  # 1970-01-01 was a Thursday; 0 = Monday
    wave = 1.0 + 0.24 * np.cos(2.0 * np.pi * (hour - 14) / 24.0)
    daily = wave / np.sqrt(1.0 + 0.5 * 0.24**2)
    return np.asarray(daily * np.where(weekday >= 5, 0.87, 1.047))
