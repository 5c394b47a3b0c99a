"""The tier model for an engine: a quote prepares its own market again, and nothing else.

Whatever the tier model makes of a market, it makes of that market's own quote and of currency
prices; so the rows of the markets quoted are prepared by the model itself, alone, and put in the
place of the old ones. A market whose index prices a currency reaches further: there the model is
prepared as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.protocol import MarginParameters
from plimsoll.margin.quote_scope import Scope, by_market
from plimsoll.margin.sided_tiers import VenueTiers, venue_tiers
from plimsoll.margin.tiered import PreparedTiered, TieredMargin
from plimsoll.maths.tiered_margin import MarketColumns
from plimsoll.runtime.protocol import Reprepared

_BY_MARKET = (
    "payoff",
    "contract_size",
    "mark",
    "settle_price",
    "reason",
    "measure",
    "unit_value",
)
_BY_TIER = tuple(
    name for name in MarketColumns._fields if name not in (*_BY_MARKET, "tier_offsets")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTieredMargin:
    """A tier model whose preparations take over what a quote does not touch.

    Parameters
    ----------
    model : TieredMargin
    """

    model: TieredMargin

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: MarginParameters,
        instruments: Mapping[str, Instrument],
    ) -> LivePreparedTiered:
        """See `TieredMargin.prepare`."""
        tables = venue_tiers(parameters)
        prepared = self.model.prepare(snapshot, tables, instruments)
        return LivePreparedTiered(inner=prepared, tables=tables)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LivePreparedTiered:
    """A prepared tier model that can be prepared again in part."""

    inner: PreparedTiered
    tables: VenueTiers

    def requirements(self, book: Book) -> Requirements:
        """See `PreparedTiered.requirements`."""
        return self.inner.requirements(book)

    def reprepared(self, snapshot: MarketSnapshot, quoted: frozenset[str]) -> Reprepared:
        """See `plimsoll.runtime.protocol.Repreparable`."""
        model, instruments = self.inner.model, self.inner.instruments
        pricing = frozenset(model.pricing.pricing_markets.values())
        columns = None
        if not quoted & pricing and quoted <= instruments.keys():
            # Futures need the market of their underlying beside, to be told their bucket.
            beside = pricing | self.tables.buckets.keys() if self.tables.buckets else pricing
            few = {m: instruments[m] for m in sorted(quoted | (beside & instruments.keys()))}
            part = model.prepare(snapshot, self.tables, few)
            columns = _spliced(self.inner, part, quoted)
        if columns is None:
            inner = model.prepare(snapshot, self.tables, instruments)
            scope = by_market(self.inner.snapshot, snapshot, quoted, instruments)
        else:
            inner = replace(self.inner, snapshot=snapshot, columns=columns)
            scope = Scope(markets=quoted)
        return Reprepared(prepared=replace(self, inner=inner), scope=scope)


def _spliced(
    whole: PreparedTiered, part: PreparedTiered, quoted: frozenset[str]
) -> MarketColumns | None:
    """Put the rows of ``quoted`` in place of the old ones; None where they do not fit there."""
    columns = whole.columns
    fresh = {name: getattr(columns, name).copy() for name in (*_BY_MARKET, *_BY_TIER)}
    old, new = columns.tier_offsets, part.columns.tier_offsets
    for source, market in enumerate(part.markets):
        if market not in quoted:
            continue
        places = whole.rows.of_contract(whole.contracts.row_of[market])
        sources = part.rows.of_contract(source)
        if len(places) != len(sources):
            return None
        for place, row in zip(places, sources, strict=True):
            if old[place + 1] - old[place] != new[row + 1] - new[row]:
                return None
            for name in _BY_MARKET:
                fresh[name][place] = getattr(part.columns, name)[row]
            for name in _BY_TIER:
                tiers = getattr(part.columns, name)[new[row] : new[row + 1]]
                fresh[name][old[place] : old[place + 1]] = tiers
    return columns._replace(**fresh)
