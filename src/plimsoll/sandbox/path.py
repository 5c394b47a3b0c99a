"""The faultless path of the venue: returns from volatility, factor, jumps and one scripted end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.domain.market import BoolArray, FloatArray, IntArray
from plimsoll.sandbox.jumps import common_crashes, own_jumps
from plimsoll.sandbox.law import LAWS, NEW_LISTING_DAYS, VENUE_LAW
from plimsoll.sandbox.volatility import (
    COMMON_PARTS,
    COMMON_SHARE,
    OWN_PARTS,
    clock,
    echo,
    log_volatility,
    regimes,
)

BUOY, HULK = 4, 5  # columns of the newly listed and of the dying market
COLLAPSE_HOURS = 60
COLLAPSE_LOG = float(np.log(0.05))
LINGER_HOURS = 7 * 24
OLD_TICKER_DAYS = 135
OLD_TICKER_SILENT_DAYS = 25
OLD_TICKER_PRICE = 37.0  # at which the coin that had the ticker before ends


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Path:
    """Log returns of the linear markets, and what made them; arrays (T, N) or (T,)."""

    returns: FloatArray
    volatility: FloatArray
    diffusive_volatility: FloatArray
    jump: FloatArray
    stress: BoolArray
    crash: BoolArray
    scripted: BoolArray


def simulate(rng: np.random.Generator, time_ns: IntArray) -> Path:
    """Draw the path of the linear markets on the grid ``time_ns``."""
    shape = (time_ns.size, len(LAWS))
    betas = np.array([law.beta for law in LAWS])
    stress = regimes(rng, time_ns.size, VENUE_LAW)
    crash, crash_size, common = common_crashes(rng, stress, betas, VENUE_LAW)
    own = own_jumps(rng, time_ns.size, LAWS)
    factor, idiosyncratic = _volatilities(rng, time_ns, stress, crash_size)
    diffusion = betas * (factor * _unit_t(rng, (shape[0], 1), VENUE_LAW.factor_degrees))
    degrees = np.array([law.degrees for law in LAWS])
    diffusion = diffusion + idiosyncratic * _unit_t(rng, shape, degrees)
    diffusive = np.hypot(betas * factor, idiosyncratic)
    death, scripted = _collapse(rng, shape)
    jump = common.size + own.size
    return Path(
        returns=diffusion + jump - common.mean - own.mean + death,
        volatility=np.sqrt(diffusive**2 + common.variance + own.variance),
        diffusive_volatility=diffusive,
        jump=jump,
        stress=stress,
        crash=crash,
        scripted=scripted,
    )


def _volatilities(
    rng: np.random.Generator, time_ns: IntArray, stress: BoolArray, crash_size: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(T, 1) volatility of the factor and (T, N) of each market's own part."""
    hours, law = time_ns.size, VENUE_LAW
    excited = law.stress_log_volatility * stress
    excited = excited + echo(crash_size, law.echo_half_life_hours, law.crash_echo)
    common = log_volatility(rng, (hours, 1), COMMON_PARTS) + excited[:, None]
    own = log_volatility(rng, (hours, len(LAWS)), OWN_PARTS)
    season = clock(time_ns)[:, None]
    levels = np.array([m.own_volatility for m in LAWS])
    factor = law.factor_volatility * season * np.exp(common)
    return factor, levels * season * np.exp(COMMON_SHARE * common + own)


def _unit_t(
    rng: np.random.Generator, shape: tuple[int, int], degrees: float | FloatArray
) -> FloatArray:
    """(T, N) Student-t of unit variance."""
    return np.asarray(
        rng.standard_t(degrees, shape) * np.sqrt((np.asarray(degrees) - 2.0) / degrees)
    )


def death_hour(hours: int) -> int:
    """First hour of the collapse: three fifths into the history."""
    return int(0.6 * hours) // 24 * 24 + 9


def listing_hour(hours: int) -> int:
    """First hour of the new market; the last hour of the grid is the partial bar."""
    return hours - 1 - 24 * NEW_LISTING_DAYS


def old_listing(hours: int) -> slice:
    """Hours in which another coin had the new market's ticker."""
    ends = listing_hour(hours) - 24 * OLD_TICKER_SILENT_DAYS
    return slice(max(0, ends - 24 * OLD_TICKER_DAYS), ends)


def _collapse(rng: np.random.Generator, shape: tuple[int, int]) -> tuple[FloatArray, BoolArray]:
    """Scripted log returns (T, N): one market loses 95 % within 60 hours, the most at first."""
    start = death_hour(shape[0])
    weights = rng.exponential(1.0, COLLAPSE_HOURS) * np.exp(-np.arange(COLLAPSE_HOURS) / 20.0)
    death = np.zeros(shape)
    death[start : start + COLLAPSE_HOURS, HULK] = COLLAPSE_LOG * weights / weights.sum()
    scripted = np.zeros(shape, dtype=np.bool_)
    scripted[start:, HULK] = True
    return death, scripted


def listed(shape: tuple[int, int]) -> BoolArray:
    """(T, N) True where a market trades; another coin traded under the new one's ticker before."""
    hours = shape[0]
    active = np.ones(shape, dtype=np.bool_)
    active[death_hour(hours) + COLLAPSE_HOURS + LINGER_HOURS :, HULK] = False
    active[:, BUOY] = False
    active[old_listing(hours), BUOY] = True
    active[listing_hour(hours) :, BUOY] = True
    return active


def prices(returns: FloatArray, active: BoolArray) -> FloatArray:
    """(T, N) prices; NaN where not listed. Each listing starts afresh."""
    levels = np.log([law.start_price for law in LAWS]) + np.cumsum(returns, axis=0)
    opening = listing_hour(returns.shape[0])
    levels[:, BUOY] -= levels[opening, BUOY] - np.log(LAWS[BUOY].start_price)
    last = old_listing(returns.shape[0]).stop - 1
    levels[:opening, BUOY] -= levels[last, BUOY] - np.log(OLD_TICKER_PRICE)
    return np.where(active, np.exp(levels), np.nan)
