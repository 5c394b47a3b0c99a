"""Findings on the quotes of a chain: one of each kind, with how many rows it concerns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from plimsoll.domain.option_chain import BoolArray, ChainFinding, ChainFindingKind, FloatArray
from plimsoll.domain.price_tick import PriceTicks
from plimsoll.domain.smile_quotes import QuoteStatus, SmileQuotes, TickSource
from plimsoll.marketdata.chains.labels import listed, rows_subject
from plimsoll.marketdata.chains.parity import parity_residuals
from plimsoll.marketdata.chains.quote_status import price_bounds
from plimsoll.marketdata.chains.settings import ChainSettings
from plimsoll.marketdata.chains.ticks import on_tick

_BY_STATUS = {
    ChainFindingKind.UNREADABLE_NAME: (
        (QuoteStatus.INVALID_TERMS,),
        "strike or expiry missing, or name and columns contradict each other",
    ),
    ChainFindingKind.DUPLICATED_STRIKE: (
        (QuoteStatus.DUPLICATED,),
        "the option stands in the chain more than once",
    ),
    ChainFindingKind.ONE_SIDED_QUOTE: (
        (QuoteStatus.NO_BID, QuoteStatus.NO_ASK),
        "only one side is quoted",
    ),
    ChainFindingKind.CROSSED_QUOTE: ((QuoteStatus.CROSSED,), "the bid is above the ask"),
}


def quote_findings(
    quotes: SmileQuotes, ticks: PriceTicks | None, settings: ChainSettings
) -> Iterator[ChainFinding]:
    """Yield what is wrong with the quotes of a chain."""
    for kind, (statuses, detail) in _BY_STATUS.items():
        yield from _counted(quotes, np.isin(quotes.status, statuses), kind, detail)
    yield from _impossible(quotes)
    yield from _stale_marks(quotes, settings)
    yield from _off_tick(quotes, ticks)
    yield from _parity(quotes, settings)


def wild_quote_findings(quotes: SmileQuotes, wild: BoolArray) -> tuple[ChainFinding, ...]:
    """Return the finding on quotes that `wild_quotes` named; none where it named none."""
    detail = "neither neighbours nor put-call parity explain the quote"
    return tuple(_counted(quotes, wild, ChainFindingKind.WILD_QUOTE, detail))


def _counted(
    quotes: SmileQuotes,
    flags: BoolArray,
    kind: ChainFindingKind,
    detail: str,
    value: float = float("nan"),
    expected: float = float("nan"),
) -> Iterator[ChainFinding]:
    if flags.any():
        yield ChainFinding(
            kind=kind,
            subject=rows_subject(quotes.chain, flags),
            rows=int(flags.sum()),
            value=value,
            expected=expected,
            detail=f"{detail}: {listed(quotes.chain, flags)}",
        )


def _impossible(quotes: SmileQuotes) -> Iterator[ChainFinding]:
    """Report prices no option can have; a bid below the intrinsic value is none of them."""
    low, _ = price_bounds(quotes.chain, quotes.forward)
    statuses = (QuoteStatus.NEGATIVE_PRICE, QuoteStatus.ABOVE_BOUND)
    given_away = (quotes.status == QuoteStatus.BELOW_INTRINSIC) & (
        quotes.chain.ask < low - np.nan_to_num(quotes.tick, nan=0.0)
    )
    yield from _counted(
        quotes,
        np.isin(quotes.status, statuses) | given_away,
        ChainFindingKind.IMPOSSIBLE_PRICE,
        "negative, above the most the option can be worth, or offered below its intrinsic value "
        "by more than a tick",
    )


def _stale_marks(quotes: SmileQuotes, settings: ChainSettings) -> Iterator[ChainFinding]:
    above, below = marks_outside(quotes, settings)
    yield from _counted(
        quotes,
        above | below,
        ChainFindingKind.STALE_MARK,
        f"the mark lies above the ask {int(above.sum())} times, below the bid "
        f"{int(below.sum())} times",
        value=float(above.sum() - below.sum()),
        expected=0.0,
    )


def marks_outside(quotes: SmileQuotes, settings: ChainSettings) -> tuple[BoolArray, BoolArray]:
    """(N,) marks above the ask, and below the bid."""
    chain, slack = quotes.chain, settings.mark_tolerance
    above: BoolArray = (chain.ask > 0.0) & (chain.mark > chain.ask * (1.0 + slack))
    below: BoolArray = (chain.bid > 0.0) & (chain.mark < chain.bid * (1.0 - slack))
    return above, below


def _off_tick(quotes: SmileQuotes, ticks: PriceTicks | None) -> Iterator[ChainFinding]:
    if ticks is None:
        return
    off = _misses(quotes.chain.bid, ticks) | _misses(quotes.chain.ask, ticks)
    inferred = quotes.tick_source is TickSource.INFERRED
    how = "inferred from the prices" if inferred else f"of {quotes.tick_source.value} ticks"
    steps = ", ".join(f"{tick:g}" for tick in ticks.ticks)
    detail = f"bid or ask is no whole number of its tick ({steps}, {how})"
    yield from _counted(quotes, off, ChainFindingKind.OFF_TICK_PRICE, detail)


def _misses(prices: FloatArray, ticks: PriceTicks) -> BoolArray:
    there = (prices > 0.0) & np.isfinite(prices)
    misses: BoolArray = there & ~on_tick(np.where(there, prices, 1.0), ticks.at(prices))
    return misses


def _parity(quotes: SmileQuotes, settings: ChainSettings) -> Iterator[ChainFinding]:
    residuals = np.nan_to_num(parity_residuals(quotes), nan=0.0)
    worst = float(np.abs(residuals).max(initial=0.0))
    yield from _counted(
        quotes,
        np.abs(residuals) > settings.parity_tolerance,
        ChainFindingKind.PARITY_VIOLATION,
        f"put and call leave no room for the forward, by up to {worst:.1f} half-spreads",
        value=worst,
        expected=settings.parity_tolerance,
    )
