"""How far into the tail a ladder reaches, by size: chosen on folds before the fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from plimsoll.journeys.backtest_ladders_judged import Judged, Tally, tally

FloatArray = NDArray[np.float64]

SMALL_TAILS = (0.1, 0.05, 0.03, 0.02, 0.01)
LARGE_TAILS = (0.01, 0.005, 0.003, 0.002, 0.001, 0.0005)
BREACH_SHARE = 0.75
"""Of the venue's breaches, what a level may have on earlier folds: a margin of safety."""
MARGIN_SHARE = 1.0
"""Of the venue's mean margin, what it may cost there, before tiers and grid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRule:
    """Tail probability by size: from ``small`` at the least to ``large`` at the top.

    In between its logarithm is linear in that of size: larger positions, whose shortfall is
    larger, are covered better.
    """

    small: float
    large: float

    def tail(self, notional_usd: FloatArray) -> FloatArray:
        """(S,) tail probability of rising sizes."""
        share = np.log(notional_usd / notional_usd[0]) / np.log(notional_usd[-1] / notional_usd[0])
        return np.asarray(self.small * (self.large / self.small) ** share)

    def __str__(self) -> str:
        return f"{self.small:.2%} at the least size to {self.large:.2%} at the top"


def price_risk(
    rule: LevelRule, tail: FloatArray, one: Judged, notional_usd: FloatArray
) -> FloatArray:
    """(S,) quantile of losses by size: the contract's scale times that of the sorted tail."""
    place = (1.0 - rule.tail(notional_usd)) * (tail.size - 1)
    below = np.floor(place).astype(np.int64)
    upper = tail[np.minimum(below + 1, tail.size - 1)]
    return np.asarray(one.scale * (tail[below] + (place - below) * (upper - tail[below])))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelFold:
    """An earlier fold: what it judges, its tail, the venue's tally."""

    name: str
    judged: tuple[Judged, ...]
    tail: FloatArray
    venue: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A rule on earlier folds: worst ratios to the venue over folds and weightings, and failures.

    ``failures`` is the share of (fold, contract, weighting) that is covered less than by the
    venue's ladder, or at no lower margin.
    """

    rule: LevelRule
    margin_ratio: float
    breach_ratio: float
    failures: float


def choose_level(folds: Sequence[LevelFold]) -> tuple[Choice, tuple[Choice, ...]]:
    """Return the rule with fewest failures among those safe in all averages; and all tried.

    Where none is safe, the one that exceeds its shares least.
    """
    tried = tuple(
        _choice(LevelRule(small=small, large=large), folds)
        for small, large in product(SMALL_TAILS, LARGE_TAILS)
        if large <= small
    )
    fine = [
        one
        for one in tried
        if one.breach_ratio <= BREACH_SHARE and one.margin_ratio <= MARGIN_SHARE
    ]
    if not fine:
        return min(tried, key=_excess), tried
    return min(fine, key=lambda one: one.failures), tried


def _excess(one: Choice) -> float:
    return max(one.breach_ratio / BREACH_SHARE, one.margin_ratio / MARGIN_SHARE)


def _choice(rule: LevelRule, folds: Sequence[LevelFold]) -> Choice:
    margins, breaches, failures = [], [], []
    for fold in folds:
        rates = {
            one.contract.name: price_risk(rule, fold.tail, one, one.notional) + one.cost
            for one in fold.judged
        }
        found = tally(fold.judged, rates)
        margins.append((found.mean_margin / fold.venue.mean_margin).max())
        breaches.append(((1.0 - found.coverage) / (1.0 - fold.venue.coverage)).max())
        failed = (found.breach > fold.venue.breach) | (found.margin >= fold.venue.margin)
        failures.append(failed.mean())
    return Choice(
        rule=rule,
        margin_ratio=float(max(margins)),
        breach_ratio=float(max(breaches)),
        failures=float(np.mean(failures)),
    )
