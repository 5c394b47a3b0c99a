"""The books' float64 path against each venue's own integers: apart by no more than one rounding."""

from __future__ import annotations

from decimal import Decimal
from math import isqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Pair, Payoff, Perpetual
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.drift import DriftMargin, DriftRules, MarginLevel, PerpetualRules
from plimsoll.margin.drift.scaled_ratios import ScaledMarket, perpetual_requirement
from plimsoll.margin.dydx import DydxMargin, LiquidityTier, OracleMarket, margin_quantums
from plimsoll.margin.vega import VegaMargin, VegaMarket
from plimsoll.margin.vega.exact_levels import (
    LevelScales,
    MarketExposure,
    MarketRates,
    RestingOrder,
    maintenance,
    margin_levels,
)
from plimsoll.margin.vega.order_margin import isolated_order_margin

FEW = settings(max_examples=60, deadline=None)
COIN = Perpetual(
    pair=Pair(base="COIN", quote="USDC"),
    settle="USDC",
    payoff=Payoff.LINEAR,
    contract_size=Decimal(1),
)
UNITS = st.integers(-(10**10), 10**10)  # 1e-6 of a coin
PRICES = st.integers(1, 10**11)  # 1e-6 of a dollar
SHARES = st.integers(1, 9_999)


def snapshot(price: int, open_interest: int = 0) -> MarketSnapshot:
    mark = price / 1e6
    return MarketSnapshot(
        at_ns=0,
        quotes={"COIN": Quote(mark=mark, index=mark, open_interest_usd=float(open_interest))},
        stable_price_usd={"USDC": 1.0},
    )


def one(quantity: float, price: int, leverage: float | None = None) -> Book:
    held = Position(market="COIN", quantity=quantity, entry_price=price / 1e6, leverage=leverage)
    return Book.from_accounts([Account(name="one", positions=(held,))])


@FEW
@given(UNITS, PRICES, SHARES, st.integers(0, 10**6), st.integers(0, 2 * 10**9))
def test_dydx_is_rounded_up_to_a_quantum(
    base: int, price: int, initial: int, fraction: int, open_interest: int
) -> None:
    tier = LiquidityTier(
        initial_margin=Decimal(initial) / 10_000,
        maintenance_fraction=Decimal(fraction) / 10**6,
        open_interest_lower_usd=Decimal(5 * 10**8),
        open_interest_upper_usd=Decimal(15 * 10**8),
    )
    model = DydxMargin(pricing=CurrencyPricing(numeraire="USDC"))
    prepared = model.prepare(snapshot(price, open_interest), {"COIN": tier}, {"COIN": COIN})
    found = prepared.requirements(one(base / 1e6, price))
    market = OracleMarket(price=price, exponent=-6, atomic_resolution=-6)
    exact = margin_quantums(market.quote_quantums(base), tier.ppm, open_interest * 10**6)
    # A quantum is cut off the notional, one is added to each level, and float64 holds 15 digits
    # of up to 1e15 quantums; maintenance is rounded up twice.
    slack = 1e-15 * abs(base) * price / 1e6
    assert abs(found.initial[0] * 1e6 - exact.initial) <= 2.0 + slack
    assert abs(found.maintenance[0] * 1e6 - exact.maintenance) <= 3.0 + slack


@FEW
@given(UNITS, PRICES, SHARES, SHARES, st.integers(0, 10**5), st.sampled_from(list(MarginLevel)))
def test_drift_ratios_are_cut_off(
    base: int, price: int, one_share: int, other: int, factor: int, level: MarginLevel
) -> None:
    kept, opened = sorted((one_share, other))
    rules = PerpetualRules(
        initial_ratio=Decimal(opened) / 10_000,
        maintenance_ratio=Decimal(kept) / 10_000,
        size_factor=Decimal(factor) / 10**6,
    )
    model = DriftMargin(opening_level=level, pricing=CurrencyPricing(numeraire="USDC"))
    prepared = model.prepare(
        snapshot(price), DriftRules(perpetuals={"COIN": rules}), {"COIN": COIN}
    )
    found = prepared.requirements(one(base / 1e6, price))
    market = ScaledMarket(initial=opened, maintenance=kept, size_factor=factor)
    exact = perpetual_requirement(market, base * 1_000, price, level)
    value = abs(base) * price / 1e6
    # Of the ratio, in 1e-4: half a unit in the mean, a fifth of the weight, the premium; the one
    # under the root lifts it by 1 / (2 root), at most the factor.
    root = isqrt(10 * abs(base) * 1_000 + 1)
    units = 2.6 + factor / 1e6 * 1e4 / (2.0 * max(root, 1)) * 10
    # What is cut off the value, less than 1e-6 of a dollar, would have had the ratio.
    ratio = 1.0 + factor / 1e6 * (abs(base) / 1e6) ** 0.5
    assert abs(found.initial[0] * 1e6 - exact) <= value * units * 1e-4 + ratio + 1.0


@FEW
@given(
    st.integers(-(10**6), 10**6),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.booleans(),
)
def test_vega_levels_are_rounded_after_the_fact(
    position: int, buys: int, sells: int, slippage: int, at_market: bool
) -> None:
    """Thousandths of a coin at 15,900; the exact levels take the factors that the model solved."""
    rules = VegaMarket(
        volatility_annual=Decimal("1.2"),
        tail_probability=Decimal("0.0002"),
        horizon_years=Decimal("0.01"),
        linear_slippage=Decimal(slippage) / 10**6,
        quadratic_slippage=Decimal("0.001"),
    )
    prepared = VegaMargin(pricing=CurrencyPricing(numeraire="USDC")).prepare(
        snapshot(15_900 * 10**6), {"COIN": rules}, {"COIN": COIN}
    )
    price = None if at_market else 15_000.0
    orders = [Order(market="COIN", quantity=buys / 1e3, price=price)] if buys else []
    orders += [Order(market="COIN", quantity=-sells / 1e3, price=16_000.0)] if sells else []
    held = Position(market="COIN", quantity=position / 1e3, entry_price=15_900.0)
    account = Account(name="one", positions=(held,), orders=tuple(orders))
    found = prepared.levels(Book.from_accounts([account]))
    factors = rules.risk_factors
    rates = MarketRates(
        mark_price=Decimal(15_900),
        risk_long=Decimal(factors.long),
        risk_short=Decimal(factors.short),
        linear_slippage=rules.linear_slippage,
        quadratic_slippage=rules.quadratic_slippage,
    )
    limit = None if at_market else Decimal(15_000)
    exposure = MarketExposure(
        position=Decimal(position) / 1000,
        buys=(RestingOrder(size=Decimal(buys) / 1000, price=limit),),
        sells=(RestingOrder(size=Decimal(sells) / 1000, price=Decimal(16_000)),),
    )
    exact = margin_levels(maintenance(exposure, rates), LevelScales())
    for name, slack in (("maintenance", 1.0), ("search", 1.1), ("initial", 1.2), ("release", 1.4)):
        level = float(getattr(found, name)[0])
        # Up by less than one, then scaled, then down by less than one.
        assert abs(level - getattr(exact, name)) <= slack + 1.0 + 1e-12 * level


@FEW
@given(
    st.integers(-50, 50).filter(bool),
    st.lists(st.tuples(st.integers(-30, 30).filter(bool), st.integers(1, 99)), max_size=6),
    st.integers(1, 20),
)
def test_vega_isolated_orders_of_books_are_the_exact_ones(
    position: int, resting: list[tuple[int, int]], leverage: int
) -> None:
    rules = VegaMarket(
        volatility_annual=Decimal(1),
        tail_probability=Decimal("0.001"),
        horizon_years=Decimal("0.01"),
    )
    prepared = VegaMargin(pricing=CurrencyPricing(numeraire="USDC")).prepare(
        snapshot(50 * 10**6), {"COIN": rules}, {"COIN": COIN}
    )
    held = Position(
        market="COIN",
        quantity=float(position),
        entry_price=50.0,
        mode=MarginMode.ISOLATED,
        isolated_margin=1.0,
        leverage=float(leverage),
    )
    orders = tuple(Order(market="COIN", quantity=float(q), price=float(p)) for q, p in resting)
    others = Account(name="other", orders=(Order(market="COIN", quantity=7.0, price=3.0),))
    book = Book.from_accounts([others, Account(name="one", positions=(held,), orders=orders)])
    exposure = MarketExposure(
        position=Decimal(position),
        buys=tuple(RestingOrder(size=Decimal(q), price=Decimal(p)) for q, p in resting if q > 0),
        sells=tuple(RestingOrder(size=Decimal(-q), price=Decimal(p)) for q, p in resting if q < 0),
    )
    exact = isolated_order_margin(exposure, Decimal(1) / leverage)
    assert prepared.requirements(book).initial[1] == pytest.approx(float(exact), rel=1e-12)


def test_drift_in_high_leverage_mode_follows_the_integers() -> None:
    rules = PerpetualRules(
        initial_ratio=Decimal("0.1"),
        maintenance_ratio=Decimal("0.05"),
        size_factor=Decimal("0.00005"),
        high_leverage_initial=Decimal("0.01"),
        high_leverage_maintenance=Decimal("0.005"),
    )
    market = ScaledMarket(
        initial=1_000,
        maintenance=500,
        size_factor=50,
        high_leverage_initial=100,
        high_leverage_maintenance=50,
    )
    model = DriftMargin(pricing=CurrencyPricing(numeraire="USDC"))
    prepared = model.prepare(
        snapshot(10**6), DriftRules(perpetuals={"COIN": rules}), {"COIN": COIN}
    )
    for size in (0, 1, 10, 3_000, 100_000, 159_999, 160_000, 300_000, 10**7):
        found = prepared.requirements(one(float(size), 10**6, leverage=100.0))
        levels = (
            (MarginLevel.INITIAL, found.initial[0], 5.5),  # the premium's unit counts 4.5-fold
            (MarginLevel.MAINTENANCE, found.maintenance[0], 2.0),
        )
        for level, margin, units in levels:
            exact = perpetual_requirement(market, size * 10**9, 10**6, level, high_leverage=True)
            assert -1e-12 * margin <= margin - exact / 1e6 <= size * units * 1e-4 + 1e-6
    assert np.all(found.initial >= found.maintenance)
