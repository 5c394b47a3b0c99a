"""Imported tables through the engine: margins worked by hand, in the unit each venue counts in."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from plimsoll.adapters.tier_tables import (
    SCHEMAS,
    LossyExportError,
    ReadOptions,
    export_set,
    import_file,
    tier_tables,
)
from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Pair, Payoff, Perpetual
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.parameters import ParameterSet
from plimsoll.errors import UsageError
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.sided_tiers import SidedTiers
from plimsoll.margin.tiered import TieredMargin
from plimsoll.margin.tiered.columns import TierMeasure

PAIR = Pair(base="BTC", quote="USD")
LINEAR = Perpetual(pair=PAIR, settle="USD", payoff=Payoff.LINEAR, contract_size=Decimal(1))
INVERSE = Perpetual(pair=PAIR, settle="BTC", payoff=Payoff.INVERSE, contract_size=Decimal(100))
SNAPSHOT = MarketSnapshot(at_ns=0, quotes={"M": Quote(mark=60_000.0, index=60_000.0)})

USDM = [{"symbol": "M", "brackets": [
    {"bracket": 1, "initialLeverage": 125, "notionalCap": 50000, "notionalFloor": 0,
     "maintMarginRatio": 0.004, "cum": 0},
    {"bracket": 2, "initialLeverage": 100, "notionalCap": 600000, "notionalFloor": 50000,
     "maintMarginRatio": 0.005, "cum": 50}]}]  # fmt: skip
COINM = [{"symbol": "M", "brackets": [
    {"bracket": 1, "initialLeverage": 125, "qtyCap": 50, "qtylFloor": 0,
     "maintMarginRatio": 0.004, "cum": 0},
    {"bracket": 2, "initialLeverage": 100, "qtyCap": 200, "qtylFloor": 50,
     "maintMarginRatio": 0.005, "cum": 0.05}]}]  # fmt: skip
OKX = {"data": [
    {"instFamily": "M", "tier": "1", "minSz": "0", "maxSz": "50000", "mmr": "0.01", "imr": "0.02",
     "maxLever": "50"},
    {"instFamily": "M", "tier": "2", "minSz": "50001", "maxSz": "100000", "mmr": "0.015",
     "imr": "0.025", "maxLever": "40"}]}  # fmt: skip


def imported(schema: str, document: Any) -> ParameterSet:
    return import_file(
        json.dumps(document).encode(), SCHEMAS[schema], source="f", valid_from="2024-01-01",
        code_version="0", options=ReadOptions(),
    ).parameters  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "document", "measure", "contract", "quantity", "maintenance"),
    [
        # 2 x 60,000 = 120,000 USD; 0.5 % less 50.
        ("binance-usdm", USDM, TierMeasure.NOTIONAL, LINEAR, 2.0, 550.0),
        # 72,000 contracts of 100 USD = 120 BTC; 0.5 % less 0.05 BTC = 0.55 BTC at 60,000.
        ("binance-coinm", COINM, TierMeasure.COINS, INVERSE, 72_000.0, 33_000.0),
        # 72,000 contracts = 7.2m USD; 1.5 % of all of them.
        ("okx", OKX, TierMeasure.CONTRACTS, INVERSE, 72_000.0, 108_000.0),
    ],
)
def test_margin_of_an_imported_table(
    schema: str,
    document: Any,
    measure: TierMeasure,
    contract: Perpetual,
    quantity: float,
    maintenance: float,
) -> None:
    held = tier_tables(imported(schema, document))["M"]
    assert held.measure is measure
    model = TieredMargin(
        pricing=CurrencyPricing(pricing_markets={"BTC": "M"}), measure={"M": held.measure}
    )
    tables = SidedTiers(
        long=held.table, short=held.table, marginal_maintenance=False if held.whole else None
    )
    prepared = model.prepare(SNAPSHOT, {"M": tables}, {"M": contract})
    position = Position(market="M", quantity=quantity, entry_price=60_000.0)
    book = Book.from_accounts([Account(name="a", positions=(position,))])
    found = prepared.requirements(book).maintenance.tolist()
    assert found == pytest.approx([maintenance], rel=1e-12)


@pytest.mark.parametrize(("schema", "document"), [("binance-coinm", COINM), ("okx", OKX)])
def test_a_table_in_contracts_or_coins_is_never_taken_for_dollars(
    schema: str, document: Any
) -> None:
    with pytest.raises(UsageError, match="must have caps in dollars"):
        imported(schema, document).tiers("M")


def test_rates_for_the_whole_position_are_said_and_not_lost_to_their_own_venue() -> None:
    read = imported("okx", OKX)
    assert read.get("M", "tiers.marginal_share").value == 0
    assert "tiers.marginal_share" not in imported("binance-usdm", USDM).of("M")
    back = export_set(read, SCHEMAS["okx"])
    assert back.losses == ()
    assert imported("okx", back.document).parameters == read.parameters
    with pytest.raises(LossyExportError) as refused:
        export_set(read, SCHEMAS["bybit"])
    assert "tiers.marginal_share" in {loss.name for loss in refused.value.losses}
