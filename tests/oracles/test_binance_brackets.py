"""Binance's published brackets of October 2024: 349 contracts, 2,805 brackets.

Oracle: the venue's own cumulated deductions ``cum``, which it computes, not we; compared exactly,
as decimals. And its formula of maintenance margin, notional times rate less deduction.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from plimsoll.adapters.venues import parse_name
from plimsoll.adapters.venues.binance_tiers import read_brackets, read_leverage_tiers
from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument, Spot
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.margin import CurrencyPricing, TieredMargin

FILE = Path("tiers") / "binance_usdm_leverage_tiers_2024-10.json"


@pytest.fixture(scope="module")
def path(market_data_dir: Path) -> Path:
    return market_data_dir / FILE


def test_deduction_identity_holds_for_all_349_contracts(path: Path) -> None:
    tables, published = read_leverage_tiers(path), read_brackets(path)
    checked = 0
    for market, table in tables.items():
        cums = [bracket.cum for bracket in published[market]]
        assert [d.normalize() for d in table.deductions_usd] == [
            Decimal(0) if c is None else c.normalize() for c in cums
        ]
        assert None not in cums
        checked += len(cums)
    assert (len(tables), checked) == (349, 2805)


def test_btcusdt_is_the_table_of_the_reference(path: Path) -> None:
    """`reference/methodology.md`, 1.2: cap, rate in per cent, leverage, deduction."""
    table = read_leverage_tiers(path)["BTC/USDT:USDT"]
    expected = """
        50e3 0.40 125 0|600e3 0.50 100 50|3e6 0.65 75 950|12e6 1 50 11450|70e6 2 25 131450
        |100e6 2.5 20 481450|230e6 5 10 2981450|480e6 10 5 14481450|600e6 12.5 4 26481450
        |800e6 15 3 41481450|1.2e9 25 2 121481450|1.8e9 50 1 421481450"""
    rows = [tuple(map(Decimal, row.split())) for row in expected.split("|")]
    found = [
        (t.cap_usd, t.maintenance_rate * 100, t.max_leverage, d)
        for t, d in zip(table.tiers, table.deductions_usd, strict=True)
    ]
    assert found == rows


def test_margin_at_every_bracket_edge_is_the_venues_formula(path: Path) -> None:
    """Floor (continuity from below), middle and cap of all 2,805 brackets, through the model."""
    published, tables = read_brackets(path), read_leverage_tiers(path)
    instruments: dict[str, Instrument] = {}
    for name in tables:
        instrument = parse_name(name, "ccxt")
        assert not isinstance(instrument, Spot)
        instruments[name] = instrument.with_contract_size(Decimal(1))
    accounts, maintenance, initial = [], list[Decimal](), list[Decimal]()
    for name, brackets in published.items():
        for b in brackets:
            for notional in (b.floor, (b.floor + b.cap) / 2, b.cap):
                position = Position(market=name, quantity=float(notional) / 8.0, entry_price=8.0)
                accounts.append(Account(name=str(len(accounts)), positions=(position,)))
                maintenance.append(notional * b.maintenance_rate - (b.cum or 0))
                # At its floor a position still lies in the bracket below.
                lower = [x for x in brackets if x.cap == notional]
                leverage = (lower[0] if lower else b).max_leverage
                initial.append(notional / leverage)
    snapshot = MarketSnapshot(
        at_ns=0,
        quotes={name: Quote(mark=8.0, index=8.0) for name in tables},
        stable_price_usd={"USDT": 1.0, "USDC": 1.0},
    )
    model = TieredMargin(pricing=CurrencyPricing(pricing_markets={"BTC": "BTC/USDT:USDT"}))
    prepared = model.prepare(snapshot, tables, instruments)
    found = prepared.requirements(Book.from_accounts(accounts))
    priced = np.array(  # the one contract settled in BTC; BTC is marked at 8 USDT here
        [8.0 if a.positions[0].market == "ETH/BTC:BTC" else 1.0 for a in accounts]
    )
    assert len(found) == 3 * 2805
    assert not found.unknown.any()
    # Float64 against exact decimals: a subtraction of deductions up to 4e8 from products up to
    # 9e8 leaves an absolute error of a few 1e-7, a relative one below 1e-14 of the notional.
    notional = np.array([abs(a.positions[0].quantity) * 8.0 for a in accounts])
    exact = np.array([float(m) for m in maintenance])
    assert np.all(np.abs(found.maintenance / priced - exact) <= 1e-15 * 4 * notional)
    np.testing.assert_allclose(
        found.initial / priced, [float(i) for i in initial], rtol=1e-14, atol=0.0
    )
    assert np.all(found.initial >= found.maintenance)
    assert np.all(found.maintenance >= 0.0)
