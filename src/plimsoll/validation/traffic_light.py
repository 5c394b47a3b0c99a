"""Basel's traffic light for any number of horizons and any level.

Yellow starts at the smallest count whose cumulative binomial probability reaches 95 %, red where
it reaches 99.99 % (BCBS, Supervisory framework for the use of backtesting, 1996, table 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError
from plimsoll.validation.binomial import binomial_cdf, binomial_pmf, check_counts, check_rate

YELLOW_FROM_PROBABILITY = 0.95
RED_FROM_PROBABILITY = 0.9999

BASEL_PLUS_FACTORS = {5: 0.40, 6: 0.50, 7: 0.65, 8: 0.75, 9: 0.85}
"""Add-on to the multiplier of 3, for 250 days at 99 % only; red adds 1."""


class Zone(StrEnum):
    """Traffic light."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneLimits:
    """First count of breaches that is yellow, and first that is red."""

    yellow_from: int
    red_from: int

    def zone(self, breaches: int) -> Zone:
        """Return the zone of a count."""
        if breaches >= self.red_from:
            return Zone.RED
        return Zone.YELLOW if breaches >= self.yellow_from else Zone.GREEN


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRow:
    """One row of the cumulative table."""

    breaches: int
    probability: float
    cumulative: float
    zone: Zone


def zone_limits(observations: int, breach_rate: float) -> ZoneLimits:
    """Return the zones of ``observations`` horizons at a target ``breach_rate``.

    No breach is always green: where even ``P(X = 0)`` reaches 95 %, yellow starts at one breach.
    A handful of horizons says nothing either way; read such a zone with its sample size.

    Examples
    --------
    >>> zone_limits(365, 0.01)
    ZoneLimits(yellow_from=7, red_from=13)
    """
    check_rate(breach_rate)
    check_counts(0, observations)
    return ZoneLimits(
        yellow_from=_first_count(observations, breach_rate, YELLOW_FROM_PROBABILITY),
        red_from=_first_count(observations, breach_rate, RED_FROM_PROBABILITY),
    )


def traffic_light(breaches: int, observations: int, breach_rate: float) -> Zone:
    """Return the zone of ``breaches`` in ``observations`` horizons.

    Examples
    --------
    >>> str(traffic_light(5, 250, 0.01))
    'yellow'
    """
    check_counts(breaches, observations)
    return zone_limits(observations, breach_rate).zone(breaches)


def zone_table(observations: int, breach_rate: float, up_to: int) -> tuple[ZoneRow, ...]:
    """Probability, cumulative probability and zone of each count from 0 to ``up_to``."""
    limits = zone_limits(observations, breach_rate)
    last = min(up_to, observations)
    probability = binomial_pmf(observations, breach_rate)
    cumulative = binomial_cdf(np.arange(last + 1), observations, breach_rate)
    return tuple(
        ZoneRow(
            breaches=x,
            probability=float(probability[x]),
            cumulative=float(cumulative[x]),
            zone=limits.zone(x),
        )
        for x in range(last + 1)
    )


def basel_plus_factor(breaches: int) -> float:
    """Add-on to Basel's multiplier of 3, for 250 days at 99 %.

    >>> [basel_plus_factor(x) for x in (4, 5, 10)]
    [0.0, 0.4, 1.0]
    """
    if breaches < 0:
        raise ParameterError("must not be negative", found=breaches, field="breaches")
    return 1.0 if breaches >= 10 else BASEL_PLUS_FACTORS.get(breaches, 0.0)


def zones_of(
    breaches: NDArray[np.int64], observations: NDArray[np.int64], breach_rate: float
) -> tuple[Zone | None, ...]:
    """Zone of each market; None where nothing was scored."""
    limits = {int(n): zone_limits(int(n), breach_rate) for n in np.unique(observations) if n > 0}
    return tuple(
        limits[int(n)].zone(int(x)) if n > 0 else None
        for x, n in zip(breaches, observations, strict=True)
    )


def _first_count(observations: int, breach_rate: float, probability: float) -> int:
    # Bisection on a rising function, whose value at n is 1.
    low, high = 1, observations
    while low < high:
        middle = (low + high) // 2
        if float(binomial_cdf(middle, observations, breach_rate)) >= probability:
            high = middle
        else:
            low = middle + 1
    return low
