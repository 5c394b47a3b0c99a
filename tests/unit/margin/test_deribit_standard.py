"""Deribit's standard margin on books: currencies, equity, orders, reasons."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from deribit_accounts import (
    AT,
    DAY,
    END,
    PRICING,
    account,
    coins,
    instruments,
    linear,
    snapshot,
)
from plimsoll.domain.account import Account, Order
from plimsoll.domain.book import Book
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import Option, OptionRight, Pair
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.deribit import (
    DeribitStandardMargin,
    DeribitStandardPair,
    OptionEquity,
    PortfolioMode,
)

PERP, CALL = "BTC-PERPETUAL", "BTC-28JUN24-65000-C"


def rates(initial: str = "0.02", slope: str = "0.00005") -> DeribitStandardPair:
    return DeribitStandardPair(
        future_initial_rate=Decimal(initial),
        future_initial_slope=Decimal(slope),
        future_maintenance_rate=Decimal("0.01"),
        future_maintenance_slope=Decimal(slope),
    )


PARAMETERS = {"BTC_USD": rates(), "ETH_USD": rates(slope="0.000004")}


def margin(
    *accounts: Account,
    numeraire: str = "BTC",
    equity: OptionEquity = OptionEquity.EXCLUDED,
    snap: MarketSnapshot | None = None,
) -> Requirements:
    pricing = CurrencyPricing(numeraire=numeraire, pricing_markets=PRICING)
    model = DeribitStandardMargin(pricing=pricing, option_equity=equity)
    prepared = model.prepare(snap or snapshot(), PARAMETERS, instruments())
    return prepared.requirements(Book.from_accounts(accounts))


def test_published_examples_of_futures() -> None:
    """Deribit support, 11 January 2022: 2 % + 0.005 % a bitcoin, 2 % + 0.0004 % an ether."""
    btc = margin(account("a", {PERP: coins(PERP, 100.0)}))
    assert btc.initial[0] == pytest.approx(100 * (0.02 + 0.005), rel=1e-12)
    assert btc.maintenance[0] == pytest.approx(100 * (0.01 + 0.005), rel=1e-12)
    eth = margin(account("a", {"ETH-PERPETUAL": coins("ETH-PERPETUAL", -1000.0)}), numeraire="ETH")
    assert eth.initial[0] == pytest.approx(1000 * (0.02 + 0.004), rel=1e-12)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_excess_is_the_same_however_equity_counts_options(sign: float) -> None:
    held = account("a", {CALL: 3.0 * sign, "BTC-28JUN24-80000-P": -sign, PERP: 50.0}, {"BTC": 2.0})
    out, within = (margin(held, equity=e) for e in OptionEquity)
    assert out.initial_excess[0] == pytest.approx(within.initial_excess[0], abs=1e-14)
    assert out.maintenance_excess[0] == pytest.approx(within.maintenance_excess[0], abs=1e-14)
    assert out.equity[0] == pytest.approx(2.0)
    if sign > 0:  # a long option asks its premium where equity counts it
        mark = snapshot().quotes[CALL].mark
        lone = margin(account("b", {CALL: 1.0}), equity=OptionEquity.INCLUDED)
        assert lone.initial[0] == lone.maintenance[0] == pytest.approx(mark)


def test_accounts_of_one_owner_share_a_size() -> None:
    half = {PERP: coins(PERP, 50.0)}
    found = margin(account("a", half), replace(account("b", half), owner="a"), account("c", half))
    # 50 (0.02 + 0.00005 x 100), and of the one that stands alone 50 (0.02 + 0.00005 x 50)
    assert found.initial[[0, 1]] == pytest.approx([1.25, 1.25], rel=1e-12)
    assert found.initial[2] == pytest.approx(1.125, rel=1e-12)


def test_options_do_not_offset() -> None:
    spread = {CALL: 1.0, "BTC-28JUN24-70000-C": -1.0}
    found = margin(account("s", spread), account("n", {"BTC-28JUN24-70000-C": -1.0}))
    assert found.initial[0] == found.initial[1] > 0.1


def test_in_dollars_it_is_the_same_times_the_index() -> None:
    held = account("a", {PERP: 50.0, CALL: -2.0}, {"BTC": 1.0})
    coin, dollars = margin(held), margin(held, numeraire="USD")
    assert dollars.initial[0] == pytest.approx(coin.initial[0] * 65_666.19, rel=1e-12)
    assert dollars.equity[0] == pytest.approx(coin.equity[0] * 65_666.19, rel=1e-12)


def test_linear_options_ask_the_same_share_of_the_underlying() -> None:
    of = Pair(base="BTC", quote="USDC")
    terms = linear(of, "1")
    market = "BTC_USDC-28JUN24-70000-C"
    mine = Option(**terms, expiry_ns=END, strike=Decimal(70_000), right=OptionRight.CALL)  # type: ignore[arg-type]
    snap = MarketSnapshot(
        at_ns=AT,
        quotes={market: Quote(mark=1_300.0, index=65_000.0)},
        stable_price_usd={"USDC": 1.0},
        expiries={(of, "USDC", END): ExpiryQuote(floating=65_000.0)},
    )
    model = DeribitStandardMargin(pricing=CurrencyPricing(numeraire="USDC"))
    prepared = model.prepare(snap, {"BTC_USDC": rates()}, {market: mine})
    found = prepared.requirements(Book.from_accounts([account("a", {market: -2.0})]))
    # otm 5/65 = 0.0769; max(0.15 - 0.0769, 0.10) = 0.10: 2 (6,500 + 1,300), 2 (4,875 + 1,300)
    assert found.initial[0] == pytest.approx(15_600.0)
    assert found.maintenance[0] == pytest.approx(12_350.0)


def test_orders_ask_the_worse_fill_and_the_premium_of_what_is_bought() -> None:
    one = coins(PERP, 1.0)
    found = margin(
        account("a", {PERP: one}, orders=(Order(market=PERP, quantity=one),)),
        account("b", orders=(Order(market=CALL, quantity=2.0, price=0.05),)),
        account("c", orders=(Order(market=CALL, quantity=-2.0, price=0.05),)),
        account("d", {PERP: 2 * one}),
        account("e", {CALL: -2.0}),
    )
    assert found.initial[0] == pytest.approx(found.initial[3], rel=1e-12)
    assert found.initial[1] == pytest.approx(0.1)
    assert found.initial[2] == pytest.approx(found.initial[4], rel=1e-12)
    assert found.maintenance[[1, 2]].tolist() == [0.0, 0.0]


def test_futures_at_bad_limits_lose_at_the_fill() -> None:
    """10 BTC of perpetual sold at 60,000 while the mark is m: 10 m dollars (1 / 60,000 - 1 / m)."""
    mark = snapshot().quotes[PERP].mark
    ten = coins(PERP, 10.0)
    found = margin(
        account("a", orders=(Order(market=PERP, quantity=-ten, price=60_000.0),)),
        account("b", orders=(Order(market=PERP, quantity=ten, price=60_000.0),)),
        account("c", {PERP: ten}, orders=(Order(market=PERP, quantity=-ten, price=60_000.0),)),
    )
    kept, lost = 10 * (0.02 + 0.0005), 10 * mark * (1 / 60_000 - 1 / mark)
    assert mark > 60_000
    assert found.initial == pytest.approx([kept + lost, kept, lost], rel=1e-12)
    assert {t.name: float(t.initial[0]) for t in found.terms}["open_loss"] == pytest.approx(lost)
    assert found.maintenance[:2].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("quantity", [2.0, -2.0])
@pytest.mark.parametrize("price", [None, 0.02, 0.3])
def test_orders_leave_the_same_excess_however_equity_counts_options(
    quantity: float, price: float | None
) -> None:
    held = account(
        "a", {CALL: 3.0}, {"BTC": 2.0}, orders=(Order(market=CALL, quantity=quantity, price=price),)
    )
    out, within = (margin(held, equity=e) for e in OptionEquity)
    assert out.initial_excess[0] == pytest.approx(within.initial_excess[0], abs=1e-14)
    if quantity > 0:  # what is left when the premium is paid: a long option asks no margin
        limit = snapshot().quotes[CALL].mark if price is None else price
        assert out.initial_excess[0] == pytest.approx(2.0 - quantity * limit)


def test_what_is_missing_is_a_reason_in_its_row() -> None:
    snap = snapshot()
    quotes = {**snap.quotes, CALL: Quote(mark=float("nan"), index=1.0)}
    expiries = {key: quote for key, quote in snap.expiries.items() if key[2] == END}
    found = margin(
        account("a", {CALL: -1.0}),
        account("b", {"BTC-27SEP24-65000-C": -1.0}),
        account("c", {"SOL_USDC-PERPETUAL": 1.0}),
        account("d", {"NEW": 1.0}),
        account("e", {PERP: 100.0}),
        snap=replace(snap, quotes=quotes, expiries=expiries),
    )
    assert [MarginReason(int(r)).name for r in found.parts.reason] == [
        "NO_MARK",
        "NO_FORWARD",
        "WRONG_SETTLEMENT",
        "UNKNOWN_INSTRUMENT",
        "NONE",
    ]
    assert found.unknown.tolist() == [True, True, True, True, False]
    expired = margin(account("a", {CALL: 1.0}), snap=replace(snap, at_ns=END + DAY))
    assert [MarginReason(int(r)).name for r in expired.parts.reason] == ["EXPIRED"]


def test_explanations_add_up_by_position() -> None:
    found = margin(account("a", {PERP: 100.0, CALL: -2.0, "BTC-28JUN24-60000-P": -1.0}))
    unit = found.explanations("a")[0]
    total = 0.0
    for share in unit.contributions:
        total += share.contribution
    assert total == unit.maintenance == found.maintenance[0]
    assert any("Equity leaves options out" in note for note in unit.notes)
    assert np.nansum(found.parts.maintenance) == pytest.approx(found.maintenance[0])


def test_initial_rates_stay_above_maintenance_rates() -> None:
    with pytest.raises(ParameterError, match="future_maintenance_rate"):
        rates(initial="0.005")


def test_a_segregated_account_is_of_one_currency() -> None:
    """As S:PM: what settles elsewhere, or is held in another coin, has a reason."""
    accounts = (
        account("linear", {"SOL_USDC-PERPETUAL": 1.0, PERP: 10.0}),
        account("ether", {"ETH-PERPETUAL": 1.0}),
        account("collateral", {PERP: 10.0}, {"BTC": 1.0, "ETH": 1.0}),
        account("good", {PERP: 10.0}, {"BTC": 1.0, "ETH": 0.0}),
    )
    found = margin(*accounts)
    assert found.unknown.tolist() == [True, True, True, False]
    wrong = int(MarginReason.WRONG_SETTLEMENT)
    assert found.parts.reason.tolist() == [wrong, 0, wrong, 0, 0]
    together = margin(*accounts[1:], numeraire="USD")
    assert not together.unknown.any()


def test_cross_margin_may_be_told_in_another_currency() -> None:
    """All currencies together, in bitcoins: dollars over the index."""
    pricing = CurrencyPricing(numeraire="BTC", pricing_markets=PRICING)
    held = account("a", {PERP: 100.0, "ETH-PERPETUAL": -50.0}, {"ETH": 2.0})
    model = DeribitStandardMargin(pricing=pricing, mode=PortfolioMode.CROSS)
    prepared = model.prepare(snapshot(), PARAMETERS, instruments())
    found = prepared.requirements(Book.from_accounts([held]))
    dollars = margin(held, numeraire="USD")
    assert found.initial[0] == pytest.approx(dollars.initial[0] / 65_666.19, rel=1e-12)
    with pytest.raises(UsageError, match="mode"):
        DeribitStandardMargin(mode="both")  # type: ignore[arg-type]


@pytest.mark.parametrize("mark", [0.0, -1.0, float("inf"), float("-inf"), float("nan"), 1e308])
@pytest.mark.parametrize("market", [PERP, CALL, "BTC-27SEP24"])
def test_impossible_marks_are_reasons_and_no_warnings(market: str, mark: float) -> None:
    """Warnings fail a test here; the other account keeps its bits."""
    snap = snapshot()
    spoilt = replace(snap, quotes={**snap.quotes, market: replace(snap.quotes[market], mark=mark)})
    other = account("b", {"BTC-28JUN24": -30.0}, {"BTC": 1.0})
    # Prices of coins stay good: here the perpetual's own mark is the coin's price.
    held = (account("a", {market: -1.0}), other)
    before, after = margin(other), margin(*held, snap=spoilt, numeraire="BTC")
    free = market == CALL and mark == 0.0
    assert bool(after.unknown[0]) is not free
    assert after.initial[1] == before.initial[0]
