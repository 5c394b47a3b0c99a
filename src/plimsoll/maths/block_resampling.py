"""How often each row of a time series is drawn by the circular block bootstrap.

Blocks of consecutive rows, closed to a ring, are drawn with replacement (Politis and Romano,
1992), so that dependence shorter than a block survives in each resample. A resample is a vector
of counts: estimators that take weights never gather the rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError

Counts = NDArray[np.int64]


def block_counts(rows: int, *, block_length: int, replicates: int, seed: int) -> Counts:
    """Return (replicates, rows) counts; each row of counts sums to ``rows``.

    Parameters
    ----------
    rows : int
        Length of the series, in time order.
    block_length : int
        Rows in a block, 1 to ``rows``; the last block of a resample is cut to size.
    replicates, seed : int

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> counts = block_counts(10, block_length=3, replicates=2, seed=1)
    >>> counts.sum(axis=1).tolist()
    [10, 10]
    """
    if not 1 <= block_length <= rows:
        raise ParameterError(f"must lie in 1 .. {rows}", found=block_length, field="block_length")
    if replicates < 2:
        raise ParameterError("must be at least 2", found=replicates, field="replicates")
    blocks = -(-rows // block_length)
    starts = np.random.default_rng(seed).integers(rows, size=(replicates, blocks))
    drawn = (starts[:, :, None] + np.arange(block_length)) % rows
    drawn = drawn.reshape(replicates, -1)[:, :rows]
    counts = np.zeros((replicates, rows), dtype=np.int64)
    np.add.at(counts, (np.arange(replicates)[:, None], drawn), 1)
    return counts
