"""Dependence between the markets of a book: correlations, joint tails, stressed and broken legs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from plimsoll.domain.field_summary import field_summary
from plimsoll.estimators.dependence.correlation_stress import (
    broken_correlation,
    stressed_correlation,
)
from plimsoll.estimators.nightly.correlation import CorrelationStream, ShrunkCorrelation
from plimsoll.estimators.nightly.joint_tails import PooledCopula, SharedExtremes

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DependenceEstimate:
    """Dependence of the markets that have one; see `correlation` and `joint_tails`.

    Parameters
    ----------
    markets : tuple of M str
    classes : tuple of M str
    estimate : ShrunkCorrelation
        As of the night; `current` makes it anew after updates.
    stream : CorrelationStream
    usable : (N,) bool
    half_life_days : float
    copula : PooledCopula
    extremes : SharedExtremes
    stress, break_ : float
    """

    markets: tuple[str, ...]
    classes: tuple[str, ...]
    estimate: ShrunkCorrelation
    stream: CorrelationStream
    usable: BoolArray
    half_life_days: float
    copula: PooledCopula
    extremes: SharedExtremes
    stress: float
    break_: float

    __repr__ = field_summary

    @property
    def correlation(self) -> FloatArray:
        """(M, M) shrunk and semi-definite."""
        return self.estimate.matrix

    @property
    def stressed(self) -> FloatArray:
        """(M, M) drawn towards one."""
        return stressed_correlation(self.estimate.matrix, self.stress)

    @property
    def broken(self) -> FloatArray:
        """(M, M) drawn towards nought."""
        return broken_correlation(self.estimate.matrix, self.break_)

    def update(self, standardised: FloatArray) -> Self:
        """After one more bar of (N,) standardised returns; the matrix waits for `current`."""
        return replace(self, stream=self.stream.update(standardised))

    def current(self) -> Self:
        """With the matrix made anew from the bars so far, of the same markets."""
        names = dict(zip(self.estimate.columns.tolist(), self.markets, strict=True))
        classes = dict(zip(self.markets, self.classes, strict=True))
        among = np.zeros_like(self.usable)
        among[self.estimate.columns] = True
        found = self.stream.estimate(among)
        markets = tuple(names[j] for j in found.columns.tolist())
        kinds = tuple(classes[m] for m in markets)
        return replace(self, estimate=found, markets=markets, classes=kinds)

    def order(self) -> tuple[int, ...]:
        """Rows by class, then so that what moves together stands together (average linkage)."""
        found: list[int] = []
        for name in sorted(set(self.classes)):
            members = [i for i, kind in enumerate(self.classes) if kind == name]
            found += _clustered(self.correlation, members)
        return tuple(found)


def _clustered(correlation: FloatArray, members: list[int]) -> list[int]:
    if len(members) < 3:
        return members
    part = correlation[np.ix_(members, members)]
    distance = np.sqrt(np.maximum(0.5 * (1.0 - part), 0.0))
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), method="average")
    return [members[i] for i in leaves_list(tree).tolist()]
