"""Progressive charges: each slice of an amount at its own rate, as in a tax table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def progressive_charge(
    amount: FloatArray, caps: Sequence[float], rates: Sequence[float]
) -> FloatArray:
    """Charge each slice of ``amount`` at its own rate: continuous, never falling.

    Parameters
    ----------
    amount : (C,) float64
        Not negative.
    caps : sequence of K float
        Upper ends of the slices, rising; infinite for no end.
    rates : sequence of K float
        Not negative.

    Returns
    -------
    (C,) float64

    Examples
    --------
    The worked example of OKX's notice on stablecoins (10 million hedged):

    >>> caps, rates = (1e6, 5e6, 10e6, np.inf), (0.0075, 0.0175, 0.025, 0.4)
    >>> progressive_charge(np.array([10e6]), caps, rates).tolist()
    [202500.0]
    """
    total, lower = np.zeros(amount.shape), 0.0
    for cap, rate in zip(caps, rates, strict=True):
        total = total + np.clip(amount - lower, 0.0, cap - lower) * rate
        lower = cap
    return total
