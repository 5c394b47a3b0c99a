"""From stated accounts to the columns a model takes: contracts of the preset, marks as entries."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plimsoll.adapters.files.account_forms import StatedAccounts, StatedPosition
from plimsoll.adapters.files.order_forms import StatedOrder
from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.book import Book, BoolArray, IntArray
from plimsoll.domain.instrument import Option, Spot
from plimsoll.domain.open_orders import OpenOrders
from plimsoll.journeys.margin_contracts import HeldContract
from plimsoll.journeys.margin_snapshot import PricedMarket, is_inverse

UNKNOWN_PRICE = math.nan
"""Entry of a position whose price nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldBook:
    """A book, and which of its accounts said what stands behind it.

    Parameters
    ----------
    book : Book
    has_collateral : tuple of bool
        By account, in the book's order.
    """

    book: Book
    has_collateral: tuple[bool, ...]


def held_book(
    accounts: StatedAccounts, contracts: Mapping[str, HeldContract], market: PricedMarket
) -> HeldBook:
    """Turn sizes into contracts, with marks for entries that were not stated."""
    own: dict[str, list[Position]] = {name: [] for name in accounts.names}
    for position in accounts.positions:
        own[position.account].append(_position(position, contracts, market))
    resting: dict[str, list[Order]] = {name: [] for name in accounts.names}
    for order in accounts.orders:
        resting[order.account].append(_order(order, contracts, market))
    listed = [
        Account(
            name=name,
            positions=tuple(own[name]),
            collateral=dict(accounts.collateral.get(name, {})),
            orders=tuple(resting[name]),
            owner=accounts.owner.get(name, ""),
            portfolio=accounts.portfolio.get(name, True),
        )
        for name in accounts.names
    ]
    return HeldBook(
        book=Book.from_accounts(listed),
        has_collateral=tuple(name in accounts.collateral for name in accounts.names),
    )


def settled_in(
    held: HeldBook, currency: str, contracts: Mapping[str, HeldContract], strangers: Sequence[str]
) -> HeldBook:
    """Return what a segregated account of a currency holds; accounts with nothing are left out.

    Parameters
    ----------
    strangers : sequence of str
        Names nobody can read that are to stand in this currency's account.
    """

    def here(market: str) -> bool:
        known = contracts.get(market)
        return market in strange if known is None else known.margined.settle == currency

    book, strange = held.book, frozenset(strangers)
    kept = np.array([here(market) for market in book.markets], dtype=np.bool_)
    own = kept[book.market]
    orders = None if book.orders is None else _orders_in(book.orders, kept)
    money = book.collateral[:, [c == currency for c in book.currencies]]
    holds = (_counts(own, book.offsets) > 0) | (money != 0.0).any(axis=1)
    if orders is not None:
        holds |= np.diff(orders.offsets) > 0
    whole = replace(
        book,
        offsets=_ends(own, book.offsets),
        market=book.market[own],
        quantity=book.quantity[own],
        entry_price=book.entry_price[own],
        isolated_margin=book.isolated_margin[own],
        leverage=book.leverage[own],
        currencies=tuple(c for c in book.currencies if c == currency),
        collateral=money,
        funding=None if book.funding is None else book.funding[own],
        orders=orders,
    )
    rows = np.flatnonzero(holds)
    stated = tuple(held.has_collateral[row] for row in rows.tolist())
    return HeldBook(book=whole.take(rows), has_collateral=stated)


def _orders_in(orders: OpenOrders, kept: BoolArray) -> OpenOrders | None:
    """Open orders in the markets that are kept (M,); None where there is none."""
    own = kept[orders.market]
    if not own.any():
        return None
    return OpenOrders(
        offsets=_ends(own, orders.offsets),
        market=orders.market[own],
        quantity=orders.quantity[own],
        price=orders.price[own],
    )


def _ends(kept: BoolArray, offsets: IntArray) -> IntArray:
    """(A + 1,) offsets of the rows that are kept (P,)."""
    return np.concatenate([[0], np.cumsum(kept)])[offsets].astype(np.int64)


def _counts(kept: BoolArray, offsets: IntArray) -> IntArray:
    """(A,) how many rows of each account are kept (P,)."""
    return np.diff(_ends(kept, offsets))


def stand_alone(book: Book) -> Book:
    """Return a book in which each position is an account of its own, in the same order.

    What an account's positions ask by themselves, no collateral behind them.
    """
    count = int(book.market.size)
    return Book(
        accounts=tuple(str(p) for p in range(count)),
        markets=book.markets,
        offsets=np.arange(count + 1, dtype=np.int64),
        market=book.market,
        quantity=book.quantity,
        entry_price=book.entry_price,
        isolated_margin=np.full(count, np.nan),
        leverage=book.leverage,
        currencies=(),
        collateral=np.zeros((count, 0)),
        portfolio=np.ones(count, dtype=np.bool_),
    )


def contracts_of(quantity: float, contract: HeldContract, mark: float, *, in_base: bool) -> float:
    """Return a stated size as contracts of what the preset margins.

    Parameters
    ----------
    quantity : float
        Coins where ``in_base``, else contracts as listed: dollars of a coin-settled future.
    mark : float
        Dollars per coin; NaN leaves the size as it is, since the market has no number anyway.
    """
    listed, margined = contract.listed, contract.margined
    coins = quantity if in_base else quantity * float(listed.required_contract_size())
    if not in_base and is_inverse(listed):
        if not contract.is_converted:
            return quantity
        return coins / mark if mark > 0.0 else quantity
    if is_inverse(margined):
        return coins * (mark if mark > 0.0 else 1.0) / float(margined.required_contract_size())
    return coins / float(margined.required_contract_size())


def _position(
    stated: StatedPosition, contracts: Mapping[str, HeldContract], market: PricedMarket
) -> Position:
    contract = contracts.get(stated.market)
    quantity, entry = stated.quantity, stated.entry_price
    if contract is not None:
        mark = float(market.snapshot.quotes[stated.market].mark)
        if not math.isnan(quantity):
            quantity = contracts_of(quantity, contract, mark, in_base=stated.in_base)
        if entry is None or isinstance(contract.margined, Option | Spot):
            entry = mark if mark > 0.0 else None
    margin = stated.isolated_margin
    isolated = margin is not None
    if margin is not None:
        margin = _settled(margin, stated.market, contract, market)
    return Position(
        market=stated.market,
        quantity=quantity,
        entry_price=UNKNOWN_PRICE if entry is None else entry,
        mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
        isolated_margin=margin,
        leverage=stated.leverage,
        funding=_settled(stated.funding or 0.0, stated.market, contract, market),
    )


def _settled(
    amount: float, name: str, contract: HeldContract | None, market: PricedMarket
) -> float:
    """Return an amount of the listed settlement currency in that of what is margined.

    Only coin-settled contracts are margined as others: coins at their index, into dollar coins.
    """
    if contract is None or not contract.is_converted or amount == 0.0:
        return amount
    index = float(market.snapshot.quotes[name].index)
    cash = market.pricing("USD").price(
        contract.margined.settle, market.snapshot, market.instruments
    )
    return amount * index / cash


def _order(
    stated: StatedOrder, contracts: Mapping[str, HeldContract], market: PricedMarket
) -> Order:
    """Turn a stated order into contracts of what is margined, its limit into their quotation."""
    contract = contracts.get(stated.market)
    quantity, price = stated.quantity, stated.price
    if contract is not None:
        mark = float(market.snapshot.quotes[stated.market].mark)
        if not math.isnan(quantity):
            quantity = contracts_of(quantity, contract, mark, in_base=stated.in_base)
        if price is not None and contract.is_converted and isinstance(contract.margined, Option):
            price *= _forward(contract.margined, market)
            if math.isnan(price):  # which would read as a market order
                quantity, price = math.nan, None
    return Order(market=stated.market, quantity=quantity, price=price)


def _forward(option: Option, market: PricedMarket) -> float:
    """Dollars per coin at which a premium in coin is one in dollars; NaN where nobody knows."""
    quote = market.snapshot.expiries.get((option.pair, option.settle, option.expiry_ns))
    return math.nan if quote is None else quote.floating + quote.fixed
