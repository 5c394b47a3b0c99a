"""Cash settlement: expired contracts leave the book, what they are worth becomes collateral.

    future   q size (S - entry)              linear, quanto       + accrued funding
             q size (1 / entry - 1 / S)      inverse, in coin     + accrued funding
    option   q size max(S - K, 0)            linear call, put with the sign turned
             q size max(1 - K / S, 0)        inverse, in coin

credited to or debited from the account's cross collateral in the settlement currency, which may
so become a debt. An isolated position's margin comes free with it. Page:
``docs/models/expiry-day.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.choice import chosen
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.open_orders import OpenOrders
from plimsoll.margin.settlement.payouts import DeliveryFee, ExpiredMarkets, expired_markets
from plimsoll.margin.settlement.report import (
    IsolatedDeficit,
    SettlementReason,
    SettlementReport,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def settled(
    book: Book,
    settlement_prices: Mapping[str, float],
    instruments: Mapping[str, Instrument],
    at_ns: int,
    *,
    fees: Mapping[str, DeliveryFee] | None = None,
    isolated_deficit: IsolatedDeficit = IsolatedDeficit.VENUE,
) -> tuple[Book, SettlementReport]:
    """Settle what has expired.

    Parameters
    ----------
    book : Book
    settlement_prices : mapping of str to float
        By market, in its quote currency; looked up for expired markets only.
    instruments : mapping of str to Instrument
        Contract terms by market.
    at_ns : int
        Contracts with an expiry at or before it are settled.
    fees : mapping of str to DeliveryFee, optional
        By market; none: no fee.
    isolated_deficit : IsolatedDeficit
        Who bears what an isolated position lost beyond its margin.

    Returns
    -------
    Book
        Without the settled positions and without orders in expired markets; accounts, markets
        and their order stay, a settlement currency that is new is the last one. A position that
        cannot be settled stays, and is in the report with its reason.
    SettlementReport

    Raises
    ------
    UsageError
        For a choice that is none.
    """
    rule = chosen(IsolatedDeficit, isolated_deficit, "isolated_deficit")
    terms = expired_markets(book.markets, settlement_prices, instruments, at_ns, fees or {})
    reason = _reasons(book, terms)
    going = terms.expired[book.market] & (reason == 0)
    rows, kept = np.flatnonzero(going), np.flatnonzero(reason != 0)
    currencies = tuple(
        dict.fromkeys([*book.currencies, *(terms.settle[m] for m in book.market[rows].tolist())])
    )
    orders, cancelled = _without(book, terms.expired)
    report = _report(book, terms, rows, currencies, rule, at_ns)
    report = replace(
        report,
        kept_account=book.account_of_position[kept],
        kept_market=book.market[kept],
        kept_reason=reason[kept],
        cancelled_orders=cancelled,
    )
    return _after(book, ~going, orders, report), report


def _reasons(book: Book, terms: ExpiredMarkets) -> IntArray:
    """(P,) why a position stays though it has expired, or might have."""
    reason, gone = terms.reason[book.market], terms.expired[book.market]
    future = terms.sign[book.market] == 0.0
    checks = [
        (SettlementReason.NO_QUANTITY, np.isnan(book.quantity)),
        (SettlementReason.NO_ENTRY_PRICE, future & np.isnan(book.entry_price)),
        (SettlementReason.NO_ISOLATED_MARGIN, np.isinf(book.isolated_margin)),
    ]
    if book.funding is not None:
        checks.append((SettlementReason.NO_FUNDING, ~np.isfinite(book.funding)))
    for code, fault in checks:
        reason = np.where(gone & (reason == 0) & fault, int(code), reason)
    return reason.astype(np.int64)


def _report(
    book: Book,
    terms: ExpiredMarkets,
    rows: IntArray,
    currencies: tuple[str, ...],
    rule: IsolatedDeficit,
    at_ns: int,
) -> SettlementReport:
    market, quantity = book.market[rows], book.quantity[rows]
    worth = terms.payout(market, quantity, book.entry_price[rows])
    funding = np.zeros(rows.size) if book.funding is None else book.funding[rows]
    payout = worth + np.where(terms.sign[market] == 0.0, funding, 0.0)
    fee = terms.fee(market, quantity, payout)
    isolated = book.isolated[rows]
    margin = np.where(isolated, book.isolated_margin[rows], 0.0)
    short = np.where(isolated, np.maximum(-(payout + margin - fee), 0.0), 0.0)
    column = {currency: place for place, currency in enumerate(currencies)}
    return SettlementReport(
        at_ns=at_ns,
        accounts=tuple(book.accounts),
        markets=book.markets,
        currencies=currencies,
        account=book.account_of_position[rows],
        market=market,
        currency=np.array([column[terms.settle[m]] for m in market.tolist()], dtype=np.int64),
        quantity=quantity,
        price=terms.price[market],
        payout=payout,
        margin=margin,
        fee=fee,
        deficit=short if rule is IsolatedDeficit.VENUE else np.zeros(rows.size),
        kept_account=np.empty(0, dtype=np.int64),
        kept_market=np.empty(0, dtype=np.int64),
        kept_reason=np.empty(0, dtype=np.int64),
        cancelled_orders=0,
    )


def _after(
    book: Book, kept: BoolArray, orders: OpenOrders | None, report: SettlementReport
) -> Book:
    added = len(report.currencies) - len(book.currencies)
    collateral = np.hstack([book.collateral, np.zeros((len(book), added))])
    np.add.at(collateral, (report.account, report.currency), report.credit)
    counts = np.bincount(book.account_of_position[kept], minlength=len(book))
    return replace(
        book,
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        market=book.market[kept],
        quantity=book.quantity[kept],
        entry_price=book.entry_price[kept],
        isolated_margin=book.isolated_margin[kept],
        leverage=book.leverage[kept],
        currencies=report.currencies,
        collateral=collateral,
        funding=None if book.funding is None else book.funding[kept],
        orders=orders,
    )


def _without(book: Book, expired: BoolArray) -> tuple[OpenOrders | None, int]:
    """Orders in markets that have not expired, and how many there were in the others."""
    orders = book.orders
    if orders is None:
        return None, 0
    kept = ~expired[orders.market]
    account = np.repeat(np.arange(len(book)), np.diff(orders.offsets))
    counts = np.bincount(account[kept], minlength=len(book))
    left = OpenOrders(
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        market=orders.market[kept],
        quantity=orders.quantity[kept],
        price=orders.price[kept],
    )
    return left, int(np.count_nonzero(~kept))
