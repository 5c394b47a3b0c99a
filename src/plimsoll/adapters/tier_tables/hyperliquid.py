"""Hyperliquid's perpetuals metadata, ``POST /info {"type": "meta"}``.

Source: https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/info-endpoint/perpetuals
(``universe`` with ``marginTableId``, ``marginTables`` of ``[id, {description, marginTiers}]`` with
``lowerBound`` and ``maxLeverage``) and .../trading/margin-tiers. The maintenance rate is half the
initial rate at a tier's highest leverage; the last tier is open. A table with an id below 50 is
not listed: it has one tier at that leverage. A coin without table has one at its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain

from plimsoll.adapters.tier_tables.faults import FaultLog, Place
from plimsoll.adapters.tier_tables.flat_rows import sayable
from plimsoll.adapters.tier_tables.json_document import Json
from plimsoll.adapters.tier_tables.losses import LossLog
from plimsoll.adapters.tier_tables.numbers import read_amount, read_leverage
from plimsoll.adapters.tier_tables.row_keys import market_tiers
from plimsoll.adapters.tier_tables.schema import Reading, ReadOptions, VenueSchema
from plimsoll.adapters.tier_tables.tier_parameters import tier_parameters, tier_tables
from plimsoll.adapters.tier_tables.tier_rows import (
    MarketTiers,
    RowNames,
    TierRow,
    check_rows,
    is_rounded_inverse,
    rate_of_leverage,
)
from plimsoll.domain.canonical import decimal_text
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.tiers import Tier
from plimsoll.margin.tiered.columns import TierMeasure

_DOCS = "https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/info-endpoint"
_FIRST_LISTED = 50
_NAMES = RowNames(
    number="tier",
    floor="lowerBound",
    cap="lowerBound",
    maintenance="maxLeverage",
    initial="",
    leverage="maxLeverage",
    deduction="",
)
_COIN_KEPT = frozenset(
    {
        "szDecimals",
        "onlyIsolated",
        "isDelisted",
        "marginMode",
        "growthMode",
        "lastGrowthModeChangeTime",
        "deployerFeeScale",
    }
)
_META_KEPT = frozenset({"collateralToken"})
_TABLE_KEPT = frozenset({"description"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """A table of the file: its rows, and the entry as it stands."""

    rows: tuple[TierRow, ...]
    entry: Json


def _fits(document: Json) -> bool:
    return isinstance(document, dict) and {"universe", "marginTables"} <= document.keys()


def _read(document: Json, log: FaultLog, options: ReadOptions) -> Reading:
    del options
    if not isinstance(document, dict) or not isinstance(document.get("universe"), list):
        problem = "must be the answer to meta, with a universe"
        log.add(Place(), "universe", document, problem, "keep the first of metaAndAssetCtxs")
        return Reading(parameters=(), layout=None)
    _unknown(log, Place(), document, _META_KEPT | {"universe", "marginTables"})
    listed = _listed(log, document.get("marginTables"))
    coins = [coin for coin in document["universe"] if _is_coin(log, coin)]
    tables = {coin["name"]: _of_coin(log, coin, listed) for coin in coins}
    if len(tables) < len(coins):
        names = sorted({c["name"] for c in coins if sum(d["name"] == c["name"] for d in coins) > 1})
        log.add(Place(), "universe", ", ".join(names), "is listed twice", "keep one of them")
    parameters = chain.from_iterable(
        tier_parameters(market, table) for market, table in tables.items() if table is not None
    )
    return Reading(parameters=tuple(parameters), layout=_layout(coins, listed))


def _layout(coins: list[Json], listed: Mapping[Decimal, _Listed]) -> Json:
    used = [coin.get("marginTableId") for coin in coins]
    return {
        "coins": [[coin["name"], coin.get("marginTableId")] for coin in coins],
        "tables": list(listed),
        "unused": [table.entry for number, table in listed.items() if number not in used],
    }


def _is_coin(log: FaultLog, coin: Json) -> bool:
    if not isinstance(coin, dict) or not isinstance(coin.get("name"), str) or not coin["name"]:
        log.add(Place(), "universe", coin, "must be a coin with a name", "see the schema's page")
        return False
    place = Place(market=coin["name"])
    _unknown(log, place, coin, _COIN_KEPT | {"name", "maxLeverage", "marginTableId"})
    return True


def _listed(log: FaultLog, entries: Json) -> dict[Decimal, _Listed]:
    found: dict[Decimal, _Listed] = {}
    if not isinstance(entries, list):
        log.add(Place(), "marginTables", entries, "must be a list", "write [] for none")
        return found
    for entry in entries:
        sound = isinstance(entry, list) and len(entry) == len(("id", "table"))
        if not sound or not isinstance(entry[0], Decimal) or not isinstance(entry[1], dict):
            log.add(Place(), "marginTables", entry, "must be [id, table]", "see the schema's page")
            continue
        if entry[0] in found:
            log.add(Place(), "marginTables", entry[0], "is a duplicate table", "keep one of them")
        found[entry[0]] = _Listed(rows=_rows(log, f"marginTable {entry[0]}", entry[1]), entry=entry)
    return found


def _rows(log: FaultLog, name: str, table: Mapping[str, Json]) -> tuple[TierRow, ...]:
    _unknown(log, Place(market=name), table, _TABLE_KEPT | {"marginTiers"})
    tiers = table.get("marginTiers")
    if not isinstance(tiers, list) or not tiers:
        log.add(Place(market=name), "marginTiers", tiers, "must be a list of tiers", "give one")
        return ()
    pairs = [_pair(log, Place(market=name, tier=i), t) for i, t in enumerate(tiers, start=1)]
    sound = [pair for pair in pairs if pair is not None]
    if len(sound) < len(pairs):
        return ()
    ends = [floor for floor, _ in sound[1:]]
    rows = tuple(
        _row(floor, cap, leverage)
        for (floor, leverage), cap in zip(sound, [*ends, None], strict=True)
    )
    before = len(log.faults)
    check_rows(log, name, rows, _NAMES)
    return rows if len(log.faults) == before else ()


def _pair(log: FaultLog, place: Place, tier: Json) -> tuple[Decimal, Decimal] | None:
    if not isinstance(tier, dict):
        log.add(place, "marginTiers", tier, "must be an object", "see the schema's page")
        return None
    _unknown(log, place, tier, frozenset({"lowerBound", "maxLeverage"}))
    floor = read_amount(log, place, "lowerBound", tier.get("lowerBound"))
    leverage = read_leverage(log, place, "maxLeverage", tier.get("maxLeverage"))
    return None if floor is None or leverage is None else (floor, leverage)


def _row(floor: Decimal, cap: Decimal | None, leverage: Decimal) -> TierRow:
    return TierRow(
        number=None,
        floor=floor,
        cap=cap,
        maintenance_rate=rate_of_leverage(2 * leverage),
        initial_rate=rate_of_leverage(leverage),
        max_leverage=leverage,
    )


def _of_coin(
    log: FaultLog, coin: Mapping[str, Json], listed: Mapping[Decimal, _Listed]
) -> MarketTiers | None:
    place = Place(market=coin["name"])
    highest = read_leverage(log, place, "maxLeverage", coin.get("maxLeverage"))
    rows = _rows_of_coin(log, place, coin, listed, highest)
    if not rows or highest is None:
        return None
    if rows[0].max_leverage != highest:
        problem = f"contradicts the first tier's {rows[0].max_leverage}"
        log.add(place, "maxLeverage", highest, problem, "correct the coin or its table")
    return market_tiers(log, coin["name"], rows, TierMeasure.NOTIONAL)


def _rows_of_coin(
    log: FaultLog,
    place: Place,
    coin: Mapping[str, Json],
    listed: Mapping[Decimal, _Listed],
    highest: Decimal | None,
) -> tuple[TierRow, ...]:
    if "marginTableId" not in coin:
        return () if highest is None else (_row(Decimal(0), None, highest),)
    number = coin["marginTableId"]
    if not isinstance(number, Decimal):
        log.add(place, "marginTableId", number, "is no number", "write the table's id")
        return ()
    if number in listed:
        return listed[number].rows
    if 1 <= number < _FIRST_LISTED:
        return (_row(Decimal(0), None, number),)
    log.add(place, "marginTableId", number, "names no table of the file", "add it to marginTables")
    return ()


def _unknown(log: FaultLog, place: Place, item: Mapping[str, Json], known: Collection[str]) -> None:
    for key in sorted(item.keys() - set(known)):
        log.add(place, key, item[key], "is no key of this schema", "drop it, or name the schema")


def _write(parameters: ParameterSet, layout: Json | None, losses: LossLog) -> Json:
    tables = tier_tables(parameters, losses)
    if layout is None:
        tables = sayable(tables, {TierMeasure.NOTIONAL}, losses)
        for market, table in tables.items():
            _note_losses(market, table, losses)
        numbers = dict(_numbered(tables))
        coins = [[market, numbers[market]] for market in tables]
        used = sorted({n for n in numbers.values() if n >= _FIRST_LISTED})
        layout = {"coins": coins, "tables": used, "unused": []}
    owner = {number: market for market, number in reversed(layout["coins"])}
    unused = {entry[0]: entry for entry in layout["unused"]}
    return {
        "universe": [_coin(market, number, tables[market]) for market, number in layout["coins"]],
        "marginTables": [unused.get(n) or [n, _table(tables[owner[n]])] for n in layout["tables"]],
    }


def _coin(market: str, number: Decimal | None, table: MarketTiers) -> Json:
    named = {} if number is None else {"marginTableId": number}
    return {"name": market, "maxLeverage": table.tiers[0].max_leverage, **named}


def _table(table: MarketTiers) -> Json:
    floors = [Decimal(0), *(t.cap_usd for t in table.tiers[:-1] if t.cap_usd is not None)]
    return {
        "description": "",
        "marginTiers": [
            {"lowerBound": decimal_text(floor), "maxLeverage": tier.max_leverage}
            for floor, tier in zip(floors, table.tiers, strict=True)
        ],
    }


def _numbered(tables: Mapping[str, MarketTiers]) -> Iterator[tuple[str, Decimal]]:
    """Give each table a number: its leverage where it is flat, else the next from 50."""
    seen: dict[tuple[Tier, ...], Decimal] = {}
    for market, table in tables.items():
        leverage = table.tiers[0].max_leverage
        if len(table.tiers) == 1 and leverage % 1 == 0 and leverage < _FIRST_LISTED:
            yield market, leverage
        else:
            yield market, seen.setdefault(table.tiers, Decimal(_FIRST_LISTED + len(seen)))


def _note_losses(market: str, table: MarketTiers, losses: LossLog) -> None:
    for index, tier in enumerate(table.tiers):
        leverage, name = tier.max_leverage, f"tier[{index}]"
        if not is_rounded_inverse(tier.initial_rate, leverage):
            why = f"this schema has only the leverage, {leverage}"
            losses.add(market, f"{name}.initial_rate", tier.initial_rate, why)
        if not is_rounded_inverse(tier.maintenance_rate, 2 * leverage):
            why = f"this schema takes half the rate at leverage {leverage}"
            losses.add(market, f"{name}.maintenance_rate", tier.maintenance_rate, why)
    last = table.tiers[-1].cap_usd
    if last is not None:
        name = f"tier[{len(table.tiers) - 1}].cap_usd"
        losses.add(market, name, last, "the last tier of this schema is open")


def _only(document: Json, markets: Collection[str]) -> Json:
    universe = [coin for coin in document["universe"] if coin["name"] in markets]
    used = {coin.get("marginTableId") for coin in universe}
    listed = [entry for entry in document["marginTables"] if entry[0] in used]
    return {**document, "universe": universe, "marginTables": listed}


HYPERLIQUID = VenueSchema(
    name="hyperliquid",
    title="Hyperliquid universe and margin tables",
    source=f"{_DOCS}/perpetuals#retrieve-perpetuals-metadata-universe-and-margin-tables",
    kept=_COIN_KEPT | _META_KEPT | _TABLE_KEPT,
    fits=_fits,
    read=_read,
    write=_write,
    only=_only,
)
