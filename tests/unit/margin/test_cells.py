"""Books laid out by margin unit, risk unit and group; values and reasons in columns."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from plimsoll.domain.account import Account, MarginMode, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument, Option, OptionRight, Pair, Payoff, Perpetual
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.requirement import RequirementTerm
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.units.assembly import assemble, lacking
from plimsoll.margin.units.cells import cells_of, sum_by_unit, unit_layout
from plimsoll.margin.units.market_rows import book_values, market_rows
from plimsoll.maths.grouped_losses import cell_profits, neutral_rules, worst_of_cells

AT_NS = 1_700_000_000_000_000_000
PAIR = Pair(base="BTC", quote="USDT")
INVERSE = Pair(base="BTC", quote="USD")
PERPETUAL = Perpetual(pair=PAIR, settle="USDT", payoff=Payoff.LINEAR, contract_size=Decimal("0.1"))
COIN = Perpetual(pair=INVERSE, settle="BTC", payoff=Payoff.INVERSE, contract_size=Decimal(100))
CALL = Option(
    pair=INVERSE,
    settle="BTC",
    payoff=Payoff.INVERSE,
    contract_size=Decimal(1),
    expiry_ns=AT_NS + 86_400_000_000_000,
    strike=Decimal(50_000),
    right=OptionRight.CALL,
)
INSTRUMENTS: dict[str, Instrument] = {
    "PERP": PERPETUAL,
    "COIN": COIN,
    "CALL": CALL,
    "OLD": replace(CALL, expiry_ns=AT_NS),
    "BLIND": replace(PERPETUAL, contract_size=Decimal(1)),
}
SNAPSHOT = MarketSnapshot(
    at_ns=AT_NS,
    quotes={
        "PERP": Quote(mark=40_000.0, index=40_000.0),
        "COIN": Quote(mark=50_000.0, index=50_000.0),
        "CALL": Quote(mark=0.02, index=50_000.0),
        "OLD": Quote(mark=0.02, index=50_000.0),
        "BLIND": Quote(mark=float("nan"), index=50_000.0),
    },
    stable_price_usd={"USDT": 1.0},
)
PRICING = CurrencyPricing(numeraire="USD", pricing_markets={"BTC": "COIN"})


def position(market: str, quantity: float, entry: float = 40_000.0, **more: object) -> Position:
    return Position(market=market, quantity=quantity, entry_price=entry, **more)  # type: ignore[arg-type]


BOOK = Book.from_accounts(
    [
        Account(
            name="a",
            positions=(
                position("CALL", -3.0, 0.01),
                position("PERP", 2.0, 39_000.0, funding=-7.0),
                position("COIN", -4.0, 40_000.0),
                position("PERP", -1.0, mode=MarginMode.ISOLATED, isolated_margin=11.0),
            ),
            collateral={"USDT": 100.0, "BTC": 0.5},
        ),
        Account(name="none"),
        Account(name="odd", positions=(position("PERP", float("nan")), position("COIN", 1.0))),
        Account(name="old", positions=(position("OLD", 1.0),)),
        Account(name="unknown", positions=(position("ALIEN", 1.0),)),
        Account(name="blind", positions=(position("BLIND", 1.0),)),
    ]
)


def test_units_are_cross_pools_and_then_isolated_positions() -> None:
    layout = unit_layout(BOOK)
    assert layout.account.tolist() == [0, 1, 2, 3, 4, 5, 0]
    assert layout.position.tolist() == [-1] * 6 + [3]
    assert layout.unit_of_position.tolist() == [0, 0, 0, 6, 2, 2, 3, 4, 5]


def test_values_by_hand() -> None:
    """Tolerance: rounding of a few products."""
    rows = market_rows(SNAPSHOT, INSTRUMENTS, PRICING)
    values = book_values(BOOK, unit_layout(BOOK), rows, PRICING, SNAPSHOT)
    expected = [
        -3.0 * 0.02 * 50_000.0,  # three short calls at their mark, in coin
        2.0 * 0.1 * 1_000.0 - 7.0,  # profit and funding due
        -4.0 * 100.0 * (1 / 40_000.0 - 1 / 50_000.0) * 50_000.0,
        0.0,
    ]
    assert values.unrealised[:4] == pytest.approx(expected, rel=1e-14)
    assert values.collateral[[0, 1, 6]] == pytest.approx([100.0 + 25_000.0, 0.0, 11.0])


def test_every_fault_has_its_own_reason_and_touches_only_its_account() -> None:
    rows = market_rows(SNAPSHOT, INSTRUMENTS, PRICING)
    layout = unit_layout(BOOK)
    values = book_values(BOOK, layout, rows, PRICING, SNAPSHOT)
    assert [MarginReason(code) for code in values.reason.tolist()] == [
        *[MarginReason.NONE] * 4,
        MarginReason.NO_QUANTITY,
        MarginReason.NONE,
        MarginReason.EXPIRED,
        MarginReason.UNKNOWN_INSTRUMENT,
        MarginReason.NO_MARK,
    ]
    assert np.isnan(values.unrealised).tolist() == (values.reason != 0).tolist()
    assert lacking(layout, values).tolist() == [False, False, True, True, True, True, False]


def test_a_currency_without_price_is_a_reason_of_those_who_hold_it() -> None:
    blind = replace(SNAPSHOT, stable_price_usd={"USDT": float("nan")})
    rows = market_rows(blind, {"COIN": COIN}, PRICING)
    values = book_values(BOOK, unit_layout(BOOK), rows, PRICING, blind)
    held = int(MarginReason.NO_COLLATERAL_PRICE)
    assert values.unit_reason.tolist() == [held, 0, 0, 0, 0, 0, 0]


def test_cells_group_positions_and_lose_none() -> None:
    """Two risk units (by settlement), groups by market: sums by brute force over a random book."""
    rng = np.random.default_rng(4)
    markets = [f"M{i}" for i in range(6)]
    accounts = [
        Account(
            name=str(a),
            positions=tuple(
                position(m, float(rng.normal()), 1.0)
                for m in rng.choice(markets, size=rng.integers(0, 5), replace=False)
            ),
        )
        for a in range(40)
    ]
    book = Book.from_accounts(accounts)
    row_of = np.array([markets.index(m) for m in book.markets])
    group, risk = np.array([0, 1, 1, 2, 2, 2]), np.array([0, 0, 1])
    layout = unit_layout(book)
    cells = cells_of(
        book, layout, row_of_market=row_of, group_of_row=group, risk_unit_of_group=risk
    )
    assert np.sort(cells.order).tolist() == list(range(book.market.size))
    profit = rng.normal(size=(6, 5))
    out = np.empty((len(cells), 5))
    rules = neutral_rules(3, 5)
    cell_profits(cells.positions, profit, np.zeros(6), rules, out)
    for c in range(len(cells)):
        rows = [
            p
            for p in range(book.market.size)
            if layout.unit_of_position[p] == cells.unit[c]
            and risk[group[row_of[book.market[p]]]] == cells.risk_unit[c]
        ]
        expected = sum(book.quantity[p] * profit[row_of[book.market[p]]] for p in rows)
        assert out[c] == pytest.approx(expected, abs=1e-12)
    loss, binding = np.empty(len(cells)), np.empty(len(cells), dtype=np.int64)
    worst_of_cells(cells.positions, profit, np.zeros(6), rules, loss, binding)
    assert loss == pytest.approx(-out.min(axis=1), abs=1e-15)
    assert binding.tolist() == out.argmin(axis=1).tolist()
    by_unit = sum_by_unit(layout, cells.unit, out[:, 0])
    alone = book.quantity * profit[row_of[book.market], 0]
    expected = np.bincount(layout.unit_of_position, weights=alone, minlength=len(layout))
    assert by_unit == pytest.approx(expected, abs=1e-12)


def test_positions_with_a_reason_are_left_out_of_cells() -> None:
    layout = unit_layout(BOOK)
    skip = np.zeros(BOOK.market.size, dtype=np.bool_)
    skip[[1, 4]] = True
    count = len(BOOK.markets)
    cells = cells_of(
        BOOK,
        layout,
        row_of_market=np.arange(count),
        group_of_row=np.zeros(count, dtype=np.int64),
        risk_unit_of_group=np.zeros(1, dtype=np.int64),
        skip=skip,
    )
    assert set(cells.order.tolist()) == set(range(BOOK.market.size)) - {1, 4}


def test_requirements_are_the_sum_of_their_terms_and_lack_what_has_a_reason() -> None:
    rows = market_rows(SNAPSHOT, INSTRUMENTS, PRICING)
    layout = unit_layout(BOOK)
    values = book_values(BOOK, layout, rows, PRICING, SNAPSHOT)
    amounts = np.linspace(0.1, 0.7, len(layout))
    terms = [
        RequirementTerm(name="one", title="One", initial=3.0 * amounts, maintenance=amounts),
        RequirementTerm(name="two", title="Two", initial=amounts / 3.0, maintenance=0.2 * amounts),
    ]
    found = assemble(
        book=BOOK,
        layout=layout,
        rows=rows,
        values=values,
        terms=terms,
        numeraire="USD",
    )
    assert found.unknown.tolist() == lacking(layout, values).tolist()
    known = ~found.unknown
    assert np.array_equal(found.initial[known], (3.0 * amounts + amounts / 3.0)[known])
    assert np.array_equal(found.maintenance[known], (amounts + 0.2 * amounts)[known])
    assert np.array_equal(found.equity[known], (found.collateral + found.unrealised)[known])
    assert "unknown instrument" in str(found.explain("unknown"))
