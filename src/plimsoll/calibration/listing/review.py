r"""When to look again, and how many breaches before then are too many.

Non-overlapping horizons, one side: under a right forecast each breaks with chance a at most, given
the past. Betting that it is three times a, the likelihood ratio after n horizons and k breaches

.. math:: W = (p_1 / a)^k \, ((1 - p_1) / (1 - a))^{n - k}, \qquad p_1 = 3 a

exceeds 20 at any time with chance 1/20 at most (Ville): the count may be looked at after every
horizon. A single look at the end may use the binomial bound, which is lower.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from plimsoll.domain.market import DAY_NS
from plimsoll.errors import ParameterError
from plimsoll.validation.binomial import binomial_upper, check_rate
from plimsoll.validation.monitoring.e_process import RED

BET = 3.0
"""Breach rate that is bet on, in targets."""
ONE_LOOK = 0.01
"""Chance of the binomial bound."""
LEAST_DAYS = 2
_CHECKPOINTS = (1, 3, 7, 14, 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What to hold a count of breaches of one side against, so many days after the listing.

    Parameters
    ----------
    days, horizons : int
    expected : float
        Breaches at the target.
    act_at : int
        Breaches by then at which to act at once, whenever they came.
    one_look : int
        Breaches that a single look then would find too many (1 %).
    """

    days: int
    horizons: int
    expected: float
    act_at: int
    one_look: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One review.

    Parameters
    ----------
    at_ns : int
    age_days : float
    reason : str
    """

    at_ns: int
    age_days: float
    reason: str


def act_at(horizons: int, target: float) -> int:
    """Return the fewest breaches among so many horizons at which the bet has won 20-fold.

    >>> act_at(1, 0.01), act_at(240, 0.01), act_at(1000, 0.01)
    (3, 8, 21)
    """
    check_rate(target)
    if horizons < 1:
        raise ParameterError("must be at least 1", found=horizons, field="horizons")
    won, lost = math.log(BET), math.log((1.0 - BET * target) / (1.0 - target))
    return math.ceil((math.log(RED) - horizons * lost) / (won - lost))


def checkpoints(days: int, horizon_hours: int, target: float) -> tuple[Checkpoint, ...]:
    """Return the counts after a day, some days, and at the review."""
    found = []
    for day in sorted({*(d for d in _CHECKPOINTS if d < days), days}):
        count = max(1, day * 24 // horizon_hours)
        tried = np.arange(count + 1)
        rare = binomial_upper(tried, count, target) <= ONE_LOOK
        found.append(
            Checkpoint(
                days=day,
                horizons=count,
                expected=count * target,
                act_at=act_at(count, target),
                one_look=int(tried[rare][0]) if rare.any() else count + 1,
            )
        )
    return tuple(found)


def reviews(as_of_ns: int, age_days: float, young_until: float) -> tuple[Review, ...]:
    """Return the reviews to come: each time its history has doubled, and when its youth ends."""
    found, at_ns, age = [], as_of_ns, age_days
    while age < young_until:
        left = young_until - age
        days = max(LEAST_DAYS, math.ceil(min(age, left)))
        at_ns, age = at_ns + days * DAY_NS, age + days
        over = age >= young_until
        reason = "youth ends: run `plimsoll calibrate`" if over else "own history has doubled"
        found.append(Review(at_ns=at_ns, age_days=age, reason=reason))
    return tuple(found)
