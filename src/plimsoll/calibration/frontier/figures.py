"""Figures of a path of margins: cost and coverage as lived and at the yardstick's, and movement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.frontier.judged import JudgedMoves
from plimsoll.calibration.frontier.panel_scales import even_and_odd
from plimsoll.domain.market import DAY_NS
from plimsoll.validation.comparison.cost_figures import equal_coverage_cost
from plimsoll.validation.comparison.coverage_figures import clustered_rate, worst_quartile
from plimsoll.validation.comparison.crises import CRISES
from plimsoll.validation.comparison.method_score import Rate
from plimsoll.validation.procyclicality import largest_call, trailing_peak_to_trough

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

YEAR_ROWS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of all markets, or of a half of them.

    Parameters
    ----------
    lived : float
        Mean margin over the yardstick's, at the level chosen beforehand.
    equal : float
        The same once one scale, found afterwards, brings the breach rate to the yardstick's.
    rate, yardstick_rate : float
        Breach rates as lived.
    """

    lived: float
    equal: float
    rate: float
    yardstick_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """How margins move; medians over market-sides.

    Parameters
    ----------
    peak_to_trough : float
        Largest over smallest margin of a trailing year, mean over days.
    call_5, call_20 : float
        Largest rise over 5 and 20 days.
    churn : float
        Mean absolute change of the log margin a day.
    """

    peak_to_trough: float
    call_5: float
    call_20: float
    churn: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CrisisBreaches:
    """Breaches of a window: as lived, at the yardstick's pooled coverage, and the yardstick's."""

    lived: int
    equal: int
    yardstick: int
    pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PathFigures:
    """Everything of one path on one horizon.

    Parameters
    ----------
    total, even, odd : Cost
    rate, yardstick_rate : Rate
        As lived, with standard errors clustered by day.
    movement : Movement
    worst_quartile : float
        Mean breach rate of the quarter of the markets that break most, as lived.
    excess : float
        Mean of (loss - margin) / margin over breaches, as lived.
    uncovered : float
        Sum of losses beyond the margin, over the sum of margins, as lived.
    crises : mapping of str to CrisisBreaches
    """

    total: Cost
    even: Cost
    odd: Cost
    rate: Rate
    yardstick_rate: Rate
    movement: Movement
    worst_quartile: float
    excess: float
    uncovered: float
    crises: Mapping[str, CrisisBreaches]

    @property
    def halves(self) -> tuple[Cost, Cost]:
        """Even and odd markets."""
        return self.even, self.odd

    def crisis_total(self) -> CrisisBreaches:
        """All windows together."""
        found = list(self.crises.values())
        return CrisisBreaches(
            lived=sum(w.lived for w in found),
            equal=sum(w.equal for w in found),
            yardstick=sum(w.yardstick for w in found),
            pairs=sum(w.pairs for w in found),
        )


def path_figures(
    judged: JudgedMoves, margin: FloatArray, unlevelled: FloatArray | None = None
) -> PathFigures:
    """Judge (D, N, 2) margins as they were held, level included.

    Parameters
    ----------
    margin : (D, N, 2) float64
    unlevelled : (D, N, 2) float64, optional
        The same without the levels: what one scale, found afterwards, brings to the yardstick's
        coverage. By default ``margin``.
    """
    sample, columns = judged.sample, judged.columns
    even, odd = even_and_odd(columns)
    held, other = sample.at_starts(margin), sample.at_starts(judged.yardstick)
    plain = held if unlevelled is None else sample.at_starts(unlevelled)
    scored = np.repeat(judged.scored[:, :, None], 2, axis=2)
    broke = scored & (sample.loss > held)
    broke_other = scored & (sample.loss > other)
    total = _cost(judged, held, plain, columns)
    scale = total.equal * float(other[scored].mean() / plain[scored].mean())
    excess = (sample.loss - held)[broke]
    return PathFigures(
        total=total,
        even=_cost(judged, held, plain, even),
        odd=_cost(judged, held, plain, odd),
        rate=clustered_rate(broke, scored, sample.time_ns),
        yardstick_rate=clustered_rate(broke_other, scored, sample.time_ns),
        movement=movement(judged, margin),
        worst_quartile=worst_quartile(broke, scored),
        excess=float((excess / held[broke]).mean()) if broke.any() else 0.0,
        uncovered=float(excess.sum() / held[scored].sum()),
        crises=_crises(judged, held, scale * plain),
    )


def _cost(judged: JudgedMoves, held: FloatArray, plain: FloatArray, columns: IntArray) -> Cost:
    other = judged.sample.at_starts(judged.yardstick)
    pairs = judged.scored[:, columns]
    if not pairs.any():
        nan = float("nan")
        return Cost(lived=nan, equal=nan, rate=nan, yardstick_rate=nan)
    margin, yardstick = held[:, columns][pairs].ravel(), other[:, columns][pairs].ravel()
    loss = judged.sample.loss[:, columns][pairs].ravel()
    breaches, mean = int((loss > yardstick).sum()), float(yardstick.mean())
    return Cost(
        lived=float(margin.mean()) / mean,
        equal=equal_coverage_cost(plain[:, columns][pairs].ravel(), loss, breaches, mean),
        rate=float((loss > margin).mean()),
        yardstick_rate=breaches / loss.size,
    )


def movement(
    judged: JudgedMoves,
    margin: FloatArray,
    *,
    until_ns: int | None = None,
    least_rows: int = YEAR_ROWS,
) -> Movement:
    """Movement of the margins set in the judged period, or of those set before ``until_ns``."""
    sample = judged.sample
    rows = sample.in_period() if until_ns is not None else _judged_rows(judged)
    if until_ns is not None:
        rows &= sample.boundary_ns < until_ns
    path = np.where(sample.seasoned_boundary[:, :, None], margin, np.nan)[rows][:, judged.columns]
    flat = np.array(path.reshape(path.shape[0], -1).T, order="C")
    with np.errstate(invalid="ignore"):
        change = np.abs(np.diff(np.log(flat), axis=1))
    return Movement(
        peak_to_trough=_median(trailing_peak_to_trough(flat, YEAR_ROWS, least_rows)),
        call_5=_median(largest_call(flat.T, 5)),
        call_20=_median(largest_call(flat.T, 20)),
        churn=float(np.nanmean(change)),
    )


def _judged_rows(judged: JudgedMoves) -> BoolArray:
    sample = judged.sample
    rows = sample.row[judged.scored.any(axis=1)]
    first, last = sample.boundary_ns[rows[0]], sample.boundary_ns[rows[-1]]
    return np.asarray((sample.boundary_ns >= first) & (sample.boundary_ns <= last))


def _median(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")


def _crises(judged: JudgedMoves, held: FloatArray, equal: FloatArray) -> dict[str, CrisisBreaches]:
    other = judged.sample.at_starts(judged.yardstick)
    time, loss = judged.sample.time_ns, judged.sample.loss
    out = {}
    for name, (first_ns, last_ns) in CRISES.items():
        inside = (time >= first_ns) & (time < last_ns + DAY_NS)
        pairs = judged.scored & inside[:, None]
        if pairs.any():
            out[name] = CrisisBreaches(
                lived=int((loss > held)[pairs].sum()),
                equal=int((loss > equal)[pairs].sum()),
                yardstick=int((loss > other)[pairs].sum()),
                pairs=2 * int(pairs.sum()),
            )
    return out
