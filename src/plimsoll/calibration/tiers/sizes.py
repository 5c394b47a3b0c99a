"""How large positions are: what a mean margin is averaged over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import DataFormatError, ParameterError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SizeDistribution:
    """Positions by size; a mean over sizes is the sum over these.

    Parameters
    ----------
    name : str
    notional_usd : (S,) float64
        Positive, rising.
    weight : (S,) float64
        Not negative, of sum 1.

    Raises
    ------
    DataFormatError
    """

    name: str
    notional_usd: FloatArray
    weight: FloatArray

    def __post_init__(self) -> None:
        size, weight = self.notional_usd, self.weight
        if size.ndim != 1 or size.shape != weight.shape or not size.size:
            raise DataFormatError(
                "must have one weight for each size",
                found=(size.shape, weight.shape),
                field="weight",
            )
        if not (np.isfinite(size).all() and size[0] > 0.0 and np.all(np.diff(size) > 0.0)):
            raise DataFormatError("must be positive and rise", found=size[:3], field="notional_usd")
        if np.any(weight < 0.0) or not abs(weight.sum() - 1.0) < 1e-9:
            raise DataFormatError(
                "must not be negative and sum to 1", found=float(weight.sum()), field="weight"
            )


def log_uniform(lowest_usd: float, highest_usd: float, points: int = 240) -> SizeDistribution:
    """Every ratio of sizes alike: density proportional to 1 / N.

    Examples
    --------
    >>> float(log_uniform(1e3, 1e7, 4).weight[0])
    0.25
    """
    edges = _edges(lowest_usd, highest_usd, points)
    return SizeDistribution(
        name="log-uniform", notional_usd=_middles(edges), weight=np.full(points, 1.0 / points)
    )


def uniform_notional(lowest_usd: float, highest_usd: float, points: int = 240) -> SizeDistribution:
    """Every dollar of size alike, on the points of `log_uniform`."""
    edges = _edges(lowest_usd, highest_usd, points)
    return SizeDistribution(
        name="uniform in notional",
        notional_usd=_middles(edges),
        weight=np.diff(edges) / (highest_usd - lowest_usd),
    )


def over_tiers(lowest_usd: float, caps_usd: Sequence[float], points: int = 240) -> SizeDistribution:
    """Every tier of a ladder alike, within it uniform in notional, on those points too."""
    top = float(caps_usd[-1])
    edges = _edges(lowest_usd, top, points)
    ends = np.array([lowest_usd, *[float(cap) for cap in caps_usd if cap > lowest_usd]])
    weight = np.zeros(points)
    for low, high in pairwise(ends.tolist()):
        inside = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
        held = np.maximum(inside, 0.0)
        weight += held / held.sum() / (ends.size - 1)
    return SizeDistribution(
        name="every tier alike", notional_usd=_middles(edges), weight=weight / weight.sum()
    )


def empirical(
    notional_usd: ArrayLike, weight: ArrayLike | None = None, *, name: str = "accounts"
) -> SizeDistribution:
    """Positions of accounts, each counted once or by its weight; equal sizes are added up.

    Raises
    ------
    DataFormatError
    """
    size = np.asarray(notional_usd, dtype=np.float64)
    mass = np.ones(size.shape) if weight is None else np.asarray(weight, dtype=np.float64)
    if size.ndim != 1 or size.shape != mass.shape or not size.size or not mass.sum() > 0.0:
        raise DataFormatError(
            "must be sizes with weights, not all 0", found=(size.shape, mass.shape), field="weight"
        )
    distinct, place = np.unique(size, return_inverse=True)
    total = np.bincount(place, weights=mass)
    return SizeDistribution(name=name, notional_usd=distinct, weight=total / total.sum())


def _edges(lowest_usd: float, highest_usd: float, points: int) -> FloatArray:
    if not 0.0 < lowest_usd < highest_usd or points < 1:
        raise ParameterError(
            "must be positive, in order, with a point between",
            found=(lowest_usd, highest_usd, points),
            field="sizes",
        )
    return np.asarray(np.geomspace(lowest_usd, highest_usd, points + 1))


def _middles(edges: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(edges[1:] * edges[:-1]))
