"""Schemas of portfolio margins and of open interest: what they mean, and planted faults."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any

import pytest

from plimsoll.adapters.tier_tables import (
    SCHEMAS,
    Imported,
    LossyExportError,
    ReadOptions,
    VenueSchemaError,
    export_set,
    import_file,
    schema_of,
    written,
)
from plimsoll.domain.parameters import ParameterSet
from plimsoll.margin.deribit.portfolio_parameters import general_parameters, pair_parameters
from plimsoll.margin.derive.pmrm2_parameters import Pmrm2Parameters, pmrm2_of_set
from plimsoll.margin.derive.pmrm_scenarios import pmrm2_scenarios
from plimsoll.margin.derive.srm_parameters import SrmParameters, srm_of_set
from plimsoll.margin.dydx import LiquidityTier
from plimsoll.margin.governed import from_set, governance
from plimsoll.margin.size_tiers import SizeRates


def dydx() -> dict[str, Any]:
    tiers = [
        {"id": 0, "name": "Large-Cap", "initial_margin_ppm": 20_000,
         "maintenance_fraction_ppm": 600_000, "base_position_notional": 10**12,
         "impact_notional": 10**10},
        {"id": 1, "name": "Mid-Cap", "initial_margin_ppm": 50_000,
         "maintenance_fraction_ppm": 600_000, "impact_notional": 5 * 10**9,
         "open_interest_lower_cap": str(40 * 10**12), "open_interest_upper_cap": 100 * 10**12},
        {"id": 2, "name": "Safety", "initial_margin_ppm": 1_000_000,
         "maintenance_fraction_ppm": 200_000},
    ]  # fmt: skip
    perpetuals = [
        {"params": {"ticker": name, "id": i, "market_id": i, "atomic_resolution": -10,
                    "default_funding_ppm": 0, "liquidity_tier": tier}}
        for i, (name, tier) in enumerate([("BTC-USD", 0), ("ETH-USD", 0), ("LINK-USD", 1)])
    ]  # fmt: skip
    module = {"perpetuals": perpetuals, "liquidity_tiers": tiers, "params": {"clamp_ppm": 6}}
    return {"perpetuals": module, "feetiers": {"any": [1]}}


def deribit() -> dict[str, Any]:
    """The venue's documented example, with what an answer has beside."""
    btc = {"max_offsetable_pnl": 0, "annualised_move_risk": 0.075, "extended_dampener": 100_000,
           "min_annualised_move": 0.01, "haircut": 0, "equity_side_impact": "both",
           "pnl_offset": 0, "correlation_set": False}  # fmt: skip
    usd = btc | {"annualised_move_risk": 0.1, "extended_dampener": 25_000}
    pair = {"extended_table_factor": 1, "m_inc": 0.00005, "min_volatility_for_shock_up": 0.5,
            "max_delta_shock": 0.1, "delta_total_liq_shock_threshold": 20_000_000,
            "volatility_range_down": 0.25, "volatility_range_up": 0.5,
            "long_term_vega_power": 0.13, "short_term_vega_power": 0.3,
            "price_range": 0.16}  # fmt: skip
    general = {"mm_factor": 0.8, "buckets_count": 4, "vol_scenarios_count": 3, "timestamp": 1}
    held = {"currency_pair": {"btc_usd": pair}, "currency": {"btc": btc, "usd": usd},
            "general": general}  # fmt: skip
    return {"jsonrpc": "2.0", "id": 2255, "result": {"model_params": held, "margins": {"btc": 1}}}


def standard() -> dict[str, Any]:
    keys = ["initial_margin", "initial_margin_per_coin"]
    keys += ["maintenance_margin", "maintenance_margin_per_coin"]
    return {"BTC-PERPETUAL": dict(zip(keys, [0.02, 0.00005, 0.01, 0.00005], strict=True))}


def derive() -> dict[str, Any]:
    def plain(kind: Any) -> dict[str, str]:
        own = kind()
        return {name: str(getattr(own, name)) for name in governance(kind)}

    scenarios = [
        {"price_multiplier": s.price_multiplier, "vol": s.vol.value, "fraction": s.fraction}
        for s in pmrm2_scenarios()
    ]
    rule = {"maintenance_haircut": "0.1", "initial_extra": "0.05", "cancels_risk": 1}
    eth = plain(Pmrm2Parameters) | {"scenarios": scenarios, "collateral": {"WSTETH": rule}}
    return {"PMRM_2": {"ETH": eth}, "SRM": {"BTC": plain(SrmParameters)}}


def ftx() -> dict[str, Any]:
    return {"success": True, "result": [
        {"name": "BTC-PERP", "underlying": "BTC", "imfFactor": 0.002, "imfWeight": 1,
         "mmfWeight": 1, "positionLimitWeight": 1, "expiry": None, "last": 46_000.5},
        {"name": "1INCH-PERP", "imfFactor": 0.0005, "imfWeight": 1,
         "initialMarginFraction": 0.05, "maintenanceMarginFraction": "0.03"},
    ]}  # fmt: skip


SAMPLES = {
    "dydx": dydx, "deribit": deribit, "deribit-standard": standard, "derive": derive, "ftx": ftx,
}  # fmt: skip


def read(schema: str, document: Any) -> Imported:
    return import_file(
        json.dumps(document).encode(), SCHEMAS[schema], source="file.json",
        valid_from="2024-01-01T00:00:00Z", code_version="0", options=ReadOptions(),
    )  # fmt: skip


def sets(schema: str) -> ParameterSet:
    return read(schema, SAMPLES[schema]()).parameters


@pytest.mark.parametrize("schema", SAMPLES)
def test_a_sound_file_is_known_and_read(schema: str) -> None:
    assert sets(schema).parameters
    assert schema_of(SAMPLES[schema]()) is SCHEMAS[schema]


def test_dydx_in_fractions_and_dollars() -> None:
    found = sets("dydx")
    assert from_set(LiquidityTier, found, "LINK-USD") == LiquidityTier(
        initial_margin=Decimal("0.05"),
        maintenance_fraction=Decimal("0.6"),
        open_interest_lower_usd=Decimal(40_000_000),
        open_interest_upper_usd=Decimal(100_000_000),
    )
    assert from_set(LiquidityTier, found, "BTC-USD").initial_margin == Decimal("0.02")
    assert found.markets == ("BTC-USD", "ETH-USD", "LINK-USD", "Safety")


def test_the_models_read_what_was_imported() -> None:
    found = sets("deribit")
    pair = pair_parameters(found, "BTC_USD")
    assert pair is not None
    assert (pair.price_range, pair.delta_shock_slope) == (Decimal("0.16"), Decimal("0.00005"))
    assert pair.extended_dampener_usd == 100_000  # the base currency's, not the dollar's
    assert general_parameters(found).maintenance_factor == Decimal("0.8")
    rates = from_set(SizeRates, sets("deribit-standard"), "BTC-PERPETUAL")
    assert rates.initial_slope == Decimal("0.00005")
    held = pmrm2_of_set(_without(sets("derive"), "BTC"))["ETH"]
    assert held.collateral["WSTETH"].cancels_risk == 1
    assert held.range_down == Decimal("0.275")
    only_btc = _without(sets("derive"), "ETH", "ETH+WSTETH")
    assert srm_of_set(only_btc) == {"BTC": SrmParameters()}


def _without(found: ParameterSet, *units: str) -> ParameterSet:
    fields = {n: getattr(found, n) for n in found.__slots__ if n != "parameters"}
    return ParameterSet(parameters=tuple(p for p in found if p.market not in units), **fields)


def test_ftx_holds_what_the_file_says_and_no_more() -> None:
    found = sets("ftx")
    assert sorted(found.of("BTC-PERP")) == ["imf_factor", "imf_weight", "mmf_weight"]
    assert found.get("1INCH-PERP", "maintenance_fraction").value == Decimal("0.03")


def _at(document: Any, *path: Any) -> Any:
    for key in path:
        document = document[key]
    return document


PLANTED = [
    ("dydx", ("perpetuals", "liquidity_tiers", 1), "initial_margin_ppm", -1, "negative"),
    ("dydx", ("perpetuals", "liquidity_tiers", 1), "initial_margin_ppm", 0.5, "multiple of"),
    ("dydx", ("perpetuals", "liquidity_tiers", 1), "initial_margin_ppm", 10**7, "must lie in"),
    ("dydx", ("perpetuals", "liquidity_tiers", 1), "initial_margin_ppm", "5%", "per cent"),
    ("dydx", ("perpetuals", "liquidity_tiers", 1), "id", 0, "duplicate tier"),
    ("dydx", ("perpetuals", "liquidity_tiers", 1), "surprise", 0, "no key of this schema"),
    ("dydx", ("perpetuals", "liquidity_tiers", 1), "open_interest_upper_cap", 1, "upper cap"),
    ("dydx", ("perpetuals", "perpetuals", 0, "params"), "liquidity_tier", 9, "names no liquidity"),
    ("dydx", ("perpetuals", "perpetuals", 0, "params"), "ticker", "ETH-USD", "listed twice"),
    ("deribit", ("result", "model_params", "general"), "buckets_count", 5, "matrix has 4"),
    ("deribit", ("result", "model_params", "general"), "mm_factor", 80, "must lie in"),
    ("deribit", ("result", "model_params", "currency_pair", "btc_usd"), "price_range", 16,
     "must lie in"),
    ("deribit", ("result", "model_params", "currency_pair", "btc_usd"), "price_range", "16%",
     "per cent"),
    ("deribit", ("result", "model_params", "currency", "btc"), "pnl_offset", None, "is missing"),
    ("deribit", ("result", "model_params"), "surprise", 1, "no key of model_params"),
    ("deribit", ("result",), "surprise", 1, "no key of this schema"),
    ("deribit-standard", ("BTC-PERPETUAL",), "maintenance_margin", 0.03, "must satisfy"),
    ("deribit-standard", ("BTC-PERPETUAL",), "initial_margin", "2.0%", "per cent"),
    ("derive", ("PMRM_2", "ETH"), "range_up", -1, "negative"),
    ("derive", ("PMRM_2", "ETH"), "surprise", 1, "no key of this schema"),
    ("derive", ("PMRM_2", "ETH", "collateral", "WSTETH"), "cancels_risk", 0.5, "multiple of 1"),
    ("derive", ("PMRM_2", "ETH", "scenarios", 0), "vol", "sideways", "must be a list of scenarios"),
    ("derive", ("SRM",), "ETH", {}, "also under PMRM_2"),
    ("ftx", ("result", 0), "imfFactor", -0.1, "negative"),
    ("ftx", ("result", 1), "maintenanceMarginFraction", 0.2, "must not exceed"),
    ("ftx", ("result", 1), "initialMarginFraction", 5, "must lie in"),
    ("ftx", ("result", 1), "name", "BTC-PERP", "listed twice"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "path", "key", "value", "problem"), PLANTED)
def test_planted_faults(schema: str, path: Any, key: str, value: Any, problem: str) -> None:
    document = copy.deepcopy(SAMPLES[schema]())
    _at(document, *path)[key] = value
    with pytest.raises(VenueSchemaError) as refused:
        read(schema, document)
    assert any(problem in f.problem for f in refused.value.faults), refused.value.faults
    assert all(f.remedy for f in refused.value.faults)


@pytest.mark.parametrize("schema", SAMPLES)
@pytest.mark.parametrize("document", [[], {}, None, 7, "text", [1], {"a": 1}])
def test_other_documents(schema: str, document: Any) -> None:
    with pytest.raises(VenueSchemaError):
        read(schema, document)


@pytest.mark.parametrize("schema", ["dydx", "deribit", "deribit-standard", "derive", "ftx"])
def test_the_set_alone_holds_every_margin_number(schema: str) -> None:
    """Without what is carried, the exported file imports into the same parameters."""
    found = sets(schema)
    plain = export_set(found, SCHEMAS[schema]).document
    again = read(schema, json.loads(written(plain))).parameters
    assert again.parameters == found.parameters


def test_a_field_without_key_is_refused_unless_it_has_its_default() -> None:
    found = sets("deribit")
    changed = [
        _replaced(p, Decimal("0.5")) if p.name == "correlation_contingency" else p for p in found
    ]
    fields = {n: getattr(found, n) for n in found.__slots__ if n != "parameters"}
    other = ParameterSet(parameters=tuple(changed), **fields)
    with pytest.raises(LossyExportError, match=r"general correlation_contingency 0\.5"):
        export_set(other, SCHEMAS["deribit"])
    dropped = export_set(other, SCHEMAS["deribit"], lossy=True).losses
    assert [loss.name for loss in dropped] == ["correlation_contingency"]


def _replaced(parameter: Any, value: Decimal) -> Any:
    fields = {n: getattr(parameter, n) for n in parameter.__slots__}
    return type(parameter)(**(fields | {"value": value}))


def test_pairs_of_one_base_must_agree_on_its_currency() -> None:
    found = sets("deribit")
    twin = [
        _moved(p, Decimal("0.2") if p.name == "annualised_move_risk" else p.value)
        for p in found
        if p.market == "BTC_USD"
    ]
    fields = {n: getattr(found, n) for n in found.__slots__ if n != "parameters"}
    both = tuple(sorted((*found, *twin), key=lambda p: p.key))
    with pytest.raises(LossyExportError, match="BTC_USDC annualised_move_risk"):
        export_set(ParameterSet(parameters=both, **fields), SCHEMAS["deribit"])


def _moved(parameter: Any, value: Decimal) -> Any:
    fields = {n: getattr(parameter, n) for n in parameter.__slots__}
    return type(parameter)(**(fields | {"value": value, "market": "BTC_USDC"}))


@pytest.mark.parametrize("schema", SAMPLES)
def test_tiers_do_not_fit_other_models(schema: str) -> None:
    keys = ["bracket", "initialLeverage", "notionalCap", "notionalFloor", "maintMarginRatio", "cum"]
    row = dict(zip(keys, (1, 50, 1000, 0, 0.01, 0), strict=True))
    tiers = read("binance-usdm", [{"symbol": "X", "brackets": [row]}]).parameters
    with pytest.raises(LossyExportError) as refused:
        export_set(tiers, SCHEMAS[schema])
    assert len(refused.value.losses) == len(tiers.parameters)
    with pytest.raises(LossyExportError) as refused:
        export_set(sets(schema), SCHEMAS["ccxt"])
    assert len(refused.value.losses) == len(sets(schema).parameters)
