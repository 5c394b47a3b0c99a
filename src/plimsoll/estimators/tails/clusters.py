"""Clusters of exceedances: runs declustering and the extremal index.

Extremes of returns come in clusters, so that n exceedances carry the information of about
``theta * n`` independent ones; theta is the extremal index, one over the mean size of a cluster.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import InsufficientDataError, ParameterError
from plimsoll.estimators.observations import as_observations, read_only

Vector = NDArray[np.float64]
Index = NDArray[np.int64]

_FEWEST = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clusters:
    """Clusters of losses above ``threshold``, in time order.

    Parameters
    ----------
    peaks : array of float, shape (clusters,)
        Largest loss of each.
    rows : array of int, shape (clusters,)
        Its row; the first of equal ones.
    sizes : array of int, shape (clusters,)
        Exceedances in each.
    """

    threshold: float
    run_length: int
    peaks: Vector
    rows: Index
    sizes: Index

    @property
    def extremal_index(self) -> float:
        """Runs estimate: clusters over exceedances."""
        return self.peaks.size / int(self.sizes.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtremalIndex:
    """Intervals estimate of the extremal index and the run length that goes with it."""

    value: float
    run_length: int
    exceedances: int

    @property
    def mean_cluster_size(self) -> float:
        """One over the index."""
        return 1.0 / self.value


def decluster(losses: ArrayLike, *, threshold: float, run_length: int) -> Clusters:
    """Part exceedances into clusters by runs.

    A cluster ends once ``run_length`` losses in a row are at or below the threshold (Leadbetter,
    Weissman, de Haan and Rootzen, 1989; Coles, 2001, 5.3).

    Parameters
    ----------
    losses : array of float, shape (n,)
        In time order, positive = loss, finite.
    threshold : float
        Losses strictly above it are exceedances.
    run_length : int
        At least 1.

    Raises
    ------
    InsufficientDataError
        No exceedance.
    ParameterError

    Examples
    --------
    >>> clusters = decluster([0.0, 3.0, 0.0, 5.0, 0.0, 0.0, 4.0], threshold=1.0, run_length=2)
    >>> clusters.peaks.tolist(), clusters.sizes.tolist()
    ([5.0, 4.0], [2, 1])
    """
    sample = as_observations(losses, minimum=2, name="losses")
    if run_length < 1:
        raise ParameterError("must be at least 1", found=run_length, field="run_length")
    above = _exceedances(sample, threshold, fewest=1)
    starts = _cluster_starts(above, run_length)
    rows = cluster_peaks(sample, above, run_length)
    sizes = np.diff(np.append(starts, above.size))
    rows.setflags(write=False)
    sizes.setflags(write=False)
    return Clusters(
        threshold=float(threshold),
        run_length=run_length,
        peaks=read_only(sample[rows]),
        rows=rows,
        sizes=sizes,
    )


def extremal_index(losses: ArrayLike, *, threshold: float) -> ExtremalIndex:
    """Extremal index by the intervals estimator (Ferro and Segers, 2003, equation 8).

    It needs no run length but gives one: the times between exceedances are sorted, the largest
    ``theta * N`` of them part the clusters, and the run length is the largest of the others.

    Parameters
    ----------
    losses : array of float, shape (n,)
        In time order, positive = loss, finite.
    threshold : float

    Raises
    ------
    InsufficientDataError
        Fewer than 3 exceedances.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).exponential(size=40_001)
    >>> moving = np.maximum(noise[1:], noise[:-1])  # clusters of two
    >>> abs(extremal_index(moving, threshold=5.0).value - 0.5) < 0.05
    True
    """
    sample = as_observations(losses, minimum=2, name="losses")
    above = _exceedances(sample, threshold, fewest=_FEWEST)
    gaps = np.diff(above)
    value = _intervals_estimate(gaps.astype(np.float64))
    between = min(int(np.floor(value * above.size)), gaps.size)
    inside = np.sort(gaps)[: gaps.size - between]
    run = int(inside[-1]) if inside.size else 1
    return ExtremalIndex(value=value, run_length=max(run, 1), exceedances=int(above.size))


def _intervals_estimate(gaps: Vector) -> float:
    """Moment estimator of the mixture of no gap and exponential gaps, at most 1."""
    count = gaps.size
    if np.max(gaps) <= 2.0:
        ratio = 2.0 * gaps.sum() ** 2 / (count * (gaps**2).sum())
    else:
        shifted = gaps - 1.0
        ratio = 2.0 * shifted.sum() ** 2 / (count * (shifted * (gaps - 2.0)).sum())
    return float(min(1.0, ratio))


def _exceedances(sample: Vector, threshold: float, *, fewest: int) -> Index:
    if not np.isfinite(threshold):
        raise ParameterError("must be finite", found=threshold, field="threshold")
    above = np.flatnonzero(sample > threshold)
    if above.size < fewest:
        raise InsufficientDataError(
            f"at least {fewest} losses above the threshold are needed",
            found=int(above.size),
            remedy="lower the threshold",
            field="threshold",
        )
    return above


def _cluster_starts(above: Index, run_length: int) -> Index:
    """Positions in ``above`` where a cluster begins."""
    apart = np.flatnonzero(np.diff(above) > run_length) + 1
    return np.concatenate((np.zeros(min(1, above.size), dtype=np.int64), apart))


def cluster_peaks(sample: Vector, above: Index, run_length: int) -> Index:
    """Row of the largest loss of each cluster, of the rows ``above`` a threshold."""
    parts = np.split(above, _cluster_starts(above, run_length)[1:])
    return np.array([part[np.argmax(sample[part])] for part in parts if part.size], dtype=np.int64)
