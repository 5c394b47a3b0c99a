"""Accounts with faults where books go after margin: calls, plans, prices, the engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from add_on_books import INSTRUMENTS, PRICING, TABLES, account, snapshot
from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import Quote
from plimsoll.errors import UsageError
from plimsoll.margin import TieredMargin
from plimsoll.margin.calls.health import HealthState
from plimsoll.margin.calls.margin_calls import DepositTerms, margin_calls
from plimsoll.margin.liquidation import (
    STEPWISE,
    LiquidationSolver,
    LiquidationStatus,
    Liquidator,
    PlanOutcome,
    cross_unit,
)
from plimsoll.runtime import Engine

NAN, INF = float("nan"), float("inf")
MODEL = TieredMargin(pricing=PRICING)
LONG = Position(market="PERP", quantity=10.0, entry_price=100.0)
ASIDE = replace(LONG, mode=MarginMode.ISOLATED)
POOR = account({"PERP": 10, "ETH": -30}, {"USDT": 40}, "poor")


def bad(*positions: Position, usdt: float = 500.0, order: Order | None = None) -> Account:
    orders = () if order is None else (order,)
    return Account(name="bad", positions=positions, collateral={"USDT": usdt}, orders=orders)


FAULTY = {
    MarginReason.NO_QUANTITY: bad(replace(LONG, quantity=INF)),
    MarginReason.NO_ENTRY_PRICE: bad(replace(LONG, entry_price=-1.0)),
    MarginReason.NO_LEVERAGE: bad(replace(LONG, leverage=0.0)),
    MarginReason.DUPLICATE_POSITION: bad(LONG, LONG),
    MarginReason.NO_FUNDING: bad(replace(LONG, funding=INF)),
    MarginReason.NO_COLLATERAL: bad(LONG, usdt=INF),
    MarginReason.NO_ORDER: bad(LONG, order=Order(market="PERP", quantity=INF)),
    MarginReason.NO_ISOLATED_MARGIN: bad(ASIDE),
}
REASONS = pytest.mark.parametrize("reason", list(FAULTY))


def liquidator() -> Liquidator:
    return Liquidator(
        prepared=MODEL.prepare(snapshot(), TABLES, INSTRUMENTS),
        snapshot=snapshot(),
        instruments=INSTRUMENTS,
        pricing=PRICING,
        rule=STEPWISE,
    )


@REASONS
def test_calls_name_the_reason_and_cure_the_others(reason: MarginReason) -> None:
    def calls(*accounts: Account) -> tuple[object, ...]:
        found = liquidator().prepared.requirements(Book.from_accounts(accounts))
        return margin_calls(found, {"USDT": DepositTerms(price=1.0)}, liquidator())

    both = calls(FAULTY[reason], POOR)
    assert calls(POOR) == tuple(call for call in both if call.account == "poor")
    (unknown,) = (call for call in both if call.account == "bad")
    assert unknown.state is HealthState.UNKNOWN
    assert reason.text in unknown.reason


@REASONS
def test_nobody_liquidates_what_has_no_number(reason: MarginReason) -> None:
    held = FAULTY[reason]
    if reason not in (MarginReason.NO_ISOLATED_MARGIN, MarginReason.NO_ORDER):
        plan = liquidator().plan(cross_unit(held))
        assert plan.outcome is PlanOutcome.NO_NUMBER
        assert plan.steps == ()
    solver = LiquidationSolver(
        model=MODEL,
        parameters=TABLES,
        instruments=INSTRUMENTS,
        snapshot=snapshot(),
        pricing=PRICING,
    )
    book = Book.from_accounts([held, account({"PERP": 10}, {"USDT": 101}, "good")])
    found = solver.along_market(book, "bad", "PERP")
    assert {found.down.status, found.up.status} == {LiquidationStatus.NO_NUMBER}
    assert solver.along_market(book, "good", "PERP").down.status is LiquidationStatus.AT_PRICE


def engine(held: Account) -> Engine[object]:
    return Engine(
        model=MODEL,
        parameters=TABLES,
        instruments=INSTRUMENTS,
        snapshot=snapshot(),
        book=Book.from_accounts([POOR, held]),
    )


def same_as_afresh(live: Engine[object]) -> None:
    fresh = MODEL.prepare(live.snapshot, TABLES, INSTRUMENTS).requirements(live.book)
    for name in ("initial", "maintenance", "equity"):
        np.testing.assert_array_equal(getattr(live.margins, name), getattr(fresh, name))


@REASONS
def test_the_engine_goes_on_beside_a_faulty_account(reason: MarginReason) -> None:
    live = engine(FAULTY[reason])
    assert int(reason) in live.margins.unit_reason.tolist()
    assert not np.isnan(live.margins.initial[0])
    same_as_afresh(live)
    live.on_price("PERP", Quote(mark=104.0, index=104.0))
    same_as_afresh(live)
    live.on_fill("poor", "PERP", -4.0, 104.0)
    same_as_afresh(live)
    live.on_collateral("bad", "USDT", 10.0)
    same_as_afresh(live)
    assert int(reason) in live.margins.unit_reason.tolist()


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        (MarginReason.NO_QUANTITY, "position's quantity: must be known"),
        (MarginReason.NO_ENTRY_PRICE, "position's entry price: must be known"),
        (MarginReason.NO_ISOLATED_MARGIN, "position's isolated margin: must be known"),
        (MarginReason.DUPLICATE_POSITION, "must hold at most one position in the market"),
    ],
)
def test_what_is_not_known_cannot_be_traded(reason: MarginReason, message: str) -> None:
    live = engine(FAULTY[reason])
    with pytest.raises(UsageError, match=message):
        live.on_fill("bad", "PERP", -4.0, 104.0)
    same_as_afresh(live)


def test_the_engine_wants_each_name_once() -> None:
    book = Book.from_accounts([POOR, replace(POOR, name="other")])
    twice = replace(book, accounts=("poor", "poor"))
    with pytest.raises(UsageError, match="must name each account once"):
        Engine(
            model=MODEL,
            parameters=TABLES,
            instruments=INSTRUMENTS,
            snapshot=snapshot(),
            book=twice,
        )
