"""How far sources must be shifted to move an index, alone and together, and at what cost.

Breakdown: the smallest share of weight that carries the index wherever it likes. For a weighted
median it is anything above one half; at exactly one half the median is dragged half the way, unless
agreement is asked for, when it freezes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.marketdata.index.composition import compose
from plimsoll.marketdata.index.index_shift import shifted_index
from plimsoll.marketdata.index.index_value import IndexValue
from plimsoll.marketdata.index.rule import IndexRule

CostOfShift = Callable[[str, float], float]
"""USD to shift a source by a signed fraction; infinite or NaN where its book cannot be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSources:
    """Sources that were live at a publication, with the rule that composes them.

    Parameters
    ----------
    names : tuple of str
    prices : tuple of float
        USD.
    weights : tuple of float
    rule : IndexRule
    """

    names: tuple[str, ...]
    prices: tuple[float, ...]
    weights: tuple[float, ...]
    rule: IndexRule

    @property
    def price(self) -> float:
        """What they say together; NaN without agreement."""
        return compose(self.prices, self.weights, self.rule).price

    def shifted(self, source: str, shift: float) -> LiveSources:
        """Return the sources with one of them shifted by a fraction."""
        if source not in self.names:
            raise UsageError("must be a live source", found=source, field="source")
        pairs = zip(self.names, self.prices, strict=True)
        moved = tuple(p * (1.0 + shift) if name == source else p for name, p in pairs)
        return replace(self, prices=moved)


def live_sources(value: IndexValue, rule: IndexRule) -> LiveSources:
    """Return the live sources of a publication by the rule that made it.

    Raises
    ------
    InsufficientDataError
        For an index that is not live: a frozen one cannot be moved.
    """
    if not value.status.is_live:
        raise InsufficientDataError(
            "an index must be live", found=value.reason.value, field="value"
        )
    rows = [(row, rule.sources[rule.place(row.source)]) for row in value.sources]
    live = [(row, source) for row, source in rows if row.status.is_live]
    return LiveSources(
        names=tuple(row.source for row, _ in live),
        prices=tuple(row.price for row, _ in live),
        weights=tuple(source.weight for _, source in live),
        rule=rule,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftRow:
    """What one source, or a coalition moving together, can do.

    Parameters
    ----------
    members : tuple of str
    weight_share : float
        Of the live weight.
    up, down : float
        Smallest shift (absolute, a fraction) up or down that moves the price by the target; every
        smaller one moves it by less. Infinite where none does.
    most_up, most_down : float
        Largest move of the price, absolute, that any shift up or down makes.
    can_freeze : bool
        Whether some shift freezes the price.
    cost_up_usd, cost_down_usd : float
        Of those smallest shifts, summed over members; NaN without a function of cost, infinite
        where no shift does it or a book is too thin.
    """

    members: tuple[str, ...]
    weight_share: float
    up: float
    down: float
    most_up: float
    most_down: float
    can_freeze: bool
    cost_up_usd: float = math.nan
    cost_down_usd: float = math.nan

    @property
    def smallest(self) -> float:
        """The smaller of both shifts."""
        return min(self.up, self.down)

    @property
    def cheapest_usd(self) -> float:
        """The cheaper of both directions."""
        return min(self.cost_up_usd, self.cost_down_usd)


def index_robustness(
    sources: LiveSources,
    *,
    size: int = 1,
    target: float = 0.01,
    cost_of_shift: CostOfShift | None = None,
) -> tuple[ShiftRow, ...]:
    """Return what every coalition of ``size`` sources can do to an index, in order of the rule.

    A limit of speed is left aside: it delays what sources say and does not change it.

    Parameters
    ----------
    sources : LiveSources
    size : int
        1: each source alone.
    target : float
        Move of the index, a fraction.
    cost_of_shift : callable, optional
        USD by name and signed shift, as ``push_mid(books[name], shift).loss`` of
        `plimsoll.estimators.liquidity`.

    Raises
    ------
    ParameterError
    InsufficientDataError
        For sources that do not agree: there is no index to move.
    """
    check_target(target)
    if not 1 <= size <= len(sources.names):
        must = f"must lie in 1 .. {len(sources.names)}"
        raise ParameterError(must, found=size, field="size")
    if math.isnan(sources.price):
        raise InsufficientDataError("sources must agree on a price", field="sources")
    places = range(len(sources.names))
    return tuple(
        _row(sources, members, target, cost_of_shift) for members in combinations(places, size)
    )


def _row(
    sources: LiveSources,
    members: tuple[int, ...],
    target: float,
    cost_of_shift: CostOfShift | None,
) -> ShiftRow:
    shifted = shifted_index(sources.prices, sources.weights, members, sources.rule)
    up, down = (shifted.smallest_shift(target, up=direction) for direction in (True, False))
    names = tuple(sources.names[place] for place in members)
    share = math.fsum(sources.weights[m] for m in members) / math.fsum(sources.weights)
    return ShiftRow(
        members=names,
        weight_share=share,
        up=up,
        down=down,
        most_up=shifted.largest_move(up=True),
        most_down=shifted.largest_move(up=False),
        can_freeze=shifted.can_freeze,
        cost_up_usd=summed_cost(names, up, cost_of_shift),
        cost_down_usd=summed_cost(names, -down, cost_of_shift),
    )


def summed_cost(names: Sequence[str], shift: float, cost_of_shift: CostOfShift | None) -> float:
    """USD of shifting sources, each by the same signed fraction; see `ShiftRow`."""
    if cost_of_shift is None:
        return math.nan
    if math.isinf(shift):
        return math.inf
    costs = [cost_of_shift(name, shift) for name in names]
    return math.inf if any(math.isnan(cost) for cost in costs) else math.fsum(costs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """The fewest sources, and the least weight, that carry an index without bound.

    Parameters
    ----------
    sources : int
        0 where not even all can, as under a rule that freezes first.
    weight_share : float
        The least of any coalition of any size; NaN where none can.
    members : tuple of str
        The lightest coalition of the fewest sources.
    """

    sources: int
    weight_share: float
    members: tuple[str, ...]


def breakdown(sources: LiveSources, *, most_sources: int = 12) -> Breakdown:
    """Return the breakdown point, by going through all coalitions.

    Raises
    ------
    ParameterError
        For more sources than ``most_sources``: the number of coalitions doubles with each.
    """
    count = len(sources.names)
    if count > most_sources:
        raise ParameterError(
            f"must be at most {most_sources} sources", found=count, field="sources"
        )
    rows = [
        row
        for size in range(1, count + 1)
        for row in index_robustness(sources, size=size)
        if math.isinf(row.most_up)
    ]
    if not rows:
        return Breakdown(sources=0, weight_share=math.nan, members=())
    fewest = min(rows, key=lambda row: (len(row.members), row.weight_share))
    return Breakdown(
        sources=len(fewest.members),
        weight_share=min(row.weight_share for row in rows),
        members=fewest.members,
    )


def check_target(target: float) -> None:
    """Refuse a target that is no fraction between 0 and 1."""
    if not 0.0 < target < 1.0:
        raise ParameterError("must lie in (0, 1)", found=target, field="target")
