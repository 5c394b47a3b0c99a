"""Compare forecasters on one history: the same pairs, the same losses, every figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import MarketHistory
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.errors import UsageError
from plimsoll.estimators.reference.forecast import Forecaster, forecast
from plimsoll.estimators.reference.methods import BENCHMARK, REFERENCE
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.validation.comparison.coverage_figures import kupiec_powers
from plimsoll.validation.comparison.forecast_figures import TAIL
from plimsoll.validation.comparison.method_score import MethodScore
from plimsoll.validation.comparison.sample import (
    SCORED_DAYS,
    SEASONED_DAYS,
    ComparisonSample,
    common_pairs,
    comparison_sample,
)
from plimsoll.validation.comparison.score import (
    ScoredForecasts,
    both_sides,
    method_score,
    scored_forecasts,
)
from plimsoll.validation.comparison.selection import (
    LEAST_DAYS,
    ConfidenceSet,
    ModelSelection,
    confidence_members,
    new_years,
    select_models,
)
from plimsoll.validation.ranking.model_confidence_set import (
    ModelConfidenceSet,
    model_confidence_set,
)

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What is scored.

    Parameters
    ----------
    from_ns, until_ns : int
        First and last start, both included.
    seasoned_days : int
        Days a market must have been listed.
    scored_days : int
        Scored days below which a market is left out.
    fresh : bool, optional
        Score only starts at which margins have just been set, less than a bar before: forecasts
        one step ahead. By default so for a horizon of one bar, and otherwise every start, with
        the margin in force.
    """

    from_ns: int
    until_ns: int
    seasoned_days: int = SEASONED_DAYS
    scored_days: int = SCORED_DAYS
    fresh: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HorizonComparison:
    """All methods on one horizon.

    Parameters
    ----------
    horizon_hours : int
    markets : tuple of str
        Those scored.
    starts, pairs : int
        Starts, and scored market-sides over all of them.
    scores : tuple of MethodScore
        In the order of the methods.
    selection : ModelSelection or None
        None where the benchmark is not among the methods, or no New Year within the period.
    confidence_set, quantile_confidence_set : ModelConfidenceSet or None
        Of the daily mean FZ0, and of the daily mean quantile loss over its mean of all methods;
        None for one method alone or fewer than 180 scored days.
    kupiec_powers : mapping of float to float
        Chance that a market-side with this true breach rate counts as a Kupiec rejection.
    fresh : bool
        Whether only starts with a margin just set are scored.
    """

    horizon_hours: int
    markets: tuple[str, ...]
    starts: int
    pairs: int
    scores: tuple[MethodScore, ...]
    selection: ModelSelection | None
    confidence_set: ModelConfidenceSet | None
    quantile_confidence_set: ModelConfidenceSet | None
    kupiec_powers: Mapping[float, float]
    fresh: bool = False

    def score(self, name: str) -> MethodScore:
        """Return the score of one method."""
        for found in self.scores:
            if found.name == name:
                return found
        known = [found.name for found in self.scores]
        raise UsageError(f"must be one of {known}", found=name, field="method")


def compare_forecasters(
    history: MarketHistory,
    panel: ReturnsPanel,
    methods: Sequence[Forecaster],
    horizon_hours: int,
    period: Period,
    *,
    confidence_set: ConfidenceSet | None = confidence_members,
    progress: Progress = SILENT,
) -> HorizonComparison:
    """Forecast by every method, score all on their common pairs, and select by score.

    A start is scored on a market where the market is seasoned, the loss is known and every method
    has a number, so that no method gains by keeping silent.

    Parameters
    ----------
    history : MarketHistory
        What happened.
    panel : ReturnsPanel
        Of the markets to compare on, made of the same history.
    confidence_set : callable, optional
        For the selection (`plimsoll.validation.comparison.selection.select_models`).

    Raises
    ------
    UsageError, InsufficientDataError
    """
    one_bar = panel.bars_of(horizon_hours) == 1
    fresh = one_bar if period.fresh is None else period.fresh
    sample = comparison_sample(
        history,
        panel,
        horizon_hours,
        from_ns=period.from_ns,
        until_ns=period.until_ns,
        seasoned_days=period.seasoned_days,
        fresh=fresh,
    )
    progress.start(f"forecast and score, {horizon_hours} h", 2 * len(methods))
    try:
        judged = _judged(methods, panel, sample, period, progress)
        scores = _scores(judged, sample, progress)
    finally:
        progress.finish()
    scored = next(iter(judged.values())).scored
    kept: BoolArray = np.any(scored[:, :, 0], axis=0)
    return HorizonComparison(
        horizon_hours=horizon_hours,
        markets=tuple(name for name, is_in in zip(panel.markets, kept, strict=True) if is_in),
        starts=int(sample.time_ns.size),
        pairs=int(scored.sum()),
        scores=scores,
        selection=_selection(judged, sample, confidence_set),
        confidence_set=_confidence_set([(one.name, one.daily_fz0) for one in scores]),
        quantile_confidence_set=_confidence_set(_in_means(scores)),
        kupiec_powers=kupiec_powers(scored, TAIL),
        fresh=fresh,
    )


def _judged(
    methods: Sequence[Forecaster],
    panel: ReturnsPanel,
    sample: ComparisonSample,
    period: Period,
    progress: Progress,
) -> dict[str, ScoredForecasts]:
    """Forecasts of every method, scored on the pairs that all of them have."""
    paths = {}
    for method in methods:
        paths[method.name] = forecast(method, panel, sample.horizon_hours)
        progress.advance()
    scored = both_sides(common_pairs(sample, paths.values(), scored_days=period.scored_days))
    return {
        m.name: scored_forecasts(m.name, m.title, paths[m.name], sample, scored) for m in methods
    }


def _scores(
    judged: Mapping[str, ScoredForecasts], sample: ComparisonSample, progress: Progress
) -> tuple[MethodScore, ...]:
    scores = []
    for one in judged.values():
        scores.append(
            method_score(
                one, sample, reference=judged.get(REFERENCE), benchmark=judged.get(BENCHMARK)
            )
        )
        progress.advance()
    return tuple(scores)


def _selection(
    judged: Mapping[str, ScoredForecasts],
    sample: ComparisonSample,
    confidence_set: ConfidenceSet | None,
) -> ModelSelection | None:
    if BENCHMARK not in judged or len(judged) < 2 or not new_years(sample.time_ns):
        return None
    return select_models(
        {name: one.fz0 for name, one in judged.items()},
        sample.time_ns,
        sample.horizon_ns,
        benchmark=BENCHMARK,
        confidence_set=confidence_set,
    )


def _in_means(scores: Sequence[MethodScore]) -> list[tuple[str, FloatArray]]:
    """Quantile losses over the mean of all methods': a difference of 0.02 is 2 % of it."""
    mean = float(np.mean([one.daily_quantile_score.mean() for one in scores]))
    return [(one.name, one.daily_quantile_score / mean) for one in scores]


def _confidence_set(daily: Sequence[tuple[str, FloatArray]]) -> ModelConfidenceSet | None:
    if len(daily) < 2 or daily[0][1].size < LEAST_DAYS:
        return None
    return model_confidence_set(
        np.stack([values for _, values in daily], axis=1), [name for name, _ in daily]
    )
