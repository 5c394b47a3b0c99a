"""ccxt's leverage tiers, as ``fetch_leverage_tiers`` returns and freqtrade stores them.

Source: https://docs.ccxt.com/#/?id=leverage-tiers-structure: a mapping of unified symbol to tiers
with ``tier``, ``currency``, ``minNotional``, ``maxNotional``, ``maintenanceMarginRate``,
``maxLeverage`` and the venue's own answer under ``info``; for one market a list of tiers that name
their ``symbol``. ccxt puts into minNotional and
maxNotional whatever the venue counts: contracts where ``info`` is OKX's (``maxSz``), coins where
it is of Binance COIN-M (``qtyCap``). The initial rate is one over the leverage.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import chain

from plimsoll.adapters.tier_tables.faults import FaultLog, Place
from plimsoll.adapters.tier_tables.flat_rows import sayable
from plimsoll.adapters.tier_tables.json_document import Json
from plimsoll.adapters.tier_tables.losses import LossLog
from plimsoll.adapters.tier_tables.numbers import is_endless, read_number
from plimsoll.adapters.tier_tables.row_keys import RowKeys, market_tiers, read_rows, write_rows
from plimsoll.adapters.tier_tables.schema import Reading, ReadOptions, VenueSchema
from plimsoll.adapters.tier_tables.tier_parameters import tier_parameters, tier_tables
from plimsoll.adapters.tier_tables.tier_rows import MarketTiers, RowNames
from plimsoll.domain.canonical import decimal_text
from plimsoll.domain.parameters import ParameterSet
from plimsoll.margin.tiered.columns import TierMeasure

_DEDUCTION = "info.cum"
_KEPT = frozenset({"symbol", "currency", "info"})
_KEYS = RowKeys(
    names=RowNames(
        number="tier",
        floor="minNotional",
        cap="maxNotional",
        maintenance="maintenanceMarginRate",
        initial="",
        leverage="maxLeverage",
        deduction=_DEDUCTION,
    ),
    kept=_KEPT,
    null_cap=True,
)
_OWN_COPIES = {
    "bracket": "tier",
    "notionalFloor": "minNotional",
    "notionalCap": "maxNotional",
    "qtyFloor": "minNotional",
    "qtyCap": "maxNotional",
    "maintMarginRatio": "maintenanceMarginRate",
    "initialLeverage": "maxLeverage",
    "minSz": "minNotional",
    "maxSz": "maxNotional",
    "mmr": "maintenanceMarginRate",
    "maxLever": "maxLeverage",
    "riskLimitValue": "maxNotional",
    "risk_limit": "maxNotional",
}
"""Keys of the venues' own answers that ccxt copies: the copies must agree."""


def _fits(document: Json) -> bool:
    if isinstance(document, list):
        return bool(document) and {"symbol", "maintenanceMarginRate"} <= document[0].keys()
    if not isinstance(document, dict) or not document:
        return False
    first = next(iter(document.values()))
    return isinstance(first, list) and bool(first) and "maintenanceMarginRate" in first[0]


def _read(document: Json, log: FaultLog, options: ReadOptions) -> Reading:
    if isinstance(document, list) and document:
        symbols = {item.get("symbol") for item in document if isinstance(item, dict)}
        only = symbols.pop() if len(symbols) == 1 else None
        held = {only: document} if isinstance(only, str) else None
    else:
        held = document if isinstance(document, dict) and document else None
    if held is None:
        log.add(Place(), "document", document, "must map symbols to tiers", "see the schema's page")
        return Reading(parameters=(), layout=None)
    found = {market: _market(log, market, items, options) for market, items in held.items()}
    tables = ((m, table) for m, table in found.items() if table is not None)
    parameters = chain.from_iterable(tier_parameters(m, table) for m, table in tables)
    return Reading(
        parameters=tuple(parameters), layout={"markets": list(held), "list": held is not document}
    )


def _market(log: FaultLog, market: str, items: Json, options: ReadOptions) -> MarketTiers | None:
    listed = items if isinstance(items, list) else []
    infos = [_info(item) for item in listed]
    keys = replace(_KEYS, next_lot=any("minSz" in info for info in infos))
    lifted = [_lifted(item, info) for item, info in zip(listed, infos, strict=True)]
    for index, (item, info) in enumerate(zip(listed, infos, strict=True), start=1):
        _check_copies(log, Place(market=market, tier=index), item, info)
    rows = read_rows(log, market, lifted or items, keys, options)
    return market_tiers(log, market, rows, _measure(infos)) if rows else None


def _info(item: Json) -> Mapping[str, Json]:
    info = item.get("info") if isinstance(item, dict) else None
    return info if isinstance(info, dict) else {}


def _lifted(item: Json, info: Mapping[str, Json]) -> Json:
    """Return a tier with the venue's own deduction beside its rates."""
    known = isinstance(item, dict) and "cum" in info
    return {**item, _DEDUCTION: info["cum"]} if known else item


def _measure(infos: Collection[Mapping[str, Json]]) -> TierMeasure:
    if any("maxSz" in info for info in infos):
        return TierMeasure.CONTRACTS
    return TierMeasure.COINS if any("qtyCap" in info for info in infos) else TierMeasure.NOTIONAL


def _check_copies(log: FaultLog, place: Place, item: Json, info: Mapping[str, Json]) -> None:
    for key, copy in _OWN_COPIES.items():
        if key not in info or not isinstance(item, dict) or copy not in item:
            continue
        own, mine = info[key], item[copy]
        if is_endless(own) and is_endless(mine):
            continue
        here, there = (read_number(FaultLog(), place, key, value) for value in (own, mine))
        if here is None or here != there:
            problem = f"contradicts {copy} {mine}"
            log.add(place, f"info.{key}", own, problem, "correct one of them")


def _write(parameters: ParameterSet, layout: Json | None, losses: LossLog) -> Json:
    tables = tier_tables(parameters, losses)
    if layout is None:
        tables = sayable(tables, {TierMeasure.NOTIONAL}, losses)
    chosen = list(tables) if layout is None else layout["markets"]
    noted = losses if layout is None else None
    document = {market: _written(market, tables[market], noted) for market in chosen}
    return document[chosen[0]] if layout is not None and layout["list"] else document


def _written(market: str, table: MarketTiers, losses: LossLog | None) -> Json:
    rows = write_rows(market, table, _KEYS, losses)
    settle = market.partition(":")[2].partition("-")[0]
    named = {"currency": settle} if settle else {}
    return [
        {
            **{key: value for key, value in row.items() if key != _DEDUCTION},
            **named,
            "info": {"cum": decimal_text(row[_DEDUCTION])},
        }
        for row in rows
    ]


def _only(document: Json, markets: Collection[str]) -> Json:
    if isinstance(document, list):
        return document
    return {market: rows for market, rows in document.items() if market in markets}


CCXT = VenueSchema(
    name="ccxt",
    title="ccxt leverage tiers",
    source="https://docs.ccxt.com/#/?id=leverage-tiers-structure",
    kept=_KEPT | {"minNotional"},
    fits=_fits,
    read=_read,
    write=_write,
    only=_only,
)
