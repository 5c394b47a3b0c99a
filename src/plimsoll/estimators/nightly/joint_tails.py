"""How often markets fall, or rise, together: degrees of freedom of a t copula, shared extremes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from plimsoll.domain.finding import Reason
from plimsoll.errors import EstimationError, InsufficientDataError
from plimsoll.estimators.dependence.t_copula import MINIMUM_OBSERVATIONS, TCopula
from plimsoll.estimators.dependence.tail_dependence import tail_dependence_of_t

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_SAME = 0.995
_WEEK_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledCopula:
    """The t copula of the markets with fewest holes; numbers are NaN where there is a reason.

    Parameters
    ----------
    degrees_of_freedom : float
    inverse_error : float
        Standard error of one over them: weeks are drawn with replacement.
    columns : tuple of int
        Markets it was fitted to.
    rows : int
        Moves that all of them have.
    average_tail_dependence : float
        Of a pair with their mean correlation, under the copula; both tails alike.
    reason : Reason or None
    """

    degrees_of_freedom: float = float("nan")
    inverse_error: float = float("nan")
    columns: tuple[int, ...] = ()
    rows: int = 0
    average_tail_dependence: float = float("nan")
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SharedExtremes:
    """Mean over pairs of the share of one market's worst moves that the other shares.

    Parameters
    ----------
    falls, rises : float
        0.05 between strangers at a tail of 0.05, 1 between twins; NaN without a pair.
    falls_error, rises_error : float
        Over days, as if those were independent.
    tail_share : float
    """

    falls: float
    rises: float
    falls_error: float
    rises_error: float
    tail_share: float


def pooled_copula(
    scaled: FloatArray, usable: BoolArray, *, most: int, steps_per_day: int, replicates: int
) -> PooledCopula:
    """Fit the copula to (D, N) moves over volatility, NaN where there is none.

    Parameters
    ----------
    usable : (N,) bool
    most : int
        Markets taken, those with fewest holes first, then in their order; twins once.
    """
    columns = _fullest(scaled, usable, most)
    whole = scaled[:, columns][np.isfinite(scaled[:, columns]).all(axis=1)]
    if len(columns) < 2 or whole.shape[0] < 2 * MINIMUM_OBSERVATIONS:
        return PooledCopula(reason=Reason.TOO_SHORT_HISTORY)
    try:
        fitted = TCopula(method="two_step").fit(whole)
        block = min(_WEEK_DAYS * steps_per_day, whole.shape[0] // 2)
        _, error = fitted.standard_errors(block_length=block, replicates=replicates, seed=0)
    except (EstimationError, InsufficientDataError):
        return PooledCopula(reason=Reason.FIT_FAILED)
    pairs = fitted.correlation[np.triu_indices(len(columns), 1)]
    nu = fitted.degrees_of_freedom
    return PooledCopula(
        degrees_of_freedom=nu,
        inverse_error=error,
        columns=tuple(columns),
        rows=whole.shape[0],
        average_tail_dependence=tail_dependence_of_t(float(np.clip(pairs.mean(), -1.0, 1.0)), nu),
    )


def _fullest(scaled: FloatArray, usable: BoolArray, most: int) -> list[int]:
    """Columns with most moves that vary, without twins of one that is taken already."""
    there = np.isfinite(scaled)
    count = there.sum(axis=0)
    enough = usable & (count >= 0.8 * count.max(initial=0)) & (count >= 2 * MINIMUM_OBSERVATIONS)
    taken: list[int] = []
    for column in sorted(np.flatnonzero(enough).tolist(), key=lambda j: (-int(count[j]), j)):
        if len(taken) == most:
            break
        own = scaled[there[:, column], column]
        if np.ptp(own) > 0.0 and not any(_twins(scaled, column, other) for other in taken):
            taken.append(column)
    return sorted(taken)


def _twins(scaled: FloatArray, one: int, other: int) -> bool:
    both = np.isfinite(scaled[:, one]) & np.isfinite(scaled[:, other])
    a, b = scaled[both, one], scaled[both, other]
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return scale > 0.0 and bool(abs(a @ b) > _SAME * scale)


def shared_extremes(
    scaled: FloatArray, usable: BoolArray, *, tail_share: float, steps_per_day: int
) -> SharedExtremes:
    """Count moves beyond each market's own ``tail_share`` quantile that pairs share."""
    moves = scaled[:, usable]
    falls, rises = (_shared(sign * moves, tail_share, steps_per_day) for sign in (1.0, -1.0))
    return SharedExtremes(
        falls=falls[0],
        falls_error=falls[1],
        rises=rises[0],
        rises_error=rises[1],
        tail_share=tail_share,
    )


def _shared(moves: FloatArray, share: float, steps_per_day: int) -> tuple[float, float]:
    """Mean over pairs, and its error clustered by day, of joint extremes over those expected."""
    there = np.isfinite(moves)
    kept = there.sum(axis=0) >= 2.0 / share
    moves, there = moves[:, kept], there[:, kept]
    if moves.shape[1] < 2:
        return float("nan"), float("nan")
    ranks = rankdata(np.where(there, moves, np.inf), axis=0)
    extreme = (ranks <= np.floor(share * there.sum(axis=0))) & there
    # Sums over pairs of a row: products of sums less the squares.
    hits, printed = extreme.sum(axis=1).astype(float), there.sum(axis=1).astype(float)
    joint, pairs = hits * (hits - 1.0), printed * (printed - 1.0)
    starts = np.arange(0, moves.shape[0], steps_per_day)
    joint, pairs = np.add.reduceat(joint, starts), np.add.reduceat(pairs, starts)
    mean = joint.sum() / (share * pairs.sum())
    score = joint / share - mean * pairs
    return float(mean), float(np.sqrt((score**2).sum()) / pairs.sum())
