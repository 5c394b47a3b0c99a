"""Whom a quote concerns, by each rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from coin_books import INSTRUMENTS, PRICING, SNAPSHOT
from plimsoll.domain.listing import Listing
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin import TieredMargin
from plimsoll.margin.derive import CashPricing, DeriveSrm
from plimsoll.margin.net_equity import WithNetEquity
from plimsoll.margin.quote_scope import QuoteScoped, Scope, scope_of


def after(market: str, **changed: float) -> MarketSnapshot:
    quote = replace(SNAPSHOT.quotes[market], **changed)
    return replace(SNAPSHOT, quotes={**SNAPSHOT.quotes, market: quote})


def scope(model: Any, market: str, **changed: float) -> Scope:
    later, quoted = after(market, **changed), frozenset({market})
    kept = scope_of(model, SNAPSHOT, later, quoted, Listing(INSTRUMENTS))
    assert kept == scope_of(model, SNAPSHOT, later, quoted, INSTRUMENTS)
    return kept


def test_a_mark_concerns_its_market_and_a_pricing_index_its_coin() -> None:
    model = TieredMargin(pricing=PRICING)
    assert scope(model, "BTC-INV", mark=1.0) == Scope(markets=frozenset({"BTC-INV"}))
    assert scope(model, "BTC-LIN", index=1.0) == Scope(markets=frozenset({"BTC-LIN"}))
    found = scope(model, "BTC-INV", index=1.0)
    assert found.currencies == {"BTC"}
    coins = {m for m, i in INSTRUMENTS.items() if "BTC" in (i.settle, i.pair.quote)}
    assert found.markets == coins | {"BTC-INV"}
    assert "BTC-LIN" not in found.markets


def test_of_a_wrapper_it_is_what_the_model_says_and_the_wrappers_prices() -> None:
    inner = TieredMargin()
    assert isinstance(inner, QuoteScoped)
    assert not scope(inner, "BTC-INV", index=1.0).currencies
    wrapped = WithNetEquity(model=inner, pricing=PRICING, weights={})
    assert scope(wrapped, "BTC-INV", index=1.0).currencies == {"BTC"}


def test_a_spot_price_of_derive_concerns_everybody() -> None:
    model = DeriveSrm(pricing=CashPricing(), spot_markets={"BTC": "BTC-INV"})
    assert scope(model, "BTC-INV", confidence=0.5).everything
    assert scope(model, "BTC-INV", mark=1.0) == Scope(markets=frozenset({"BTC-INV"}))


def test_a_model_that_says_nothing_is_asked_about_the_whole_coin() -> None:
    found = scope(object(), "BTC-LIN", mark=1.0)
    assert {m for m, i in INSTRUMENTS.items() if i.pair.base == "BTC"} <= found.markets
    assert found.currencies == {"BTC"}
