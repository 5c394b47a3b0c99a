"""Fills by hand, and what must hold whatever the contract: at the mark, equity does not change."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from coin_books import (
    INSTRUMENTS,
    PRICING,
    SNAPSHOT,
    account,
    book,
    isolated,
    position,
    price_scenarios,
)
from plimsoll.domain.instrument import Pair, Payoff, Perpetual
from plimsoll.errors import UsageError
from plimsoll.margin.simulation import PORTFOLIO, SimulationMargin, SimulationParameters
from plimsoll.runtime import Engine
from plimsoll.runtime.fills import filled

LINEAR = Perpetual(
    pair=Pair(base="BTC", quote="USDT"),
    settle="USDT",
    payoff=Payoff.LINEAR,
    contract_size=Decimal("0.5"),
)
INVERSE = INSTRUMENTS["BTC-INV"]  # 100 dollars a contract
OPTION = INSTRUMENTS["BTC-I-30-1.0-C"]  # 0.1 coin a contract
MARKETS = ["BTC-INV", "BTC-LIN", "BTC-FUT", "ETH-SPOT", "BTC-I-30-1.0-C", "ETH-L-9-0.8-P"]


def test_linear_by_hand() -> None:
    opened = filled(LINEAR, 0.0, 1.0, 4.0, 100.0)
    assert (opened.quantity, opened.entry_price, opened.cash) == (4.0, 100.0, 0.0)
    # 4 at 100 and 12 at 120: 16 at (400 + 1440) / 16 = 115.
    enlarged = filled(LINEAR, 4.0, 100.0, 12.0, 120.0)
    assert (enlarged.quantity, enlarged.entry_price, enlarged.cash) == (16.0, 115.0, 0.0)
    # 6 of the 16 sold at 125: 6 x 0.5 x (125 - 115) = 30.
    reduced = filled(LINEAR, 16.0, 115.0, -6.0, 125.0)
    assert (reduced.quantity, reduced.entry_price, reduced.cash) == (10.0, 115.0, 30.0)
    # 10 bought back by 25 sold at 113: 10 x 0.5 x (113 - 115) = -10, and 15 short at 113.
    turned = filled(LINEAR, 10.0, 115.0, -25.0, 113.0)
    assert (turned.quantity, turned.entry_price, turned.cash) == (-15.0, 113.0, -10.0)
    closed = filled(LINEAR, -15.0, 113.0, 15.0, 103.0)
    assert (closed.quantity, closed.cash) == (0.0, 75.0)


def test_inverse_entry_is_the_harmonic_mean() -> None:
    # 10,000 dollars at 50,000 and 10,000 at 40,000 are 0.2 + 0.25 coins: 20,000 / 0.45.
    enlarged = filled(INVERSE, 100.0, 50_000.0, 100.0, 40_000.0)
    assert enlarged.entry_price == pytest.approx(20_000.0 / 0.45, rel=1e-15)
    # 10,000 dollars short from 50,000 to 40,000: 0.25 - 0.2 coins gained.
    closed = filled(INVERSE, -100.0, 50_000.0, 100.0, 40_000.0)
    assert closed.cash == pytest.approx(0.05, rel=1e-14)


def test_an_option_pays_its_price() -> None:
    bought = filled(OPTION, 0.0, 1.0, 30.0, 0.05)
    assert bought.cash == pytest.approx(-30.0 * 0.1 * 0.05, rel=1e-15)
    sold = filled(OPTION, 30.0, 0.05, -10.0, 0.08)
    assert (sold.quantity, sold.entry_price) == (20.0, 0.05)
    assert sold.cash == pytest.approx(10.0 * 0.1 * 0.08, rel=1e-15)


def test_roundings_of_fills_do_not_leave_a_position() -> None:
    held = filled(LINEAR, filled(LINEAR, 0.1, 1.0, 0.2, 1.0).quantity, 1.0, -0.3, 1.0)
    assert 0.1 + 0.2 - 0.3 != 0.0
    assert held.quantity == 0.0
    assert filled(LINEAR, 1.0, 1.0, -0.999999, 1.0).quantity > 0.0


@pytest.mark.parametrize(
    ("held", "quantity", "price"),
    [
        (1.0, 0.0, 1.0),
        (1.0, np.nan, 1.0),
        (1.0, np.inf, 1.0),
        (1.0, 1.0, 0.0),
        (1.0, 1.0, -1.0),
        (1.0, 1.0, np.nan),
        (np.nan, 1.0, 1.0),
    ],
)
def test_impossible_fills_are_refused(held: float, quantity: float, price: float) -> None:
    with pytest.raises(UsageError):
        filled(LINEAR, held, 1.0, quantity, price)


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("quantity", [5.0, -5.0, -15.0, -20.0, -35.0])
@pytest.mark.parametrize("alone", [False, True])
def test_a_fill_at_the_mark_leaves_equity(market: str, quantity: float, alone: bool) -> None:
    mark, fee = SNAPSHOT.quotes[market].mark, 0.001
    held = isolated(market, 20.0, 3.0, mark * 0.9) if alone else position(market, 20.0, mark * 0.9)
    engine = Engine(
        model=SimulationMargin(scenarios=price_scenarios(20), pricing=PRICING),
        parameters={PORTFOLIO: SimulationParameters()},
        instruments=INSTRUMENTS,
        snapshot=SNAPSHOT,
        book=book(account("a", held, USDC=1_000.0)),
    )
    before = engine.margins.equity.sum()
    engine.on_fill("a", market, quantity, mark, fee=fee)
    price = PRICING.price(INSTRUMENTS[market].settle, SNAPSHOT, INSTRUMENTS)
    # Amounts of up to 2e6 dollars are added and taken away: 1e-9 is a few of their roundings.
    assert engine.margins.equity.sum() == pytest.approx(before - fee * price, abs=1e-8)
    after = engine.book.account("a").positions
    assert sum(p.quantity for p in after) == 20.0 + quantity
