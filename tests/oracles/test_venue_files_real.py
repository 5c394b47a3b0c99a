"""Venues' real files through import and export; figures read off the files by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

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
    tier_tables,
    written,
)
from plimsoll.adapters.venues.binance_tiers import read_leverage_tiers
from plimsoll.margin.dydx import LiquidityTier
from plimsoll.margin.governed import from_set

BINANCE = "tiers/binance_usdm_leverage_tiers_2024-10.json"
DYDX = "tiers/dydx_v4_mainnet_genesis_markets.json"


def read(path: Path, schema: str, *, open_caps: bool = False) -> Imported:
    return import_file(
        path.read_bytes(), SCHEMAS[schema], source=path.name, valid_from="2024-10-01T00:00:00Z",
        code_version="0", options=ReadOptions(open_caps=open_caps),
    )  # fmt: skip


@pytest.mark.parametrize(("name", "schema"), [(BINANCE, "ccxt"), (DYDX, "dydx")])
def test_a_real_file_comes_back(market_data_dir: Path, name: str, schema: str) -> None:
    path = market_data_dir / name
    found = read(path, schema, open_caps=True)
    back = export_set(found.parameters, SCHEMAS[schema], carried=found.carried)
    original = document_of(path.read_bytes(), "", FaultLog())
    assert equal_documents(document_of(written(back.document).encode(), "", FaultLog()), original)


def test_binances_only_sentinel_is_named(market_data_dir: Path) -> None:
    """349 contracts, one open bracket: BTCST's sixth, 2^63 - 1."""
    with pytest.raises(VenueSchemaError) as refused:
        read(market_data_dir / BINANCE, "ccxt")
    (fault,) = refused.value.faults
    assert (fault.market, fault.tier, fault.field) == ("BTCST/USDT:USDT", 6, "maxNotional")


def test_tables_are_those_of_the_other_reader(market_data_dir: Path) -> None:
    tables = tier_tables(read(market_data_dir / BINANCE, "ccxt", open_caps=True).parameters)
    others = read_leverage_tiers(market_data_dir / BINANCE)
    assert tables.keys() == others.keys()
    different = [market for market in tables if tables[market].tiers != others[market].tiers]
    assert different == ["BTCST/USDT:USDT"]  # the other takes the sentinel for a number
    bitcoin = tables["BTC/USDT:USDT"].tiers
    assert [t.max_leverage for t in bitcoin[:3]] == [125, 100, 75]
    assert bitcoin[2].maintenance_rate == Decimal("0.0065")


def test_ccxt_to_binance_and_gate_and_back(market_data_dir: Path) -> None:
    """Deductions are recomputed: the venue's own, on all contracts with finite caps."""
    found = read(market_data_dir / BINANCE, "ccxt", open_caps=True).parameters
    own = document_of((market_data_dir / BINANCE).read_bytes(), "", FaultLog())
    items = export_set(found, SCHEMAS["binance-usdm"]).document
    cums = {i["symbol"]: [b["cum"] for b in i["brackets"]] for i in items}
    assert cums == {m: [Decimal(t["info"]["cum"]) for t in rows] for m, rows in own.items()}


def test_dydx_genesis(market_data_dir: Path) -> None:
    found = read(market_data_dir / DYDX, "dydx").parameters
    assert from_set(LiquidityTier, found, "BTC-USD").initial_margin == Decimal("0.05")
    assert from_set(LiquidityTier, found, "LINK-USD").maintenance_fraction == Decimal("0.5")
