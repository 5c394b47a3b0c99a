"""What weekdays explain of surface moves.

Variance accrues slowly at weekends, so that a constant calendar maturity gains and loses quiet
days as the week goes by, and its volatility moves as the calendar says. For moves y that start on
weekday d the effect is the mean of that weekday, and the share explained is

    R^2 = 1 - sum (y - mean_d)^2 / sum (y - mean)^2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import InsufficientDataError
from plimsoll.estimators.vol_shocks.moves import SurfaceMoves
from plimsoll.maths.block_resampling import block_counts
from plimsoll.maths.variance_clock import DAY_NS, DAYS_PER_WEEK

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeekdayEffects:
    """Mean log moves of the level by weekday of their start, T tenors.

    Parameters
    ----------
    tenors_days : (T,) float64
    mean, standard_error : (7, T) float64
        Monday to Sunday; errors as of independent moves of one weekday, which lie a week apart.
    count : (7, T) int64
    explained, explained_error : (T,) float64
        R^2, and its block-bootstrap standard error.
    chance : (T,) float64
        R^2 to be expected of weekdays without meaning, 6 / (n - 1).
    """

    tenors_days: FloatArray
    mean: FloatArray
    standard_error: FloatArray
    count: IntArray
    explained: FloatArray
    explained_error: FloatArray
    chance: FloatArray


def weekday_effects(
    moves: SurfaceMoves, *, block_length: int = 7, replicates: int = 200, seed: int
) -> WeekdayEffects:
    """Estimate the weekday effects of level moves.

    Raises
    ------
    InsufficientDataError
        Where a weekday has fewer than three moves at some tenor.
    """
    days = weekday(moves.start_ns)
    count = np.array(
        [np.isfinite(moves.level[days == d]).sum(axis=0) for d in range(DAYS_PER_WEEK)]
    )
    if int(count.min()) < 3:
        raise InsufficientDataError(
            "each weekday must have three moves at each tenor",
            found=int(count.min()),
            remedy="use a longer history",
        )
    ones = np.ones(len(moves))
    mean, spread, explained = _weekday_fit(moves.level, days, ones)
    counts = block_counts(
        len(moves), block_length=block_length, replicates=replicates, seed=seed
    ).astype(np.float64)
    drawn = np.array([_weekday_fit(moves.level, days, weights)[2] for weights in counts])
    return WeekdayEffects(
        tenors_days=np.array(moves.tenors_days),
        mean=mean,
        standard_error=spread * np.sqrt(count / (count - 1.0)) / np.sqrt(count),
        count=count,
        explained=explained,
        explained_error=drawn.std(axis=0, ddof=1),
        chance=(DAYS_PER_WEEK - 1) / (count.sum(axis=0) - 1.0),
    )


def without_weekday_effects(moves: SurfaceMoves, effects: WeekdayEffects) -> SurfaceMoves:
    """Return the moves with the level's weekday means taken off.

    The effects may come from other moves: those before a date, for what was knowable then.
    """
    return replace(moves, level=moves.level - effects.mean[weekday(moves.start_ns)])


def weekday(time_ns: IntArray) -> IntArray:
    """Weekday of each UTC time, Monday 0 to Sunday 6.

    Examples
    --------
    >>> weekday(np.array([0, 4 * DAY_NS])).tolist()
    [3, 0]
    """
    days: IntArray = (time_ns // DAY_NS + 3) % DAYS_PER_WEEK  # 1 January 1970 was a Thursday
    return days


def _weekday_fit(
    values: FloatArray, days: IntArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Means (7, T), spreads (7, T) and R^2 (T,) of weighted rows; NaN counts for nothing."""
    known = np.isfinite(values)
    y = np.where(known, values, 0.0)
    w = weights[:, None] * known
    member = (days == np.arange(DAYS_PER_WEEK)[:, None]).astype(np.float64)
    sums, total = member @ (w * y), member @ w
    mean = sums / np.maximum(total, 1e-300)
    squares = member @ (w * y**2)
    within = np.maximum(squares - total * mean**2, 0.0)
    overall = sums.sum(axis=0) / total.sum(axis=0)
    all_squares = squares.sum(axis=0) - total.sum(axis=0) * overall**2
    spread: FloatArray = np.sqrt(within / np.maximum(total, 1e-300))
    return mean, spread, 1.0 - within.sum(axis=0) / all_squares
