"""Faults of what an account holds: sizes, entries, margins, leverages, collateral, orders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from plimsoll.domain.account import Account, MarginMode, Order
from plimsoll.domain.instrument import Future, Perpetual
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.testing.fault import FAULTY, Fault, account_of, holding
from plimsoll.testing.generated_books import position
from plimsoll.testing.margin_case import MarginCase

NAN, INF = float("nan"), float("inf")


def position_faults(case: MarginCase, market: str, quantity: float) -> Iterator[Fault]:
    """Yield what may be wrong with a position in one market."""
    fault = partial(Fault, case=case)
    good = position(case, market, quantity)
    profits = isinstance(case.instruments[market], Perpetual | Future)
    for size in (NAN, INF, -INF):
        yield fault(
            name=f"quantity {size} of {market}",
            account=holding(case, market, size),
            reason=MarginReason.NO_QUANTITY,
        )
    for entry in (NAN, 0.0, -1.0, INF):
        yield fault(
            name=f"entry price {entry} of {market}",
            account=account_of(replace(good, entry_price=entry)),
            reason=MarginReason.NO_ENTRY_PRICE if profits else MarginReason.NONE,
            same_as=None if profits else account_of(good),
        )
    yield fault(
        name=f"two positions of one sign in {market}",
        account=account_of(good, replace(good, quantity=2.0 * quantity)),
        reason=MarginReason.DUPLICATE_POSITION,
    )
    for leverage in (0.0, -2.0, INF):
        yield fault(
            name=f"leverage {leverage} in {market}",
            account=account_of(replace(good, leverage=leverage)),
            reason=MarginReason.NO_LEVERAGE,
            same_as=account_of(good),
        )
    yield from _isolated_faults(case, market, quantity)
    if profits:
        for funding in (NAN, INF):
            yield fault(
                name=f"funding {funding} of {market}",
                account=account_of(replace(good, funding=funding)),
                reason=MarginReason.NO_FUNDING,
            )


def _isolated_faults(case: MarginCase, market: str, quantity: float) -> Iterator[Fault]:
    good = position(case, market, quantity)
    for margin in (None, NAN, INF, -INF):
        yield Fault(
            name=f"isolated margin {margin} of {market}",
            case=case,
            account=account_of(replace(good, mode=MarginMode.ISOLATED, isolated_margin=margin)),
            reason=MarginReason.NO_ISOLATED_MARGIN,
            isolated=True,
        )


def pool_faults(case: MarginCase, market: str, quantity: float) -> Iterator[Fault]:
    """Yield what may be wrong with a cross pool that holds one position."""
    good = position(case, market, quantity)
    currency = case.instruments[market].settle
    for amount in (NAN, INF, -INF):
        yield Fault(
            name=f"{amount} {currency} as collateral",
            case=case,
            account=Account(name=FAULTY, positions=(good,), collateral={currency: amount}),
            reason=MarginReason.NO_COLLATERAL,
        )
    yield Fault(
        name="collateral that nothing prices",
        case=case,
        account=Account(name=FAULTY, positions=(good,), collateral={"NOPRICE": 1.0}),
    )


def order_faults(case: MarginCase, market: str, quantity: float) -> Iterator[Fault]:
    """Yield what may be wrong with an order in one market, beside a position in it."""
    good = position(case, market, quantity)
    limit = good.entry_price

    def ordering(order: Order) -> Account:
        return Account(name=FAULTY, positions=(good,), orders=(order,))

    for size in (NAN, INF, -INF):
        yield Fault(
            name=f"order of {size} in {market}",
            case=case,
            account=ordering(Order(market=market, quantity=size, price=limit)),
            reason=MarginReason.NO_ORDER,
        )
    for price in (0.0, -1.0, INF):
        yield Fault(
            name=f"order at {price} in {market}",
            case=case,
            account=ordering(Order(market=market, quantity=quantity, price=price)),
            reason=MarginReason.NO_ORDER,
        )
    for price in (limit, INF):
        yield Fault(
            name=f"order at {price} in {market} with nothing left to be filled",
            case=case,
            account=ordering(Order(market=market, quantity=0.0, price=price)),
            reason=MarginReason.NONE,
            same_as=account_of(good),
        )
