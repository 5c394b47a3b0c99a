"""Import, then export: the same document, up to the order of keys and the spelling of numbers."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.adapters.tier_tables import (
    SCHEMAS,
    FaultLog,
    Imported,
    LossyExportError,
    ReadOptions,
    carried_from_document,
    document_of,
    equal_documents,
    export_set,
    import_file,
    tier_tables,
    written,
)
from plimsoll.margin.derive.pmrm1_parameters import Pmrm1Parameters
from plimsoll.margin.derive.pmrm2_parameters import Pmrm2Parameters
from plimsoll.margin.derive.srm_parameters import SrmParameters
from plimsoll.margin.governed import governance

NAMES = st.text("ABCDEFGHIJ0123456789", min_size=1, max_size=8)
KEPT = st.one_of(st.none(), st.text(max_size=6), st.integers(0, 10**12), st.booleans())
TIER_SCHEMAS = ["binance-usdm", "binance-coinm", "ccxt", "okx", "bybit", "gate", "hyperliquid"]


@st.composite
def ladders(draw: st.DrawFn, *, most: int = 5) -> list[dict[str, Decimal]]:
    """Sound tiers: caps and rates rise, leverage falls, deductions continue."""
    count = draw(st.integers(1, most))
    steps = draw(st.lists(st.integers(1, 10**7), min_size=count, max_size=count))
    drops = draw(st.lists(st.integers(0, 20), min_size=count, max_size=count))
    rows: list[dict[str, Decimal]] = []
    floor, leverage, rate, cut = Decimal(0), Decimal(125), Decimal(0), Decimal(0)
    for step, drop in zip(steps, drops, strict=True):
        leverage = max(Decimal(1), leverage - drop)
        share = draw(st.sampled_from(["0.3", "0.5", "0.8"]))
        before, most_rate = rate, (1 / leverage).quantize(Decimal("0.0000001"), "ROUND_FLOOR")
        rate = max(rate, (Decimal(share) / leverage).quantize(Decimal("0.0001"), "ROUND_FLOOR"))
        rate = min(max(rate, Decimal("0.0001")), most_rate) if rate <= most_rate else before
        cut += floor * (rate - before) if rows else 0
        rows.append({"floor": floor, "cap": floor + step, "rate": rate, "leverage": leverage,
                     "cut": cut})  # fmt: skip
        floor += step
    return rows


def inverse(leverage: Decimal) -> str:
    return str((1 / leverage).quantize(Decimal("0.000001"), "ROUND_CEILING"))


def number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral() else float(value)


def brackets(rows: list[dict[str, Decimal]], keys: list[str]) -> list[dict[str, Any]]:
    return [
        dict(zip(keys, (i, number(r["leverage"]), number(r["cap"]), number(r["floor"]),
                        number(r["rate"]), number(r["cut"])), strict=True))
        for i, r in enumerate(rows, start=1)
    ]  # fmt: skip


@st.composite
def documents(draw: st.DrawFn, schema: str) -> Any:
    markets = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    tables = {market: draw(ladders()) for market in markets}
    return globals()[f"_{schema.replace('-', '_')}"](draw, tables)


def _binance_usdm(draw: st.DrawFn, tables: dict[str, Any]) -> Any:
    keys = ["bracket", "initialLeverage", "notionalCap", "notionalFloor", "maintMarginRatio", "cum"]
    extra = {"notionalCoef": 1.5} if draw(st.booleans()) else {}
    items = [{"symbol": m, **extra, "brackets": brackets(rows, keys)} for m, rows in tables.items()]
    return items[0] if len(items) == 1 and draw(st.booleans()) else items


def _binance_coinm(draw: st.DrawFn, tables: dict[str, Any]) -> Any:
    floor = draw(st.sampled_from(["qtyFloor", "qtylFloor"]))
    keys = ["bracket", "initialLeverage", "qtyCap", floor, "maintMarginRatio", "cum"]
    name = draw(st.sampled_from(["symbol", "pair"]))
    if draw(st.booleans()):
        return [{name: m, "brackets": [dict(list(b.items())[:-1]) for b in brackets(rows, keys)]}
                for m, rows in tables.items()]  # fmt: skip
    return [{name: m, "brackets": brackets(rows, keys)} for m, rows in tables.items()]


def _ccxt(draw: st.DrawFn, tables: dict[str, Any]) -> Any:
    keys = ["tier", "maxLeverage", "maxNotional", "minNotional", "maintenanceMarginRate", "cum"]
    out = {}
    for market, rows in tables.items():
        tiers = brackets(rows, keys)
        for tier in tiers:
            cut = tier.pop("cum")
            tier["currency"] = draw(KEPT)
            if draw(st.booleans()):
                tier["info"] = {"cum": str(cut), "more": [draw(KEPT)]}
        if draw(st.booleans()):
            tiers[-1]["maxNotional"] = None
        out[f"{market}/USDT:USDT"] = tiers
    return out


def _okx(draw: st.DrawFn, tables: dict[str, Any]) -> Any:
    lot = draw(st.sampled_from([0, 1]))
    data = [
        {"instFamily": m, "instId": draw(st.sampled_from(["", m])), "tier": str(i),
         "minSz": str(r["floor"] + (lot if i > 1 and r["cap"] - r["floor"] > 1 else 0)),
         "maxSz": str(r["cap"]), "mmr": str(r["rate"]), "imr": inverse(r["leverage"]),
         "maxLever": str(r["leverage"]), "optMgnFactor": draw(KEPT)}
        for m, rows in tables.items() for i, r in enumerate(rows, start=1)
    ]  # fmt: skip
    return draw(st.sampled_from([data, {"code": "0", "msg": draw(KEPT), "data": data}]))


def _bybit(draw: st.DrawFn, tables: dict[str, Any]) -> Any:
    blank = draw(st.booleans())
    rows = [
        {"id": 3 * i, "symbol": m, "riskLimitValue": str(r["cap"]),
         "maintenanceMargin": draw(st.sampled_from([str(r["rate"]), float(r["rate"])])),
         "initialMargin": inverse(r["leverage"]), "isLowestRisk": int(i == 1),
         "maxLeverage": f"{r['leverage']}.00", "mmDeduction": "" if blank else str(r["cut"])}
        for m, ladder in tables.items() for i, r in enumerate(ladder, start=1)
    ]  # fmt: skip
    category = draw(st.sampled_from(["linear", "inverse"]))
    return {"retCode": 0, "result": {"category": category, "list": rows}, "time": draw(KEPT)}


def _gate(draw: st.DrawFn, tables: dict[str, Any]) -> Any:
    cut = draw(st.booleans())
    return [
        {"contract": m, "tier": i, "risk_limit": str(r["cap"]), "maintenance_rate": str(r["rate"]),
         "initial_rate": inverse(r["leverage"]), "leverage_max": str(r["leverage"]),
         **({"deduction": str(r["cut"])} if cut else {})}
        for m, rows in tables.items() for i, r in enumerate(rows, start=1)
    ]  # fmt: skip


def _hyperliquid(draw: st.DrawFn, tables: dict[str, Any]) -> Any:
    listed = [
        [50 + i, {"description": draw(st.text(max_size=5)), "marginTiers": [
            {"lowerBound": f"{r['floor']}.0", "maxLeverage": int(r["leverage"])} for r in rows]}]
        for i, rows in enumerate(tables.values())
    ]  # fmt: skip
    coins = [
        {"name": m, "szDecimals": draw(st.integers(0, 6)), "marginTableId": 50 + i,
         "maxLeverage": int(rows[0]["leverage"])}
        for i, (m, rows) in enumerate(tables.items())
    ]  # fmt: skip
    flat = [
        {"name": "flat", "maxLeverage": 7, "marginTableId": 7},
        {"name": "old", "maxLeverage": 3},
    ]
    spare = [99, {"marginTiers": [{"lowerBound": "0.0", "maxLeverage": 4}]}]
    return {"universe": coins + flat, "marginTables": [*listed, spare], "collateralToken": 0}


def imported(schema: str, document: Any) -> Imported:
    return import_file(
        json.dumps(document).encode(), SCHEMAS[schema], source="file.json",
        valid_from="2024-01-01T00:00:00Z", code_version="0", options=ReadOptions(),
    )  # fmt: skip


@pytest.mark.parametrize("schema", TIER_SCHEMAS)
@settings(max_examples=40)
@given(data=st.data())
def test_import_then_export_is_the_same_document(schema: str, data: st.DataObject) -> None:
    check_round_trip(schema, data.draw(documents(schema)))


def check_round_trip(schema: str, document: Any) -> None:
    found = imported(schema, document)
    # What is carried goes through its file, as the verb writes it.
    stored = document_of(written(found.carried.document()).encode(), "", FaultLog())
    carried = carried_from_document(stored, "")
    back = export_set(found.parameters, SCHEMAS[schema], carried=carried)
    original = document_of(json.dumps(document).encode(), "", FaultLog())
    assert equal_documents(back.document, original)
    assert not back.losses
    # Through the text of the file, too.
    again = document_of(written(back.document).encode(), "", FaultLog())
    assert equal_documents(again, original)


@pytest.mark.parametrize("schema", TIER_SCHEMAS)
@settings(max_examples=25)
@given(data=st.data())
def test_the_set_alone_holds_every_margin_number(schema: str, data: st.DataObject) -> None:
    """Without what is carried, the exported file imports into the same tables."""
    found = imported(schema, data.draw(documents(schema)))
    try:
        plain = export_set(found.parameters, SCHEMAS[schema]).document
    except LossyExportError as refused:
        open_ended = all(loss.name.endswith(".cap") for loss in refused.losses)
        assert open_ended
        return
    again = imported(schema, json.loads(written(plain)))
    assert tier_tables(again.parameters) == tier_tables(found.parameters)


@settings(max_examples=25)
@given(data=st.data())
def test_one_venues_tiers_in_anothers_schema(data: st.DataObject) -> None:
    """USD-M to Gate and back: nothing lost, since Gate holds both rates."""
    found = imported("binance-usdm", data.draw(documents("binance-usdm")))
    gate = json.loads(written(export_set(found.parameters, SCHEMAS["gate"]).document))
    back = export_set(imported("gate", gate).parameters, SCHEMAS["binance-usdm"])
    tables = tier_tables(imported("binance-usdm", json.loads(written(back.document))).parameters)
    assert tables == tier_tables(found.parameters)


FRACTIONS = st.decimals("0.01", "0.5", places=4)
SMALL = st.decimals("0", "0.01", places=6)


def _dydx(draw: st.DrawFn, tables: dict[str, Any]) -> Any:
    tiers = [
        {"id": i, "name": f"tier {m}", "initial_margin_ppm": draw(st.integers(0, 10**6)),
         "maintenance_fraction_ppm": draw(st.integers(0, 10**6)),
         draw(st.sampled_from(["impact_notional", "base_position_notional"])): draw(KEPT),
         **draw(st.sampled_from([{}, {"open_interest_lower_cap": "1000000",
                                      "open_interest_upper_cap": 10**12}]))}
        for i, m in enumerate(tables)
    ]  # fmt: skip
    tickers = draw(st.lists(NAMES, max_size=4, unique=True))
    perpetuals = [
        {"params": {"ticker": f"{t}-USD", "id": i, "liquidity_tier": i % len(tiers)}}
        for i, t in enumerate(tickers)
    ]
    module = {"liquidity_tiers": tiers, "perpetuals": perpetuals, "params": {"a": draw(KEPT)}}
    bare = {"liquidity_tiers": tiers}
    return draw(st.sampled_from([module, bare, {"perpetuals": module, "prices": [1]}]))


def _deribit(draw: st.DrawFn, tables: dict[str, Any]) -> Any:
    def chosen(names: str, values: st.SearchStrategy[Decimal] = FRACTIONS) -> dict[str, float]:
        return {name: float(draw(values)) for name in names.split()}

    names = [name.lower() for name in tables]
    currencies = {
        name: {**chosen("pnl_offset annualised_move_risk min_annualised_move"),
               "extended_dampener": draw(st.integers(0, 10**6)), "haircut": draw(KEPT),
               "max_offsetable_pnl": draw(st.integers(0, 10**8))}
        for name in (*names, "usd")
    }  # fmt: skip
    pairs = {
        f"{name}_usd": {
            **chosen("price_range volatility_range_up volatility_range_down extended_table_factor"),
            **chosen("min_volatility_for_shock_up short_term_vega_power long_term_vega_power"),
            **chosen("m_inc max_delta_shock", SMALL),
            "delta_total_liq_shock_threshold": draw(st.integers(0, 10**8))}
        for name in names
    }  # fmt: skip
    general = {"mm_factor": 0.8, "buckets_count": 4, "timestamp": draw(KEPT)}
    held = {"general": general, "currency": currencies, "currency_pair": pairs}
    return draw(st.sampled_from([held, {"model_params": held}, {"result": {"model_params": held}}]))


def _deribit_standard(draw: st.DrawFn, tables: dict[str, Any]) -> Any:
    rates = st.tuples(FRACTIONS, FRACTIONS).map(sorted)
    slopes = st.tuples(SMALL, SMALL).map(sorted)
    out = {}
    for market in tables:
        (low, high), (flat, steep) = draw(rates), draw(slopes)
        out[market] = {"initial_margin": float(high), "initial_margin_per_coin": str(steep),
                       "maintenance_margin": str(low),
                       "maintenance_margin_per_coin": float(flat)}  # fmt: skip
    return out


def _derive(draw: st.DrawFn, tables: dict[str, Any]) -> Any:
    out: dict[str, Any] = {}
    for unit in tables:
        name, kind = draw(st.sampled_from([("PMRM", Pmrm1Parameters), ("PMRM_2", Pmrm2Parameters),
                                           ("SRM", SrmParameters)]))  # fmt: skip
        own: Any = kind()
        item: dict[str, Any] = {n: str(getattr(own, n)) for n in governance(kind)}
        for key in draw(st.lists(st.sampled_from(sorted(item)), max_size=4, unique=True)):
            rule = governance(kind)[key]
            item[key] = float(draw(st.sampled_from([rule.lower, rule.upper])))
        if name == "PMRM_2" and draw(st.booleans()):
            item["collateral"] = {"USDT": {"maintenance_haircut": 0.1, "initial_extra": "0.05",
                                           "cancels_risk": 0}}  # fmt: skip
        if name != "SRM" and draw(st.booleans()):
            item["scenarios"] = [{"price_multiplier": 0.8, "vol": "up", "fraction": 1}]
        out.setdefault(name, {})[unit] = item
    return out


def _ftx(draw: st.DrawFn, tables: dict[str, Any]) -> Any:
    items = [
        {"name": m, "imfFactor": float(draw(SMALL)), "imfWeight": draw(st.sampled_from([1, 1.5])),
         "last": draw(KEPT), **draw(st.sampled_from([{}, {"mmfWeight": "1"},
                                                     {"initialMarginFraction": 0.05}]))}
        for m in tables
    ]  # fmt: skip
    return draw(st.sampled_from([items, {"success": True, "result": items}]))


@pytest.mark.parametrize("schema", ["dydx", "deribit", "deribit-standard", "derive", "ftx"])
@settings(max_examples=40)
@given(data=st.data())
def test_governed_documents_come_back(schema: str, data: st.DataObject) -> None:
    check_round_trip(schema, data.draw(documents(schema)))


@pytest.mark.parametrize("schema", [*TIER_SCHEMAS, "dydx", "deribit", "derive", "ftx"])
@settings(max_examples=15)
@given(data=st.data())
def test_a_market_alone_is_a_sound_document_of_it(schema: str, data: st.DataObject) -> None:
    found = imported(schema, data.draw(documents(schema)))
    units = [m for m in found.parameters.markets if "+" not in m and m != "general"]
    market = data.draw(st.sampled_from(units))
    alone = export_set(found.parameters, SCHEMAS[schema], carried=found.carried, markets=[market])
    again = imported(schema, json.loads(written(alone.document))).parameters
    assert again.of(market) == found.parameters.of(market)
