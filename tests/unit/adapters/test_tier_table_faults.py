"""Faults planted in venue files are named with market, tier, field, value and remedy."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any

import pytest

from plimsoll.adapters.tier_tables import (
    SCHEMAS,
    FaultLog,
    Imported,
    ReadOptions,
    VenueSchemaError,
    document_of,
    equal_documents,
    export_set,
    import_file,
    schema_of,
)
from plimsoll.errors import DataFormatError

BRACKETS = [
    [1, 125, 50_000, 0, 0.004, 0.0],
    [2, 100, 600_000, 50_000, 0.005, 50.0],
    [3, 75, 3_000_000, 600_000, 0.0065, 950.0],
]
USDM_KEYS = ["bracket", "initialLeverage", "notionalCap", "notionalFloor"]
USDM_KEYS += ["maintMarginRatio", "cum"]
COINM_KEYS = ["bracket", "initialLeverage", "qtyCap", "qtylFloor", "maintMarginRatio", "cum"]


def usdm() -> list[dict[str, Any]]:
    rows = [dict(zip(USDM_KEYS, row, strict=True)) for row in BRACKETS]
    return [{"symbol": "BTCUSDT", "notionalCoef": 1.5, "brackets": rows}]


def coinm() -> list[dict[str, Any]]:
    rows = [dict(zip(COINM_KEYS, row, strict=True)) for row in BRACKETS]
    return [{"symbol": "BTCUSD_PERP", "brackets": rows}]


def ccxt() -> dict[str, Any]:
    names = ["tier", "maxLeverage", "maxNotional", "minNotional", "maintenanceMarginRate"]
    rows = [
        dict(zip(names, row[:5], strict=True))
        | {"currency": "USDT", "info": {"cum": str(row[5]), "bracket": str(row[0])}}
        for row in BRACKETS
    ]
    return {"BTC/USDT:USDT": rows}


def okx() -> dict[str, Any]:
    def row(tier: int, low: str, high: str, mmr: str, imr: str, lever: str) -> dict[str, str]:
        return {
            "uly": "ETH-USDT", "instFamily": "ETH-USDT", "instId": "", "tier": str(tier),
            "minSz": low, "maxSz": high, "mmr": mmr, "imr": imr, "maxLever": lever,
            "optMgnFactor": "0", "quoteMaxLoan": "", "baseMaxLoan": "",
        }  # fmt: skip

    # imr 0.013 at 75x as the venue cuts it, and a second tier that starts one contract on.
    rows = [
        row(1, "0", "2000", "0.01", "0.013", "75"),
        row(2, "2001", "4000", "0.015", "0.02", "50"),
    ]
    return {"code": "0", "msg": "", "data": rows}


def bybit() -> dict[str, Any]:
    def row(number: int, limit: str, mm: str, im: str, lever: str, cut: str) -> dict[str, Any]:
        return {
            "id": number, "symbol": "BTCUSD", "riskLimitValue": limit, "maintenanceMargin": mm,
            "initialMargin": im, "isLowestRisk": int(number == 1), "maxLeverage": lever,
            "mmDeduction": cut,
        }  # fmt: skip

    rows = [
        row(1, "150", "0.005", "0.01", "100.00", ""),
        row(7, "300", "0.01", "0.015", "66.67", "0.75"),
    ]
    inside = {"category": "inverse", "list": rows, "nextPageCursor": ""}
    return {"retCode": 0, "retMsg": "OK", "result": inside, "retExtInfo": {}, "time": 1672054488010}


def gate() -> list[dict[str, Any]]:
    return [
        {"tier": 1, "risk_limit": "1000000", "initial_rate": "0.008", "maintenance_rate": "0.004",
         "leverage_max": "125", "contract": "BTC_USDT", "deduction": "0"},
        {"tier": 2, "risk_limit": "2000000", "initial_rate": "0.01", "maintenance_rate": "0.005",
         "leverage_max": "100", "contract": "BTC_USDT", "deduction": "1000"},
    ]  # fmt: skip


def hyperliquid() -> dict[str, Any]:
    tiers = [
        {"lowerBound": "0.0", "maxLeverage": 40},
        {"lowerBound": "150000000.0", "maxLeverage": 20},
    ]
    spare = [
        {"lowerBound": "0.0", "maxLeverage": 10},
        {"lowerBound": "3000000.0", "maxLeverage": 5},
    ]
    return {
        "universe": [
            {"name": "BTC", "szDecimals": 5, "maxLeverage": 40, "marginTableId": 56},
            {
                "name": "ATOM",
                "szDecimals": 2,
                "maxLeverage": 5,
                "marginTableId": 5,
                "isDelisted": True,
            },
            {"name": "OLD", "szDecimals": 2, "maxLeverage": 3, "onlyIsolated": True},
        ],
        "marginTables": [
            [51, {"description": "tiered 10x", "marginTiers": spare}],
            [56, {"description": "tiered 40x", "marginTiers": tiers}],
        ],
        "collateralToken": 0,
    }


SAMPLES = {
    "binance-usdm": usdm, "binance-coinm": coinm, "ccxt": ccxt, "okx": okx, "bybit": bybit,
    "gate": gate, "hyperliquid": hyperliquid,
}  # fmt: skip
ROWS = {
    "binance-usdm": lambda d: d[0]["brackets"],
    "binance-coinm": lambda d: d[0]["brackets"],
    "ccxt": lambda d: d["BTC/USDT:USDT"],
    "okx": lambda d: d["data"],
    "bybit": lambda d: d["result"]["list"],
    "gate": lambda d: d,
    "hyperliquid": lambda d: d["marginTables"][1][1]["marginTiers"],
}


def read(
    schema: str, document: Any, *, open_caps: bool = False, market: str | None = None
) -> Imported:
    return import_file(
        json.dumps(document).encode() if not isinstance(document, bytes) else document,
        SCHEMAS[schema],
        source="file.json",
        valid_from="2024-01-01T00:00:00Z",
        code_version="0",
        options=ReadOptions(open_caps=open_caps, market=market),
    )


def faults(schema: str, document: Any) -> list[tuple[str, int | None, str, str]]:
    with pytest.raises(VenueSchemaError) as refused:
        read(schema, document)
    for fault in refused.value.faults:
        assert fault.problem
        assert fault.remedy
        assert str(fault) in str(refused.value)
    return [(f.market, f.tier, f.field, f.problem) for f in refused.value.faults]


@pytest.mark.parametrize("schema", SAMPLES)
def test_a_sound_file_is_known_and_read(schema: str) -> None:
    document = SAMPLES[schema]()
    assert read(schema, document).parameters.parameters
    assert schema_of(document) is SCHEMAS[schema]


def test_numbers_arrive_in_one_unit() -> None:
    held = read("binance-usdm", usdm()).parameters.of("BTCUSDT")
    assert held["tier[1].cap_usd"].value == 600_000
    assert held["tier[1].maintenance_rate"].value == Decimal("0.005")
    assert held["tier[1].initial_rate"].value == Decimal("0.01")
    assert held["tier[1].max_leverage"].value == 100
    # COIN-M counts coins, OKX contracts: the cap's name says so.
    assert read("binance-coinm", coinm()).parameters.get("BTCUSD_PERP", "tier[0].cap_coins")
    assert read("okx", okx()).parameters.get("ETH-USDT", "tier[1].cap_contracts").value == 4000
    assert read("bybit", bybit()).parameters.get("BTCUSD", "tier[0].cap_coins").value == 150
    # Hyperliquid: half of one over the highest leverage, and an open end.
    held = read("hyperliquid", hyperliquid()).parameters.of("BTC")
    assert held["tier[0].maintenance_rate"].value == Decimal("0.0125")
    assert held["tier[0].cap_usd"].value == 150_000_000
    assert "tier[1].cap_usd" not in held


PLANTED = [
    ("binance-usdm", 1, "notionalFloor", 60_000, "gap"),
    ("binance-usdm", 1, "notionalFloor", 40_000, "overlaps"),
    ("binance-usdm", 0, "notionalFloor", 10, "must start at 0"),
    ("binance-usdm", 2, "notionalCap", 600_000, "not above the floor"),
    ("binance-usdm", 2, "notionalCap", 9_223_372_036_854_775_807, "sentinel"),
    ("binance-usdm", 2, "notionalCap", 1e18, "sentinel"),
    ("binance-usdm", 2, "notionalCap", 0, "sentinel"),
    ("binance-usdm", 2, "notionalCap", "∞", "sentinel"),
    ("binance-usdm", 2, "notionalCap", 2**53 - 1, "sentinel"),
    ("binance-usdm", 2, "notionalCap", "unlimited", "sentinel"),
    ("binance-usdm", 2, "notionalCap", -5, "negative"),
    ("binance-usdm", 2, "notionalCap", "٣", "is no number"),
    ("binance-usdm", 1, "maintMarginRatio", "1.0%", "per cent written as text"),
    ("binance-usdm", 1, "maintMarginRatio", 0.003, "falls from 0.004"),
    ("binance-usdm", 1, "maintMarginRatio", -0.005, "negative"),
    ("binance-usdm", 1, "maintMarginRatio", 0.5, "per cent"),
    ("binance-usdm", 1, "maintMarginRatio", 5, "over 1"),
    ("binance-usdm", 1, "maintMarginRatio", 0, "zero"),
    ("binance-usdm", 1, "maintMarginRatio", "1,5", "is no number"),
    ("binance-usdm", 1, "maintMarginRatio", True, "is no number"),
    ("binance-usdm", 1, "maintMarginRatio", None, "is missing"),
    ("binance-usdm", 1, "cum", 49, "continuity demands 50"),
    ("binance-usdm", 1, "bracket", 1, "duplicate tier"),
    ("binance-usdm", 2, "bracket", 9, "skips"),
    ("binance-usdm", 1, "initialLeverage", 126, "rises"),
    ("binance-usdm", 1, "initialLeverage", 0, "must lie in"),
    ("binance-usdm", 1, "surprise", 1, "no key of this schema"),
    ("ccxt", 1, "maxNotional", 50_000, "not above the floor"),
    ("ccxt", 2, "maxNotional", float("inf"), "no number"),
    ("okx", 1, "minSz", "2002", "gap"),
    ("okx", 1, "imr", "0.03", "contradicts the initial rate"),
    ("okx", 1, "imr", "2", "over 1"),
    ("okx", 1, "maxSz", "2000", "duplicate tier"),
    ("bybit", 0, "initialMargin", "1", "per cent where a fraction belongs"),
    ("bybit", 1, "riskLimitValue", "150", "duplicate tier"),
    ("bybit", 1, "riskLimitValue", "100", "falls from 150"),
    ("bybit", 1, "mmDeduction", "1", "continuity demands 0.75"),
    ("gate", 1, "leverage_max", "90", "contradicts the initial rate"),
    ("gate", 1, "tier", 1, "duplicate tier"),
    ("hyperliquid", 1, "lowerBound", "0", "not above the floor"),
    ("hyperliquid", 1, "maxLeverage", 41, "rises"),
    ("hyperliquid", 0, "lowerBound", "5", "must start at 0"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "row", "key", "value", "problem"), PLANTED)
def test_planted_faults(schema: str, row: int, key: str, value: Any, problem: str) -> None:
    document = SAMPLES[schema]()
    ROWS[schema](document)[row][key] = value
    found = faults(schema, document)
    assert any(problem in fault[3] for fault in found), found


def test_a_fault_names_market_tier_field_value_and_remedy() -> None:
    document = usdm()
    document[0]["brackets"][1]["maintMarginRatio"] = "1.0%"
    with pytest.raises(VenueSchemaError) as refused:
        read("binance-usdm", document)
    (fault,) = refused.value.faults
    assert fault.document() == {
        "market": "BTCUSDT",
        "tier": 2,
        "field": "maintMarginRatio",
        "value": "1.0%",
        "problem": "is a per cent written as text",
        "remedy": "write the fraction as a decimal, 1 % as 0.01",
    }
    assert refused.value.exit_code == 3


def test_all_faults_of_all_markets_at_once() -> None:
    document = [*usdm(), *copy.deepcopy(usdm())]
    document[1]["symbol"] = "ETHUSDT"
    document[0]["brackets"][1]["notionalFloor"] = 60_000
    document[1]["brackets"][2]["cum"] = 1
    document[1]["brackets"][2]["notionalCap"] = 0
    found = [fault[:3] for fault in faults("binance-usdm", document)]
    assert ("BTCUSDT", 2, "notionalFloor") in found
    assert ("ETHUSDT", 3, "notionalCap") in found


def test_open_caps_are_read_only_when_told() -> None:
    document = usdm()
    document[0]["brackets"][2]["notionalCap"] = 9_223_372_036_854_775_807
    held = read("binance-usdm", document, open_caps=True).parameters.of("BTCUSDT")
    assert "tier[2].cap_usd" not in held
    document[0]["brackets"][1]["notionalCap"] = 0
    with pytest.raises(VenueSchemaError, match="only the last tier may be open"):
        read("binance-usdm", document, open_caps=True)


def test_the_venues_copies_in_ccxt_must_agree() -> None:
    document = ccxt()
    document["BTC/USDT:USDT"][1]["info"]["notionalCap"] = "600001"
    assert ("BTC/USDT:USDT", 2, "info.notionalCap") in [f[:3] for f in faults("ccxt", document)]


def test_contracts_in_ccxt_are_not_taken_for_dollars() -> None:
    rows = [
        {"tier": 1, "minNotional": 0, "maxNotional": 2000, "maintenanceMarginRate": 0.01,
         "maxLeverage": 75, "info": {"minSz": "0", "maxSz": "2000", "imr": "0.013"}},
        {"tier": 2, "minNotional": 2001, "maxNotional": 4000, "maintenanceMarginRate": 0.015,
         "maxLeverage": 50, "info": {"minSz": "2001", "maxSz": "4000", "imr": "0.02"}},
    ]  # fmt: skip
    held = read("ccxt", {"ETH/USDT:USDT": rows}).parameters.of("ETH/USDT:USDT")
    assert held["tier[0].cap_contracts"].value == 2000


def test_rows_without_market_need_one() -> None:
    rows = [{k: v for k, v in row.items() if k != "contract"} for row in gate()]
    assert "names no market" in faults("gate", rows)[0][3]
    assert read("gate", rows, market="BTC_USDT").parameters.markets == ("BTC_USDT",)


def test_a_bybit_answer_must_say_its_category() -> None:
    document = bybit()
    document["result"]["category"] = ""
    assert ("", None, "result.category") in [fault[:3] for fault in faults("bybit", document)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b'{"A": 1, "A": 2}', "stands twice"),
        (b"[NaN]", "no number to calculate with"),
        (b"[1e999999]", "no number to calculate with"),
        (b"[]", "must"),
        (b"null", "must"),
        (b"7", "must"),
    ],
)
@pytest.mark.parametrize("schema", SAMPLES)
def test_other_documents(schema: str, text: bytes, problem: str) -> None:
    with pytest.raises(VenueSchemaError) as refused:
        read(schema, text)
    assert any(problem in fault.problem for fault in refused.value.faults)


def test_the_tiers_of_one_market_as_ccxt_lists_them() -> None:
    rows = [row | {"symbol": "BTC/USDT:USDT"} for row in ccxt()["BTC/USDT:USDT"]]
    found = read("ccxt", rows)
    assert found.parameters.parameters == read("ccxt", ccxt()).parameters.parameters
    back = export_set(found.parameters, SCHEMAS["ccxt"], carried=found.carried).document
    assert equal_documents(back, document_of(json.dumps(rows).encode(), "", FaultLog()))
    rows[0]["symbol"] = "ETH/USDT:USDT"
    assert faults("ccxt", rows)


def test_one_wrong_deduction_is_one_fault_and_its_follower() -> None:
    document = usdm()
    document[0]["brackets"][1]["cum"] = 49
    # The third tier's 950 follows from 50, not from 49: the step to it is told as well.
    assert [fault[1] for fault in faults("binance-usdm", document)] == [2, 3]


@pytest.mark.parametrize("schema", SAMPLES)
def test_deeply_nested_files_are_bad_data(schema: str) -> None:
    nested = b"[" * 100_000 + b"]" * 100_000
    with pytest.raises(DataFormatError):
        read(schema, nested)
    inside = json.dumps(SAMPLES[schema]()).encode()
    deep = inside.replace(b'"symbol": "BTCUSDT"', b'"symbol": ' + b"[" * 2000 + b"]" * 2000, 1)
    if deep != inside:
        with pytest.raises(DataFormatError):
            read(schema, deep)
