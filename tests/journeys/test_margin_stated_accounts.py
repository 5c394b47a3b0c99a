"""Orders, owners, funding and modes that a book states change its margin; else notes say so."""

from __future__ import annotations

from typing import Any

import pytest

import plimsoll
from margin_chain import chain, margin, row

MARKS = [{"market": "BTCUSDT", "mark": 60_000, "index": 60_000}]


def binance(book: Any) -> list[dict[str, Any]]:
    found = plimsoll.margin_book(book, preset="binance-btcusdt-2024-10", marks=MARKS)
    return [{**r, "notes": found.notes} for r in found.table()]


def account(quantity: float = 20, **more: Any) -> dict[str, Any]:
    held = {"market": "BTCUSDT", "quantity": quantity, "entry_price": 60_000}
    return {"account": "a", "positions": [held], "collateral": {"USDT": 100_000}, **more}


def test_accrued_funding_is_equity() -> None:
    paid = account()
    paid["positions"] = [{**paid["positions"][0], "funding": -7.5}]
    assert binance([paid])[0]["equity"] == binance([account()])[0]["equity"] - 7.5


def test_funding_in_coin_is_worth_its_index_in_a_linear_preset() -> None:
    # 0.1 BTC at 60,000 dollars
    rows = [{"market": "BTC-PERPETUAL", "quantity": 60_000, "entry_price": 60_000}]
    marks = [{"market": "BTC-PERPETUAL", "mark": 60_000, "index": 60_000}]
    given = {"preset": "paradex", "marks": marks, "collateral": {"USDC": 10_000}}
    plain = row(plimsoll.margin_book(rows_of(rows), **given))
    accrued = row(plimsoll.margin_book(rows_of([{**rows[0], "funding": 0.1}]), **given))
    assert accrued["equity"] - plain["equity"] == pytest.approx(6_000.0, abs=1e-9)


def test_an_isolated_margin_in_coin_is_worth_its_index_in_a_linear_preset() -> None:
    held = {"market": "BTC-PERPETUAL", "quantity": 60_000, "entry_price": 60_000}
    isolated = {**held, "mode": "isolated", "isolated_margin": 0.1}
    marks = [{"market": "BTC-PERPETUAL", "mark": 60_000, "index": 60_000}]
    found = plimsoll.margin_book(rows_of([isolated]), preset="hyperliquid", marks=marks)
    equity = {r["unit"]: r["equity"] for r in found.table()}
    assert equity["isolated BTC-PERPETUAL"] == pytest.approx(6_000.0, abs=1e-9)


def rows_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"positions": [{"account": "a", **r} for r in rows]}


def test_an_order_asks_what_its_fill_would() -> None:
    order = {"market": "BTCUSDT", "quantity": 30, "price": 60_000}
    resting, filled = binance([account(orders=[order])])[0], binance([account(50)])[0]
    assert resting["initial"] == pytest.approx(filled["initial"], rel=1e-12)
    assert resting["initial"] > binance([account()])[0]["initial"]


def test_an_order_without_a_size_is_a_reason_of_its_account_alone() -> None:
    bad = account(orders=[{"market": "BTCUSDT", "quantity": None}])
    good = {**account(), "account": "b"}
    first, second = binance([bad, good])
    assert first["status"] == "unknown"
    assert "an open order's size" in first["reason"]
    assert second["status"] == "holds"


def test_accounts_of_one_owner_share_their_size_tier() -> None:
    # 120 BTC are in a higher tier than 60: two halves of one owner ask what the whole asks.
    halves = [account(60, owner="desk"), {**account(60, owner="desk"), "account": "b"}]
    alone = [account(60), {**account(60), "account": "b"}]
    linked = sum(r["maintenance"] for r in binance(halves))
    assert linked == pytest.approx(binance([account(120)])[0]["maintenance"], rel=1e-12)
    assert linked > sum(r["maintenance"] for r in binance(alone))


def test_segregated_accounts_keep_orders_in_their_currency() -> None:
    plain = {"BTC-PERPETUAL": 10, "BTC-26SEP25-120000-C": -5}
    order = {"market": "BTC-PERPETUAL", "quantity": 5, "price": 90_000}
    book = {"positions": plain, "orders": [order]}
    resting, filled = row(margin(book)), row(margin({**plain, "BTC-PERPETUAL": 15}))
    assert row(margin(plain))["initial"] < resting["initial"]
    assert resting["initial"] <= filled["initial"] * (1 + 1e-12)


def test_a_limit_in_coin_is_turned_into_dollars_where_the_contract_is() -> None:
    """The premium of a converted option is its price in coin times the forward."""
    name = "BTC-26SEP25-120000-C"
    book = {"positions": {"BTC-PERPETUAL": 1}, "orders": [{"market": name, "quantity": 1}]}
    book["orders"][0]["price"] = 0.05  # type: ignore[index]
    run = margin(book, "paradex").run
    held = run.runs[0].held.book
    assert held.orders is not None
    option = run.contracts[name].margined
    quote = run.priced.snapshot.expiries[(option.pair, option.settle, option.expiry_ns)]  # type: ignore[union-attr]
    assert held.orders.price[0] == pytest.approx(0.05 * (quote.floating + quote.fixed))


def test_what_changes_nothing_is_said() -> None:
    two = [account(portfolio=False), {**account(), "account": "b"}]
    assert any("a is margined by it all the same" in n for n in binance(two)[0]["notes"])
    owners = [
        {"account": n, "owner": "x", "positions": {"BTC-PERPETUAL": 1}, "collateral": {"BTC": 1}}
        for n in ("a", "b")
    ]
    found = plimsoll.margin_book(owners, preset="deribit", market=chain())
    assert any("one owner changes nothing here" in n for n in found.notes)
    order = {"market": "BTC-PERPETUAL", "quantity": 1, "price": 90_000}
    book = {"positions": {"BTC-PERPETUAL": 1}, "orders": [order]}
    assert any("Open orders ask nothing" in n for n in margin(book, "derive-pmrm2").notes)


def test_what_if_keeps_orders_owner_and_funding() -> None:
    halves = [account(60, owner="desk"), {**account(60, owner="desk"), "account": "b"}]
    halves[0]["orders"] = [{"market": "BTCUSDT", "quantity": 1, "price": 60_000}]
    found = plimsoll.margin_book(halves, preset="binance-btcusdt-2024-10", marks=MARKS)
    same = found.what_if(account="a", marks={"BTCUSDT": 60_000})
    difference = same.reply()["difference"][0]
    assert difference["maintenance_margin"] == pytest.approx(0.0, abs=1e-9)
    assert difference["initial_margin"] == pytest.approx(0.0, abs=1e-9)
