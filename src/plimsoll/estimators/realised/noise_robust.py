"""Realised variance of one-minute and finer bars, robust to the bounce between bid and ask."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import DataFormatError, InsufficientDataError, ParameterError
from plimsoll.estimators.realised.blocks import Blocks
from plimsoll.maths.realised_noise import (
    parzen_bandwidth,
    parzen_variance,
    subsampled_variance_of,
)

FloatArray = NDArray[np.float64]


def subsampled_variance(returns: ArrayLike, blocks: Blocks, *, every: int) -> FloatArray:
    """(B,) RV of returns over ``every`` bars, the mean over all offsets.

    Parameters
    ----------
    returns : (n,) array
        Log returns without holes: a minute without a print is a return of 0.
    blocks : Blocks
        Each of at least ``2 * every`` rows.
    every : int
        5 on minutes is the usual five-minute RV, from all five grids.

    Raises
    ------
    DataFormatError, InsufficientDataError, ParameterError
    """
    values = _checked(returns, blocks, every)
    pieces = zip(blocks.first, blocks.last, strict=True)
    return np.array([subsampled_variance_of(values[a:b].copy(), every) for a, b in pieces])


def realised_kernel(
    returns: ArrayLike, blocks: Blocks, *, bandwidth: int | None = None, sparse: int = 20
) -> FloatArray:
    """(B,) realised kernel, Parzen.

    Parameters
    ----------
    returns, blocks
        As for `subsampled_variance`.
    bandwidth : int, optional
        H; by default the optimal one of each block.
    sparse : int
        Bars of the sparse returns from which the optimal bandwidth takes the integrated variance.

    Raises
    ------
    DataFormatError, InsufficientDataError, ParameterError
    """
    values = _checked(returns, blocks, sparse)
    if bandwidth is not None and bandwidth < 0:
        raise ParameterError("must not be negative", found=bandwidth, field="bandwidth")
    out = np.empty(len(blocks))
    for b, (first, last) in enumerate(zip(blocks.first, blocks.last, strict=True)):
        block = values[first:last].copy()
        width = parzen_bandwidth(block, sparse) if bandwidth is None else bandwidth
        out[b] = parzen_variance(block, width)
    return out


def _checked(returns: ArrayLike, blocks: Blocks, every: int) -> FloatArray:
    values = np.array(returns, dtype=np.float64)
    if values.ndim != 1 or values.size < int(blocks.last[-1]) or not np.isfinite(values).all():
        raise DataFormatError(
            "must be finite numbers (n,) that reach the end of the blocks",
            found=values.shape,
            field="returns",
            remedy="give a bar without a print the return 0",
        )
    if every < 1:
        raise ParameterError("must be at least 1", found=every, field="every")
    if int(blocks.rows.min()) < 2 * every:
        raise InsufficientDataError(
            f"every block must hold {2 * every} returns", found=int(blocks.rows.min())
        )
    return values
