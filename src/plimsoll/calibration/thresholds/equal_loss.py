"""Two venues at equal margin and equal fund loss: what is matched, and how shares are read there.

A share of forced liquidations means little by itself: a venue that closes later closes fewer users
who would have recovered, and loses more. So the initial margin is set where users pay in as much
as at the other venue, the maintenance level where the fund loses as much, both on training folds;
and afterwards shares are compared at the other venue's lived loss, along the curve that the level
draws.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError, UsageError

FloatArray = NDArray[np.float64]

HIGHEST_MULTIPLE = 8.0
_HALVINGS = 34


def multiple_at_equal_margin(
    floor: FloatArray,
    per_multiple: FloatArray,
    wished: FloatArray,
    weight: FloatArray,
    target: float,
) -> float:
    """Return the k >= 0 at which opening deposits average ``target``.

    An account pays in ``max(wished, min(1, floor + k per_multiple))`` of its notional: its own
    wish, or the initial margin. The mean rises with k; where 0 is already too dear it is 0, where
    8 is too cheap it is 8.

    Parameters
    ----------
    floor, per_multiple, wished, weight : (A,) float64
        Shares of notional, and notional times whatever weight.
    target : float
        Share of notional.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> half = np.full(3, 0.5)
    >>> round(multiple_at_equal_margin(0.02 * half, 0.1 * half, 0.0 * half, half, 0.11), 9)
    2.0
    """
    whole = float(weight.sum())
    if not whole > 0.0 or not np.isfinite(target):
        raise ParameterError(
            "weights must add up to more than 0 and the target be finite",
            found=(whole, target),
            field="weight, target",
        )

    def paid(multiple: float) -> float:
        asked = np.minimum(1.0, floor + multiple * per_multiple)
        return float(weight @ np.maximum(wished, asked)) / whole

    low, high = 0.0, HIGHEST_MULTIPLE
    if paid(low) >= target:
        return low
    if paid(high) <= target:
        return high
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if paid(middle) < target else (low, middle)
    return low


def lowest_level_within(losses: Sequence[float], limit: float) -> int:
    """Place of the last of falling levels whose fund loss keeps the limit; else the first.

    >>> lowest_level_within([1.0, 2.0, 2.9, 4.0], 3.0)
    2
    >>> lowest_level_within([1.0, 2.0], 0.5)
    0
    """
    if not losses:
        raise UsageError("must be at least one", found=0, field="losses")
    kept = [place for place, loss in enumerate(losses) if loss <= limit]
    return max(kept, default=0)


def share_at_loss(losses: Sequence[float], shares: Sequence[float], loss: float) -> float:
    """Share at a fund loss, by linear interpolation between levels; the end's beyond the ends.

    Where two levels lose the same, the higher share counts.

    >>> round(share_at_loss([1.0, 3.0], [0.7, 0.6], 2.0), 12)
    0.65
    >>> share_at_loss([1.0, 3.0], [0.7, 0.6], 9.0)
    0.6
    """
    if len(losses) != len(shares) or not losses:
        raise UsageError(
            "must be one share per loss", found=(len(losses), len(shares)), field="shares"
        )
    best: dict[float, float] = {}
    for one, share in zip(losses, shares, strict=True):
        best[one] = max(share, best.get(one, share))
    rising = sorted(best)
    return float(np.interp(loss, rising, [best[one] for one in rising]))
