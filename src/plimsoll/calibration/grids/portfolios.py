"""Portfolios as people trade them, by name: legs in coins, before they are scaled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from plimsoll.calibration.grids.grid_market import future_name, perpetual_name
from plimsoll.calibration.grids.listed_chain import ListedChain

Legs = tuple[tuple[str, float], ...]
"""Market and signed coins."""


class PortfolioFamily(StrEnum):
    """Kinds of portfolio, each covered on its own."""

    DELTA_ONE = "delta one"
    SINGLE_OPTION = "single option"
    STRADDLE = "straddle, strangle"
    RATIO = "ratio spread"
    RANDOM = "random sparse"
    VERTICAL = "vertical spread"
    BUTTERFLY = "butterfly"
    CALENDAR = "calendar spread"
    COLLAR = "collar"
    DELTA_HEDGED = "delta-hedged option"
    BASIS = "basis"
    MARKET_MAKER = "market maker"
    COIN_PAIR = "cross-coin pair"


OUTRIGHT = (
    PortfolioFamily.DELTA_ONE,
    PortfolioFamily.SINGLE_OPTION,
    PortfolioFamily.STRADDLE,
    PortfolioFamily.RATIO,
    PortfolioFamily.RANDOM,
)
"""Families that carry an open risk: delta, short volatility, or uncovered short options."""

HEDGED = tuple(family for family in PortfolioFamily if family not in OUTRIGHT)
"""Families of which one leg covers another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """One portfolio of one unit of size, unscaled."""

    name: str
    family: PortfolioFamily
    legs: Legs


MARGIN_PERIOD_DAYS = 1.0
"""What expires sooner settles within the margin period."""

EXPIRING = 0.0
"""Tenor of the last expiry that settles within the margin period."""
_SETTLING = "expiring"


def is_settling(name: str) -> bool:
    """Whether a portfolio is one of those whose options settle within the margin period."""
    return _SETTLING in name


class Desk:
    """Chooses contracts of one chain: by days to expiry, and by delta."""

    def __init__(self, chain: ListedChain) -> None:
        self.chain = chain
        self.coin = chain.coin
        self._days = 365.0 * chain.years
        self._row_of = {name: row for row, name in enumerate(chain.names)}

    def row(self, days: float, delta: float) -> int:
        """Option nearest to a maturity and then to a delta; puts have negative ones."""
        apart = np.abs(np.log(self._days / days))
        near = apart <= apart.min() + 1e-9
        side = near & (self.chain.is_call == (delta > 0.0))
        rows = np.flatnonzero(side if side.any() else near)
        return int(rows[np.argmin(np.abs(self.chain.delta[rows] - delta))])

    def tenors(self, wanted: Sequence[float], *, least: float = 0.0) -> list[tuple[str, float]]:
        """Name and days of those that are listed: `EXPIRING` is not where nothing settles.

        ``least`` is the part of the margin period that what expires must last. A hedge is naked
        from settlement on, when the account is margined anew: portfolios that are hedged by what
        expires are followed only where that comes late in the period.
        """
        found = [(f"{days:g} d", days) for days in wanted if days != EXPIRING]
        days = self._days
        soon = days[(days <= MARGIN_PERIOD_DAYS) & (days >= least * MARGIN_PERIOD_DAYS)]
        if EXPIRING in wanted and soon.size:
            found.insert(0, (_SETTLING, float(soon.max())))
        return found

    def option(self, days: float, delta: float) -> str:
        """Name of `row`."""
        return self.chain.names[self.row(days, delta)]

    def twin(self, name: str) -> str:
        """The other option of the strike; itself where that is not listed."""
        other = name[:-1] + ("P" if name.endswith("C") else "C")
        return other if other in self._row_of else name

    @property
    def perpetual(self) -> str:
        """Name of the perpetual."""
        return perpetual_name(self.coin)

    def future(self, days: float) -> str | None:
        """Future nearest to a maturity; None where none is listed."""
        ends = self.chain.futures_ns
        if not ends:
            return None
        left = [(e - self.chain.at_ns) / 86_400e9 for e in ends]
        return future_name(self.coin, ends[int(np.argmin(np.abs(np.log(np.array(left) / days))))])

    def futures(self, wanted: Sequence[float]) -> list[tuple[str, str]]:
        """Days wanted and name of the futures nearest to them, each future once."""
        found: dict[str, str] = {}
        for days in wanted:
            future = self.future(days)
            if future is not None:
                found.setdefault(future, f"{days:g} d")
        return [(told, future) for future, told in found.items()]

    def days_of(self, future: str) -> float:
        """Days that a future has left."""
        return (int(future.rsplit("-", 1)[1]) * 10**9 - self.chain.at_ns) / 86_400e9

    def delta(self, legs: Legs) -> float:
        """Net coins of delta."""
        return sum(q * self._delta_of(market) for market, q in legs)

    def vega(self, legs: Legs) -> float:
        """Net vega, dollars per unit of volatility."""
        rows = ((self._row_of.get(market), q) for market, q in legs)
        return sum(q * float(self.chain.vega[row]) for row, q in rows if row is not None)

    def gamma(self, legs: Legs) -> float:
        """Net gamma, as vega over variance to expiry: in like units for all strikes."""
        chain = self.chain
        rows = ((self._row_of.get(market), q) for market, q in legs)
        return sum(
            q * float(chain.vega[row] / (chain.years[row] * chain.mark_vol[row]))
            for row, q in rows
            if row is not None
        )

    def neutral(self, legs: Legs, hedge: str | None = None) -> Legs:
        """Add what takes the delta away: the perpetual, or the future that is named."""
        return (*legs, (hedge or self.perpetual, -self.delta(legs)))

    def _delta_of(self, market: str) -> float:
        row = self._row_of.get(market)
        return 1.0 if row is None else float(self.chain.delta[row])


def both_sides(
    name: str, family: PortfolioFamily, legs: Sequence[tuple[str, float]]
) -> list[Portfolio]:
    """A portfolio and its mirror image; legs in one market are added, empty ones left out."""
    net: dict[str, float] = {}
    for market, coins in legs:
        net[market] = net.get(market, 0.0) + coins
    held = tuple((market, coins) for market, coins in net.items() if abs(coins) > 1e-9)
    if not held or (len(legs) > 1 and len(held) < 2):
        return []
    other = tuple((market, -coins) for market, coins in held)
    return [
        Portfolio(name=f"{name}, long", family=family, legs=held),
        Portfolio(name=f"{name}, short", family=family, legs=other),
    ]


Builder = Callable[[Desk], list[Portfolio]]
