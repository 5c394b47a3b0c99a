"""An index as a function of how far some of its sources are shifted, piece by piece.

Sources of a coalition all move by the fraction ``s``. Their order changes only where a member meets
another source, so between two such shifts the weighted median of all is a straight line in ``s``.
Against that line the shifts are known at which a source enters or leaves the bound around it.
Between all these shifts the same sources count, in the same order, and the index itself is a
straight line: two points give a piece, and the smallest shift that moves the index by a target is
exact up to rounding. For rules that never fall when a price rises (all but
`OutlierRule.ZERO_WEIGHT`), no other shifts of at most ``s`` each of the same sources move it more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from plimsoll.marketdata.index.composition import compose, weighted_median
from plimsoll.marketdata.index.rule import IndexRule

Function = Callable[[float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The index over an open interval of shifts: ``intercept + slope s``; NaN where it freezes."""

    low: float
    high: float
    intercept: float
    slope: float

    def limit(self, shift: float) -> float:
        """Value towards an end of the interval."""
        if math.isinf(shift) and not math.isnan(self.intercept):
            return self.intercept if self.slope == 0.0 else math.copysign(math.inf, self.slope)
        return self.intercept + self.slope * shift


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftedIndex:
    """The index for every shift above -1 of some of its sources.

    Parameters
    ----------
    unshifted : float
    pieces : tuple of Piece
        From a shift of -1 to infinity.
    """

    unshifted: float
    pieces: tuple[Piece, ...]

    def smallest_shift(self, target: float, *, up: bool) -> float:
        """Smallest shift in one direction that moves the index by a fraction, either way.

        The infimum: where the index jumps, from just beyond it. Infinite where no shift does.
        """
        found = [_reach(piece, self.unshifted, target) for piece in self._side(up)]
        return min(found, default=math.inf)

    def largest_move(self, *, up: bool) -> float:
        """Largest move of the index that any shift in one direction makes, a fraction."""
        ends = (
            abs(piece.limit(end) / self.unshifted - 1.0)
            for piece in self._side(up)
            for end in (piece.low, piece.high)
        )
        return max((move for move in ends if not math.isnan(move)), default=0.0)

    @property
    def can_freeze(self) -> bool:
        """Whether some shift leaves the index without agreement."""
        return any(math.isnan(piece.intercept) for piece in self.pieces)

    def _side(self, up: bool) -> list[Piece]:
        """Pieces of one direction, cut at no shift."""
        kept = []
        for piece in self.pieces:
            low, high = (
                (max(piece.low, 0.0), piece.high) if up else (piece.low, min(piece.high, 0.0))
            )
            if low < high:
                line = (piece.intercept, piece.slope)
                kept.append(Piece(low=low, high=high, intercept=line[0], slope=line[1]))
        return kept


def shifted_index(
    prices: Sequence[float], weights: Sequence[float], members: Sequence[int], rule: IndexRule
) -> ShiftedIndex:
    """Return the index of live sources for every shift of the members.

    Parameters
    ----------
    prices, weights : sequences of float
        Of live sources, in USD.
    members : sequence of int
        Positions of the sources that are shifted.
    rule : IndexRule
    """

    def shifted(shift: float) -> list[float]:
        return [
            price * (1.0 + shift) if place in members else price
            for place, price in enumerate(prices)
        ]

    def median(shift: float) -> float:
        return weighted_median(shifted(shift), weights)

    def index(shift: float) -> float:
        return compose(shifted(shift), weights, rule).price

    crossings = _crossings(prices, members)
    edges = set(crossings)
    for low, high in _intervals(crossings):
        edges.update(_bound_edges(_piece(median, low, high), prices, members, rule.outlier_bound))
    pieces = tuple(_piece(index, low, high) for low, high in _intervals(sorted(edges)))
    return ShiftedIndex(unshifted=index(0.0), pieces=pieces)


def _crossings(prices: Sequence[float], members: Sequence[int]) -> list[float]:
    others = [price for place, price in enumerate(prices) if place not in members]
    return sorted({other / prices[place] - 1.0 for place in members for other in others})


def _intervals(edges: Sequence[float]) -> list[tuple[float, float]]:
    ends = [-1.0, *edges, math.inf]
    return [(low, high) for low, high in pairwise(ends) if low < high]


def _piece(function: Function, low: float, high: float) -> Piece:
    """The straight line of a function over an open interval, through two points inside it."""
    width = 3.0 * (1.0 + abs(low)) if math.isinf(high) else high - low
    first, second = low + width / 3.0, low + 2.0 * width / 3.0
    at_first, at_second = function(first), function(second)
    if at_first == at_second or not first < second:
        return Piece(low=low, high=high, intercept=at_first, slope=0.0)
    slope = (at_second - at_first) / (second - first)
    return Piece(low=low, high=high, intercept=at_first - slope * first, slope=slope)


def _bound_edges(
    line: Piece, prices: Sequence[float], members: Sequence[int], bound: float
) -> list[float]:
    """Shifts inside a piece of the median at which a source stands exactly at the bound."""
    found = []
    for place, price in enumerate(prices):
        own = price if place in members else 0.0
        for factor in (1.0 - bound, 1.0 + bound):
            slope = own - line.slope * factor
            if slope != 0.0:
                found.append((line.intercept * factor - price) / slope)
    return [shift for shift in found if line.low < shift < line.high]


def _reach(piece: Piece, unshifted: float, target: float) -> float:
    """Smallest absolute shift in a piece of one side at which the index is off by the target."""
    near, far = sorted((piece.low, piece.high), key=abs)
    if math.isnan(piece.intercept):
        return math.inf
    if abs(piece.limit(near) / unshifted - 1.0) >= target * (1.0 - 1e-9):
        return abs(near)
    if abs(piece.limit(far) / unshifted - 1.0) < target * (1.0 - 1e-9) or piece.slope == 0.0:
        return math.inf
    sign = math.copysign(1.0, piece.limit(far) - unshifted)
    return abs((unshifted * (1.0 + sign * target) - piece.intercept) / piece.slope)
