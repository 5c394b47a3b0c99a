"""Whom a change of market data concerns: which markets' numbers may differ, which currencies'.

A model may say it itself (`plimsoll.runtime.protocol.Repreparable`). Where it does not, the engine
asks one of the rules here; a rule that names too much costs time, one that names too little would
leave old margins standing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from plimsoll.domain.instrument import Instrument
from plimsoll.domain.market import MarketSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Markets and currencies whose numbers may have changed; ``everything``: all of them."""

    markets: frozenset[str] = frozenset()
    currencies: frozenset[str] = frozenset()
    everything: bool = False


ScopeRule = Callable[
    [MarketSnapshot, MarketSnapshot, frozenset[str], Mapping[str, Instrument]], Scope
]
"""Of the snapshots before and after, the markets whose quotes differ, and the instruments."""


def by_underlying(
    _before: MarketSnapshot,
    _after: MarketSnapshot,
    quoted: frozenset[str],
    instruments: Mapping[str, Instrument],
) -> Scope:
    """Whatever has to do with the coins of the markets quoted: the rule for any model.

    It holds where a market's margin depends on quotes of its own underlying, and on the prices of
    the currencies it is quoted and settled in. What is quoted in a coin concerned is concerned.
    """
    if not quoted <= instruments.keys():
        return Scope(everything=True)
    return _reached({instruments[m].pair.base for m in quoted}, quoted, instruments)


def by_market(
    before: MarketSnapshot,
    after: MarketSnapshot,
    quoted: frozenset[str],
    instruments: Mapping[str, Instrument],
) -> Scope:
    """The markets quoted alone, and where an index moved, what its coin prices.

    It holds where every market is margined by its own quote, as in the tier models.
    """
    if not quoted <= instruments.keys():
        return Scope(everything=True)
    moved = {m for m in quoted if m not in before.quotes or _index_moved(before, after, m)}
    if not moved:
        return Scope(markets=quoted)
    return _reached({instruments[m].pair.base for m in moved}, quoted, instruments)


def _index_moved(before: MarketSnapshot, after: MarketSnapshot, market: str) -> bool:
    return before.quotes[market].index != after.quotes[market].index


def _reached(
    coins: set[str], quoted: frozenset[str], instruments: Mapping[str, Instrument]
) -> Scope:
    """All that is of, quoted in or settled in ``coins``, and in turn what is priced by it."""
    currencies = set(coins)
    while True:
        priced = {i.pair.base for i in instruments.values() if i.pair.quote in currencies}
        if priced <= currencies:
            break
        currencies |= priced
    markets = {
        market
        for market, i in instruments.items()
        if {i.pair.base, i.pair.quote, i.settle} & currencies
    }
    return Scope(markets=frozenset(markets) | quoted, currencies=frozenset(currencies))
