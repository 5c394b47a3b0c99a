"""Any value of a sound file replaced by junk: refused with faults, or read and given back whole."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.adapters.tier_tables import (
    SCHEMAS,
    FaultLog,
    Imported,
    ReadOptions,
    document_of,
    equal_documents,
    export_set,
    import_file,
    schema_of,
)
from plimsoll.errors import DataFormatError

ROW = {"tier": 1, "cap": 1000, "rate": 0.01, "leverage": 20}
SAMPLES: dict[str, Any] = {
    "ccxt": {"A/USDT:USDT": [
        {"tier": 1.0, "currency": "USDT", "minNotional": 0.0, "maxNotional": 5000.0,
         "maintenanceMarginRate": 0.01, "maxLeverage": 50.0,
         "info": {"bracket": "1", "notionalCap": "5000", "cum": "0.0"}},
        {"tier": 2.0, "minNotional": 5000.0, "maxNotional": None, "maintenanceMarginRate": 0.02,
         "maxLeverage": 25.0, "info": {"cum": "50"}}]},
    "binance-usdm": [{"symbol": "A", "brackets": [
        {"bracket": 1, "initialLeverage": 50, "notionalCap": 5000, "notionalFloor": 0,
         "maintMarginRatio": 0.01, "cum": 0}]}],
    "binance-coinm": {"pair": "A", "brackets": [
        {"bracket": 1, "initialLeverage": 50, "qtyCap": 50, "qtylFloor": 0,
         "maintMarginRatio": 0.01}]},
    "okx": {"code": "0", "data": [
        {"instFamily": "A", "tier": "1", "minSz": "0", "maxSz": "5", "mmr": "0.01", "imr": "0.02",
         "maxLever": "50", "uly": "A"}]},
    "bybit": {"result": {"category": "linear", "list": [
        {"id": 1, "symbol": "A", "riskLimitValue": "5", "maintenanceMargin": "0.01",
         "initialMargin": "0.02", "maxLeverage": "50.00", "mmDeduction": ""}]}},
    "gate": [{"contract": "A", "tier": 1, "risk_limit": "5", "initial_rate": "0.02",
              "maintenance_rate": "0.01", "leverage_max": "50"}],
    "hyperliquid": {
        "universe": [{"name": "A", "szDecimals": 1, "maxLeverage": 40, "marginTableId": 56},
                     {"name": "B", "maxLeverage": 5, "marginTableId": 5}],
        "marginTables": [[56, {"description": "", "marginTiers": [
            {"lowerBound": "0.0", "maxLeverage": 40}, {"lowerBound": "9.0", "maxLeverage": 20}]}]]},
    "dydx": {
        "perpetuals": [{"params": {"ticker": "A-USD", "id": 0, "liquidity_tier": 1}}],
        "liquidity_tiers": [
            {"id": 0, "name": "Safe", "initial_margin_ppm": 1000000,
             "maintenance_fraction_ppm": 200000},
            {"id": 1, "name": "Mid", "initial_margin_ppm": 50000,
             "maintenance_fraction_ppm": 600000, "open_interest_lower_cap": 1,
             "open_interest_upper_cap": "2"}]},
    "deribit-standard": {"A": {
        "initial_margin": 0.02, "initial_margin_per_coin": 0.00005, "maintenance_margin": 0.01,
        "maintenance_margin_per_coin": 0}},
    "deribit": {"model_params": {
        "general": {"mm_factor": 0.8, "buckets_count": 4},
        "currency": {"btc": {"extended_dampener": 1, "pnl_offset": 0, "max_offsetable_pnl": 0,
                             "annualised_move_risk": 0.1, "min_annualised_move": 0.01}},
        "currency_pair": {"btc_usd": {
            "price_range": 0.16, "volatility_range_up": 0.5, "volatility_range_down": 0.25,
            "min_volatility_for_shock_up": 0.5, "short_term_vega_power": 0.3,
            "long_term_vega_power": 0.13, "extended_table_factor": 1, "m_inc": 0.00005,
            "delta_total_liq_shock_threshold": 20000000, "max_delta_shock": 0.1}}}},
    "derive": {"SRM": {"ETH": {
        "highest_spot_rate": 0.15, "lowest_spot_rate": 0.1, "call_maintenance": 0.075,
        "put_maintenance": 0.075, "put_mark_maintenance": 0.075, "put_initial_multiple": 1.05,
        "unpaired_initial": 1.2, "unpaired_maintenance": 1.1, "perpetual_initial": 0.065,
        "perpetual_maintenance": 0.05, "base_factor": 0.1, "base_initial_scale": 1,
        "depeg_threshold": 0.98, "depeg_factor": 1.2, "perpetual_confidence": 0.4,
        "option_confidence": 0.4, "base_confidence": 0.4, "confidence_factor": 0.4}}},
    "ftx": {"success": True, "result": [
        {"name": "A-PERP", "imfFactor": 0.002, "imfWeight": 1, "last": 5}]},
}  # fmt: skip
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "1.0%", "∞", "NaN", "-1", "1e999999", "0x10", " 5", "1_0", "ü", "A"]),
    st.text(max_size=4),
    st.just([]),
    st.just({}),
    st.just([{}]),
    st.just({"x": [1]}),
)


def paths(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a document."""
    yield at
    if isinstance(document, dict):
        for key, value in document.items():
            yield from paths(value, (*at, key))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from paths(value, (*at, index))


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    out = copy.deepcopy(document)
    inner = out
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return out


def read(schema: str, document: Any, *, open_caps: bool) -> Imported:
    return import_file(
        json.dumps(document).encode(), SCHEMAS[schema], source="file.json",
        valid_from="2024-01-01T00:00:00Z", code_version="0",
        options=ReadOptions(open_caps=open_caps),
    )  # fmt: skip


def test_every_schema_is_here() -> None:
    assert SAMPLES.keys() == SCHEMAS.keys()


@pytest.mark.parametrize("schema", SCHEMAS)
@settings(max_examples=80)
@given(data=st.data())
def test_junk_is_refused_or_comes_back(schema: str, data: st.DataObject) -> None:
    document = SAMPLES[schema]
    path = data.draw(st.sampled_from(list(paths(document))))
    spoiled = replaced(document, path, data.draw(JUNK))
    schema_of(document_of(json.dumps(spoiled).encode(), "", FaultLog()))  # never raises
    try:
        found = read(schema, spoiled, open_caps=data.draw(st.booleans()))
    except DataFormatError:
        return
    back = export_set(found.parameters, SCHEMAS[schema], carried=found.carried).document
    original = document_of(json.dumps(spoiled).encode(), "", FaultLog())
    assert equal_documents(back, original)
    for parameter in found.parameters:
        assert parameter.value.is_finite()
        assert parameter.value >= Decimal(0)
