"""Standard error of any calibrated number, by drawing blocks of days.

All markets of a day are drawn together, so shocks they share stay shared (clustered by day), and
days that follow each other stay together within a block.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import EstimationError, InsufficientDataError, UsageError
from plimsoll.validation.overlap.block_indices import BlockResampling, Blocks, drawn_rows

LEAST_DAYS = 10
LEAST_FINITE = 0.9
Statistic = Callable[[NDArray[np.float64]], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockStandardError:
    """A number with its standard error.

    Parameters
    ----------
    value : float
        On the days as they were.
    standard_error : float
        Standard deviation over the resamples.
    bias : float
        Mean of the resamples less the value.
    draws, undefined : int
        Resamples, and those on which the number was not finite: left out.
    block_days : float
    kind : Blocks
    """

    value: float
    standard_error: float
    bias: float
    draws: int
    undefined: int
    block_days: float
    kind: Blocks


def block_standard_error(
    statistic: Statistic,
    day_values: ArrayLike,
    block_days: float,
    draws: int = 500,
    seed: int = 0,
    *,
    kind: Blocks = Blocks.STATIONARY,
) -> BlockStandardError:
    """Standard error of ``statistic(day_values)``.

    Parameters
    ----------
    statistic : callable
        From (D, ...) values to one number; it sees as many days as there are, some of them twice.
    day_values : (D, ...) array_like
        Days first and in order; markets, sides and starts behind. NaN is passed on.
    block_days : float
        Length of a block, the mean length of stationary blocks; at least the overlap of horizons
        (`plimsoll.validation.overlap.block_length.best_block_length` finds one).
    draws, seed : int
    kind : Blocks

    Raises
    ------
    InsufficientDataError
        Fewer than ten days.
    EstimationError
        The number is not finite on the days as they were, or on one resample in ten.

    Examples
    --------
    >>> days = np.random.default_rng(1).standard_normal(400)
    >>> round(block_standard_error(lambda x: float(x.mean()), days, 1.0).standard_error, 3)
    0.046
    """
    values = np.asarray(day_values, dtype=np.float64)
    if values.ndim < 1:
        raise UsageError("must have days first", found=values.shape, field="day_values")
    if values.shape[0] < LEAST_DAYS:
        raise InsufficientDataError(
            f"must have {LEAST_DAYS} days", found=values.shape[0], field="day_values"
        )
    resampling = BlockResampling(length=block_days, replications=draws, seed=seed, kind=kind)
    value = float(statistic(values))
    found = np.array([statistic(values[rows]) for rows in drawn_rows(len(values), resampling)])
    finite = np.isfinite(found)
    if not np.isfinite(value) or finite.mean() < LEAST_FINITE:
        raise EstimationError(
            "must be finite on the days and on nine resamples in ten",
            found=f"{value}, finite on {int(finite.sum())} of {draws}",
            field="statistic",
        )
    kept = found[finite]
    return BlockStandardError(
        value=value,
        standard_error=float(kept.std(ddof=1)),
        bias=float(kept.mean()) - value,
        draws=draws,
        undefined=int((~finite).sum()),
        block_days=float(resampling.length),
        kind=resampling.kind,
    )
