"""Deribit: ``model_params`` of ``private/pme/simulate``, and standard margin linear in size.

Sources: https://docs.deribit.com/api-reference/account-management/private-simulate (objects
``general``, ``currency`` and ``currency_pair``; a whole answer is read by its ``model_params``)
and Deribit support, "Futures margin": rates of a small position and what each coin adds. The
latter is prose, so the keys of ``deribit-standard`` are Plimsoll's: ``initial_margin``,
``initial_margin_per_coin``, ``maintenance_margin``, ``maintenance_margin_per_coin``, fractions,
by instrument or currency.

A pair takes the currency parameters of its base; currencies that are base of no pair are carried.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
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
from plimsoll.adapters.tier_tables.numbers import read_number
from plimsoll.adapters.tier_tables.schema import Reading, ReadOptions, VenueSchema
from plimsoll.domain.parameters import Parameter, ParameterSet
from plimsoll.margin.deribit.portfolio_parameters import GENERAL, DeribitGeneral, DeribitPair
from plimsoll.margin.size_tiers import SizeRates

_PAIR = GovernedKeys(
    fields={
        "price_range": "price_range",
        "volatility_range_up": "volatility_range_up",
        "volatility_range_down": "volatility_range_down",
        "min_volatility_for_shock_up": "minimum_vol_up",
        "short_term_vega_power": "short_vega_power",
        "long_term_vega_power": "long_vega_power",
        "extended_table_factor": "extended_table_factor",
        "m_inc": "delta_shock_slope",
        "delta_total_liq_shock_threshold": "delta_shock_threshold_usd",
        "max_delta_shock": "max_delta_shock",
    }
)
_CURRENCY = GovernedKeys(
    fields={
        "extended_dampener": "extended_dampener_usd",
        "pnl_offset": "pnl_offset",
        "max_offsetable_pnl": "max_offsetable_pnl_usd",
        "annualised_move_risk": "annualised_move_risk",
        "min_annualised_move": "min_annualised_move",
    }
)
_GENERAL = GovernedKeys(fields={"mm_factor": "maintenance_factor"})
_CURRENCY_KEPT = frozenset({"haircut", "correlation_set", "equity_side_impact"})
_MATRIX = {"buckets_count": Decimal(4), "vol_scenarios_count": Decimal(3)}
_ANSWER_KEPT = frozenset(
    {
        "jsonrpc", "id", "usIn", "usOut", "usDiff", "testnet", "ticker", "index_price", "portfolio",
        "margins", "initial_risk_vectors", "aggregated_risk_vectors", "pre_aggregated_risk_vectors",
    }
)  # fmt: skip
_STANDARD = GovernedKeys(
    fields={
        "initial_margin": "initial_rate",
        "initial_margin_per_coin": "initial_slope",
        "maintenance_margin": "maintenance_rate",
        "maintenance_margin_per_coin": "maintenance_slope",
    }
)


def _path(document: Json) -> tuple[str, ...]:
    """Keys from the document down to the model's parameters."""
    if not isinstance(document, dict):
        return ()
    if isinstance(document.get("result"), dict):
        return ("result", "model_params")
    return ("model_params",) if "model_params" in document else ()


def _params(document: Json) -> Json:
    for key in _path(document):
        document = document.get(key)
    return document


def _fits(document: Json) -> bool:
    return isinstance(_params(document), dict) and "currency_pair" in _params(document)


def _read(document: Json, log: FaultLog, options: ReadOptions) -> Reading:
    del options
    held = _params(document)
    parts = ("general", "currency", "currency_pair")
    missing = [part for part in parts if not isinstance(_part(held, part), dict)]
    if missing:
        for part in missing:
            log.add(
                Place(), part, _part(held, part), "must be an object", "keep model_params whole"
            )
        return Reading(parameters=(), layout=None)
    _check_envelope(log, document)
    for key in sorted(held.keys() - set(parts)):
        log.add(Place(), key, held[key], "is no key of model_params", "drop it")
    currencies = {name: _currency(log, name, item) for name, item in held["currency"].items()}
    pairs = held["currency_pair"]
    parameters = [p for name, item in pairs.items() for p in _pair(log, name, item, currencies)]
    parameters.extend(_general(log, held["general"]))
    bases = {name.partition("_")[0] for name in pairs}
    layout = {
        "path": list(_path(document)),
        "unused": {k: v for k, v in held["currency"].items() if k not in bases},
        "pairs": list(pairs),
    }
    return Reading(parameters=tuple(parameters), layout=layout)


def _part(held: Json, name: str) -> Json:
    return held.get(name) if isinstance(held, dict) else None


def _check_envelope(log: FaultLog, document: Mapping[str, Json]) -> None:
    inside = document.get("result") if _path(document)[:1] == ("result",) else document
    if not _path(document):
        return
    for level in [document] if inside is document else [document, inside]:
        for key in sorted((level or {}).keys() - _ANSWER_KEPT - {"result", "model_params"}):
            log.add(Place(), key, "", "is no key of this schema", "keep model_params alone")


def _currency(log: FaultLog, name: str, item: Json) -> dict[str, Decimal] | None:
    return read_values(log, name, item, _CURRENCY, _CURRENCY_KEPT, DeribitPair)


def _pair(
    log: FaultLog, name: str, item: Json, currencies: Mapping[str, dict[str, Decimal] | None]
) -> tuple[Parameter, ...]:
    own = read_values(log, name, item, _PAIR, (), DeribitPair)
    base = name.partition("_")[0]
    if base not in currencies:
        problem = f"has no parameters of its base currency {base}"
        log.add(Place(market=name), "currency", base, problem, f"add currency.{base}")
    theirs = currencies.get(base)
    both = None if own is None or theirs is None else {**own, **theirs}
    return read_parameters(log, name.upper(), DeribitPair, both)


def _general(log: FaultLog, item: Json) -> tuple[Parameter, ...]:
    for key, only in _MATRIX.items():
        value = read_number(log, Place(market=GENERAL), key, item.get(key, only))
        if value is not None and value != only:
            problem = f"the engine's matrix has {only}"
            log.add(Place(market=GENERAL), key, value, problem, "margin it with another model")
    kept = {*_MATRIX, "timestamp"}
    values = read_values(log, GENERAL, item, _GENERAL, kept, DeribitGeneral)
    return read_parameters(log, GENERAL, DeribitGeneral, values)


def _write(parameters: ParameterSet, layout: Json | None, losses: LossLog) -> Json:
    names = {*_PAIR.fields.values(), *_CURRENCY.fields.values()}
    held = {
        market: held_values(parameters, market, DeribitPair, losses, names)
        for market in parameters.markets
        if market != GENERAL
    }
    pairs = {market.lower(): values for market, values in held.items() if values is not None}
    document = {
        "general": _written_general(parameters, losses),
        "currency": {**(layout["unused"] if layout else {}), **_currencies(pairs, losses)},
        "currency_pair": {name: write_values(values, _PAIR) for name, values in pairs.items()},
    }
    if layout is None:
        return document
    for key in reversed(layout["path"]):
        document = {key: document}
    return document


def _written_general(parameters: ParameterSet, losses: LossLog) -> Json:
    written = _GENERAL.fields.values()
    values = held_values(parameters, GENERAL, DeribitGeneral, losses, written)
    return {**write_values(values or {}, _GENERAL), **_MATRIX}


def _currencies(pairs: Mapping[str, dict[str, Decimal]], losses: LossLog) -> dict[str, Json]:
    """Return what pairs of one base agree on; where they do not, the later pair's is lost."""
    found: dict[str, dict[str, Json]] = {}
    for name, values in pairs.items():
        base, item = name.partition("_")[0], write_values(values, _CURRENCY)
        first = found.setdefault(base, item)
        for key in item:
            if item[key] != first[key]:
                why = f"another pair of {base} has {first[key]}, and this schema has one for all"
                losses.add(name.upper(), _CURRENCY.fields[key], item[key], why)
    return dict(found)


def _only(document: Json, markets: Collection[str]) -> Json:
    path = _path(document)
    if path:
        return {**document, path[0]: _only(document[path[0]], markets)}
    chosen = {k: v for k, v in document["currency_pair"].items() if k.upper() in markets}
    bases = {name.partition("_")[0] for name in chosen}
    currencies = {k: v for k, v in document["currency"].items() if k in bases}
    return {**document, "currency": currencies, "currency_pair": chosen}


def _fits_standard(document: Json) -> bool:
    first = next(iter(document.values()), None) if isinstance(document, dict) else None
    return isinstance(first, dict) and _STANDARD.fields.keys() <= first.keys()


def _read_standard(document: Json, log: FaultLog, options: ReadOptions) -> Reading:
    del options
    if not isinstance(document, dict) or not document:
        problem = "must map instruments to their rates"
        log.add(Place(), "document", document, problem, "see docs/venue-schemas.md")
        return Reading(parameters=(), layout=None)
    parameters = [
        parameter
        for market, item in document.items()
        for parameter in read_parameters(
            log, market, SizeRates, read_values(log, market, item, _STANDARD, (), SizeRates)
        )
    ]
    return Reading(parameters=tuple(parameters), layout={})


def _write_standard(parameters: ParameterSet, layout: Json | None, losses: LossLog) -> Json:
    del layout
    names = _STANDARD.fields.values()
    held = {
        market: held_values(parameters, market, SizeRates, losses, names)
        for market in parameters.markets
    }
    return {m: write_values(values, _STANDARD) for m, values in held.items() if values is not None}


def _only_standard(document: Json, markets: Collection[str]) -> Json:
    return {market: item for market, item in document.items() if market in markets}


DERIBIT = VenueSchema(
    name="deribit",
    title="Deribit model_params of pme/simulate",
    source="https://docs.deribit.com/api-reference/account-management/private-simulate",
    kept=_CURRENCY_KEPT | _ANSWER_KEPT | {"timestamp"},
    fits=_fits,
    read=_read,
    write=_write,
    only=_only,
)

DERIBIT_STANDARD = VenueSchema(
    name="deribit-standard",
    title="Deribit standard margin, linear in size",
    source="https://support.deribit.com, Futures margin (prose; the keys are Plimsoll's)",
    kept=frozenset(),
    fits=_fits_standard,
    read=_read_standard,
    write=_write_standard,
    only=_only_standard,
)
