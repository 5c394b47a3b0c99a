"""Upper quantiles of moves with their error over resampled blocks of days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import InsufficientDataError
from plimsoll.maths.block_bootstrap import block_bootstrap_quantiles

FloatArray = NDArray[np.float64]

LEAST_MOVES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """A quantile (type 7) and its standard error."""

    value: float
    standard_error: float
    observations: int


def upper_quantile(
    moves: FloatArray, confidence: float, *, block: int, replicates: int = 200, seed: int = 0
) -> Quantile:
    """Return a quantile of moves in time order; NaN are left out.

    Parameters
    ----------
    block : int
        Rows of a resampled block: days of them where moves overlap.

    Raises
    ------
    InsufficientDataError
        For fewer than `LEAST_MOVES`.
    """
    known = moves[np.isfinite(moves)]
    if known.size < LEAST_MOVES:
        raise InsufficientDataError(
            f"must have at least {LEAST_MOVES} moves", found=int(known.size), field="moves"
        )
    length = max(1, min(block, known.size))
    drawn = block_bootstrap_quantiles(
        np.array(known), confidence, 0.1, False, length, replicates, seed
    )
    return Quantile(
        value=float(np.quantile(known, confidence)),
        standard_error=float(np.std(drawn, ddof=1)),
        observations=int(known.size),
    )
