"""Cash settlement: report, refusals, and margin before and after of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from add_on_books import FLAT
from expiry_markets import EXPIRY_NS, INSTRUMENTS, PRICES
from plimsoll.domain.account import Account, MarginMode, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Future, Instrument, Option
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.table import format_cell
from plimsoll.errors import UsageError
from plimsoll.margin import TieredMargin
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.settlement import DeliveryFee, SettlementReason, settled

SECOND = 10**9


def position(market: str, quantity: float, entry: float, aside: float | None = None) -> Position:
    return Position(
        market=market,
        quantity=quantity,
        entry_price=entry,
        mode=MarginMode.CROSS if aside is None else MarginMode.ISOLATED,
        isolated_margin=aside,
    )


def two() -> Book:
    long = (position("LIN", 1000.0, 80.0), position("PERP", 1.0, 90.0))
    short = (position("LIN", -1000.0, 80.0, 150.0), position("INV", -100.0, 80.0))
    return Book.from_accounts(
        [
            Account(name="long", positions=long, collateral={"USDT": 50.0}, portfolio=True),
            Account(name="short", positions=short, owner="long"),
        ]
    )


def test_longs_get_what_shorts_pay() -> None:
    book = two()
    after, report = settled(book, PRICES, INSTRUMENTS, EXPIRY_NS)
    assert report.payout.tolist() == pytest.approx([200.0, -200.0, -2.5], rel=1e-12)
    total = report.totals()["USDT"]
    # 200 to the long; 150 of isolated margin does not cover the short's 200.
    assert (total.credited, total.debited) == pytest.approx((200.0, 0.0), rel=1e-12, abs=1e-12)
    assert (total.margin_returned, total.deficit) == pytest.approx((150.0, 50.0), rel=1e-12)
    assert after.currencies == ("USDT", "BTC")
    assert after.collateral == pytest.approx(np.array([[250.0, 0.0], [0.0, -2.5]]), abs=1e-12)


def test_everything_else_of_the_book_stays() -> None:
    book = two()
    after, _ = settled(book, PRICES, INSTRUMENTS, EXPIRY_NS)
    assert after.accounts == book.accounts
    assert after.markets == book.markets
    assert after.account("long").positions == (position("PERP", 1.0, 90.0),)
    assert after.account("long").portfolio
    assert after.account("short").owner == "long"
    assert np.array_equal(book.collateral, two().collateral)


def test_the_table_tells_payouts_and_reasons() -> None:
    prices = {market: p for market, p in PRICES.items() if market != "INV"}
    _, report = settled(two(), prices, INSTRUMENTS, EXPIRY_NS)
    table = report.table()
    cells = [
        [format_cell(value, column) for value, column in zip(row, table.columns, strict=True)]
        for row in table.rows
    ]
    assert [row[0] for row in cells] == ["long", "short", "short"]
    assert cells[0][5] == "200.00000000"
    assert cells[1][8] == "50.00000000"
    assert cells[2][1:3] == ["INV", "–"]
    assert cells[2][-1] == "no settlement price"
    assert "0" in table.notes[1]


def test_every_reason_has_a_text() -> None:
    assert SettlementReason.NONE.text == ""
    texts = [reason.text for reason in SettlementReason if reason]
    assert all(texts)
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("given", [{"rate": -0.1}, {"rate": 0.1, "cap_of_value": float("nan")}])
def test_impossible_fees_are_refused(given: Any) -> None:
    with pytest.raises(UsageError, match="not negative"):
        DeliveryFee(**given)


def test_wrong_use_is_refused() -> None:
    with pytest.raises(UsageError, match="venue"):
        settled(two(), PRICES, INSTRUMENTS, EXPIRY_NS, isolated_deficit="fund")  # type: ignore[arg-type]


def kept(book: Book, instruments: Mapping[str, Instrument] = INSTRUMENTS) -> dict[str, str]:
    """Markets of positions that were not settled, with the reason."""
    _, report = settled(book, PRICES, instruments, EXPIRY_NS)
    assert np.isfinite([report.payout, report.margin, report.fee, report.credit]).all()
    markets = [book.markets[m] for m in report.kept_market.tolist()]
    reasons = [SettlementReason(code).name for code in report.kept_reason.tolist()]
    return dict(zip(markets, reasons, strict=True))


def test_a_contract_of_unknown_size_is_not_settled() -> None:
    named = INSTRUMENTS["LIN"]
    assert isinstance(named, Future)
    unsized = {**INSTRUMENTS, "LIN": replace(named, contract_size=None)}
    assert kept(two(), unsized) == {"LIN": "NO_CONTRACT_SIZE"}


def test_what_the_book_does_not_tell_is_not_settled() -> None:
    held = Position(market="LIN", quantity=1.0, entry_price=float("nan"))
    assert kept(Book.from_accounts([Account(name="a", positions=(held,))])) == {
        "LIN": "NO_ENTRY_PRICE"
    }
    aside = replace(held, entry_price=90.0, mode=MarginMode.ISOLATED)
    assert kept(Book.from_accounts([Account(name="a", positions=(aside,))])) == {
        "LIN": "NO_ISOLATED_MARGIN"
    }


def test_an_option_is_settled_without_an_entry_price() -> None:
    option = next(m for m, i in INSTRUMENTS.items() if isinstance(i, Option) and m in PRICES)
    held = Position(market=option, quantity=1.0, entry_price=float("nan"))
    assert kept(Book.from_accounts([Account(name="a", positions=(held,))])) == {}


def test_equity_by_the_tier_model_is_the_same_before_and_after() -> None:
    """Marks at the settlement prices a second before; what is kept has the reason EXPIRED after."""
    pricing = CurrencyPricing(pricing_markets={"BTC": "INV"})
    model = TieredMargin(pricing=pricing)
    tables = dict.fromkeys(("LIN", "INV", "PERP"), FLAT)
    known = {m: i for m, i in INSTRUMENTS.items() if m in tables}

    def equity(book: Book, at_ns: int) -> Any:
        quotes = {m: Quote(mark=100.0, index=100.0) for m in tables}
        at = MarketSnapshot(at_ns=at_ns, quotes=quotes, stable_price_usd={"USDT": 1.0})
        return model.prepare(at, tables, known).requirements(book)

    before = equity(two(), EXPIRY_NS - SECOND)
    after_book, report = settled(two(), PRICES, known, EXPIRY_NS)
    after = equity(after_book, EXPIRY_NS)
    whole = float(before.equity.sum()) + float(report.deficit.sum())
    assert float(after.equity.sum()) == pytest.approx(whole, rel=1e-12)
    unsettled = equity(settled(two(), {"INV": 100.0}, known, EXPIRY_NS)[0], EXPIRY_NS)
    assert int(MarginReason.EXPIRED) in unsettled.parts.reason
    assert unsettled.unknown.tolist() == [True, False, True]


def test_nothing_expired_and_an_empty_book() -> None:
    empty = Book.from_accounts(())
    after, report = settled(empty, {}, INSTRUMENTS, EXPIRY_NS)
    assert len(after) == len(report) == 0
    assert report.totals() == {}
