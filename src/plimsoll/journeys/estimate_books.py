"""Recorded books in place of bars, for the cost curves of the markets that have some."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from plimsoll.adapters.books import MarketFeed, read_books, sample_books, time_grid
from plimsoll.domain.order_book import BookStatus, OrderBook
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.errors import UsageError
from plimsoll.estimators.liquidity.cost_curve import ImpactLaw
from plimsoll.estimators.liquidity.estimate import (
    LiquidityEstimate,
    LiquidityRows,
    book_estimate,
)
from plimsoll.estimators.nightly.estimate import NightlyEstimate

SAMPLES = 720
"""Moments at most that a recording is read at."""
_SECOND_NS = 1_000_000_000


def walked_books(
    found: NightlyEstimate, books: Sequence[str | Path], progress: Progress = SILENT
) -> tuple[NightlyEstimate, dict[str, OrderBook]]:
    """Return the estimate with cost curves walked through recorded books, and the last of these.

    Parameters
    ----------
    found : NightlyEstimate
    books : sequence of path or str
        Recordings, ``FILE`` or ``MARKET=FILE`` where the venue's name is another than the prices'.
    progress : Progress

    Returns
    -------
    NightlyEstimate, dict of str to OrderBook
        By market, the last good book of each recording.

    Raises
    ------
    UsageError
        A recording of another coin or of no market of the estimate, or a market twice.
    DataError, DataFormatError, InsufficientDataError
    """
    if not books:
        return found, {}
    estimates, reasons = dict(found.liquidity.estimates), dict(found.liquidity.reasons)
    last: dict[str, OrderBook] = {}
    progress.start("books", len(books))
    try:
        for given in books:
            for market, feed in _feeds(str(given), found.markets):
                if market in last:
                    raise UsageError("must be given books once", found=market, field="books")
                estimates[market], last[market] = _walked(market, feed, found)
                reasons.pop(market, None)
            progress.advance()
    finally:
        progress.finish()
    rows = LiquidityRows(estimates=estimates, reasons=reasons)
    return replace(found, liquidity=rows), last


def _feeds(given: str, markets: Iterable[str]) -> list[tuple[str, MarketFeed]]:
    name, separator, file = given.partition("=")
    if not separator or Path(given).exists():
        name, file = "", given
    feeds = read_books(file).feeds
    known = {market.upper(): market for market in markets}
    if name:
        if name.upper() not in known or len(feeds) != 1:
            raise UsageError(
                "must name a market of the prices, for a recording of one market",
                found=f"{name}; the recording holds {', '.join(feeds)}",
                field="books",
            )
        symbol, feed = next(iter(feeds.items()))
        _check_coin(known[name.upper()], symbol)
        return [(known[name.upper()], feed)]
    found = [(known[m.upper()], feed) for m, feed in feeds.items() if m.upper() in known]
    if not found:
        raise UsageError(
            "must hold books of a market of the prices",
            found=", ".join(feeds) or "none",
            field="books",
            remedy="say which market it is: MARKET=FILE",
        )
    return found


_QUOTED = re.compile(
    r"(?<=.)[-_/:]?(USDT|USDC|FDUSD|BUSD|USD)?[-_/:]?(USDT|USDC|USD)?[-_]?(PERPETUAL|PERP|SWAP|SPOT)?$"
)
_SAME = {"XBT": "BTC"}


def _check_coin(market: str, symbol: str) -> None:
    """Refuse a recording of another coin: quote currency and kind of contract may differ."""
    wanted, held = coin(market), coin(symbol)
    if wanted != held:
        raise UsageError(
            f"must be a recording of {market}, so of {wanted}",
            found=f"{symbol}, of {held}",
            field="books",
            remedy=f"give the recording of {market}, or name the market that {symbol} belongs to",
        )


def coin(symbol: str) -> str:
    """Name of the coin in a venue's symbol.

    Examples
    --------
    >>> coin("BTCUSDT"), coin("BTCUSD_PERP"), coin("BTC-PERPETUAL"), coin("xbtusd"), coin("ETH/USD")
    ('BTC', 'BTC', 'BTC', 'BTC', 'ETH')
    """
    name = _QUOTED.sub("", symbol.upper())
    return _SAME.get(name, name)


def _walked(
    market: str, feed: MarketFeed, found: NightlyEstimate
) -> tuple[LiquidityEstimate, OrderBook]:
    stream = feed.book
    span = int(stream.time_ns.max() - stream.time_ns.min()) if len(stream) else 0
    step = max(_SECOND_NS // 10, -(-span // SAMPLES))
    samples = replace(sample_books(stream, time_grid(stream, step)), market=market)
    bars = found.liquidity.estimates.get(market)
    law = None
    if bars is not None and bars.daily_volume_usd > 0.0 and bars.daily_volatility > 0.0:
        law = ImpactLaw(daily_volatility=bars.daily_volatility, daily_volume=bars.daily_volume_usd)
    estimate = book_estimate(samples, found.settings.notional_usd, law=law)
    good = np.flatnonzero(samples.status == BookStatus.GOOD)
    return estimate, samples.book(int(good[-1]))
