"""Every term of the objective, and every constraint, of one policy on the days known at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.appetite.weights import ObjectiveWeights
from plimsoll.calibration.venue_frontier.level import LossRatios
from plimsoll.calibration.venue_frontier.record import DailyCounts, VenueRecord
from plimsoll.domain.field_summary import field_summary
from plimsoll.validation.procyclicality import largest_call, trailing_peak_to_trough

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

YEAR_ROWS = 365
WEEK_DAYS = 7.0
WORST_SHARE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Movement:
    """How the margins of each market-side moved, (2 N,); NaN where a path is too short.

    Parameters
    ----------
    peak_to_trough : ndarray
        Largest over smallest margin of a trailing year, mean over days.
    call_5, call_20 : ndarray
        Largest rise over 5 and 20 days.
    churn : ndarray
        Mean absolute change of the log margin a day.
    """

    peak_to_trough: FloatArray
    call_5: FloatArray
    call_20: FloatArray
    churn: FloatArray

    __repr__ = field_summary

    def median(self, name: str, markets: BoolArray | None = None) -> float:
        """Median over market-sides; NaN of none."""
        values = getattr(self, name).reshape(-1, 2)
        values = values if markets is None else values[markets]
        known = values[np.isfinite(values)]
        return float(np.median(known)) if known.size else float("nan")


def movement(margin: FloatArray, least_rows: int = YEAR_ROWS) -> Movement:
    """Measure a (D, N, 2) path of margins."""
    flat = np.array(margin.reshape(margin.shape[0], -1).T, order="C")
    with np.errstate(invalid="ignore"):
        change = np.abs(np.diff(np.log(flat), axis=1))
    count = np.isfinite(change).sum(axis=1)
    return Movement(
        peak_to_trough=trailing_peak_to_trough(flat, YEAR_ROWS, least_rows),
        call_5=largest_call(flat.T, 5),
        call_20=largest_call(flat.T, 20),
        churn=np.nansum(change, axis=1) / np.where(count > 0, count, np.nan),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Swings:
    """How one leg of a policy's margins moves; medians over market-sides."""

    peak_to_trough: float
    call_5: float
    call_20: float
    churn: float


def swings(moved: Movement, markets: BoolArray | None = None) -> Swings:
    """Take medians over market-sides."""
    return Swings(
        peak_to_trough=moved.median("peak_to_trough", markets),
        call_5=moved.median("call_5", markets),
        call_20=moved.median("call_20", markets),
        churn=moved.median("churn", markets),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTerms:
    """One policy at one time. Rates are as lived, at the levels that were in force.

    Parameters
    ----------
    cost : float
        Mean margin over the yardstick's, both at the yardstick's coverage of these days.
    maintenance, initial : Swings
        Of the price risk that maintenance margin covers, and of initial margin.
    pooled, worst_quartile : float
    sides : (float, float)
    years : mapping of int to float
        Calendar years that are long enough.
    reaction : float
        Rate at which losses over the reaction time exceeded what initial margin adds.
    uncovered : float
        Losses beyond margins over margins, per start.
    solvent_liquidations : float
        Liquidations of users who would have been solvent at the next margin call, a position and
        day; NaN where no user was followed.
    fund_draw_usd : float or None
        Mean of what the worst days would have taken from the fund; None: no fund is stated.
    """

    cost: float
    maintenance: Swings
    initial: Swings
    pooled: float
    worst_quartile: float
    sides: tuple[float, float]
    years: Mapping[int, float] = field(default_factory=dict)
    reaction: float = float("nan")
    uncovered: float
    solvent_liquidations: float = float("nan")
    fund_draw_usd: float | None = None

    def larger(self, name: str) -> float:
        """Of the leg that moves more."""
        return float(np.fmax(getattr(self.maintenance, name), getattr(self.initial, name)))

    @property
    def measured(self) -> dict[str, float]:
        """Each term of the objective before its weight, by name."""
        return objective_terms(
            self.cost,
            self.larger("peak_to_trough"),
            self.larger("call_5"),
            self.larger("churn"),
            self.solvent_liquidations,
        )

    def parts(self, weights: ObjectiveWeights) -> dict[str, float]:
        """What each term adds to the objective."""
        return weighted(self.measured, weights)

    def objective(self, weights: ObjectiveWeights) -> float:
        """Sum of the weighted terms."""
        return sum(self.parts(weights).values())

    def lacks(self, measurable: Iterable[str]) -> tuple[str, ...]:
        """Terms of those that the days known could have measured, and this policy has not."""
        measured = self.measured
        return tuple(name for name in sorted(measurable) if not np.isfinite(measured[name]))


def measurable_terms(policies: Iterable[PolicyTerms], weights: ObjectiveWeights) -> frozenset[str]:
    """Return the weighted terms that some policy has: what none has says nothing of any."""
    asked = [name for name, weight in weights.by_term.items() if weight]
    measured = [one.measured for one in policies]
    return frozenset(name for name in asked if any(np.isfinite(one[name]) for one in measured))


def objective_terms(
    cost: float, peak_to_trough: float, call_5: float, churn_daily: float, solvent_daily: float
) -> dict[str, float]:
    """Return the terms of the objective in the units of their weights, by name."""
    return {
        "capital": cost,
        "peak_to_trough": peak_to_trough - 1.0,
        "five_day_call": call_5,
        "churn": WEEK_DAYS * churn_daily,
        "solvent_liquidations": WEEK_DAYS * solvent_daily,
    }


def weighted(measured: Mapping[str, float], weights: ObjectiveWeights) -> dict[str, float]:
    """Weigh terms; one of no weight, or that could not be measured, adds nothing.

    A policy that lacks a term which another has is not chosen for it: `PolicyTerms.lacks`.
    """
    return {
        name: weight * measured[name] if weight and np.isfinite(measured[name]) else 0.0
        for name, weight in weights.by_term.items()
    }


def equal_coverage_cost(
    ratios: LossRatios, held: DailyCounts, yardstick: DailyCounts, days: BoolArray
) -> tuple[float, float]:
    """Cost on some days, and the scale that brings the policy to the yardstick's coverage there.

    NaN of both where nothing was judged: at a first New Year in the first months of a history.

    Parameters
    ----------
    ratios : LossRatios
        Of the policy without its levels, like ``held``.
    """
    rate = yardstick.rate(days)
    if not math.isfinite(rate):
        return math.nan, math.nan
    scale = ratios.scale(rate, days)
    return scale * held.mean_margin(days) / yardstick.mean_margin(days), scale


def year_rates(
    record: VenueRecord, lived: DailyCounts, days: BoolArray, least_share: float
) -> dict[int, float]:
    """Breach rate of every calendar year that holds the stated share of the starts."""
    year, starts = record.year, lived.starts.sum(axis=(1, 2))
    total = float(starts[days].sum())
    out = {}
    for one in np.unique(year[days]):
        rows = days & (year == one)
        if starts[rows].sum() > least_share * total:
            out[int(one)] = lived.rate(rows)
    return out


def worst_quartile_of(
    lived: DailyCounts, days: BoolArray, markets: BoolArray, least_days: int
) -> float:
    """Mean breach rate of the quarter of the markets that broke most; NaN of none.

    Only of markets with so many judged days.
    """
    judged = lived.starts[days][:, markets]
    enough = (judged.sum(axis=2) > 0).sum(axis=0) >= least_days
    starts = judged.sum(axis=(0, 2))
    broke = lived.broke[days][:, markets].sum(axis=(0, 2))
    rate = np.sort(broke[enough] / np.maximum(starts[enough], 1))
    count = max(1, round(WORST_SHARE * rate.size))
    return float(rate[-count:].mean()) if rate.size else float("nan")
