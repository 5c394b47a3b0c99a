"""Fewer points, same picture: quiet points go, breaches and the envelope stay."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.evidence import CoverageSeries


def kept_rows(series: CoverageSeries, buckets: int) -> NDArray[np.int64]:
    """Return the rows of a series that must be drawn, in order.

    The series is cut into ``buckets`` stretches of equally many points. Kept are every breach,
    the first and the last point and, per stretch, the largest and smallest loss and the largest
    and smallest margin, so that both envelopes are exact at the width of a stretch (the idea of
    M4: Jugel et al., VLDB 2014). A series of at most four points a stretch is kept whole.

    Parameters
    ----------
    series : CoverageSeries
    buckets : int
        Stretches, at least 1.

    Returns
    -------
    (K,) int64
    """
    count = series.time_ns.size
    if count <= 4 * buckets:
        return np.arange(count, dtype=np.int64)
    edges = np.linspace(0, count, buckets + 1).astype(np.int64)
    rows = [np.flatnonzero(series.breaches), np.array([0, count - 1])]
    for values in (series.loss, series.margin):
        rows += [_extreme_rows(values, edges), _extreme_rows(-values, edges)]
    return np.unique(np.concatenate(rows)).astype(np.int64)


def _extreme_rows(values: NDArray[np.float64], edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """First row of the largest value of each stretch; a stretch of NaN gives its first row."""
    filled = np.where(np.isnan(values), -np.inf, values)
    return np.array(
        [low + int(np.argmax(filled[low:high])) for low, high in pairwise(edges)],
        dtype=np.int64,
    )
