"""What a fit minimises in one scope: margin of hedged portfolios, under limits on coverage.

    value = mean hedged margin / published one + penalty,
    penalty = 20 (sum of excess over limits, relative) where coverage or the outright margin fails

A family's limit in the base leg: the target breach rate, on the one-sided bound. In the stressed
leg: the target, or what the published set itself breaches there, whichever is larger: nobody
promises coverage of a crash, but the set must not give up what the published one has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.grids.grid_coverage import FamilyCoverage, Legs, family_coverage
from plimsoll.calibration.grids.grid_family import GridFamily, Point, UnitParameters
from plimsoll.calibration.grids.grid_samples import GridSample
from plimsoll.calibration.grids.portfolios import HEDGED
from plimsoll.errors import DataError

FloatArray = NDArray[np.float64]

_PENALTY = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GridTarget:
    """What a grid must cover.

    Parameters
    ----------
    breach : float
        Largest breach rate of a family.
    confidence : float
        One-sided, of the bound on it.
    stressed : bool
        Whether the stressed leg limits too.
    """

    breach: float = 0.01
    confidence: float = 0.95
    stressed: bool = True


@dataclass(slots=True, kw_only=True, eq=False)
class ScopeObjective:
    """Value of points in one scope; asked points are remembered.

    Parameters
    ----------
    family : GridFamily
    samples : sequence of GridSample
        Of the scope.
    legs : Legs
    target : GridTarget
    share : (N,) float64 or None
        Weight of each snapshot.
    """

    family: GridFamily
    samples: Sequence[GridSample]
    legs: Legs
    target: GridTarget
    share: FloatArray | None = None
    published: FamilyCoverage = field(init=False)
    seen: dict[Point, float] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.published = self.coverage(self.family.published)

    def coverage(self, parameters: UnitParameters) -> FamilyCoverage:
        """Coverage and margins under some parameters.

        Raises
        ------
        DataError
            Where the model gives a portfolio no number.
        """
        margins = [self.family.margins(s.market, parameters, s.book) for s in self.samples]
        for sample, margin in zip(self.samples, margins, strict=True):
            if np.isnan(margin).any():
                worst = sample.library.names[int(np.argmax(np.isnan(margin)))]
                raise DataError("must have a margin", found="a reason", field=worst)
        return family_coverage(
            self.samples,
            margins,
            self.legs,
            confidence=self.target.confidence,
            share=self.share,
        )

    def __call__(self, point: Point) -> float:
        """Relative hedged margin plus penalty."""
        if point not in self.seen:
            self.seen[point] = self.value(self.coverage(self.family.parameters(point)))
        return self.seen[point]

    def value(self, found: FamilyCoverage) -> float:
        """Objective of a coverage."""
        hedged = self.weights(True)
        cost = float(hedged @ found.margin) / float(hedged @ self.published.margin)
        return cost + _PENALTY * self.excess(found)

    def excess(self, found: FamilyCoverage) -> float:
        """Sum of relative excesses over limits; 0: the point is admissible."""
        target = self.target.breach
        over = np.maximum(found.bound / target - 1.0, 0.0).sum()
        if self.target.stressed:
            over += np.maximum(found.stressed - self.stressed_limit, 0.0).sum() / target
        outright = self.weights(False)
        if outright.any():
            ratio = float(outright @ found.margin) / float(outright @ self.published.margin)
            over += max(ratio - 1.0, 0.0)
        return float(over)

    @property
    def stressed_limit(self) -> FloatArray:
        """(F,) largest breach rate in the stressed leg."""
        return np.maximum(self.published.stressed, self.target.breach)

    def weights(self, hedged: bool) -> FloatArray:
        """(F,) portfolios of each family that is hedged, or is not: equal weight of portfolios."""
        count = self.samples[0].count.astype(np.float64)
        kind = np.array([(family in HEDGED) == hedged for family in self.published.families])
        return np.asarray(count * kind, dtype=np.float64)
