"""Prices at which margin units are liquidated: of each market alone, and of each coin as a whole.

Along a market its mark and index move and every other market stands still. Along a coin all of its
markets move by one factor: spot with what it prices, perpetuals, futures, forwards, options (at
unchanged volatility). Options have no row of their own, since their marks follow their coin.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from plimsoll.domain.instrument import Option
from plimsoll.domain.ports import Progress, SilentProgress
from plimsoll.journeys.coin_volatility import CoinVolatility
from plimsoll.journeys.margined_book import MarginedBook
from plimsoll.margin.calls.health import liquidation_distance
from plimsoll.margin.liquidation import (
    ClosingCosts,
    LiquidationPrice,
    LiquidationRange,
    LiquidationStatus,
    PricePath,
    market_path,
)
from plimsoll.margin.underlying import underlying

_NOT_JUDGED = LiquidationPrice(status=LiquidationStatus.NO_NUMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidationLine:
    """Where one margin unit is liquidated along one path.

    Parameters
    ----------
    account, unit, currency : str
    moves : str
        Market or coin.
    is_coin : bool
    price_now : float
        Mark of the market, index of the coin.
    down, up : LiquidationPrice
        In prices of ``moves``.
    down_fraction, up_fraction : float
        Simple return to it; NaN where there is none.
    down_deviations, up_deviations : float
        Standard deviations of the horizon; NaN where no volatility is known or no price is.
    judged : bool
        False: no collateral was stated.
    """

    account: str
    unit: str
    currency: str
    moves: str
    is_coin: bool
    price_now: float
    down: LiquidationPrice
    up: LiquidationPrice
    down_fraction: float = math.nan
    up_fraction: float = math.nan
    down_deviations: float = math.nan
    up_deviations: float = math.nan
    judged: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Path:
    """One way that prices may go."""

    moves: str
    coin: str
    is_coin: bool
    path: PricePath
    price_now: float


def liquidation_lines(
    books: Iterable[MarginedBook],
    *,
    costs: ClosingCosts,
    volatilities: Mapping[str, CoinVolatility],
    horizon_hours: float,
    account: str | None = None,
    progress: Progress | None = None,
) -> tuple[LiquidationLine, ...]:
    """Search the liquidation prices of every unit that holds a position.

    Parameters
    ----------
    books : iterable of MarginedBook
    costs : ClosingCosts
        Fee and funding that equity must bear beside maintenance.
    volatilities : mapping of str to CoinVolatility
        By underlying.
    horizon_hours : float
        Of a standard deviation.
    account : str, optional
        This one only.
    progress : Progress, optional
    """
    work = [
        (book, unit, path)
        for book in books
        for unit in book.units
        if account in (None, book.account_of(unit))
        for path in _paths(book, unit)
    ]
    watched = SilentProgress() if progress is None else progress
    watched.start("liquidation prices", len(work))
    lines = []
    try:
        for book, unit, path in work:
            found = _line(book, unit, path, costs)
            lines.append(_with_distances(found, volatilities.get(path.coin), horizon_hours))
            watched.advance()
    finally:
        watched.finish()
    return tuple(lines)


def _line(book: MarginedBook, unit: int, path: _Path, costs: ClosingCosts) -> LiquidationLine:
    judged = book.is_judged(unit)
    found = LiquidationRange(down=_NOT_JUDGED, up=_NOT_JUDGED)
    if judged:
        placed = book.placed(unit)
        found = book.solver(costs).growths(placed.book, placed.unit, path.path)
    return LiquidationLine(
        account=book.account_of(unit),
        unit=book.name_of(unit),
        currency=book.currency,
        moves=path.moves,
        is_coin=path.is_coin,
        price_now=path.price_now,
        down=_scaled(found.down, path.price_now),
        up=_scaled(found.up, path.price_now),
        judged=judged,
    )


def _scaled(found: LiquidationPrice, price: float) -> LiquidationPrice:
    at = None if found.price is None else found.price * price
    return LiquidationPrice(status=found.status, price=at)


def _with_distances(
    line: LiquidationLine, volatility: CoinVolatility | None, horizon_hours: float
) -> LiquidationLine:
    prices = np.array([_price(line.down), _price(line.up)])
    now = np.full(2, line.price_now)
    far = liquidation_distance(
        now,
        prices,
        volatility_annual=1.0 if volatility is None else volatility.annual,
        horizon_hours=horizon_hours,
    )
    unknown = np.isnan(prices) | (volatility is None)
    deviations = np.where(unknown, np.nan, far.deviations)
    return replace(
        line,
        down_fraction=float(far.fraction[0]),
        up_fraction=float(far.fraction[1]),
        down_deviations=float(deviations[0]),
        up_deviations=float(deviations[1]),
    )


def _price(found: LiquidationPrice) -> float:
    at_price = found.status is LiquidationStatus.AT_PRICE and found.price is not None
    return float(found.price) if at_price and found.price is not None else math.nan


def _paths(book: MarginedBook, unit: int) -> Iterator[_Path]:
    """Markets held by a unit, options apart, then coins that move more than one price of it."""
    quotes, instruments = book.snapshot.quotes, book.instruments
    held = [book.book.markets[int(book.book.market[p])] for p in book.positions_of(unit)]
    known = [m for m in dict.fromkeys(held) if m in instruments and m in quotes]
    for market in known:
        if not isinstance(instruments[market], Option):
            yield _Path(
                moves=market,
                coin=underlying(instruments[market]),
                is_coin=False,
                path=market_path(market),
                price_now=float(quotes[market].mark),
            )
    owned, pool = _owned_coins(book, unit), int(book.requirements.position[unit]) < 0
    for coin in dict.fromkeys([*(underlying(instruments[m]) for m in known), *owned]):
        ours = [instruments[m] for m in known if underlying(instruments[m]) == coin]
        # An isolated coin position is coins throughout: their price scales what it has and asks.
        settles = pool and any(i.settle == coin != book.currency for i in ours)
        if len(ours) > 1 or coin in owned or settles or isinstance(ours[0], Option):
            yield from _coin_path(book, coin)


def _owned_coins(book: MarginedBook, unit: int) -> list[str]:
    """Coins of a pool's collateral whose price moves its equity."""
    if int(book.requirements.position[unit]) >= 0:
        return []
    row = int(book.requirements.account[unit])
    amounts = zip(book.book.currencies, book.book.collateral[row].tolist(), strict=True)
    owned = [c for c, amount in amounts if amount != 0.0 and c != book.currency]
    return [c for c in owned if c in book.pricing.pricing_markets]


def _coin_path(book: MarginedBook, coin: str) -> Iterator[_Path]:
    """All markets of a coin by one factor; its price now is the index of spot, else of another."""
    moved = [m for m, i in book.instruments.items() if underlying(i) == coin]
    spot = book.pricing.pricing_markets.get(coin)
    first = sorted(moved, key=lambda market: market != spot)
    quotes = [book.snapshot.quotes[m] for m in first if m in book.snapshot.quotes]
    levels = (float(q.index) for q in quotes)
    level = next((v for v in levels if math.isfinite(v) and v > 0.0), math.nan)
    if not math.isnan(level):
        path = PricePath(betas=dict.fromkeys(moved, 1.0))
        yield _Path(moves=coin, coin=coin, is_coin=True, path=path, price_now=level)
