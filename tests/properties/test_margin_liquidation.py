"""The liquidation price is where the model's own equity meets its own maintenance margin.

Oracle: `TieredMargin` at that mark (the price formula shares no code with the kernel), and the
sign of the excess on either side of it.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from margin_books import INSTRUMENTS, PRICES, tier_tables

from plimsoll.domain.account import Account, MarginMode, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Perpetual
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.tiers import TierTable
from plimsoll.margin import (
    CurrencyPricing,
    LiquidationStatus,
    TieredMargin,
    isolated_liquidation_price,
)

PATIENT = settings(deadline=None)  # the first call compiles
CONTRACTS = st.integers(1, 10**6).map(float)


def excess(market: str, tiers: TierTable, position: Position, mark: float) -> float:
    """Equity less maintenance margin of the isolated unit, in settlement currency."""
    instrument = INSTRUMENTS[market]
    assert isinstance(instrument, Perpetual)
    snapshot = MarketSnapshot(at_ns=0, quotes={market: Quote(mark=mark, index=mark)})
    model = TieredMargin(pricing=CurrencyPricing(numeraire=instrument.settle))
    book = Book.from_accounts([Account(name="a", positions=(position,))])
    prepared = model.prepare(snapshot, {market: tiers}, {market: instrument})
    return float(prepared.requirements(book).maintenance_excess[1])


@PATIENT
@given(
    market=st.sampled_from(list(INSTRUMENTS)),
    tiers=tier_tables(closed=False),
    contracts=CONTRACTS,
    side=st.sampled_from([-1.0, 1.0]),
    entry=PRICES,
    share=st.floats(0.001, 3.0),
)
def test_equity_meets_maintenance_at_the_liquidation_price(
    market: str, tiers: TierTable, contracts: float, side: float, entry: float, share: float
) -> None:
    instrument = INSTRUMENTS[market]
    assert isinstance(instrument, Perpetual)
    amount = contracts * float(instrument.required_contract_size())
    value = amount / entry if market == "INVERSE" else amount * entry
    position = Position(
        market=market,
        quantity=side * contracts,
        entry_price=entry,
        mode=MarginMode.ISOLATED,
        isolated_margin=share * value,
    )
    found = isolated_liquidation_price(
        instrument,
        tiers,
        quantity=position.quantity,
        entry_price=entry,
        isolated_margin=share * value,
    )
    if found.status is LiquidationStatus.NEVER:
        worst = entry * (1e-9 if side > 0 else 1e9)
        assert excess(market, tiers, position, worst) >= -1e-6 * value
        return
    assert found.price is not None
    assume(1e-12 * entry < found.price < 1e12 * entry)
    at = found.price
    scale = value * max(1.0, at / entry, entry / at)
    assert excess(market, tiers, position, at) == pytest.approx(0.0, abs=1e-9 * scale)
    assert excess(market, tiers, position, at * (1.0 + side * 1e-3)) > 0.0
    assert excess(market, tiers, position, at * (1.0 - side * 1e-3)) < 0.0


@PATIENT
@given(
    tiers=tier_tables(closed=True),
    side=st.sampled_from([-1.0, 1.0]),
    contracts=CONTRACTS,
    entry=PRICES,
    share=st.floats(0.001, 3.0),
)
def test_no_price_is_claimed_beyond_the_last_tier(
    tiers: TierTable, side: float, contracts: float, entry: float, share: float
) -> None:
    instrument = INSTRUMENTS["LINEAR"]
    assert isinstance(instrument, Perpetual)
    coins = contracts * 0.01
    found = isolated_liquidation_price(
        instrument,
        tiers,
        quantity=side * contracts,
        entry_price=entry,
        isolated_margin=share * coins * entry,
    )
    cap = float(tiers.tiers[-1].cap_usd or Decimal("inf"))
    if found.price is not None:
        assert coins * found.price <= cap * (1.0 + 1e-9)
    elif found.status is LiquidationStatus.NEVER:
        assert side > 0.0
        assert share >= 1.0 - 1e-12
