"""Margin and coverage of ladders by size, under several distributions of sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.tiers import (
    ClassCost,
    SizeDistribution,
    log_uniform,
    over_tiers,
    uniform_notional,
)
from plimsoll.journeys.backtest_ladders_contracts import LadderContract
from plimsoll.journeys.backtest_ladders_moves import Losses

FloatArray = NDArray[np.float64]

SMALLEST_USD = 1_000.0
POINTS = 120


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """One contract: sizes, what closing costs, what came after, and the venue's margin.

    Parameters
    ----------
    contract : LadderContract
    sizes : tuple of W SizeDistribution
        On one set of S points.
    cost : (S,) float64
    scale : float
        Level of losses before the fit.
    after : Losses
    venue : (S,) float64
        MM(N) / N of the published ladder.
    """

    contract: LadderContract
    sizes: tuple[SizeDistribution, ...]
    cost: FloatArray
    scale: float
    volatility_daily: float
    after: Losses
    venue: FloatArray

    @property
    def notional(self) -> FloatArray:
        """(S,) sizes in dollars."""
        return self.sizes[0].notional_usd

    @property
    def weights(self) -> FloatArray:
        """(W, S)."""
        return np.array([sizes.weight for sizes in self.sizes])


def size_distributions(contract: LadderContract) -> tuple[SizeDistribution, ...]:
    """The three: log-uniform, uniform in notional, every tier of the venue alike."""
    top = contract.top_usd
    return (
        log_uniform(SMALLEST_USD, top, POINTS),
        uniform_notional(SMALLEST_USD, top, POINTS),
        over_tiers(SMALLEST_USD, [float(c) for c in contract.ladder.caps_usd], POINTS),
    )


def class_cost(contract: LadderContract, volatility_daily: float, impact: float) -> ClassCost:
    """Half the spread and the square-root law of the contract's turnover."""
    return ClassCost(
        volatility_daily=volatility_daily, turnover_usd=contract.turnover_usd, impact=impact
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """Margin and breaches of ladders over contracts and days.

    Parameters
    ----------
    margin, breach : (C, W) float64
        By contract: mean margin, share of uncovered (size, hour) pairs.
    day_breach : (D, W) float64
        What each day adds to the pooled share, contracts alike.
    """

    margin: FloatArray
    breach: FloatArray
    day_breach: FloatArray

    @property
    def mean_margin(self) -> FloatArray:
        """(W,) over contracts."""
        return np.asarray(self.margin.mean(axis=0))

    @property
    def coverage(self) -> FloatArray:
        """(W,) over contracts."""
        return np.asarray(1.0 - self.breach.mean(axis=0))


def tally(judged: Sequence[Judged], rates: Mapping[str, FloatArray]) -> Tally:
    """Score ladders, given by contract as MM(N) / N at its sizes."""
    days = np.unique(np.concatenate([one.after.day for one in judged]))
    count = len(judged[0].sizes)
    margin, breach = np.zeros((len(judged), count)), np.zeros((len(judged), count))
    by_day = np.zeros((days.size, count))
    for row, one in enumerate(judged):
        rate = rates[one.contract.name]
        missed = uncovered_share(rate - one.cost, one.weights, one.after.loss)
        margin[row], breach[row] = one.weights @ rate, missed.mean(axis=1)
        place = np.searchsorted(days, one.after.day)
        for w in range(count):
            summed = np.bincount(place, weights=missed[w], minlength=days.size)
            by_day[:, w] += summed / (missed.shape[1] * len(judged))
    return Tally(margin=margin, breach=breach, day_breach=by_day)


def uncovered_share(left: FloatArray, weights: FloatArray, loss: FloatArray) -> FloatArray:
    """(W, H) share of sizes, both sides, whose margin less cost is below the loss.

    Parameters
    ----------
    left : (S,) float64
        Margin left for the price by size.
    weights : (W, S) float64
    loss : (2, H) float64
    """
    order = np.argsort(left, kind="stable")
    below = np.concatenate([np.zeros((len(weights), 1)), np.cumsum(weights[:, order], 1)], axis=1)
    place = np.searchsorted(left[order], loss, side="left")
    return np.asarray(below[:, place].mean(axis=1))


def day_error(day_values: FloatArray) -> FloatArray:
    """(W,) standard error of a sum over days, days independent."""
    days = day_values.shape[0]
    return np.asarray(np.sqrt(days) * day_values.std(axis=0, ddof=1))
