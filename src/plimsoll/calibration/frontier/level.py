"""The level of a policy: one scale of all its margins, set at every New Year from earlier data.

The scale is what gives the policy, on all earlier moves, a target breach rate. The target is the
yardstick's rate on the same earlier moves, shrunk to the rate that the yardstick stands for by
design, as if that had been seen for ``prior_days``: a buffer of 25 % on a 99 % margin is exceeded
by ``1 % x 1.25^-3 = 0.512 %`` of moves whose tail index is 3. One year of a buffer's own record
says little of the next: rates of calendar years differ by a factor of three.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.frontier.judged import JudgedMoves
from plimsoll.calibration.frontier.policy import NOMINAL_TAIL
from plimsoll.errors import InsufficientDataError, ParameterError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LEAST_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRule:
    """How the target of a level is made.

    Parameters
    ----------
    nominal : float
        Breach rate that the yardstick stands for by design.
    prior_days : float
        Days of record that it weighs; 0 for the yardstick's own record alone, infinite for none
        of it.
    """

    nominal: float = NOMINAL_TAIL
    prior_days: float = 365.0

    def __post_init__(self) -> None:
        if not 0.0 < self.nominal < 0.5 or not self.prior_days >= 0.0:
            raise ParameterError(
                "must be a tail and days that are not negative",
                found=(self.nominal, self.prior_days),
                field="level",
            )

    def target(self, rate: float, days: float) -> float:
        """Return the target after ``days`` of a record with this rate.

        >>> round(LevelRule(nominal=0.005, prior_days=100.0).target(0.003, 300.0), 12)
        0.0035
        """
        if np.isinf(self.prior_days):
            return self.nominal
        return (rate * days + self.nominal * self.prior_days) / (days + self.prior_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What a review set.

    Parameters
    ----------
    target, yardstick_rate : float
        Breach rate aimed at, and the yardstick's on the earlier moves.
    scale : float
        Of all margins, until the next review.
    known_days : int
    """

    target: float
    yardstick_rate: float
    scale: float
    known_days: int


def levels(judged: JudgedMoves, margin: FloatArray, rule: LevelRule) -> tuple[Level, ...]:
    """Return the level of each review of a policy's (D, N, 2) margins.

    Raises
    ------
    InsufficientDataError
        Where a review knows fewer than 90 days.
    """
    return tuple(level_at(judged, margin, at, rule) for at in judged.reviews_ns)


def level_at(judged: JudgedMoves, margin: FloatArray, at_ns: int, rule: LevelRule) -> Level:
    """Return the level of one review."""
    held = judged.sample.at_starts(margin)
    yardstick = judged.sample.at_starts(judged.yardstick)
    pairs = judged.known(at_ns)
    days = judged.days(pairs)
    if days < LEAST_DAYS:
        raise InsufficientDataError(
            f"must know {LEAST_DAYS} days at a review", found=days, field="reviews_ns"
        )
    loss = judged.sample.loss[pairs]
    rate = float((loss > yardstick[pairs]).mean())
    target = rule.target(rate, float(days))
    scale = scale_of_rate(held[pairs], loss, target)
    return Level(target=target, yardstick_rate=rate, scale=scale, known_days=days)


def at_levels(judged: JudgedMoves, margin: FloatArray, rule: LevelRule) -> FloatArray:
    """(D, N, 2) margins at the level in force; NaN before the first review."""
    scale = np.array([level.scale for level in levels(judged, margin, rule)])
    return margin * judged.in_force(scale, judged.sample.boundary_ns)[:, None, None]


def scale_of_rate(margin: FloatArray, loss: FloatArray, rate: float) -> float:
    """Scale of all margins at which a share ``rate`` of the losses exceeds them."""
    ratio = (loss / margin).ravel()
    place = int(np.clip(np.ceil(ratio.size * (1.0 - rate)) - 1, 0, ratio.size - 1))
    return float(np.partition(ratio, place)[place])
