"""Binance leverage brackets: USD-M counts notional, COIN-M the base asset.

Sources: ``GET /fapi/v1/leverageBracket``,
https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api/Notional-and-Leverage-Brackets
and ``GET /dapi/v2/leverageBracket``,
https://developers.binance.com/docs/derivatives/coin-margined-futures/account/rest-api/Notional-Bracket-for-Symbol
(version 1 names the pair; the venue spells the floor ``qtylFloor`` on some pages). An answer is a
list of symbols, or one symbol. ``notionalCoef``, the multiple of a user's own brackets, is
carried: caps are taken as they stand.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import chain

from plimsoll.adapters.tier_tables.faults import FaultLog, Place
from plimsoll.adapters.tier_tables.flat_rows import sayable
from plimsoll.adapters.tier_tables.json_document import Json
from plimsoll.adapters.tier_tables.losses import LossLog
from plimsoll.adapters.tier_tables.row_keys import RowKeys, market_tiers, read_rows, write_rows
from plimsoll.adapters.tier_tables.schema import Reading, ReadOptions, VenueSchema
from plimsoll.adapters.tier_tables.tier_parameters import tier_parameters, tier_tables
from plimsoll.adapters.tier_tables.tier_rows import MarketTiers, RowNames
from plimsoll.domain.parameters import ParameterSet
from plimsoll.margin.tiered.columns import TierMeasure

_SYMBOL_KEPT = frozenset({"notionalCoef"})
_DOCS = "https://developers.binance.com/docs/derivatives"


@dataclass(frozen=True, slots=True, kw_only=True)
class BracketLists:
    """One of the two: keys of a bracket, what caps count, keys that name the market."""

    keys: RowKeys
    measure: TierMeasure
    name_keys: tuple[str, ...]

    def fits(self, document: Json) -> bool:
        """Whether the first symbol's first bracket has the cap's key."""
        items: list[Json] = document if isinstance(document, list) else [document]
        first = items[0] if items and isinstance(items[0], dict) else {}
        brackets = first.get("brackets")
        return bool(brackets) and isinstance(brackets, list) and self.keys.names.cap in brackets[0]

    def read(self, document: Json, log: FaultLog, options: ReadOptions) -> Reading:
        """Return what the brackets say."""
        items: list[Json] = document if isinstance(document, list) else [document]
        tables: dict[str, MarketTiers] = {}
        layout = [self._symbol(log, item, options, tables) for item in items]
        parameters = chain.from_iterable(tier_parameters(m, t) for m, t in tables.items())
        return Reading(
            parameters=tuple(parameters),
            layout={"symbols": layout, "single": not isinstance(document, list)},
        )

    def write(self, parameters: ParameterSet, layout: Json | None, losses: LossLog) -> Json:
        """Return the document; with a layout, as it was read."""
        tables = tier_tables(parameters, losses)
        if layout is None:
            tables = sayable(tables, {self.measure}, losses)
        plain: Json = {"symbols": [[self.name_keys[0], m] for m in tables], "single": False}
        chosen = plain if layout is None else layout
        noted = losses if layout is None else None
        items = [self._written(k, m, tables[m], noted) for k, m in chosen["symbols"]]
        return items[0] if chosen["single"] else items

    def only(self, document: Json, markets: Collection[str]) -> Json:
        """Return some symbols."""
        items: list[Json] = document if isinstance(document, list) else [document]
        return [i for i in items if any(i.get(key) in markets for key in self.name_keys)]

    def _symbol(
        self, log: FaultLog, item: Json, options: ReadOptions, tables: dict[str, MarketTiers]
    ) -> list[str]:
        if not isinstance(item, dict):
            log.add(Place(), "symbol", item, "must be an object", "see docs/venue-schemas.md")
            return ["", ""]
        key = next((k for k in self.name_keys if isinstance(item.get(k), str)), "")
        market = item.get(key, "")
        if not market:
            log.add(Place(), self.name_keys[0], None, "is missing", "name the symbol")
        if market in tables:
            log.add(Place(market=market), key, market, "is listed twice", "keep one of them")
        for other in sorted(item.keys() - {key, "brackets"} - _SYMBOL_KEPT):
            problem = "is no key of this schema"
            log.add(Place(market=market), other, item[other], problem, "drop it")
        rows = read_rows(log, market, item.get("brackets"), self.keys, options)
        table = market_tiers(log, market, rows, self.measure) if rows else None
        if table is not None:
            tables[market] = table
        return [key, market]

    def _written(self, key: str, market: str, table: MarketTiers, losses: LossLog | None) -> Json:
        return {key: market, "brackets": write_rows(market, table, self.keys, losses)}


_USDM = BracketLists(
    keys=RowKeys(
        names=RowNames(
            number="bracket",
            floor="notionalFloor",
            cap="notionalCap",
            maintenance="maintMarginRatio",
            initial="",
            leverage="initialLeverage",
            deduction="cum",
        ),
        sentinel_cap=True,
    ),
    measure=TierMeasure.NOTIONAL,
    name_keys=("symbol",),
)

_COINM = BracketLists(
    keys=RowKeys(
        names=RowNames(
            number="bracket",
            floor="qtyFloor",
            cap="qtyCap",
            maintenance="maintMarginRatio",
            initial="",
            leverage="initialLeverage",
            deduction="cum",
        ),
        sentinel_cap=True,
        spellings={"qtylFloor": "qtyFloor"},
    ),
    measure=TierMeasure.COINS,
    name_keys=("symbol", "pair"),
)

BINANCE_USDM = VenueSchema(
    name="binance-usdm",
    title="Binance USD-M leverage brackets",
    source=f"{_DOCS}/usds-margined-futures/account/rest-api/Notional-and-Leverage-Brackets",
    kept=_SYMBOL_KEPT,
    fits=_USDM.fits,
    read=_USDM.read,
    write=_USDM.write,
    only=_USDM.only,
)

BINANCE_COINM = VenueSchema(
    name="binance-coinm",
    title="Binance COIN-M leverage brackets",
    source=f"{_DOCS}/coin-margined-futures/account/rest-api/Notional-Bracket-for-Symbol",
    kept=_SYMBOL_KEPT,
    fits=_COINM.fits,
    read=_COINM.read,
    write=_COINM.write,
    only=_COINM.only,
)
