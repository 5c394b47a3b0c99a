"""Every term of the objective, and every constraint, of one policy on the days known at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.problem import Gate
from plimsoll.calibration.venue_frontier.level import scale_at_rate
from plimsoll.calibration.venue_frontier.record import DailyCounts, VenueRecord
from plimsoll.domain.field_summary import field_summary
from plimsoll.validation.procyclicality import largest_call, trailing_peak_to_trough

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

YEAR_ROWS = 365
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
class PolicyTerms:
    """One policy at one time. Rates are as lived, at the levels that were in force.

    Parameters
    ----------
    cost : float
        Mean margin over the yardstick's, both at the yardstick's coverage of these days.
    peak_to_trough, call_5, call_20, churn : float
        Medians over market-sides.
    pooled, worst_quartile : float
    sides : (float, float)
    years : mapping of int to float
        Calendar years that are long enough.
    uncovered : float
        Losses beyond margins over margins, per start.
    solvent_liquidations : float or None
        Share of forced liquidations that would have been solvent; None: not replayed.
    """

    cost: float
    peak_to_trough: float
    call_5: float
    call_20: float
    churn: float
    pooled: float
    worst_quartile: float
    sides: tuple[float, float]
    years: Mapping[int, float] = field(default_factory=dict)
    uncovered: float
    solvent_liquidations: float | None = None

    def objective(self, capital_weight: float, solvent_weight: float = 0.0) -> float:
        """``w cost + (1 - w)(PT - 1)``, with what solvent users lost where that is measured."""
        capital, calm = self.parts(capital_weight)
        return capital + calm + solvent_weight * (self.solvent_liquidations or 0.0)

    def parts(self, capital_weight: float) -> tuple[float, float]:
        """Both terms with their weights."""
        return capital_weight * self.cost, (1.0 - capital_weight) * (self.peak_to_trough - 1.0)


def equal_coverage_cost(
    ratio: FloatArray, held: DailyCounts, yardstick: DailyCounts, days: BoolArray
) -> tuple[float, float]:
    """Cost on some days, and the scale that brings the policy to the yardstick's coverage there.

    Parameters
    ----------
    ratio : (D, K, N, 2) float64
        Of the policy without its levels, like ``held``.
    """
    scale = scale_at_rate(ratio[days], yardstick.rate(days))
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


def policy_terms(
    record: VenueRecord,
    lived: DailyCounts,
    moved: Movement,
    cost: float,
    days: BoolArray,
    gate: Gate,
    markets: BoolArray | None = None,
) -> PolicyTerms:
    """Gather the terms of some days, and of some markets.

    Parameters
    ----------
    lived : DailyCounts
        Of the margins at the levels in force.
    days : (D,) bool
        At or after the first review: before it there is no level.
    """
    mine = np.ones(len(record.markets), dtype=np.bool_) if markets is None else markets
    starts, broke = lived.starts[days][:, mine], lived.broke[days][:, mine]
    total = float(starts.sum())
    sides = broke.sum(axis=(0, 1)) / np.maximum(starts.sum(axis=(0, 1)), 1)
    held = lived.mean_margin(days, mine) * total
    return PolicyTerms(
        cost=cost,
        peak_to_trough=moved.median("peak_to_trough", mine),
        call_5=moved.median("call_5", mine),
        call_20=moved.median("call_20", mine),
        churn=moved.median("churn", mine),
        pooled=lived.rate(days, mine),
        worst_quartile=worst_quartile_of(lived, days, mine, gate.minimum_scored_days),
        sides=(float(sides[0]), float(sides[1])),
        years=year_rates(record, lived, days, gate.lines.least_year_share),
        uncovered=float(lived.over[days][:, mine].sum()) / held if held > 0.0 else float("nan"),
    )
