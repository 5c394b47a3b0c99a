"""The set of models that may be the best (Hansen, Lunde and Nason, Econometrica 79, 2011).

From all models, as long as "all are equally good" is rejected, the worst is left out. ``T_max``
looks at each model's mean score against the mean of those left, ``T_R`` at all pairs. The null law
and the standard errors come from one block bootstrap of the rows, the same for every round. A
model's p-value is the largest of those of the rounds up to its own elimination: models with
p-values of at least the significance form the set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.errors import EstimationError, InsufficientDataError, ParameterError, UsageError
from plimsoll.validation.newey_west import day_numbers
from plimsoll.validation.overlap.block_indices import (
    BlockResampling,
    IndexMatrix,
    drawn_rows,
    row_counts,
)
from plimsoll.validation.overlap.block_length import best_block_length
from plimsoll.validation.tested_forecasts import SIGNIFICANCE, chosen

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

DEFAULT_DIFFERENCE = 0.02
"""Score difference of the stated alternative: 2 % of shortfall, where the score is FZ0."""


class Equality(StrEnum):
    """Statistic of "all models are equally good"."""

    T_MAX = "t_max"
    T_RANGE = "t_range"


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedModel:
    """One model: its score, when it left, and what the test could have seen.

    Parameters
    ----------
    name : str
    mean_score : float
    p_value : float
        Of "this model is among the best"; small = worse than some other.
    power : float
        Chance that this model would be found worse in the first round, were its true mean score
        ``difference`` above that of all others (shifted resamples).
    position : int
        1 for the model left out first; the last is never left out.
    """

    name: str
    mean_score: float
    p_value: float
    power: float
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfidenceSet:
    """Models in the order given, with the choices that decide the digits.

    Parameters
    ----------
    models : tuple of RankedModel
    statistic : Equality
    resampling : BlockResampling
    observations : int
        Rows with a score of every model.
    difference : float
        Of the power.
    """

    models: tuple[RankedModel, ...]
    statistic: Equality
    resampling: BlockResampling
    observations: int
    difference: float

    def included(self, significance: float = 0.10) -> tuple[str, ...]:
        """Names of the models that may be the best, at one minus this confidence."""
        if not 0.0 < significance < 1.0:
            raise ParameterError("must lie in (0, 1)", found=significance, field="significance")
        return tuple(m.name for m in self.models if m.p_value >= significance)

    def table(self) -> Table:
        """Models by score, best first."""
        ordered = sorted(self.models, key=lambda m: m.mean_score)
        how = self.resampling
        return Table(
            name="model_confidence_set",
            title="Which model is best",
            columns=_COLUMNS,
            rows=tuple((m.name, m.mean_score, m.p_value, m.power, m.position) for m in ordered),
            notes=(
                f"{self.statistic} on {self.observations} rows; {how.replications} resamples by "
                f"{how.kind} blocks of {how.length:.1f}, seed {how.seed}.",
                f"Power: chance to be found worse at 5 % if the true score is {self.difference:g} "
                "above the others'.",
            ),
        )


_COLUMNS = (
    Column(name="model", title="Model"),
    Column(name="score", title="Mean score", kind=ColumnKind.NUMBER, digits=5),
    Column(name="p_value", title="MCS p", kind=ColumnKind.NUMBER, digits=3),
    Column(name="power", title="Power", kind=ColumnKind.NUMBER, digits=3),
    Column(name="position", title="Left out as", kind=ColumnKind.COUNT),
)


def model_confidence_set(
    scores: ArrayLike,
    names: Sequence[str],
    *,
    statistic: Equality = Equality.T_MAX,
    resampling: BlockResampling | None = None,
    seed: int = 0,
    difference: float = DEFAULT_DIFFERENCE,
) -> ModelConfidenceSet:
    """Find the models that may be the best.

    Parameters
    ----------
    scores : (T, M) array_like
        Scores, lower is better, in time order; rows with a NaN are left out. For many markets give
        `daily_mean_scores`.
    names : sequence of str
    statistic : Equality
    resampling : BlockResampling, optional
        By default 1,000 resamples of stationary blocks of the largest best length of the models'
        differences from their mean (`best_block_length`).
    seed : int
        Of the default resampling.
    difference : float
        Score difference of the alternative that the power is against.

    Raises
    ------
    UsageError
        Names that do not fit the columns.
    InsufficientDataError
        Fewer than two models or ten rows.
    EstimationError
        All models have the same scores.
    """
    statistic = chosen(Equality, statistic)
    x = _complete(scores, names)
    how = resampling or _default_resampling(x, seed)
    found = eliminate(x, drawn_rows(x.shape[0], how), statistic)
    powers = _powers(found.deviation, statistic, difference)
    models = tuple(
        RankedModel(
            name=name,
            mean_score=float(found.mean[i]),
            p_value=float(found.p_value[i]),
            power=float(powers[i]),
            position=int(found.position[i]),
        )
        for i, name in enumerate(names)
    )
    return ModelConfidenceSet(
        models=models,
        statistic=statistic,
        resampling=how,
        observations=x.shape[0],
        difference=difference,
    )


def daily_mean_scores(scores: ArrayLike, time_ns: NDArray[np.int64]) -> Matrix:
    """(D, M) mean over markets by UTC day of (T, N, M) scores, over pairs that all models scored.

    Markets of one day share their shocks; a day is one observation. Days without any are left out.
    """
    x = np.asarray(scores, dtype=np.float64)
    if x.ndim != 3 or x.shape[0] != np.size(time_ns):
        raise UsageError("must be (times, markets, models), one time a row", found=x.shape)
    day = day_numbers(time_ns)
    both = np.asarray(np.isfinite(x).all(axis=2))
    total = np.where(both[:, :, None], x, 0.0).sum(axis=1)
    starts = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    sums = np.add.reduceat(total, starts, axis=0)
    counts = np.add.reduceat(both.sum(axis=1), starts)
    out: Matrix = sums[counts > 0] / counts[counts > 0][:, None]
    return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Elimination:
    """What the rounds found, in the order of the columns.

    Parameters
    ----------
    mean, p_value : (M,) float64
    position : (M,) int64
        1 for the first left out, M for the one that stayed.
    deviation : (B, M) float64
        Means of the resamples, less those of the sample.
    """

    mean: Vector
    p_value: Vector
    position: NDArray[np.int64]
    deviation: Matrix


def eliminate(x: Matrix, drawn: IndexMatrix, statistic: Equality) -> Elimination:
    """Leave models out one by one, with the resamples ``drawn`` (B, T) of the rows of x (T, M)."""
    mean = x.mean(axis=0)
    deviation = row_counts(drawn) @ (x - mean) / x.shape[0]
    p_value, position = np.ones(mean.size), np.full(mean.size, mean.size, dtype=np.int64)
    left = np.arange(mean.size)
    largest = 0.0
    while left.size > 1:
        t, null = _round(mean[left], deviation[:, left], statistic)
        largest = max(largest, float(np.mean(null >= t.max())))
        worst = int(np.argmax(t))
        p_value[left[worst]] = largest
        position[left[worst]] = mean.size - left.size + 1
        left = np.delete(left, worst)
    return Elimination(mean=mean, p_value=p_value, position=position, deviation=deviation)


def _round(mean: Vector, deviation: Matrix, statistic: Equality) -> tuple[Vector, Vector]:
    """(m,) statistic of each model, and (B,) largest one of each resample."""
    if statistic is Equality.T_MAX:
        gap = mean - mean.mean()
        moved = deviation - deviation.mean(axis=1, keepdims=True)
        error = np.sqrt(np.mean(moved * moved, axis=0))
        null = _ratio(moved, error).max(axis=1)
        return _ratio(gap, error), null
    i, j = np.triu_indices(mean.size, 1)
    moved = deviation[:, i] - deviation[:, j]
    error = np.sqrt(np.mean(moved * moved, axis=0))
    t = np.zeros((mean.size, mean.size))
    t[i, j] = _ratio(mean[i] - mean[j], error)
    t[j, i] = -t[i, j]
    return t.max(axis=1), np.abs(_ratio(moved, error)).max(axis=1)


def _powers(deviation: Matrix, statistic: Equality, difference: float) -> Vector:
    """(M,) share of resamples in which a model shifted by ``difference`` is the worst, and seen."""
    models = deviation.shape[1]
    centre = np.zeros(models)
    critical = float(np.quantile(_round(centre, deviation, statistic)[1], 1.0 - SIGNIFICANCE))
    out = np.empty(models)
    for model in range(models):
        if statistic is Equality.T_MAX:
            moved = deviation[:, model] - deviation.mean(axis=1)
            error = np.sqrt(np.mean(moved * moved))
            shift = difference * (1.0 - 1.0 / models)
            out[model] = float(np.mean(_ratio(moved + shift, error) > critical))
        else:
            moved = deviation[:, [model]] - np.delete(deviation, model, axis=1)
            error = np.sqrt(np.mean(moved * moved, axis=0))
            out[model] = float(np.mean(_ratio(moved + difference, error).max(axis=1) > critical))
    return out


def _ratio(numerator: ArrayLike, error: ArrayLike) -> NDArray[np.float64]:
    """Zero where two models have the same scores, which are equally good."""
    top, bottom = np.broadcast_arrays(
        np.asarray(numerator, dtype=np.float64), np.asarray(error, dtype=np.float64)
    )
    out: NDArray[np.float64] = np.zeros(top.shape)
    np.divide(top, bottom, out=out, where=bottom > 0.0)
    return out


def _complete(scores: ArrayLike, names: Sequence[str]) -> Matrix:
    x = np.asarray(scores, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] != len(names):
        raise UsageError(f"must be (times, {len(names)}), one column a name", found=x.shape)
    if len(set(names)) != len(names):
        raise UsageError("names must differ", found=list(names), field="names")
    x = x[np.isfinite(x).all(axis=1)]
    if x.shape[0] < 10 or x.shape[1] < 2:
        raise InsufficientDataError("must have ten rows of two models", found=x.shape)
    if bool(np.all(x == x[:, :1])):
        raise EstimationError("models must differ", found="the same scores", field="scores")
    return np.ascontiguousarray(x)


def _default_resampling(x: Matrix, seed: int) -> BlockResampling:
    gaps = x - x.mean(axis=1, keepdims=True)
    varying = [g for g in gaps.T if float(np.ptp(g)) > 1e-12 * float(np.abs(x).max())]
    lengths = [best_block_length(g).stationary for g in varying]
    return BlockResampling(length=max([*lengths, 1.0]), seed=seed)
