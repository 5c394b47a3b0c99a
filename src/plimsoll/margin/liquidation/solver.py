"""Liquidation prices by any margin model: where equity less maintenance changes sign on a path.

The model is prepared on snapshots along the path (`plimsoll.margin.liquidation.price_paths`), so
tiers, grids, coin collateral and add-ons all count; no formula is repeated here. The path is
searched outwards from the present price on a grid, and the first sign change is closed in on.
What crosses twice between two grid points is not seen: steps are stated in `SearchGrid`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import UsageError
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.liquidation.closing_costs import ClosingCosts, closing_costs
from plimsoll.margin.liquidation.outcomes import (
    LiquidationPrice,
    LiquidationRange,
    LiquidationStatus,
)
from plimsoll.margin.liquidation.price_paths import PathSnapshots, PricePath, market_path
from plimsoll.margin.protocol import MarginModel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
P = TypeVar("P")

_TOLERANCE = 1e-13
_MOST_STEPS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchGrid:
    """Where the path is looked at.

    Parameters
    ----------
    near_step, near_end : float
        Even steps of the logarithm of price, up to ``near_end``.
    far_points : int
        Points from there to ``far_end``, geometrically spaced.
    far_end : float
        Logarithm: 13.8 is a factor of a million; a price beyond it is none.
    """

    near_step: float = 0.02
    near_end: float = 1.0
    far_points: int = 24
    far_end: float = 13.8

    def __post_init__(self) -> None:
        if not 0.0 < self.near_step <= self.near_end < self.far_end or self.far_points < 1:
            raise UsageError("must rise from near to far", found=repr(self), field="SearchGrid")

    def distances(self) -> FloatArray:
        """Return positive log distances, ascending."""
        near = np.arange(1, round(self.near_end / self.near_step) + 1) * self.near_step
        far = np.geomspace(self.near_end, self.far_end, self.far_points + 1)[1:]
        return np.concatenate([near, far])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiquidationSolver(Generic[P]):
    """A margin model that can be prepared at other prices.

    Parameters
    ----------
    model : MarginModel
    parameters : P
    instruments : mapping of str to Instrument
    snapshot : MarketSnapshot
    pricing : CurrencyPricing
        The model's.
    costs : ClosingCosts
        Fees and funding that equity must bear beside maintenance.
    grid : SearchGrid
    """

    model: MarginModel[P]
    parameters: P
    instruments: Mapping[str, Instrument]
    snapshot: MarketSnapshot
    pricing: CurrencyPricing = field(default_factory=CurrencyPricing)
    costs: ClosingCosts = field(default_factory=ClosingCosts)
    grid: SearchGrid = field(default_factory=SearchGrid)

    def excess(self, book: Book, path: PricePath, growths: FloatArray) -> FloatArray:
        """(K, U) equity less maintenance and closing costs at ``growths`` (K,) of a path."""
        return np.array([row for row, _ in self._evaluated(book, path, growths)])

    def along_market(self, book: Book, account: str, market: str) -> LiquidationRange:
        """Return the marks of ``market`` at which the account's cross pool is liquidated.

        An isolated position of the market is its own unit: that one is looked at then.
        """
        mark = float(self.snapshot.quote(market).mark)
        alone = book.take(np.array([book.row(account)], dtype=np.int64))
        found = self.growths(alone, _unit_of(alone, market), market_path(market))
        return LiquidationRange(down=_scaled(found.down, mark), up=_scaled(found.up, mark))

    def growths(self, book: Book, unit: int, path: PricePath) -> LiquidationRange:
        """Return growths of the path (price over price now) at which a unit is liquidated."""
        start = self._at(book, unit, path, 1.0)
        if np.isnan(start.excess) or start.excess < 0.0:
            known = not np.isnan(start.excess)
            status = LiquidationStatus.ALREADY if known else LiquidationStatus.NO_NUMBER
            now = LiquidationPrice(status=status, price=1.0 if known else None)
            return LiquidationRange(down=now, up=now)
        return LiquidationRange(
            down=self._search(book, unit, path, -1.0), up=self._search(book, unit, path, 1.0)
        )

    def _search(self, book: Book, unit: int, path: PricePath, side: float) -> LiquidationPrice:
        points = side * self.grid.distances()
        good = 0.0
        for first in range(0, points.size, 8):
            chunk = points[first : first + 8]
            rows = self._evaluated(book, path, np.exp(chunk))
            for point, (excess, reasons) in zip(chunk.tolist(), rows, strict=True):
                value = float(excess[unit])
                if np.isnan(value):
                    return self._edge(book, unit, path, good, point, int(reasons[unit]))
                if value < 0.0:
                    return self._closed_in(book, unit, path, good, point)
                good = point
        return LiquidationPrice(status=LiquidationStatus.NEVER)

    def _closed_in(
        self, book: Book, unit: int, path: PricePath, good: float, bad: float
    ) -> LiquidationPrice:
        def excess(point: float) -> float:
            return self._at(book, unit, path, float(np.exp(point))).excess

        root = sign_change(excess, good, bad)
        return LiquidationPrice(status=LiquidationStatus.AT_PRICE, price=float(np.exp(root)))

    def _edge(
        self, book: Book, unit: int, path: PricePath, good: float, bad: float, reason: int
    ) -> LiquidationPrice:
        """The model has no number at ``bad``: look for a sign change before its end."""
        low, high = good, bad
        for _ in range(60):
            middle = 0.5 * (low + high)
            value = self._at(book, unit, path, float(np.exp(middle))).excess
            if value < 0.0:
                return self._closed_in(book, unit, path, low, middle)
            low, high = (low, middle) if np.isnan(value) else (middle, high)
        tiers = reason == int(MarginReason.BEYOND_LAST_TIER)
        status = LiquidationStatus.BEYOND_LAST_TIER if tiers else LiquidationStatus.NO_NUMBER
        return LiquidationPrice(status=status)

    def _at(self, book: Book, unit: int, path: PricePath, growth: float) -> _Point:
        excess, reasons = self._evaluated(book, path, np.array([growth]))[0]
        return _Point(excess=float(excess[unit]), reason=int(reasons[unit]))

    def _evaluated(
        self, book: Book, path: PricePath, growths: FloatArray
    ) -> list[tuple[FloatArray, IntArray]]:
        """Excess (U,) and reason (U,) at each growth."""
        snapshots = PathSnapshots(
            snapshot=self.snapshot, instruments=self.instruments, path=path
        ).at(growths)
        out = []
        for moved in snapshots:
            prepared = self.model.prepare(moved, self.parameters, self.instruments)
            found = prepared.requirements(book)
            cost = closing_costs(book, self.costs, moved, self.instruments, self.pricing)
            out.append((found.maintenance_excess - cost, _reasons(found)))
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    excess: float
    reason: int


def sign_change(excess: Callable[[float], float], good: float, bad: float) -> float:
    """Return where ``excess`` falls below zero between ``good`` (not negative) and ``bad``.

    Regula falsi (Illinois) inside a bracket that always shrinks by bisection when it stalls, so a
    jump is found as well as a root; to ``1e-13`` of the bracket's scale.

    >>> round(sign_change(lambda x: 2.0 - x, 0.0, 5.0), 12)
    2.0
    """
    at_good, at_bad = excess(good), excess(bad)
    previous = abs(bad - good)
    for step in range(_MOST_STEPS):
        width = abs(bad - good)
        if width <= _TOLERANCE * max(abs(bad), 1.0) or at_good == 0.0:
            break
        slow = step % 3 == 2 and width > 0.5 * previous
        slope = at_good - at_bad
        secant = good + (bad - good) * at_good / slope if slope > 0.0 else np.nan
        inside = min(good, bad) < secant < max(good, bad)
        point = secant if inside and not slow else 0.5 * (good + bad)
        if step % 3 == 2:
            previous = width
        value = excess(point)
        if value >= 0.0:
            good, at_good, at_bad = point, value, at_bad * 0.5
        else:
            bad, at_bad, at_good = point, value, at_good * 0.5
    return good if at_good == 0.0 else bad


def _unit_of(book: Book, market: str) -> int:
    """Row of the unit of a one-account book that holds ``market`` isolated, else its pool."""
    if market not in book.markets:
        return 0
    column = book.markets.index(market)
    isolated = np.flatnonzero(book.isolated)
    own = np.flatnonzero(book.market[isolated] == column)
    return 1 + int(own[0]) if own.size else 0


def _reasons(found: Requirements) -> IntArray:
    """(U,) a reason of each unit: its own, or that of one of its positions."""
    own = np.zeros(len(found), np.int64) if found.unit_reason is None else found.unit_reason.copy()
    bad = np.flatnonzero(found.parts.reason != 0)
    own[found.parts.unit[bad]] = found.parts.reason[bad]
    return own


def _scaled(found: LiquidationPrice, mark: float) -> LiquidationPrice:
    price = None if found.price is None else found.price * mark
    return LiquidationPrice(status=found.status, price=price)
