"""The library of portfolios that a grid must cover: built anew from what each snapshot quotes.

Contracts are chosen by maturity and delta, so that a portfolio of one name is the same trade on
every day; sizes are scaled to one gross notional. Legs count at the price of the coin, whatever
the option is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.grids import hedged_portfolios as hedged
from plimsoll.calibration.grids import outright_portfolios as outright
from plimsoll.calibration.grids.grid_market import Settlement
from plimsoll.calibration.grids.listed_chain import ListedChain
from plimsoll.calibration.grids.portfolios import HEDGED, Desk, Portfolio, PortfolioFamily
from plimsoll.domain.book import Book
from plimsoll.errors import UsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

GROSS_USD = 100_000.0
"""Gross notional to which every portfolio is scaled."""

PAIR_SCOPE = "pairs"
"""Scope of portfolios in several coins; the others' scope is their coin."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PortfolioLibrary:
    """P portfolios in M markets of one snapshot.

    Parameters
    ----------
    names : tuple of P str
    families : tuple of P PortfolioFamily
    scopes : tuple of P str
        The coin, or `PAIR_SCOPE`.
    markets : tuple of M str
    coins : (P, M) float64
        Signed coins of each leg.
    price : (M,) float64
        Dollars per coin of what a leg is on: index, or forward of a future.
    is_option : (M,) bool
    """

    names: tuple[str, ...]
    families: tuple[PortfolioFamily, ...]
    scopes: tuple[str, ...]
    markets: tuple[str, ...]
    coins: FloatArray
    price: FloatArray
    is_option: BoolArray

    def __len__(self) -> int:
        return len(self.names)

    @property
    def hedged(self) -> BoolArray:
        """(P,) whether a leg of the portfolio covers another."""
        return np.array([family in HEDGED for family in self.families], dtype=np.bool_)

    @property
    def holds_future(self) -> BoolArray:
        """(P,) whether a leg of the portfolio is a dated future."""
        dated = np.array(["-FUTURE-" in market for market in self.markets], dtype=np.bool_)
        return np.asarray(np.any(self.coins[:, dated] != 0.0, axis=1), dtype=np.bool_)

    def quantities(self, settlement: Settlement) -> FloatArray:
        """(P, M) contracts: coins, but dollars of inverse perpetuals and futures."""
        if settlement is Settlement.LINEAR:
            return self.coins
        return self.coins * np.where(self.is_option, 1.0, self.price)

    def book(self, settlement: Settlement = Settlement.INVERSE) -> Book:
        """The portfolios as accounts without collateral, for every margin model."""
        held = self.quantities(settlement)
        count, place = np.count_nonzero(held, axis=1), np.nonzero(held)
        legs = place[0].size
        return Book(
            accounts=self.names,
            markets=self.markets,
            offsets=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
            market=place[1].astype(np.int64),
            quantity=held[place],
            entry_price=self.price[place[1]].copy(),
            isolated_margin=np.full(legs, np.nan),
            leverage=np.full(legs, np.nan),
            currencies=("USD",),
            collateral=np.zeros((len(self), 1)),
        )

    def of_scope(self, scope: str) -> PortfolioLibrary:
        """The portfolios of one scope, in the markets that they hold."""
        return self.take(np.array([s == scope for s in self.scopes], dtype=np.bool_))

    def take(self, chosen: BoolArray) -> PortfolioLibrary:
        """Some of the portfolios, in the markets that they hold."""
        rows = np.flatnonzero(chosen)
        used = np.any(self.coins[rows] != 0.0, axis=0)
        return PortfolioLibrary(
            names=tuple(self.names[row] for row in rows),
            families=tuple(self.families[row] for row in rows),
            scopes=tuple(self.scopes[row] for row in rows),
            markets=tuple(m for m, u in zip(self.markets, used.tolist(), strict=True) if u),
            coins=self.coins[np.ix_(chosen, used)],
            price=self.price[used],
            is_option=self.is_option[used],
        )


def portfolio_library(chains: Sequence[ListedChain], *, seed: int) -> PortfolioLibrary:
    """Build the library of the coins of one instant.

    Parameters
    ----------
    chains : sequence of ListedChain
        One a coin; of the first two the cross-coin pairs.
    seed : int
        Of random portfolios and market makers: the same trades on every day.

    Raises
    ------
    UsageError
        For no chain, and a coin twice.
    """
    coins = [chain.coin for chain in chains]
    if not coins or len(set(coins)) != len(coins):
        raise UsageError("must be at least one chain, one a coin", found=coins, field="chains")
    desks = [Desk(chain) for chain in chains]
    listed = [(desk.coin, p) for desk in desks for p in _of_coin(desk, seed)]
    if len(desks) > 1:
        listed += [(PAIR_SCOPE, p) for p in hedged.coin_pairs(desks[0], desks[1])]
    return _scaled(listed, desks)


def _of_coin(desk: Desk, seed: int) -> list[Portfolio]:
    """All portfolios in one coin."""
    return [
        *outright.delta_one(desk),
        *outright.single_options(desk),
        *outright.straddles(desk),
        *outright.ratio_spreads(desk),
        *outright.random_books(desk, seed),
        *hedged.verticals(desk),
        *hedged.butterflies(desk),
        *hedged.calendars(desk),
        *hedged.collars(desk),
        *hedged.delta_hedged(desk),
        *hedged.basis(desk),
        *hedged.market_makers(desk, seed),
    ]


def _scaled(listed: Sequence[tuple[str, Portfolio]], desks: Sequence[Desk]) -> PortfolioLibrary:
    """Lay the portfolios into columns, each of `GROSS_USD`."""
    markets = tuple(dict.fromkeys(m for _, p in listed for m, _ in p.legs))
    options = {name for desk in desks for name in desk.chain.names}
    price = np.array([_price(market, desks) for market in markets])
    column = {market: place for place, market in enumerate(markets)}
    coins = np.zeros((len(listed), len(markets)))
    for row, (_, portfolio) in enumerate(listed):
        for market, size in portfolio.legs:
            coins[row, column[market]] += size
    gross = np.abs(coins) @ np.array([_index(market, desks) for market in markets])
    return PortfolioLibrary(
        names=tuple(f"{scope} {p.name}" for scope, p in listed),
        families=tuple(p.family for _, p in listed),
        scopes=tuple(scope for scope, _ in listed),
        markets=markets,
        coins=coins * (GROSS_USD / gross)[:, None],
        price=price,
        is_option=np.array([market in options for market in markets], dtype=np.bool_),
    )


def _desk(market: str, desks: Sequence[Desk]) -> Desk:
    return next(desk for desk in desks if market.startswith(f"{desk.coin}-"))


def _index(market: str, desks: Sequence[Desk]) -> float:
    return _desk(market, desks).chain.index


def _price(market: str, desks: Sequence[Desk]) -> float:
    """Mark of a perpetual or future, index for an option."""
    chain = _desk(market, desks).chain
    head, _, end = market.partition("-FUTURE-")
    return chain.forward_of(int(end) * 10**9) if end and head == chain.coin else chain.index
