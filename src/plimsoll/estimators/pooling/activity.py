r"""How much a market moves: mean absolute return with several memories, sampled at midnight.

.. math:: a_k = \ln \frac{\sum_s \lambda_k^{t-s} |r_s|}{\sum_s \lambda_k^{t-s}},

sums over bars with a return; the last memory forgets nothing (the mean since listing). Absolute
returns, because one bar of ten standard deviations moves their mean by a few per cent and a mean
square to twice its size. The first hours after a listing are left out of all.

The state takes one more day in time that does not depend on the past.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Activity:
    """Running sums of absolute returns of N markets, K memories.

    Parameters
    ----------
    decays : (K,) float64
        Per bar; 1 forgets nothing.
    total, weight : (K, N) float64
    seen : (N,) int64
        Returns seen, the skipped ones included.
    skip : int
        Returns after a listing that are left out.
    """

    decays: FloatArray
    total: FloatArray
    weight: FloatArray
    seen: NDArray[np.int64]
    skip: int

    def after(self, absolute: FloatArray) -> Activity:
        """State after (b, N) more absolute returns; NaN is a hole."""
        present = np.isfinite(absolute)
        order = self.seen + np.cumsum(present, axis=0)
        used = present & (order > self.skip)
        count = absolute.shape[0]
        fade = self.decays[:, None] ** np.arange(count - 1, -1, -1)[None, :]
        kept = (self.decays**count)[:, None]
        return Activity(
            decays=self.decays,
            total=kept * self.total + fade @ np.where(used, absolute, 0.0),
            weight=kept * self.weight + fade @ used.astype(float),
            seen=self.seen + np.sum(present, axis=0),
            skip=self.skip,
        )

    @property
    def log_level(self) -> FloatArray:
        """(N, K) log mean absolute returns; NaN where nothing moved or nothing was seen."""
        level = np.full(self.total.shape, np.nan)
        np.divide(self.total, self.weight, out=level, where=(self.weight > 0) & (self.total > 0))
        return np.asarray(np.log(level).T)


def no_activity(markets: int, half_lives_bars: tuple[float, ...], skip: int) -> Activity:
    """State before the first bar; a memory without end is added after the half-lives."""
    decays = np.append(0.5 ** (1.0 / np.array(half_lives_bars)), 1.0)
    zeros = np.zeros((decays.size, markets))
    return Activity(
        decays=decays,
        total=zeros,
        weight=zeros.copy(),
        seen=np.zeros(markets, dtype=np.int64),
        skip=skip,
    )
