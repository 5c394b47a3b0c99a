"""Which model a market gets, chosen on earlier data alone and judged on what came after.

At each review (New Year, UTC) every market keeps the benchmark unless a richer model won on all
that market's earlier starts: its mean FZ0 is the lowest among the models whose Diebold-Mariano
test against the benchmark rejects at 5 % (one-sided, Newey-West over days), and the model belongs
to the confidence set of the earlier data of all markets, where one is asked for. The year that
follows is scored with that choice, and enters the next review.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import DAY_NS
from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.validation.comparison.score_tests import (
    FZ0_DIFFERENCE,
    better_power,
    daily_means,
)
from plimsoll.validation.diebold_mariano import ScoreComparison, diebold_mariano
from plimsoll.validation.ranking.model_confidence_set import model_confidence_set

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SIGNIFICANCE = 0.05
LEAST_DAYS = 180

ConfidenceSet = Callable[[Sequence[str], FloatArray], BoolArray]
"""From names and (days, models) mean scores to (models,) whether each belongs to the set."""

MEMBERSHIP = 0.10
"""Models with a p-value of at least this may be the best."""


def confidence_members(models: Sequence[str], daily: FloatArray) -> BoolArray:
    """Whether each model belongs to the 90 % model confidence set of daily mean scores."""
    found = model_confidence_set(daily, models)
    return np.array([one.p_value >= MEMBERSHIP for one in found.models], dtype=np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelChoice:
    """Choices of one review, and how they did until the next.

    Parameters
    ----------
    from_ns, until_ns : int
        Choices were made on starts whose moves had ended by ``from_ns``, and hold for the starts
        in ``[from_ns, until_ns)``.
    chosen : (N,) int64
        Model of each market.
    counts : mapping of str to int
        Markets by model, of those scored afterwards.
    pooled_winner : str
        Model that the same rule chooses for all markets together.
    admitted : tuple of str
        Models in the confidence set of the earlier data.
    selected, pooled, oracle : ScoreComparison
        FZ0 of the markets' choices, of the pooled winner, and of the model that turned out best
        of all afterwards, less the benchmark's: out of sample, negative is better.
    power : float
        Chance that the test of one market's earlier data finds a model 0.02 better in FZ0: median
        over the markets and models tested; NaN where none was.
    """

    from_ns: int
    until_ns: int
    chosen: IntArray
    counts: Mapping[str, int]
    pooled_winner: str
    admitted: tuple[str, ...]
    selected: ScoreComparison
    pooled: ScoreComparison
    oracle: ScoreComparison
    power: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelSelection:
    """All reviews, and the comparison over all years that followed them.

    Parameters
    ----------
    models : tuple of str
    benchmark : str
    reviews : tuple of ModelChoice
    selected, pooled : ScoreComparison
        Over all reviewed years together.
    """

    models: tuple[str, ...]
    benchmark: str
    reviews: tuple[ModelChoice, ...]
    selected: ScoreComparison
    pooled: ScoreComparison


def select_models(
    scores: Mapping[str, FloatArray],
    time_ns: IntArray,
    horizon_ns: int,
    *,
    benchmark: str,
    confidence_set: ConfidenceSet | None = confidence_members,
    least_days: int = LEAST_DAYS,
) -> ModelSelection:
    """Choose a model for every market at every New Year, on earlier scores only.

    Parameters
    ----------
    scores : mapping of str to (S, N, 2) float64
        FZ0 of every model, NaN where a pair is not scored.
    time_ns : (S,) int64
        Starts.
    horizon_ns : int
        A score is known once its move has ended.
    benchmark : str
        One of ``scores``.
    confidence_set : callable, optional
        By default the 90 % model confidence set; None admits every model.
    least_days : int
        Fewest scored days before a market may leave the benchmark.

    Raises
    ------
    UsageError
        Where the benchmark is none of the models.
    InsufficientDataError
        Where no New Year lies within the starts.
    """
    if benchmark not in scores:
        raise UsageError("must be one of the models", found=benchmark, field="benchmark")
    models = (benchmark, *(name for name in scores if name != benchmark))
    cube = np.stack([scores[name].mean(axis=-1) for name in models])
    edges = new_years(time_ns)
    if not edges:
        raise InsufficientDataError(
            "must hold a New Year to select at",
            found=0,
            field="time_ns",
            remedy="bring more than a calendar year",
        )
    reviews, taken, winners = [], [], []
    for from_ns, until_ns in zip(edges, [*edges[1:], int(time_ns[-1]) + 1], strict=True):
        known = time_ns + horizon_ns <= from_ns
        held = (time_ns >= from_ns) & (time_ns < until_ns)
        review, gained, pooled = _review(
            models, cube, time_ns, known, held, from_ns, until_ns, confidence_set, least_days
        )
        reviews.append(review)
        taken.append(gained)
        winners.append(pooled)
    judged = time_ns >= edges[0]
    base = cube[0][judged]
    return ModelSelection(
        models=models,
        benchmark=benchmark,
        reviews=tuple(reviews),
        selected=diebold_mariano(np.concatenate(taken), base, time_ns[judged]),
        pooled=diebold_mariano(np.concatenate(winners), base, time_ns[judged]),
    )


def choose(
    cube: FloatArray, time_ns: IntArray, admitted: BoolArray, least_days: int = LEAST_DAYS
) -> IntArray:
    """(N,) model of each market from (M, S, N) earlier scores; 0, the benchmark, unless beaten."""
    return _choices(cube, time_ns, admitted, least_days)[0]


def _choices(
    cube: FloatArray, time_ns: IntArray, admitted: BoolArray, least_days: int
) -> tuple[IntArray, float]:
    chosen = np.zeros(cube.shape[2], dtype=np.int64)
    powers: list[float] = []
    for market in range(cube.shape[2]):
        chosen[market], seen = _winner(
            cube[:, :, market : market + 1], time_ns, admitted, least_days
        )
        powers += seen
    known = [power for power in powers if np.isfinite(power)]
    return chosen, float(np.median(known)) if known else float("nan")


def _winner(
    cube: FloatArray, time_ns: IntArray, admitted: BoolArray, least_days: int
) -> tuple[int, list[float]]:
    """Chosen model, and the power of each test that was made."""
    scored = np.isfinite(cube[0]).any(axis=1)
    if np.unique(time_ns[scored] // DAY_NS).size < least_days:
        return 0, []
    best, lowest, powers = 0, 0.0, []
    for model in range(1, cube.shape[0]):
        if not admitted[model]:
            continue
        found = diebold_mariano(cube[model], cube[0], time_ns)
        powers.append(better_power(found.standard_error, found.days, FZ0_DIFFERENCE))
        if found.p_first_better < SIGNIFICANCE and found.mean_difference < lowest:
            best, lowest = model, found.mean_difference
    return best, powers


def _review(
    models: Sequence[str],
    cube: FloatArray,
    time_ns: IntArray,
    known: BoolArray,
    held: BoolArray,
    from_ns: int,
    until_ns: int,
    confidence_set: ConfidenceSet | None,
    least_days: int,
) -> tuple[ModelChoice, FloatArray, FloatArray]:
    earlier, earlier_ns = cube[:, known], time_ns[known]
    admitted = np.ones(len(models), dtype=np.bool_)
    if confidence_set is not None and earlier_ns.size and np.isfinite(earlier[0]).any():
        daily = np.stack([daily_means(one, earlier_ns) for one in earlier], axis=1)
        if daily.shape[0] >= least_days:
            admitted = confidence_set(models, daily)
    chosen, power = _choices(earlier, earlier_ns, admitted, least_days)
    winner, _ = _winner(earlier, earlier_ns, admitted, least_days)
    after, after_ns = cube[:, held], time_ns[held]
    selected = np.take_along_axis(after, chosen[None, None, :], axis=0)[0]
    base = after[0]
    means = [float(np.nanmean(one)) for one in after]
    live = np.isfinite(base).any(axis=0)
    counts = {name: int(np.sum(chosen[live] == m)) for m, name in enumerate(models)}
    choice = ModelChoice(
        from_ns=from_ns,
        until_ns=until_ns,
        chosen=chosen,
        counts={name: count for name, count in counts.items() if count},
        pooled_winner=models[winner],
        admitted=tuple(name for name, is_in in zip(models, admitted, strict=True) if is_in),
        selected=diebold_mariano(selected, base, after_ns),
        pooled=diebold_mariano(after[winner], base, after_ns),
        oracle=diebold_mariano(after[int(np.argmin(means))], base, after_ns),
        power=power,
    )
    return choice, selected, after[winner]


def new_years(time_ns: IntArray) -> list[int]:
    """New Years (UTC) after the first start and not after the last."""
    first, last = (
        int(np.datetime64(int(t), "ns").astype("datetime64[Y]").astype(np.int64))
        for t in (time_ns[0], time_ns[-1])
    )
    found = [
        int(np.datetime64(year, "Y").astype("datetime64[ns]").astype(np.int64))
        for year in range(first + 1, last + 1)
    ]
    return [at for at in found if at > time_ns[0]]
