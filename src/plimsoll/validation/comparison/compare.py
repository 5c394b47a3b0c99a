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
    """

    from_ns: int
    until_ns: int
    seasoned_days: int = SEASONED_DAYS
    scored_days: int = SCORED_DAYS


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
    confidence_set : ModelConfidenceSet or None
        Of the daily mean FZ0 over the whole period; None for one method alone.
    """

    horizon_hours: int
    markets: tuple[str, ...]
    starts: int
    pairs: int
    scores: tuple[MethodScore, ...]
    selection: ModelSelection | None
    confidence_set: ModelConfidenceSet | None

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
    sample = comparison_sample(
        history,
        panel,
        horizon_hours,
        from_ns=period.from_ns,
        until_ns=period.until_ns,
        seasoned_days=period.seasoned_days,
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
        confidence_set=_confidence_set(scores),
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


def _confidence_set(scores: Sequence[MethodScore]) -> ModelConfidenceSet | None:
    if len(scores) < 2 or scores[0].daily_fz0.size < LEAST_DAYS:
        return None
    daily = np.stack([one.daily_fz0 for one in scores], axis=1)
    return model_confidence_set(daily, [one.name for one in scores])
