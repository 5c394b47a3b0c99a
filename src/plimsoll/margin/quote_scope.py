"""Whom new quotes concern: which markets' numbers may differ, which currencies'.

A model may say it itself (`QuoteScoped`); most make of a market what they make of its own quote and
of currencies' prices (`OwnQuotes`). For any other there is `by_underlying`. A rule that names too
much costs time, one that names too little would leave old margins standing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from plimsoll.domain.instrument import Instrument
from plimsoll.domain.listing import Listing
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.currency import CurrencyPricing


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Markets and currencies whose numbers may have changed; ``everything``: all of them."""

    markets: frozenset[str] = frozenset()
    currencies: frozenset[str] = frozenset()
    everything: bool = False

    def __or__(self, other: Scope) -> Scope:
        return Scope(
            markets=self.markets | other.markets,
            currencies=self.currencies | other.currencies,
            everything=self.everything or other.everything,
        )


ScopeRule = Callable[
    [MarketSnapshot, MarketSnapshot, frozenset[str], Mapping[str, Instrument]], Scope
]
"""Of the snapshots before and after, the markets whose quotes differ, and the instruments."""


@runtime_checkable
class QuoteScoped(Protocol):
    """A model that says whom quotes concern: of snapshots that differ in them only."""

    def quote_scope(
        self,
        before: MarketSnapshot,
        after: MarketSnapshot,
        quoted: frozenset[str],
        instruments: Mapping[str, Instrument],
    ) -> Scope:
        """Return what the quotes of ``quoted`` may have changed."""
        ...


class _Priced(Protocol):
    @property
    def pricing(self) -> CurrencyPricing: ...


class OwnQuotes:
    """What a model inherits whose numbers of a market follow from that market's own quote.

    And from surfaces, quotes of expiries and the prices of currencies, which the model's `pricing`
    takes from the indices of markets.
    """

    __slots__ = ()

    def quote_scope(
        self: _Priced,
        before: MarketSnapshot,
        after: MarketSnapshot,
        quoted: frozenset[str],
        instruments: Mapping[str, Instrument],
    ) -> Scope:
        """See `QuoteScoped`."""
        pricing = frozenset(self.pricing.pricing_markets.values())
        return by_own_quote(before, after, quoted, instruments, references=pricing)


def scope_of(
    model: object,
    before: MarketSnapshot,
    after: MarketSnapshot,
    quoted: frozenset[str],
    instruments: Mapping[str, Instrument],
) -> Scope:
    """Ask the model; `by_underlying` where it does not say."""
    rule = model.quote_scope if isinstance(model, QuoteScoped) else by_underlying
    return rule(before, after, quoted, instruments)


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
    coins = frozenset(instruments[m].pair.base for m in quoted)
    found = _reached(coins, instruments)
    own = {m for m, i in instruments.items() if i.pair.base in found.currencies}
    return found | Scope(markets=quoted | own)


def by_market(
    before: MarketSnapshot,
    after: MarketSnapshot,
    quoted: frozenset[str],
    instruments: Mapping[str, Instrument],
) -> Scope:
    """The markets quoted alone, and where an index moved, what is quoted or settled in its coin.

    It holds where every market is margined by its own quote, as in the tier models.
    """
    return by_own_quote(before, after, quoted, instruments, references=quoted)


def by_own_quote(
    before: MarketSnapshot,
    after: MarketSnapshot,
    quoted: frozenset[str],
    instruments: Mapping[str, Instrument],
    *,
    references: Collection[str],
) -> Scope:
    """The markets quoted alone, and what is quoted or settled in the coin of a reference.

    Parameters
    ----------
    references : collection of str
        Markets whose index, or its confidence, other markets and currencies depend on.
    """
    if not quoted <= instruments.keys():
        return Scope(everything=True)
    moved = {m for m in quoted if m in references and index_moved(before, after, m)}
    if not moved:
        return Scope(markets=quoted)
    coins = frozenset(instruments[m].pair.base for m in moved)
    return _reached(coins, instruments) | Scope(markets=quoted)


def index_moved(before: MarketSnapshot, after: MarketSnapshot, market: str) -> bool:
    """Whether a market's index, how much it is trusted or whether it is stale is as it was not."""
    if market not in before.quotes:
        return True
    old, new = before.quotes[market], after.quotes[market]
    if old.index != new.index or old.confidence != new.confidence:
        return True
    return before.is_stale(market) != after.is_stale(market)


def _reached(coins: frozenset[str], instruments: Mapping[str, Instrument]) -> Scope:
    """Coins, what is quoted or settled in them, and in turn what is priced by it."""
    if isinstance(instruments, Listing):
        return instruments.column(("reached", coins), lambda: _reach(coins, instruments))
    return _reach(coins, instruments)


def _reach(coins: frozenset[str], instruments: Mapping[str, Instrument]) -> Scope:
    currencies = set(coins)
    while True:
        priced = {i.pair.base for i in instruments.values() if i.pair.quote in currencies}
        if priced <= currencies:
            break
        currencies |= priced
    markets = {m for m, i in instruments.items() if {i.pair.quote, i.settle} & currencies}
    return Scope(markets=frozenset(markets), currencies=frozenset(currencies))
