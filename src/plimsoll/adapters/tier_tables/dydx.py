"""dYdX v4's liquidity tiers and perpetuals, as in a genesis file or the chain's queries.

Source: https://docs.dydx.xyz and dydxprotocol/v4-chain, proto/dydxprotocol/perpetuals
(``perpetual.proto``: LiquidityTier with ``initial_margin_ppm``, ``maintenance_fraction_ppm``,
``open_interest_lower_cap`` and ``open_interest_upper_cap`` in quote quantums of a millionth of a
dollar). A perpetual has the parameters of its tier; a tier that none has stands under its name.
An upper cap of 0 is the chain's own "off".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal

from plimsoll.adapters.tier_tables.faults import FaultLog, Place
from plimsoll.adapters.tier_tables.governed_items import (
    GovernedKeys,
    held_values,
    read_parameters,
    read_values,
    write_values,
)
from plimsoll.adapters.tier_tables.json_document import Json
from plimsoll.adapters.tier_tables.losses import LossLog
from plimsoll.adapters.tier_tables.schema import Reading, ReadOptions, VenueSchema
from plimsoll.domain.parameters import Parameter, ParameterSet
from plimsoll.margin.dydx import LiquidityTier

_CAPS = ("open_interest_lower_cap", "open_interest_upper_cap")
_KEYS = GovernedKeys(
    fields={
        "initial_margin_ppm": "initial_margin",
        "maintenance_fraction_ppm": "maintenance_fraction",
        _CAPS[0]: "open_interest_lower_usd",
        _CAPS[1]: "open_interest_upper_usd",
    },
    scale=Decimal(1_000_000),
    optional=frozenset(_CAPS),
)
_TIER_KEPT = frozenset({"id", "name", "base_position_notional", "impact_notional"})
_PERPETUAL_KEPT = frozenset(
    {"id", "market_id", "atomic_resolution", "default_funding_ppm", "market_type"}
)
_OUTER_KEPT = frozenset({"funding_index", "open_interest"})
_MODULE_KEPT = frozenset({"params", "pagination"})
_STATE_KEPT = frozenset({"prices", "clob", "feetiers"})


def _module(document: Json) -> Json:
    """Return the perpetuals module, alone or inside an application state."""
    inside = document.get("perpetuals") if isinstance(document, dict) else None
    return inside if isinstance(inside, dict) else document


def _fits(document: Json) -> bool:
    return isinstance(_module(document), dict) and "liquidity_tiers" in _module(document)


def _read(document: Json, log: FaultLog, options: ReadOptions) -> Reading:
    del options
    module = _module(document)
    if not isinstance(module, dict) or not isinstance(module.get("liquidity_tiers"), list):
        problem = "must have liquidity_tiers"
        log.add(Place(), "liquidity_tiers", document, problem, "keep the perpetuals module whole")
        return Reading(parameters=(), layout=None)
    known = _MODULE_KEPT | {"perpetuals", "liquidity_tiers"}
    _unknown(log, "", module, known)
    if module is not document:
        _unknown(log, "", document, _STATE_KEPT | {"perpetuals"})
    perpetuals = module.get("perpetuals", [])
    tickers = list(_tickers(log, perpetuals)) if isinstance(perpetuals, list) else []
    held = _tiers(log, module["liquidity_tiers"])
    parameters = list(_of_tickers(log, tickers, held))
    members: dict[Decimal, list[str]] = {number: [] for number in held}
    for ticker, number in tickers:
        members.get(number, []).append(ticker)
    for number, (name, values) in held.items():
        if not members[number]:
            members[number].append(name)
            parameters.extend(read_parameters(log, name, LiquidityTier, values))
    layout = {
        "tickers": [[ticker, number] for ticker, number in tickers],
        "tiers": [[number, members[number][0]] for number in held],
        "state": module is not document,
        "named": "perpetuals" in module,
    }
    return Reading(parameters=tuple(parameters), layout=layout)


def _tiers(
    log: FaultLog, items: list[Json]
) -> dict[Decimal, tuple[str, dict[str, Decimal] | None]]:
    found: dict[Decimal, tuple[str, dict[str, Decimal] | None]] = {}
    for item in items:
        sound = isinstance(item, dict)
        number = item.get("id", Decimal(0)) if sound else Decimal(0)
        name = str(item.get("name") or f"tier {number}") if sound else "tier"
        if not isinstance(number, Decimal):
            log.add(Place(market=name), "id", number, "is no number", "number the tiers")
            continue
        if number in found:
            log.add(Place(market=name), "id", number, "is a duplicate tier", "keep one of them")
        if name in [other for other, _ in found.values()]:
            log.add(Place(market=name), "name", name, "is a duplicate tier", "keep one of them")
        found[number] = name, read_values(log, name, item, _KEYS, _TIER_KEPT, LiquidityTier)
    return found


def _tickers(log: FaultLog, perpetuals: list[Json]) -> Iterator[tuple[str, Decimal]]:
    seen: set[str] = set()
    for item in perpetuals:
        inner = item.get("params") if isinstance(item, dict) else None
        ticker = inner.get("ticker") if isinstance(inner, dict) else None
        if not isinstance(inner, dict) or not isinstance(ticker, str) or not ticker:
            problem = "must have params with a ticker"
            log.add(Place(), "perpetuals", item, problem, "see the schema's page")
            continue
        _unknown(log, ticker, item, _OUTER_KEPT | {"params"})
        _unknown(log, ticker, inner, _PERPETUAL_KEPT | {"ticker", "liquidity_tier"})
        if ticker in seen:
            log.add(Place(market=ticker), "ticker", ticker, "is listed twice", "keep one of them")
        seen.add(ticker)
        number = inner.get("liquidity_tier", Decimal(0))
        if isinstance(number, Decimal):
            yield ticker, number
        else:
            place = Place(market=ticker)
            log.add(place, "liquidity_tier", number, "is no number", "write the tier's id")


def _of_tickers(
    log: FaultLog,
    tickers: list[tuple[str, Decimal]],
    held: Mapping[Decimal, tuple[str, dict[str, Decimal] | None]],
) -> Iterator[Parameter]:
    names = {name for name, _ in held.values()}
    for ticker, number in tickers:
        if number not in held:
            problem = "names no liquidity tier of the file"
            log.add(Place(market=ticker), "liquidity_tier", number, problem, "add the tier")
            continue
        if ticker in names:
            problem = "is also the name of a tier"
            log.add(Place(market=ticker), "ticker", ticker, problem, "rename the tier")
        yield from read_parameters(log, ticker, LiquidityTier, held[number][1])


def _unknown(log: FaultLog, market: str, item: Mapping[str, Json], known: Collection[str]) -> None:
    for key in sorted(item.keys() - set(known)):
        problem = "is no key of this schema"
        log.add(Place(market=market), key, item[key], problem, "drop it, or name the schema")


def _write(parameters: ParameterSet, layout: Json | None, losses: LossLog) -> Json:
    fields = _KEYS.fields.values()
    held = {
        market: held_values(parameters, market, LiquidityTier, losses, fields)
        for market in parameters.markets
    }
    if layout is None:
        sound = [(market, values) for market, values in held.items() if values is not None]
        return {
            "liquidity_tiers": [
                {"id": Decimal(i), "name": market, **write_values(values, _KEYS)}
                for i, (market, values) in enumerate(sound)
            ]
        }
    module = {
        "liquidity_tiers": [
            {"id": number, "name": market, **write_values(held[market] or {}, _KEYS)}
            for number, market in layout["tiers"]
        ]
    }
    if layout["named"]:
        module["perpetuals"] = [
            {"params": {"ticker": ticker, "liquidity_tier": number}}
            for ticker, number in layout["tickers"]
        ]
    return {"perpetuals": module} if layout["state"] else module


def _only(document: Json, markets: Collection[str]) -> Json:
    module = _module(document)
    perpetuals = [p for p in module.get("perpetuals", []) if p["params"]["ticker"] in markets]
    used = {p["params"].get("liquidity_tier", Decimal(0)) for p in perpetuals}
    tiers = [
        tier
        for tier in module["liquidity_tiers"]
        if tier.get("id", Decimal(0)) in used or tier.get("name") in markets
    ]
    narrowed = {**module, "liquidity_tiers": tiers}
    if "perpetuals" in module:
        narrowed["perpetuals"] = perpetuals
    return {**document, "perpetuals": narrowed} if module is not document else narrowed


DYDX = VenueSchema(
    name="dydx",
    title="dYdX v4 liquidity tiers (ppm)",
    source="https://github.com/dydxprotocol/v4-chain/blob/main/proto/dydxprotocol/perpetuals/perpetual.proto",
    kept=_TIER_KEPT | _PERPETUAL_KEPT | _OUTER_KEPT | _MODULE_KEPT | _STATE_KEPT,
    fits=_fits,
    read=_read,
    write=_write,
    only=_only,
)
