"""Jumps of the sandbox: common crashes that set off further ones, and each market's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.domain.market import BoolArray, FloatArray
from plimsoll.maths.linear_filter import first_order_filter
from plimsoll.sandbox.law import HOURS_PER_YEAR, MarketLaw, VenueLaw


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Jumps:
    """Realised jumps of log returns, and the conditional mean and variance of them.

    Parameters
    ----------
    size : (T, N) float64
    mean, variance : (T, N) float64
        Conditional on everything before the hour.
    """

    size: FloatArray
    mean: FloatArray
    variance: FloatArray


def cluster(
    rng: np.random.Generator, immigrant_rate: FloatArray, children: float, delay_hours: float
) -> BoolArray:
    """(T,) hours with an event: a discrete Hawkes process built from its branching structure.

    Each hour brings an event with probability ``immigrant_rate``; each event sets off a Poisson
    number of further ones, at geometric delays.
    """
    hours = immigrant_rate.size
    event = rng.random(hours) < immigrant_rate
    parents = np.flatnonzero(event)
    while parents.size:
        offspring = np.repeat(parents, rng.poisson(children, parents.size))
        parents = offspring + rng.geometric(1.0 / delay_hours, offspring.size)
        parents = parents[parents < hours]
        event[parents] = True
    return event


def intensity(
    event: BoolArray, immigrant_rate: FloatArray, children: float, delay_hours: float
) -> FloatArray:
    """(T,) probability of an event in each hour, given the events before it."""
    stop = 1.0 / delay_hours
    before = np.concatenate(([0.0], event[:-1].astype(np.float64)))
    recent = first_order_filter(before[:, None], stop, 1.0 - stop)[:, 0]
    return immigrant_rate + children * recent


def common_crashes(
    rng: np.random.Generator, stress: BoolArray, betas: FloatArray, law: VenueLaw
) -> tuple[BoolArray, FloatArray, Jumps]:
    """Return crash hours, crash size of a market of beta 1 (T,), and the jumps of all markets.

    A crash hits every market in the same hour, by its beta times a market's own factor around
    one (uniform 0.8 to 1.2).
    """
    base = np.where(stress, law.crashes_per_year_stress, law.crashes_per_year_calm) / HOURS_PER_YEAR
    event = cluster(rng, base, law.aftershocks, law.aftershock_mean_hours)
    draws = law.crash_floor + rng.exponential(law.crash_mean, event.size)
    size = np.where(event, draws, 0.0)
    spread = rng.uniform(0.8, 1.2, (event.size, betas.size))
    rate = intensity(event, base, law.aftershocks, law.aftershock_mean_hours)[:, None]
    first = law.crash_floor + law.crash_mean
    second = law.crash_mean**2 + first**2
    mean = -rate * first * betas
    square = rate * second * betas**2 * (1.0 + 0.4**2 / 12.0)
    return event, size, Jumps(size=-size[:, None] * spread * betas, mean=mean, variance=square)


def own_jumps(rng: np.random.Generator, hours: int, laws: tuple[MarketLaw, ...]) -> Jumps:
    """Jumps of each market alone: a rate per hour, size half fixed and half exponential."""
    shape = (hours, len(laws))
    rate = np.array([law.jumps_per_year for law in laws]) / HOURS_PER_YEAR
    typical = np.array([law.jump_mean for law in laws])
    up = np.array([law.up_share for law in laws])
    happens = rng.random(shape) < rate
    absolute = typical * (0.5 + 0.5 * rng.exponential(1.0, shape))
    sign = np.where(rng.random(shape) < up, 1.0, -1.0)
    ones = np.ones(shape)
    return Jumps(
        size=np.where(happens, sign * absolute, 0.0),
        mean=ones * (rate * typical * (2.0 * up - 1.0)),
        variance=ones * (rate * 1.25 * typical**2),
    )
