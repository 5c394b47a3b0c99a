"""Cash settlement keeps what everybody has: equity at the settlement price before, and after.

The oracle values the book as margin does (`book_values`) at marks that are the settlement prices, a
second before the expiry. Tolerance: 1e-12 of the gross amounts, for sums in another order.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expiry_markets import EXPIRY_NS, INSTRUMENTS
from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument, Option, OptionRight, Pair, Payoff, Spot
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.settlement import DeliveryFee, settled
from plimsoll.margin.units.cells import unit_layout
from plimsoll.margin.units.market_rows import book_values, market_rows

SECOND = 10**9
KNOWN: dict[str, Instrument] = {m: i for m, i in INSTRUMENTS.items() if m != "QCALL"}
PRICED = KNOWN | {"ETH": Spot(pair=Pair(base="ETH", quote="USD"))}
PRICING = CurrencyPricing(pricing_markets={"BTC": "INV", "ETH": "ETH"})
QUANTITIES = st.integers(-(10**6), 10**6).map(lambda q: q / 100)
PRICES = st.floats(10, 1000)
MONEY = st.integers(-(10**9), 10**9).map(lambda m: m / 1e4)


def intrinsic(option: Option, price: float) -> float:
    """What one unit of the underlying pays, settlement currency."""
    sign = 1.0 if option.right is OptionRight.CALL else -1.0
    value = max(sign * (price - float(option.strike)), 0.0)
    return value / price if option.payoff is Payoff.INVERSE else value / option.pair.base_units


def valued(book: Book, prices: dict[str, float], at_ns: int) -> tuple[np.ndarray[Any, Any], float]:
    """Equity of every unit in dollars at the settlement prices, and the gross of it."""
    quotes = {"ETH": Quote(mark=7.0, index=7.0)}
    for market, instrument in KNOWN.items():
        price = prices[market]
        mark = intrinsic(instrument, price) if isinstance(instrument, Option) else price
        quotes[market] = Quote(mark=mark, index=prices["INV"])
    snapshot = MarketSnapshot(at_ns=at_ns, quotes=quotes, stable_price_usd={"USDT": 0.97})
    layout = unit_layout(book)
    rows = market_rows(snapshot, PRICED, PRICING)
    values = book_values(book, layout, rows, PRICING, snapshot)
    assert not values.reason.any()
    profit = np.bincount(layout.unit_of_position, values.unrealised, len(layout))
    gross = float(np.abs(values.unrealised).sum() + np.abs(values.collateral).sum()) + 1.0
    return values.collateral + profit, gross


@st.composite
def accounts(draw: st.DrawFn, name: str) -> Account:
    held = draw(st.lists(st.sampled_from(list(KNOWN)), unique=True, max_size=5))
    positions = []
    for market in held:
        aside = draw(st.none() | MONEY.map(abs)) if "CALL" not in market else None
        positions.append(
            Position(
                market=market,
                quantity=draw(QUANTITIES),
                entry_price=draw(PRICES),
                mode=MarginMode.CROSS if aside is None else MarginMode.ISOLATED,
                isolated_margin=aside,
                funding=0.0 if isinstance(KNOWN[market], Option) else draw(MONEY),
            )
        )
    owned = draw(st.lists(st.sampled_from(["USDT", "BTC", "ETH"]), unique=True))
    return Account(
        name=name,
        positions=tuple(positions),
        collateral={currency: draw(MONEY) for currency in owned},
        orders=tuple(
            Order(market=m, quantity=1.0)
            for m in draw(st.lists(st.sampled_from(["LIN", "PERP", "IPUT"]), max_size=2))
        ),
    )


@st.composite
def days(draw: st.DrawFn) -> tuple[Book, dict[str, float]]:
    count = draw(st.integers(0, 4))
    book = Book.from_accounts([draw(accounts(f"a{row}")) for row in range(count)])
    return book, {market: draw(PRICES) for market in KNOWN}


def by_account(book: Book, values: Any) -> Any:
    return np.bincount(unit_layout(book).account, values, len(book))


@given(days(), st.sampled_from(["venue", "account"]), st.booleans())
@settings(max_examples=200)
def test_nobody_gains_or_loses_by_settlement(
    day: tuple[Book, dict[str, float]], bearer: Any, charged: bool
) -> None:
    book, prices = day
    fees = {m: DeliveryFee(rate=0.001, cap_of_value=0.1) for m in KNOWN} if charged else {}
    after, report = settled(book, prices, KNOWN, EXPIRY_NS, fees=fees, isolated_deficit=bearer)
    before_units, gross = valued(book, prices, EXPIRY_NS - SECOND)
    after_units, _ = valued(after, prices, EXPIRY_NS)
    worth = {"USDT": 0.97, "BTC": prices["INV"], "ETH": 7.0}
    rate = np.array([worth[c] for c in report.currencies])[report.currency]
    borne = np.bincount(report.account, (report.deficit - report.fee) * rate, len(book))
    gained = by_account(after, after_units) - by_account(book, before_units)
    assert gained == pytest.approx(borne, rel=0, abs=1e-12 * gross)
    assert not after.quantity[np.isin(after.market, report.market)].any()
    assert len(report) + after.market.size == book.market.size


@given(days())
@settings(max_examples=60)
def test_totals_are_the_change_of_collateral(day: tuple[Book, dict[str, float]]) -> None:
    book, prices = day
    after, report = settled(book, prices, KNOWN, EXPIRY_NS)
    change = after.collateral.sum(axis=0)
    change[: len(book.currencies)] -= book.collateral.sum(axis=0)
    totals = report.totals()
    gross = float(np.abs(after.collateral).sum() + np.abs(book.collateral).sum()) + 1.0
    for currency, moved in zip(after.currencies, change.tolist(), strict=True):
        net = 0.0
        if currency in totals:
            net = totals[currency].credited - totals[currency].debited
        assert moved == pytest.approx(net, rel=0, abs=1e-11 * gross)


@given(days())
@settings(max_examples=60)
def test_settling_again_changes_nothing(day: tuple[Book, dict[str, float]]) -> None:
    book, prices = day
    after, _ = settled(book, prices, KNOWN, EXPIRY_NS)
    again, report = settled(after, prices, KNOWN, EXPIRY_NS)
    assert len(report) == report.kept_account.size == report.cancelled_orders == 0
    assert np.array_equal(again.collateral, after.collateral)
    assert np.array_equal(again.market, after.market)


@given(days())
@settings(max_examples=60)
def test_before_the_expiry_nothing_happens(day: tuple[Book, dict[str, float]]) -> None:
    book, prices = day
    after, report = settled(book, prices, KNOWN, EXPIRY_NS - SECOND)
    assert len(report) == 0
    assert np.array_equal(after.collateral, book.collateral)
    assert np.array_equal(after.quantity, book.quantity)


@given(days())
@settings(max_examples=60)
def test_accounts_do_not_touch_one_another(day: tuple[Book, dict[str, float]]) -> None:
    book, prices = day
    together, _ = settled(book, prices, KNOWN, EXPIRY_NS)
    for row in range(len(book)):
        alone, _ = settled(book.take(np.array([row])), prices, KNOWN, EXPIRY_NS)
        mine = dict(zip(together.currencies, together.collateral[row].tolist(), strict=True))
        theirs = dict(zip(alone.currencies, alone.collateral[0].tolist(), strict=True))
        assert {c: v for c, v in mine.items() if v} == {c: v for c, v in theirs.items() if v}


@given(days(), st.lists(st.sampled_from(list(KNOWN)), unique=True))
@settings(max_examples=60)
def test_without_a_price_nothing_is_lost(
    day: tuple[Book, dict[str, float]], missing: list[str]
) -> None:
    book, prices = day
    known = {m: p for m, p in prices.items() if m not in missing}
    part, report = settled(book, known, KNOWN, EXPIRY_NS)
    stayed = {part.markets[m] for m in report.kept_market.tolist()}
    assert stayed <= set(missing) - {"PERP"}
    rest, late = settled(part, prices, KNOWN, EXPIRY_NS)
    at_once, _ = settled(book, prices, KNOWN, EXPIRY_NS)
    assert late.kept_account.size == 0
    columns = {c: at_once.collateral[:, k] for k, c in enumerate(at_once.currencies)}
    for k, currency in enumerate(rest.currencies):
        gross = np.abs(rest.collateral).sum() + 1e7
        assert rest.collateral[:, k] == pytest.approx(columns[currency], rel=0, abs=1e-12 * gross)


def test_expired_orders_leave_and_others_stay() -> None:
    orders = (Order(market="LIN", quantity=1.0), Order(market="PERP", quantity=2.0, price=90.0))
    one = Account(name="a", orders=orders)
    book = Book.from_accounts([one, replace(one, name="b", orders=orders[:1])])
    after, report = settled(book, {}, KNOWN, EXPIRY_NS)
    assert report.cancelled_orders == 2
    assert after.account("a").orders == orders[1:]
    assert after.account("b").orders == ()
