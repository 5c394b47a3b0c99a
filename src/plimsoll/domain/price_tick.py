"""Ticks of a price that depend on the price: the venue's smallest step at each level."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import ParameterError


@dataclass(frozen=True, slots=True)
class PriceTicks:
    """Tick sizes by price level, in the currency of the price.

    Parameters
    ----------
    thresholds : tuple of float
        Prices from which the next tick holds, rising; one fewer than ``ticks``.
    ticks : tuple of float
        ``ticks[0]`` below the first threshold, ``ticks[i]`` from ``thresholds[i - 1]`` on.

    Raises
    ------
    ParameterError
        Where the numbers do not match, thresholds do not rise from above 0, or a tick is not
        positive and finite.

    Examples
    --------
    Options on Deribit: 0.0001 coin below 0.005, 0.0005 from there.

    >>> ticks = PriceTicks((0.005,), (0.0001, 0.0005))
    >>> ticks.at([0.0049, 0.005, 0.2]).tolist()
    [0.0001, 0.0005, 0.0005]
    """

    thresholds: tuple[float, ...]
    ticks: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.ticks) != len(self.thresholds) + 1:
            raise ParameterError(
                "must be one more than the thresholds",
                found=f"{len(self.ticks)} ticks, {len(self.thresholds)} thresholds",
                field="ticks",
            )
        if not all(tick > 0.0 and math.isfinite(tick) for tick in self.ticks):
            raise ParameterError("must be positive and finite", found=self.ticks, field="ticks")
        levels = (0.0, *self.thresholds, math.inf)
        if not all(lower < upper for lower, upper in pairwise(levels)):
            raise ParameterError(
                "must rise, from above 0, and be finite", found=self.thresholds, field="thresholds"
            )

    def at(self, price: ArrayLike) -> NDArray[np.float64]:
        """Return the tick at each price, in the shape of ``price``; NaN where it is NaN."""
        prices = np.asarray(price, dtype=np.float64)
        level = np.searchsorted(np.asarray(self.thresholds), prices, side="right")
        ticks = np.asarray(self.ticks)[np.minimum(level, len(self.ticks) - 1)]
        return np.asarray(np.where(np.isnan(prices), np.nan, ticks))
