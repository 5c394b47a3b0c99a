"""Properties of the tier model over random tables, marks and books.

Oracles: the published definition of tiered margin re-derived slowly in decimals; scaling laws;
the interpreted kernel; and order, size and unit invariances that hold for any right answer.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from margin_books import INSTRUMENTS, PRICES, books, snapshots, tables, tier_tables

from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Payoff, Perpetual
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.requirement import Requirements
from plimsoll.domain.tiers import TierTable
from plimsoll.margin import CurrencyPricing, InitialRule, TieredMargin
from plimsoll.maths import payoffs
from plimsoll.maths import tiered_margin as kernel

PRICING = CurrencyPricing(pricing_markets={"BTC": "INVERSE"})
KERNEL_PARTS = (
    "_value_positions",
    "_margin_positions",
    "_sum_units",
    "notional_of",
    "size_of",
    "tier_row",
    "initial_margin",
)
PATIENT = settings(deadline=None)  # the first call compiles
RULES = st.sampled_from(list(InitialRule))


def margin(
    snapshot: MarketSnapshot,
    tiers: dict[str, TierTable],
    book: Book,
    rule: InitialRule = InitialRule.WHOLE_NOTIONAL,
) -> Requirements:
    model = TieredMargin(pricing=PRICING, initial_rule=rule)
    return model.prepare(snapshot, tiers, INSTRUMENTS).requirements(book)


@PATIENT
@given(snapshot=snapshots(), tiers=tables(), book=books(), rule=RULES)
def test_initial_is_at_least_maintenance_is_at_least_zero(
    snapshot: MarketSnapshot, tiers: dict[str, TierTable], book: Book, rule: InitialRule
) -> None:
    found = margin(snapshot, tiers, book, rule)
    for whole in (found, found.parts):
        known = ~np.isnan(whole.maintenance)
        assert np.all(whole.initial[known] >= whole.maintenance[known])
        assert np.all(whole.maintenance[known] >= 0.0)
        assert np.array_equal(known, ~np.isnan(whole.initial))
    assert np.array_equal(np.isnan(found.parts.maintenance), found.parts.reason != 0)


@PATIENT
@given(snapshot=snapshots(), tiers=tables(), book=books())
def test_parts_add_up_to_the_last_bit(
    snapshot: MarketSnapshot, tiers: dict[str, TierTable], book: Book
) -> None:
    found = margin(snapshot, tiers, book)
    for name in ("initial", "maintenance", "unrealised"):
        sums = [0.0] * len(found)
        for unit, part in zip(
            found.parts.unit.tolist(), getattr(found.parts, name).tolist(), strict=True
        ):
            sums[unit] += part
        np.testing.assert_array_equal(getattr(found, name), sums)
    np.testing.assert_array_equal(found.equity, found.collateral + found.unrealised)
    np.testing.assert_array_equal(found.maintenance_excess, found.equity - found.maintenance)


@PATIENT
@given(snapshot=snapshots(), tiers=tables(), book=books(), data=st.data())
def test_order_of_accounts_is_irrelevant(
    snapshot: MarketSnapshot, tiers: dict[str, TierTable], book: Book, data: st.DataObject
) -> None:
    order = np.array(data.draw(st.permutations(range(len(book)))), dtype=np.int64)
    plain, turned = margin(snapshot, tiers, book), margin(snapshot, tiers, book.take(order))
    for name in book.accounts:
        before, after = plain.units_of(name), turned.units_of(name)
        for column in ("initial", "maintenance", "equity", "collateral"):
            np.testing.assert_array_equal(
                getattr(plain, column)[before], getattr(turned, column)[after]
            )


@PATIENT
@given(snapshot=snapshots(), tiers=tables(), book=books())
def test_accounts_do_not_see_each_other(
    snapshot: MarketSnapshot, tiers: dict[str, TierTable], book: Book
) -> None:
    together = margin(snapshot, tiers, book)
    for row, name in enumerate(book.accounts):
        alone = margin(snapshot, tiers, book.take(np.array([row])))
        mine = together.units_of(name)
        np.testing.assert_array_equal(alone.maintenance, together.maintenance[mine])
        np.testing.assert_array_equal(alone.equity, together.equity[mine])


@PATIENT
@given(
    tiers=tier_tables(closed=False),
    mark=PRICES,
    quantity=st.floats(0, 1e6),
    growth=st.floats(1, 100),
    market=st.sampled_from(list(INSTRUMENTS)),
    rule=RULES,
)
def test_margin_is_monotone_in_size(
    tiers: TierTable, mark: float, quantity: float, growth: float, market: str, rule: InitialRule
) -> None:
    snapshot = MarketSnapshot(
        at_ns=0,
        quotes={m: Quote(mark=mark, index=1.0) for m in INSTRUMENTS},
        stable_price_usd={"USDT": 1.0},
    )
    accounts = [
        Account(name=name, positions=(Position(market=market, quantity=q, entry_price=mark),))
        for name, q in (("small", quantity), ("large", quantity * growth))
    ]
    found = margin(snapshot, {market: tiers}, Book.from_accounts(accounts), rule)
    for column in (found.initial, found.maintenance):
        # Deductions cancel digits at a tier's edge: allowed to fall by rounding, no more.
        assert column[1] >= column[0] * (1.0 - 1e-12)


@PATIENT
@given(snapshot=snapshots(), tiers=tables(), book=books(), power=st.integers(-20, 20))
def test_currency_unit_is_irrelevant(
    snapshot: MarketSnapshot, tiers: dict[str, TierTable], book: Book, power: int
) -> None:
    """In a numeraire worth 2^-k dollars all numbers are 2^k times as large, to the last bit."""
    in_dollars = margin(snapshot, tiers, book)
    unit = replace(snapshot, stable_price_usd=snapshot.stable_price_usd | {"BIT": 2.0**-power})
    model = TieredMargin(pricing=replace(PRICING, numeraire="BIT"))
    in_bits = model.prepare(unit, tiers, INSTRUMENTS).requirements(book)
    for column in ("initial", "maintenance", "equity"):
        np.testing.assert_array_equal(
            getattr(in_bits, column), getattr(in_dollars, column) * 2.0**power
        )


def slow(
    snapshot: MarketSnapshot, table: TierTable, position: Position, instrument: Perpetual
) -> tuple[Decimal, Decimal, Decimal, Decimal] | None:
    """Maintenance slice by slice, initial, profit and notional in settlement currency, exactly."""
    size = Decimal(position.quantity) * instrument.required_contract_size()
    mark = Decimal(snapshot.quotes[position.market].mark)
    entry = Decimal(position.entry_price)
    inverse = instrument.payoff is Payoff.INVERSE
    notional = abs(size) if inverse else abs(size) * mark
    maintenance, lower = Decimal(0), Decimal(0)
    for tier in table.tiers:
        upper = notional if tier.cap_usd is None else min(notional, tier.cap_usd)
        maintenance += max(upper - lower, Decimal(0)) * tier.maintenance_rate
        if tier.cap_usd is None or notional <= tier.cap_usd:
            break
        lower = tier.cap_usd
    else:
        return None
    rate = tier.initial_rate
    if position.leverage is not None:
        rate = max(rate, 1 / min(Decimal(position.leverage), tier.max_leverage))
    profit = size * (1 / entry - 1 / mark) if inverse else size * (mark - entry)
    scale = 1 / mark if inverse else Decimal(1)
    return maintenance * scale, notional * rate * scale, profit, notional * scale


@PATIENT
@given(snapshot=snapshots(), tiers=tables(), book=books())
def test_kernel_agrees_with_slow_decimals(
    snapshot: MarketSnapshot, tiers: dict[str, TierTable], book: Book
) -> None:
    found = margin(snapshot, tiers, book)
    prices = {
        "USDT": Decimal(snapshot.stable_price_usd["USDT"]),
        "BTC": Decimal(snapshot.quotes["INVERSE"].index),
    }
    row = -1
    for name in book.accounts:
        for position in book.account(name).positions:
            row += 1
            instrument = INSTRUMENTS[position.market]
            assert isinstance(instrument, Perpetual)
            exact = slow(snapshot, tiers[position.market], position, instrument)
            if exact is None:
                assert np.isnan(found.parts.maintenance[row])
                continue
            price = prices[instrument.settle]
            maintenance, initial, profit, notional = (float(v * price) for v in exact)
            # Error scale: products are rounded at the size of the notional (or of what the
            # profit is a difference of), so 1e-13 of it bounds a handful of roundings.
            entered = notional * max(
                1.0,
                position.entry_price / snapshot.quotes[position.market].mark,
                snapshot.quotes[position.market].mark / position.entry_price,
            )
            assert found.parts.maintenance[row] == pytest.approx(maintenance, abs=1e-13 * notional)
            assert found.parts.initial[row] == pytest.approx(initial, abs=1e-13 * notional)
            assert found.parts.unrealised[row] == pytest.approx(profit, abs=1e-13 * entered)


@settings(max_examples=30, deadline=None)
@given(snapshot=snapshots(), tiers=tables(), book=books())
def test_compiled_kernel_equals_interpreted(
    snapshot: MarketSnapshot, tiers: dict[str, TierTable], book: Book
) -> None:
    prepared = TieredMargin(pricing=PRICING).prepare(snapshot, tiers, INSTRUMENTS)
    positions = prepared._positions(book, prepared._rows(book))
    with pytest.MonkeyPatch.context() as patch:
        for name in KERNEL_PARTS:
            patch.setattr(kernel, name, getattr(kernel, name).py_func)
        interpreted = kernel.tiered_margin.py_func(positions, prepared.columns)
    compiled = kernel.tiered_margin(positions, prepared.columns)
    for ours, theirs in zip(compiled, interpreted, strict=True):
        for column, other in zip(ours, theirs, strict=True):
            # Fused multiply-adds are allowed to differ in the last bits of a cancelled product.
            np.testing.assert_allclose(column, other, rtol=1e-12, atol=1e-9)


MOVES = st.floats(-0.95, 10.0)
AMOUNTS = st.floats(-1e6, 1e6).filter(lambda q: abs(q) > 1e-6)


@PATIENT
@given(coins=AMOUNTS, entry=PRICES, move=MOVES)
def test_inverse_profit_is_x_over_one_plus_x(coins: float, entry: float, move: float) -> None:
    """N = Q p0: the profit of a move x is Q x / (1 + x) (`reference/methodology.md`, 1.1)."""
    mark = entry * (1.0 + move)
    profit = payoffs.inverse_profit(coins * entry, entry, mark)
    # The mark carries a rounding of 1e-16, which a small move magnifies to 1e-16 of the position.
    expected = coins * move / (1.0 + move)
    assert profit == pytest.approx(expected, abs=1e-14 * abs(coins) * max(1.0, 1 / (1 + move)))


@PATIENT
@given(coins=AMOUNTS, entry=PRICES, move=MOVES)
def test_inverse_profit_at_the_new_mark_is_linear_profit(
    coins: float, entry: float, move: float
) -> None:
    mark = entry * (1.0 + move)
    inverse = payoffs.inverse_profit(coins * entry, entry, mark) * mark
    assert inverse == pytest.approx(payoffs.linear_profit(coins, entry, mark), rel=1e-12, abs=0.0)


@PATIENT
@given(coins=st.floats(1.0, 1e6), move=st.floats(1e-9, 1e-3))
def test_linear_and_inverse_agree_for_small_moves(coins: float, move: float) -> None:
    """In units of the entry price both give Q x, up to Q x^2; long loses more, gains less."""
    up = payoffs.inverse_profit(coins, 1.0, 1.0 + move)
    down = payoffs.inverse_profit(coins, 1.0, 1.0 - move)
    linear = payoffs.linear_profit(coins, 1.0, 1.0 + move)
    assert abs(up - linear) <= 1.0001 * coins * move**2 + 1e-15 * coins
    assert up <= linear <= -down + 1e-15 * coins
