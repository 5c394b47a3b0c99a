"""Schemas that list tiers in rows of all markets, each row naming its market, in an envelope."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from plimsoll.adapters.tier_tables.faults import FaultLog, Place
from plimsoll.adapters.tier_tables.json_document import Json
from plimsoll.adapters.tier_tables.losses import LossLog
from plimsoll.adapters.tier_tables.row_keys import RowKeys, market_tiers, read_rows, write_rows
from plimsoll.adapters.tier_tables.schema import Reading, ReadOptions
from plimsoll.adapters.tier_tables.tier_parameters import tier_parameters, tier_tables, whole_rates
from plimsoll.adapters.tier_tables.tier_rows import MarketTiers
from plimsoll.domain.parameters import ParameterSet
from plimsoll.margin.tiered.columns import TierMeasure


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatRows:
    """A schema of rows.

    Parameters
    ----------
    keys : RowKeys
    market_of : callable
        Name of a row's market; None where the row does not say.
    named : callable
        The keys that name a market in its rows.
    measure : callable
        What caps count, of the document and one row.
    measures : frozenset of TierMeasure
        What caps can count in a document that is written.
    path : tuple of str
        Keys from the envelope down to the list; empty for a bare list.
    envelope : callable
        A sound envelope around rows.
    whole : bool
        The venue applies the reached tier's maintenance rate to the whole position.
    """

    keys: RowKeys
    market_of: Callable[[Json], str | None]
    named: Callable[[str], dict[str, Json]]
    measure: Callable[[Json, Json], TierMeasure]
    measures: frozenset[TierMeasure]
    path: tuple[str, ...]
    envelope: Callable[[list[Json], frozenset[TierMeasure]], Json]
    whole: bool = False

    def fits(self, document: Json) -> bool:
        """Whether there are rows with the schema's keys."""
        rows = self.rows(document)
        first = rows[0] if rows else None
        names = self.keys.names
        return isinstance(first, dict) and {names.cap, names.maintenance} <= first.keys()

    def rows(self, document: Json) -> list[Json] | None:
        """The list inside the envelope, or the document where it is a bare list."""
        found = document
        if isinstance(document, dict):
            for key in self.path:
                found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, list) else None

    def read(self, document: Json, log: FaultLog, options: ReadOptions) -> Reading:
        """Return what the rows say."""
        rows = self.rows(document)
        if not rows:
            where = ".".join(self.path) or "document"
            log.add(
                Place(), where, document, "must be a list of tiers", "see docs/venue-schemas.md"
            )
            return Reading(parameters=(), layout=None)
        order = [self._market(log, index, row, options) for index, row in enumerate(rows, start=1)]
        grouped: dict[str, list[Json]] = {}
        for market, row in zip(order, rows, strict=True):
            grouped.setdefault(market, []).append(row)
        parameters = chain.from_iterable(
            (*tier_parameters(market, table), *([whole_rates(market)] if self.whole else ()))
            for market, table in self._tables(document, grouped, log, options)
        )
        layout = {"rows": order, "bare": isinstance(document, list)}
        return Reading(parameters=tuple(parameters), layout=layout)

    def write(self, parameters: ParameterSet, layout: Json | None, losses: LossLog) -> Json:
        """Return the document; with a layout, as it was read."""
        tables = tier_tables(parameters, losses, whole=self.whole)
        one = self._measures(tables)
        if layout is None:
            tables = sayable(tables, one, losses)
        written = {
            market: iter(self._written(market, table, None if layout else losses))
            for market, table in tables.items()
        }
        if layout is None:
            rows = list(chain.from_iterable(written.values()))
        else:
            rows = [next(written[market]) for market in layout["rows"]]
        if layout is not None and layout["bare"]:
            return rows
        return self.envelope(rows, frozenset(one))

    def only(self, document: Json, markets: Collection[str]) -> Json:
        """Return the rows of some markets."""
        rows = [row for row in self.rows(document) or () if self.market_of(row) in markets]
        return rows if isinstance(document, list) else _with_rows(document, self.path, rows)

    def _market(self, log: FaultLog, index: int, row: Json, options: ReadOptions) -> str:
        market = self.market_of(row) if isinstance(row, dict) else None
        market = market or options.market
        if not isinstance(market, str):
            remedy = "name the market with --market"
            log.add(Place(tier=index), "market", market, "the row names no market", remedy)
            return ""
        return market

    def _tables(
        self, document: Json, grouped: dict[str, list[Json]], log: FaultLog, options: ReadOptions
    ) -> Iterator[tuple[str, MarketTiers]]:
        for market, items in grouped.items():
            rows = read_rows(log, market, items, self.keys, options)
            if rows:
                table = market_tiers(log, market, rows, self.measure(document, items[0]))
                if table is not None:
                    yield market, table

    def _measures(self, tables: Mapping[str, MarketTiers]) -> Collection[TierMeasure]:
        """What caps of one document may count: the first that the schema can say."""
        sayable = [t.measure for t in tables.values() if t.measure in self.measures]
        return sayable[:1] or self.measures

    def _written(self, market: str, table: MarketTiers, losses: LossLog | None) -> list[Json]:
        rows = write_rows(market, table, self.keys, losses)
        return [{**self.named(market), **row} for row in rows]


def sayable(
    tables: Mapping[str, MarketTiers], measures: Collection[TierMeasure], losses: LossLog
) -> dict[str, MarketTiers]:
    """Return the markets whose caps count what the schema can say; the others are lost whole."""
    found = {}
    for market, table in tables.items():
        if table.measure in measures:
            found[market] = table
            continue
        why = f"this schema counts {' or '.join(sorted(measures))}; the market is left out"
        for parameter in tier_parameters(market, table):
            losses.add(market, parameter.name, parameter.value, why)
    return found


def _with_rows(document: Json, path: tuple[str, ...], rows: list[Json]) -> Json:
    if not path:
        return rows
    return {**document, path[0]: _with_rows(document[path[0]], path[1:], rows)}
