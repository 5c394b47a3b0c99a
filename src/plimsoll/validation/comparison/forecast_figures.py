"""Figures of forecasts on any part of a sample: pure functions of paths, losses and a mask.

Choosing a model at a date needs the same figures as judging it over the whole period, of what was
known by then: `known_by` makes the mask, `forecast_figures` and `peak_to_trough` read it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.estimators.reference.forecast import CONFIDENCE, LONG, SHORT
from plimsoll.validation.comparison.cost_figures import cycle_figures
from plimsoll.validation.comparison.coverage_figures import (
    clustered_rate,
    kupiec_rejections,
    rates_by_year,
    worst_quartile,
)
from plimsoll.validation.comparison.method_score import Kupiec, Rate
from plimsoll.validation.comparison.sample import ComparisonSample
from plimsoll.validation.scores import fz0_score, quantile_score

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

TAIL = 1.0 - CONFIDENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastFigures:
    """Coverage and mean scores of one method on the scored pairs of a mask.

    Parameters
    ----------
    pooled, long, short : Rate
        Breach rates with day-clustered errors.
    years : dict of int to Rate
    worst_quartile : float
        Mean breach rate of the quarter of the markets that broke most (both sides together).
    kupiec : Kupiec
    mean_margin : float
        Share of notional.
    fz0, quantile_score : float
        Means over pairs; lower is better.
    """

    pooled: Rate
    long: Rate
    short: Rate
    years: dict[int, Rate]
    worst_quartile: float
    kupiec: Kupiec
    mean_margin: float
    fz0: float
    quantile_score: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairScores:
    """Scores of every pair, (S, N, 2) float64; NaN where a pair is not scored."""

    fz0: FloatArray
    quantile: FloatArray


def pair_scores(
    value_at_risk: FloatArray, expected_shortfall: FloatArray, loss: FloatArray, scored: BoolArray
) -> PairScores:
    """Score (S, N, 2) forecasts at the starts by FZ0 and by quantile loss.

    Raises
    ------
    UsageError
        Where a scored pair has no forecast.
    """
    at_risk, lost = value_at_risk[scored], loss[scored]
    if not np.isfinite(at_risk).all():
        raise UsageError("must have a forecast on every scored pair", field="value_at_risk")
    fz0, quantile = np.full(scored.shape, np.nan), np.full(scored.shape, np.nan)
    fz0[scored] = fz0_score(lost, at_risk, expected_shortfall[scored], CONFIDENCE)
    quantile[scored] = quantile_score(lost, at_risk, CONFIDENCE)
    return PairScores(fz0=fz0, quantile=quantile)


def forecast_figures(
    value_at_risk: FloatArray,
    expected_shortfall: FloatArray,
    loss: FloatArray,
    scored: BoolArray,
    time_ns: IntArray,
    *,
    scores: PairScores | None = None,
) -> ForecastFigures:
    """Measure forecasts on the pairs of a mask, whatever part of the period that is.

    Parameters
    ----------
    value_at_risk, expected_shortfall, loss : (S, N, 2) float64
        At the starts (`ComparisonSample.at_starts`).
    scored : (S, N, 2) bool
        Pairs to measure on; both sides of a market or none.
    time_ns : (S,) int64
        Starts.
    scores : PairScores, optional
        Of at least the same pairs, where they are made already.

    Raises
    ------
    InsufficientDataError
        Where the mask holds nothing.
    UsageError
        Where a pair of it has no forecast.
    """
    if not scored.any():
        raise InsufficientDataError("must hold a scored pair", found=0, field="scored")
    made = scores or pair_scores(value_at_risk, expected_shortfall, loss, scored)
    broke = scored & (loss > value_at_risk)
    return ForecastFigures(
        pooled=clustered_rate(broke, scored, time_ns),
        long=clustered_rate(broke[..., LONG], scored[..., LONG], time_ns),
        short=clustered_rate(broke[..., SHORT], scored[..., SHORT], time_ns),
        years=rates_by_year(broke, scored, time_ns),
        worst_quartile=worst_quartile(broke, scored),
        kupiec=kupiec_rejections(broke, scored, TAIL),
        mean_margin=float(value_at_risk[scored].mean()),
        fz0=float(made.fz0[scored].mean()),
        quantile_score=float(made.quantile[scored].mean()),
    )


def known_by(scored: BoolArray, sample: ComparisonSample, at_ns: int) -> BoolArray:
    """(S, N, 2) scored pairs whose move had ended by ``at_ns``."""
    ended = sample.time_ns + sample.horizon_ns <= at_ns
    return scored & ended[:, None, None]


def peak_to_trough(
    sample: ComparisonSample,
    value_at_risk: FloatArray,
    markets: BoolArray,
    *,
    until_ns: int | None = None,
) -> float:
    """Highest over lowest margin of a trailing year, mean over time, median of market-sides.

    Parameters
    ----------
    value_at_risk : (D, N, 2) float64
        At the boundaries.
    markets : (N,) bool
    until_ns : int, optional
        Only margins set before; by default up to the last start.

    Returns
    -------
    float
        NaN where no trailing year is whole.
    """
    return cycle_figures(sample, value_at_risk, markets, until_ns=until_ns)[0]
