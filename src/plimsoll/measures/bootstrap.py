"""Circular block bootstrap of value-at-risk and expected shortfall, by counting on ranks."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.measures.result import BlockBootstrap
from plimsoll.measures.sample import OrderedSample
from plimsoll.measures.tail import interpolated_quantile, tail_boundary, tail_mean

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ranks = NDArray[np.int64]
IndexMatrix = NDArray[np.int64]

QUANTILE, INTERPOLATED, MEAN = 0, 1, 2
"""Columns of the replications."""


def block_starts(size: int, bootstrap: BlockBootstrap) -> NDArray[np.int64]:
    """(replications, blocks) first row of each block, uniform over the circle of ``size`` rows.

    All randomness is drawn here, by numpy's PCG64 from the given seed, so that kernels have none.
    """
    blocks = -(-size // bootstrap.block_length)
    generator = np.random.Generator(np.random.PCG64(bootstrap.seed))
    return generator.integers(0, size, size=(bootstrap.replications, blocks), dtype=np.int64)


def replicated_tail(
    sample: OrderedSample, confidence: float, bootstrap: BlockBootstrap, plotting: float = 1.0
) -> Matrix:
    """(replications, 3) order statistic, interpolated quantile and tail mean of each resample."""
    size = sample.values.size
    rank = np.empty(size, dtype=np.int64)
    rank[sample.order] = np.arange(size)
    weights = np.empty(size)
    weights[sample.order] = sample.mass
    starts = block_starts(size, bootstrap)
    return replicate(
        sample.values,
        rank,
        weights,
        starts,
        bootstrap.block_length,
        confidence,
        sample.effective,
        plotting,
    )


@njit(cache=True, nogil=True)
def resampled_mass(
    rank: Ranks, weights: Vector, starts: Ranks, block_length: int, mass: Vector
) -> float:
    """Fill ``mass`` (by rank) with one resample of as many rows, and return its sum."""
    size = rank.size
    mass[:] = 0.0
    total = 0.0
    drawn = 0
    for start in starts:
        row = start
        for _ in range(min(block_length, size - drawn)):
            mass[rank[row]] += weights[row]
            total += weights[row]
            row = row + 1 if row + 1 < size else 0
        drawn += block_length
    return total


@njit(cache=True, nogil=True)
def replicate(
    ordered: Vector,
    rank: Ranks,
    weights: Vector,
    starts: IndexMatrix,
    block_length: int,
    confidence: float,
    effective: float,
    plotting: float,
) -> Matrix:
    """Kernel of `replicated_tail`; a resample without any weight gives NaN."""
    out = np.empty((starts.shape[0], 3))
    mass = np.empty(ordered.size)
    for b in range(starts.shape[0]):
        total = resampled_mass(rank, weights, starts[b], block_length, mass)
        if total <= 0.0:
            out[b, :] = np.nan
            continue
        out[b, 0] = ordered[tail_boundary(mass, total, confidence)[0]]
        out[b, 1] = interpolated_quantile(ordered, mass, total, confidence, effective, plotting)
        out[b, 2] = tail_mean(ordered, mass, total, confidence)
    return out
