"""Bad quantiles over snapshots, and what blocks of snapshots say of the error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError
from plimsoll.maths.block_resampling import block_counts

FloatArray = NDArray[np.float64]

MINIMUM_ROWS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Resampling:
    """Circular block bootstrap.

    Parameters
    ----------
    block_length : int
        Snapshots in a block; longer than a disturbance of the book lasts. Cut to a fifth of the
        sample: from fewer blocks nothing can be said.
    replicates, seed : int
    """

    block_length: int = 30
    replicates: int = 200
    seed: int = 7

    def __post_init__(self) -> None:
        if self.block_length < 1 or self.replicates < 2:
            raise ParameterError(
                "a block must hold a snapshot, and there must be 2 replicates",
                found=(self.block_length, self.replicates),
                field="resampling",
            )


def upper_quantile(values: FloatArray, confidence: float) -> FloatArray:
    """(K,) smallest value of each column that at least the share ``confidence`` does not exceed.

    >>> upper_quantile(np.arange(1.0, 101.0)[:, None], 0.99).tolist()
    [99.0]
    """
    return np.asarray(np.quantile(values, confidence, axis=0, method="inverted_cdf"))


def bootstrap_errors(
    values: FloatArray, confidence: float, resampling: Resampling
) -> tuple[FloatArray, FloatArray]:
    """Standard errors (K,) of the mean and of the upper quantile of each column.

    Parameters
    ----------
    values : (T, K) float64
        In time order. Fewer than 10 rows say nothing of their error: NaN.
    confidence : float
    resampling : Resampling
    """
    rows, columns = values.shape
    if rows < MINIMUM_ROWS:
        return np.full(columns, np.nan), np.full(columns, np.nan)
    counts = block_counts(
        rows,
        block_length=min(resampling.block_length, rows // 5),
        replicates=resampling.replicates,
        seed=resampling.seed,
    )
    means = counts @ values / rows
    needed = np.ceil(confidence * rows * (1.0 - 1e-15))
    worst = np.empty_like(means)
    for column in range(columns):
        order = np.argsort(values[:, column], kind="stable")
        reached = np.cumsum(counts[:, order], axis=1) >= needed
        worst[:, column] = values[order[reached.argmax(axis=1)], column]
    return means.std(axis=0, ddof=1), worst.std(axis=0, ddof=1)
