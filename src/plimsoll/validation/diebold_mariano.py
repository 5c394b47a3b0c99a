"""Is one model's score lower than another's? Diebold and Mariano's test on daily means."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.validation.newey_west import DEFAULT_LAGS, daily_sums, variance_of_sum


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreComparison:
    """Difference of two scores, first less second: negative speaks for the first model.

    Parameters
    ----------
    mean_difference, standard_error, statistic : float
        Mean over days of the daily mean difference; Newey-West; their ratio.
    p_two_sided, p_first_better : float
        From Student's t with ``days - 1`` degrees of freedom.
    days, observations : int
        Days with a score of both, and pairs scored.
    """

    mean_difference: float
    standard_error: float
    statistic: float
    p_two_sided: float
    p_first_better: float
    days: int
    observations: int


def diebold_mariano(
    first: ArrayLike, second: ArrayLike, time_ns: NDArray[np.int64], *, lags: int = DEFAULT_LAGS
) -> ScoreComparison:
    """Compare the scores of two models over the same horizons (Diebold and Mariano, 1995).

    Markets of one day share their shocks, so differences are averaged by UTC day first, over the
    pairs in which both models have a score; days without any are left out. The standard error of
    the mean over days is Newey-West's.

    Parameters
    ----------
    first, second : (T,) or (T, N) array_like
        Scores, lower is better, NaN = not scored.
    time_ns : (T,) int64
        Start of each horizon, rising.
    lags : int

    Raises
    ------
    InsufficientDataError
        With fewer than two scored days.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.shape[:1] != np.shape(time_ns):
        raise UsageError(
            "scores must have one shape and one row per time",
            found=f"{a.shape}, {b.shape}, {np.shape(time_ns)}",
        )
    gap = (a - b).reshape(a.shape[0], -1)
    both = np.isfinite(gap)
    total = daily_sums(np.where(both, gap, 0.0).sum(axis=1), time_ns)
    count = daily_sums(both.sum(axis=1).astype(np.float64), time_ns)
    daily = total[count > 0] / count[count > 0]
    if daily.size < 2:
        raise InsufficientDataError("must have two days with both scores", found=daily.size)
    mean = float(daily.mean())
    error = float(np.sqrt(variance_of_sum(daily - mean, lags))) / daily.size
    statistic = mean / error if error > 0.0 else float("nan")
    return ScoreComparison(
        mean_difference=mean,
        standard_error=error,
        statistic=statistic,
        p_two_sided=2.0 * float(special.stdtr(daily.size - 1, -abs(statistic))),
        p_first_better=float(special.stdtr(daily.size - 1, statistic)),
        days=int(daily.size),
        observations=int(both.sum()),
    )
