"""Score one method on the pairs that all are judged on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.estimators.reference.forecast import ForecastPaths
from plimsoll.validation.comparison.cost_figures import cycle_figures, equal_coverage_cost
from plimsoll.validation.comparison.coverage_figures import rates_in_windows
from plimsoll.validation.comparison.crises import CRISES
from plimsoll.validation.comparison.forecast_figures import (
    TAIL,
    PairScores,
    forecast_figures,
    pair_scores,
)
from plimsoll.validation.comparison.method_score import Half, MethodScore, ScoreDifference
from plimsoll.validation.comparison.sample import ComparisonSample
from plimsoll.validation.comparison.score_tests import (
    FZ0_DIFFERENCE,
    QUANTILE_SHARE,
    daily_means,
    score_difference,
)
from plimsoll.validation.comparison.shortfall_figures import shortfall_residual, shortfall_z

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredForecasts:
    """Forecasts of one method with the scores of each pair.

    Parameters
    ----------
    name, title : str
    paths : ForecastPaths
    scored : (S, N, 2) bool
        The same for every method of a comparison.
    scores : PairScores
    """

    name: str
    title: str
    paths: ForecastPaths
    scored: BoolArray
    scores: PairScores

    @property
    def fz0(self) -> FloatArray:
        """(S, N, 2) FZ0 scores; NaN where a pair is not scored."""
        return self.scores.fz0


def both_sides(pairs: BoolArray) -> BoolArray:
    """(S, N, 2) of (S, N): a market is scored on both sides or on none."""
    return np.repeat(pairs[:, :, None], 2, axis=2)


def scored_forecasts(
    name: str, title: str, paths: ForecastPaths, sample: ComparisonSample, scored: BoolArray
) -> ScoredForecasts:
    """Look the forecasts up at the starts and score them.

    Parameters
    ----------
    scored : (S, N, 2) bool
        `both_sides` of `plimsoll.validation.comparison.sample.common_pairs`.

    Raises
    ------
    UsageError
        Where a scored pair has no forecast.
    """
    at_risk = sample.at_starts(paths.value_at_risk)
    shortfall = sample.at_starts(paths.expected_shortfall)
    scores = pair_scores(at_risk, shortfall, sample.loss, scored)
    return ScoredForecasts(name=name, title=title, paths=paths, scored=scored, scores=scores)


def method_score(
    method: ScoredForecasts,
    sample: ComparisonSample,
    *,
    reference: ScoredForecasts | None = None,
    benchmark: ScoredForecasts | None = None,
    crises: Mapping[str, tuple[int, int]] = CRISES,
) -> MethodScore:
    """Return every figure of a method.

    Parameters
    ----------
    reference : ScoredForecasts, optional
        Whose coverage costs are compared at (method B of the tables).
    benchmark : ScoredForecasts, optional
        Whose scores the Diebold-Mariano test compares with.
    """
    scored, loss, time = method.scored, sample.loss, sample.time_ns
    at_risk = sample.at_starts(method.paths.value_at_risk)
    shortfall = sample.at_starts(method.paths.expected_shortfall)
    broke = scored & (loss > at_risk)
    markets: BoolArray = np.any(scored[:, :, 0], axis=0)
    figures = forecast_figures(at_risk, shortfall, loss, scored, time, scores=method.scores)
    cycle, rises = cycle_figures(sample, method.paths.value_at_risk, markets)
    columns = np.flatnonzero(markets)
    by_fz0, by_quantile = difference(method, benchmark, sample)
    return MethodScore(
        name=method.name,
        title=method.title,
        horizon_hours=sample.horizon_hours,
        markets=int(markets.sum()),
        pooled=figures.pooled,
        long=figures.long,
        short=figures.short,
        years=figures.years,
        crises=rates_in_windows(broke, scored, time, crises),
        worst_quartile=figures.worst_quartile,
        kupiec=figures.kupiec,
        mean_margin=figures.mean_margin,
        equal_coverage_cost=_cost(at_risk, method, reference, sample, columns),
        fz0=figures.fz0,
        quantile_score=figures.quantile_score,
        shortfall_residual=shortfall_residual(loss, at_risk, shortfall, scored, time),
        shortfall_z=shortfall_z(loss, at_risk, shortfall, scored, time, TAIL),
        peak_to_trough=cycle,
        rises=rises,
        even=_half(at_risk, method, reference, sample, columns[::2]),
        odd=_half(at_risk, method, reference, sample, columns[1::2]),
        against_benchmark=by_fz0,
        quantile_against_benchmark=by_quantile,
        daily_fz0=daily_means(method.fz0, time),
        daily_quantile_score=daily_means(method.scores.quantile, time),
    )


def difference(
    method: ScoredForecasts, benchmark: ScoredForecasts | None, sample: ComparisonSample
) -> tuple[ScoreDifference | None, ScoreDifference | None]:
    """Compare FZ0 and quantile loss with the benchmark's; none where it is the benchmark."""
    if benchmark is None or benchmark.name == method.name:
        return None, None
    time_ns, worse = sample.time_ns, QUANTILE_SHARE * np.nanmean(benchmark.scores.quantile)
    return (
        score_difference(method.fz0, benchmark.fz0, time_ns, FZ0_DIFFERENCE),
        score_difference(method.scores.quantile, benchmark.scores.quantile, time_ns, float(worse)),
    )


def _cost(
    at_risk: FloatArray,
    method: ScoredForecasts,
    reference: ScoredForecasts | None,
    sample: ComparisonSample,
    columns: IntArray,
) -> float:
    if reference is None:
        return float("nan")
    scored = method.scored[:, columns]
    loss = sample.loss[:, columns][scored]
    other = sample.at_starts(reference.paths.value_at_risk)[:, columns][scored]
    return equal_coverage_cost(
        at_risk[:, columns][scored], loss, int((loss > other).sum()), float(other.mean())
    )


def _half(
    at_risk: FloatArray,
    method: ScoredForecasts,
    reference: ScoredForecasts | None,
    sample: ComparisonSample,
    columns: IntArray,
) -> Half:
    scored = method.scored[:, columns]
    if not scored.any():
        nan = float("nan")
        return Half(breach_rate=nan, mean_margin=nan, equal_coverage_cost=nan, fz0=nan)
    margin = at_risk[:, columns][scored]
    return Half(
        breach_rate=float((sample.loss[:, columns][scored] > margin).mean()),
        mean_margin=float(margin.mean()),
        equal_coverage_cost=_cost(at_risk, method, reference, sample, columns),
        fz0=float(method.fz0[:, columns][scored].mean()),
    )
