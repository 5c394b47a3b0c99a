"""Is any of many models better than the benchmark, given how many were tried?

Hansen, A test for superior predictive ability, Journal of Business and Economic Statistics 23,
2005. With ``d_k = mean(benchmark score - score of k)``, positive where k is better, the statistic
is ``max(max_k sqrt(T) d_k / w_k, 0)``. Its null law is that of resampled means recentred so that no
model is better. Models that are clearly worse (``sqrt(T) d_k / w_k < -sqrt(2 log log T)``) keep
their handicap, or a crowd of bad models would hide a good one: that is the consistent p-value,
between the lower one (all worse models keep it) and the upper one (none does: White's reality
check, Econometrica 68, 2000). ``w_k^2`` is the stationary bootstrap's own long-run variance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import EstimationError, InsufficientDataError, ParameterError, UsageError
from plimsoll.validation.overlap.block_indices import (
    BlockResampling,
    Blocks,
    drawn_rows,
    row_counts,
)
from plimsoll.validation.overlap.block_length import best_block_length

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuperiorPredictiveAbility:
    """Test that no model is better than the benchmark; small p: some model is.

    Parameters
    ----------
    statistic : float
        In standard errors; in units of the score times sqrt(T) where not studentised.
    p_value, p_lower, p_upper : float
        Consistent, and its bounds: ``p_lower <= p_value <= p_upper``.
    p_error : float
        Monte-Carlo standard error of ``p_value``.
    best : str
        Model of the largest term.
    improvement : float
        Its mean score below the benchmark's; negative where it is worse.
    kept : int
        Models that are not clearly worse.
    models, observations : int
    studentised : bool
    resampling : BlockResampling
    """

    statistic: float
    p_value: float
    p_lower: float
    p_upper: float
    p_error: float
    best: str
    improvement: float
    kept: int
    models: int
    observations: int
    studentised: bool
    resampling: BlockResampling

    def better(self, significance: float = 0.05) -> bool:
        """Whether some model is better at this significance."""
        if not 0.0 < significance < 1.0:
            raise ParameterError("must lie in (0, 1)", found=significance, field="significance")
        return self.p_value < significance


def superior_predictive_ability(
    benchmark: ArrayLike,
    scores: ArrayLike,
    names: Sequence[str],
    *,
    studentised: bool = True,
    resampling: BlockResampling | None = None,
    seed: int = 0,
) -> SuperiorPredictiveAbility:
    """Test all models against one benchmark at once.

    Parameters
    ----------
    benchmark : (T,) array_like
        Scores of the benchmark, lower is better, in time order.
    scores : (T, M) array_like
        Scores of all models that were tried. Rows with a NaN are left out; for many markets give
        daily means.
    names : sequence of M str
    studentised : bool
        Divide by each model's standard error, as Hansen advises.
    resampling : BlockResampling, optional
        By default 1,000 resamples of stationary blocks, of the largest best length of the
        differences.
    seed : int
        Of the default resampling.

    Raises
    ------
    UsageError
        Shapes or names that do not match.
    InsufficientDataError
        Fewer than ten rows.
    EstimationError
        Every model has the benchmark's scores.
    """
    gap = _differences(benchmark, scores, names)
    how = resampling or _default_resampling(gap, seed)
    rows = gap.shape[0]
    mean = gap.mean(axis=0)
    error = np.sqrt(long_run_variance(gap - mean, how))
    moving = error > 1e-12 * float(np.abs(gap).max())
    if not moving.any():
        raise EstimationError("models must differ from the benchmark by day", field="scores")
    root = math.sqrt(rows)
    unit = error if studentised else np.ones_like(error)
    terms = np.where(moving, root * mean / np.where(moving, unit, 1.0), -np.inf)
    kept = moving & (root * mean >= -error * math.sqrt(2.0 * math.log(math.log(rows))))
    statistic = max(float(terms.max()), 0.0)
    deviation = row_counts(drawn_rows(rows, how)) @ (gap - mean) / rows
    lower, consistent, upper = (
        _p_value(statistic, root * (deviation + handicap)[:, moving] / unit[moving])
        for handicap in (np.minimum(mean, 0.0), np.where(kept, 0.0, mean), np.zeros_like(mean))
    )
    best = int(np.argmax(terms))
    return SuperiorPredictiveAbility(
        statistic=statistic,
        p_value=consistent,
        p_lower=lower,
        p_upper=upper,
        p_error=math.sqrt(consistent * (1.0 - consistent) / how.replications),
        best=names[best],
        improvement=float(mean[best]),
        kept=int(kept.sum()),
        models=gap.shape[1],
        observations=rows,
        studentised=studentised,
        resampling=how,
    )


def long_run_variance(centred: Matrix, resampling: BlockResampling) -> Vector:
    """(M,) variance of ``sqrt(T) mean`` under the bootstrap, in closed form.

    ``g_0 + 2 sum_i k(i) g_i`` with ``k(i) = (1 - i/T) (1 - 1/l)^i + (i/T) (1 - 1/l)^(T - i)`` for
    stationary blocks of mean length l (Politis and Romano, 1994, lemma 1); for fixed blocks the
    Bartlett weights ``1 - i/l`` on the ring.
    """
    rows = centred.shape[0]
    spectrum = np.abs(np.fft.fft(centred, axis=0)) ** 2
    # Covariances on the ring, at lags 0 .. T - 1: both directions of a lag in one.
    ring = np.fft.ifft(spectrum, axis=0).real / rows
    lag = np.arange(rows)
    near = np.minimum(lag, rows - lag)
    if resampling.kind == Blocks.STATIONARY:
        share = 1.0 - 1.0 / resampling.length
        # Weights of the ring: the ring's covariance at i holds those at i and T - i together.
        weight = np.where(lag == 0, 1.0, _geometric(share, lag, rows))
    else:
        weight = np.maximum(1.0 - near / resampling.length, 0.0)
    out: Vector = np.maximum(weight @ ring, 0.0)
    return out


def _geometric(share: float, lag: NDArray[np.int64], rows: int) -> Vector:
    away = lag / rows
    out: Vector = (1.0 - away) * share**lag + away * share ** (rows - lag)
    return out


def _p_value(statistic: float, resampled: Matrix) -> float:
    null = np.maximum(resampled.max(axis=1), 0.0)
    if statistic <= 0.0:
        return 1.0
    # The sample itself counts as one resample, so that no p-value is zero.
    above = int(np.sum(null >= statistic))
    return (1.0 + above) / (1.0 + len(null))


def _differences(benchmark: ArrayLike, scores: ArrayLike, names: Sequence[str]) -> Matrix:
    base = np.asarray(benchmark, dtype=np.float64)
    x = np.asarray(scores, dtype=np.float64)
    if x.ndim != 2 or base.shape != x.shape[:1] or x.shape[1] != len(names) or not len(names):
        raise UsageError(
            "must be (times,) and (times, models), one name a model",
            found=f"{base.shape}, {x.shape}, {len(names)} names",
        )
    if len(set(names)) != len(names):
        raise UsageError("names must differ", found=len(names), field="names")
    gap = base[:, None] - x
    gap = gap[np.isfinite(gap).all(axis=1)]
    if gap.shape[0] < 10:
        raise InsufficientDataError("must have ten rows of all models", found=gap.shape[0])
    if not bool(gap.any()):
        raise EstimationError("models must differ from the benchmark", field="scores")
    return np.ascontiguousarray(gap)


def _default_resampling(gap: Matrix, seed: int) -> BlockResampling:
    largest = float(np.abs(gap).max())
    varying = [g for g in gap.T if float(np.ptp(g)) > 1e-10 * largest]
    lengths = [best_block_length(g).stationary for g in varying]
    return BlockResampling(length=max([*lengths, 1.0]), seed=seed)
