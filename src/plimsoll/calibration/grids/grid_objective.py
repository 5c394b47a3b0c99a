"""What a fit minimises in one scope: margin of hedged portfolios, under limits on coverage.

    value = mean hedged margin / published one + penalty,
    penalty = 0.05 + 20 (sum of excesses over limits, relative), 0 where there is none

Limits: a family's breach rate in the base leg, on its one-sided bound; that of a single portfolio;
that of the whole scope, which must not exceed the published set's; a family's breach rate in the
stressed leg, and that of all hedged and of all outright portfolios together; and the mean margin of
outright portfolios, which must not exceed the published set's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.grids.grid_coverage import FamilyCoverage, Legs, family_coverage
from plimsoll.calibration.grids.grid_family import GridFamily, Point, UnitParameters
from plimsoll.calibration.grids.grid_samples import GridSample
from plimsoll.calibration.grids.portfolios import HEDGED, PortfolioFamily, is_settling
from plimsoll.errors import DataError

FloatArray = NDArray[np.float64]

_PENALTY, _MISSED = 20.0, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class GridTarget:
    """What a grid must cover.

    Parameters
    ----------
    breach : float
        Largest breach rate of a family.
    confidence : float
        One-sided, of the bound on it.
    portfolio_breach : float
        Largest breach rate of a single portfolio, so that none is carried by its family.
    settling_breach : float
        The same for portfolios whose options settle within the margin period. A straddle that was
        bought loses all that was paid where the price ends at its strike; where that lies between
        two price points, no shock of volatility reaches that loss, only a charge on all delta.
    as_published : bool
        Whether the scope as a whole may breach no more than under the published set, calm.
    stressed_breach : float or None
        Largest breach rate of a family in the stressed leg, or that of the published set where it
        is larger: nobody promises coverage of a crash, but most of it must be covered. None: the
        stressed leg does not limit.
    stressed_group_breach : float or None
        Largest breach rate in the stressed leg of the hedged portfolios of a scope together, and
        of the outright ones together, or that of the published set where it is larger; `scaled`
        leaves it as it is. None: not asked.
    weights : mapping of PortfolioFamily to float
        Weight of a portfolio of the family in mean margins; 1 where none is stated.
    """

    breach: float = 0.01
    confidence: float = 0.95
    portfolio_breach: float = 0.025
    settling_breach: float = 0.05
    as_published: bool = False
    stressed_breach: float | None = 0.05
    stressed_group_breach: float | None = 0.01
    weights: Mapping[PortfolioFamily, float] = field(default_factory=dict)

    def portfolio_limits(self, names: Sequence[str]) -> FloatArray:
        """(P,) largest breach rate of each portfolio."""
        own = [self.settling_breach if is_settling(n) else self.portfolio_breach for n in names]
        return np.array(own, dtype=np.float64)

    def scaled(self, level: float) -> GridTarget:
        """Every limit times ``level``: 0.5 asks for half the breaches."""
        stressed = None if self.stressed_breach is None else self.stressed_breach * level
        return replace(
            self,
            breach=self.breach * level,
            portfolio_breach=self.portfolio_breach * level,
            settling_breach=self.settling_breach * level,
            stressed_breach=stressed,
        )


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
        over = self.excess(found)
        return self.cost(found) + (_MISSED + _PENALTY * over if over > 0.0 else 0.0)

    def cost(self, found: FamilyCoverage) -> float:
        """Mean margin of hedged portfolios over the published set's."""
        hedged = self.weights(True)
        return float(hedged @ found.margin) / float(hedged @ self.published.margin)

    def excess(self, found: FamilyCoverage) -> float:
        """Sum of relative excesses over limits; 0: the point is admissible."""
        return float(sum(self.excesses(found).values()))

    def excesses(self, found: FamilyCoverage) -> dict[str, float]:
        """Relative excess over each kind of limit."""
        target, whole = self.target, self.weights(True) + self.weights(False)
        own = np.maximum(found.own / target.portfolio_limits(found.names) - 1.0, 0.0)
        over = {
            "family": float(np.maximum(found.bound / target.breach - 1.0, 0.0).sum()),
            "portfolio": float(own.sum()) / 10.0,
        }
        if target.as_published:
            more = float(whole @ found.base - whole @ self.published.base)
            over["base"] = max(more, 0.0) / (target.breach * float(whole.sum()))
        if target.stressed_breach is not None:
            limit = np.maximum(self.published.stressed, target.stressed_breach)
            over["stressed"] = float(np.maximum(found.stressed / limit - 1.0, 0.0).sum())
        if target.stressed_group_breach is not None:
            over |= self._groups_over(found, target.stressed_group_breach)
        outright = self.weights(False)
        if outright.any():
            ratio = float(outright @ found.margin) / float(outright @ self.published.margin)
            over["outright margin"] = max(ratio - 1.0, 0.0)
        return over

    def _groups_over(self, found: FamilyCoverage, limit: float) -> dict[str, float]:
        """Excess of each group's breach rate in the stressed leg; portfolios count the same."""
        over = {}
        for name, hedged in (("stressed, hedged", True), ("stressed, directional", False)):
            count = self._counts(hedged)
            if count.any():
                rate, published = (
                    float(count @ one.stressed) / float(count.sum())
                    for one in (found, self.published)
                )
                over[name] = max(rate / max(limit, published) - 1.0, 0.0)
        return over

    def weights(self, hedged: bool) -> FloatArray:
        """(F,) weight of each family that is hedged, or is not: its portfolios, as weighted."""
        stated = [self.target.weights.get(family, 1.0) for family in self.published.families]
        return np.asarray(self._counts(hedged) * np.array(stated), dtype=np.float64)

    def _counts(self, hedged: bool) -> FloatArray:
        """(F,) portfolios of each family that is hedged, or is not."""
        count = self.samples[0].count.astype(np.float64)
        kind = np.array([(family in HEDGED) == hedged for family in self.published.families])
        return np.asarray(count * kind, dtype=np.float64)
