"""A book that changes: positions in slots, collateral, and who holds what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.account import Order
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.open_orders import OpenOrders
from plimsoll.errors import UsageError
from plimsoll.runtime.account_slots import AccountSlots, Columns
from plimsoll.runtime.fills import FilledPosition, filled
from plimsoll.runtime.holders import Holders, joined
from plimsoll.runtime.picked_names import PickedNames

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_ORDER = ("market", "quantity", "price")
_POSITION = ("market", "quantity", "entry_price", "isolated_margin", "leverage")
_OPTIONAL = ("isolated_margin", "leverage")


class LiveBook:
    """The accounts of a `Book`, whose positions and collateral may change.

    Accounts, owners and modes stay those of the book it began with.
    """

    def __init__(self, book: Book) -> None:
        self._columns = _POSITION if book.funding is None else (*_POSITION, "funding")
        columns = {name: getattr(book, name) for name in self._columns}
        self.slots = AccountSlots(book.offsets, columns, optional=_OPTIONAL)
        self._accounts, self._orders = tuple(book.accounts), _order_slots(book)
        self._row_of = {name: row for row, name in enumerate(self._accounts)}
        if len(self._row_of) != len(self._accounts):
            name = next(n for row, n in enumerate(self._accounts) if self._row_of[n] != row)
            raise UsageError(
                "must name each account once, since events name accounts",
                found=name,
                field="accounts",
            )
        self._owner, self._portfolio = book.owner, book.portfolio
        self._collateral, self._currencies = book.collateral.copy(), [*book.currencies]
        self._markets = [*book.markets]
        self._names: tuple[str, ...] | None = book.markets
        self._code_of = {market: code for code, market in enumerate(self._markets)}
        held = self.slots.columns["market"][: book.market.size]
        self._holders = Holders(book.offsets, held, len(self._markets))
        self._ordering = _ordering(book, len(self._markets))
        self._family = None if book.owner is None else _families(book.owner)

    @property
    def everybody(self) -> IntArray:
        """(A,) all accounts."""
        return np.arange(len(self._accounts))

    def row(self, account: str) -> int:
        """Return the row of an account."""
        if account not in self._row_of:
            raise UsageError("must be one of the book's accounts", found=account, field="account")
        return self._row_of[account]

    def book(self) -> Book:
        """Return all accounts as they stand."""
        return self.take(self.everybody)

    def take(self, accounts: IntArray) -> Book:
        """Return the accounts at ``accounts`` as they stand, in that order."""
        offsets = self.slots.offsets(accounts)
        columns = {name: self.slots.values(name, accounts, offsets) for name in self._columns}
        whole = accounts.size == len(self._accounts)
        names = self._accounts if whole else PickedNames(self._accounts, accounts)
        return Book(
            accounts=names,
            markets=self._named(),
            offsets=offsets,
            currencies=tuple(self._currencies),
            collateral=self._collateral[accounts],
            orders=self._orders_of(accounts),
            owner=None if self._owner is None else self._owner[accounts],
            portfolio=None if self._portfolio is None else self._portfolio[accounts],
            **columns,
        )

    def shares(self, most: int) -> Iterator[IntArray]:
        """Part all accounts into shares of about ``most``, those of one owner in one share.

        There is at least one, if of nobody.
        """
        if self._owner is None:
            order, cuts = self.everybody, np.arange(most, len(self._accounts), most)
        else:
            order = np.argsort(self._owner, kind="stable")
            owner = self._owner[order]
            cuts = np.unique(np.searchsorted(owner, owner[most::most]))
        for share in np.split(order, cuts):
            yield np.sort(share)

    def holding(self, markets: Iterable[str], currencies: Iterable[str]) -> IntArray:
        """Accounts with a position or an order in one of ``markets``, or such collateral."""
        codes = [self._code_of[market] for market in markets if market in self._code_of]
        found = [self._holders.of(codes), self._ordering.of(codes)]
        columns = [c for c, name in enumerate(self._currencies) if name in set(currencies)]
        if columns:
            found.append(np.flatnonzero((self._collateral[:, columns] != 0.0).any(axis=1)))
        return joined(found, len(self._accounts))

    def linked(self, accounts: IntArray) -> IntArray:
        """Add the accounts of the same owners; ascending, each once."""
        if self._family is None or self._owner is None:
            return accounts
        return self._family.of(np.unique(self._owner[accounts]).tolist())

    def pay(self, account: int, currency: str, amount: float) -> None:
        """Add units of a currency to an account's cross collateral."""
        if currency not in self._currencies:
            if amount == 0.0:
                return
            self._currencies.append(currency)
            blank = np.zeros((len(self._accounts), 1))
            self._collateral = np.hstack([self._collateral, blank])
        self._collateral[account, self._currencies.index(currency)] += amount

    def fill(
        self,
        account: int,
        market: str,
        instrument: Instrument,
        quantity: float,
        price: float,
        fee: float,
    ) -> None:
        """Net a fill with the position held, and pay what changes hands."""
        held, code = self.slots.of(account), self._code_of.get(market, -1)
        at = np.flatnonzero(held["market"] == code)
        if at.size > 1:
            raise UsageError(
                "must hold at most one position in the market for a fill to be netted with",
                found="a long and a short one",
                field=f"{self._accounts[account]}.{market}",
            )
        size, entry = (0.0, price) if not at.size else _held(held, int(at[0]))
        after = filled(instrument, size, entry, quantity, price)
        code = self._code(market)
        if not at.size:
            released = after.cash - fee
            held = _appended(held, code, after)
        else:
            held, released = _changed(held, int(at[0]), after, fee)
        self.slots.put(account, held)
        self._holders.add(code, account)
        self.pay(account, instrument.settle, released)

    def order(self, account: int, orders: Sequence[Order]) -> None:
        """Put orders in place of an account's."""
        codes = [self._code(order.market) for order in orders]
        limits = [np.nan if order.price is None else order.price for order in orders]
        columns: Columns = {
            "market": np.array(codes, dtype=np.int64),
            "quantity": np.array([order.quantity for order in orders], dtype=np.float64),
            "price": np.array(limits, dtype=np.float64),
        }
        self._orders.put(account, columns)
        for code in codes:
            self._ordering.add(code, account)

    def restorer(self, account: int) -> Callable[[], None]:
        """Return what puts an account back as it stands now."""
        held, paid = self.slots.of(account), self._collateral[account].copy()
        ordered = self._orders.of(account)
        markets, width = len(self._markets), paid.size

        def restore() -> None:
            self.slots.put(account, held)
            self._orders.put(account, ordered)
            for market in self._markets[markets:]:
                del self._code_of[market]
            del self._markets[markets:], self._currencies[width:]
            self._names = None
            self._collateral = self._collateral[:, :width]
            self._collateral[account] = paid

        return restore

    def _named(self) -> tuple[str, ...]:
        """The markets: one tuple for all books until there is another, so that rows are kept."""
        if self._names is None:
            self._names = tuple(self._markets)
        return self._names

    def _orders_of(self, accounts: IntArray) -> OpenOrders | None:
        if not self._orders.positions:
            return None
        offsets = self._orders.offsets(accounts)
        columns = {name: self._orders.values(name, accounts, offsets) for name in _ORDER}
        return OpenOrders(offsets=offsets, **columns)

    def _code(self, market: str) -> int:
        if market not in self._code_of:
            self._code_of[market] = len(self._markets)
            self._markets.append(market)
            self._names = None
        return self._code_of[market]


def _held(held: Columns, at: int) -> tuple[float, float]:
    return float(held["quantity"][at]), float(held["entry_price"][at])


def _appended(held: Columns, code: int, after: FilledPosition) -> Columns:
    """Add a cross position."""
    values = {"market": code, "quantity": after.quantity, "entry_price": after.entry_price}
    values |= {"isolated_margin": np.nan, "leverage": np.nan, "funding": 0.0}
    return {
        name: np.append(column, np.array([values[name]], dtype=column.dtype))
        for name, column in held.items()
    }


def _changed(held: Columns, at: int, after: FilledPosition, fee: float) -> tuple[Columns, float]:
    """Put a filled position in its place; also what it pays into the cross collateral.

    A closed position pays its accrued funding, an isolated one what is left of its margin.
    """
    margin, paid = float(held["isolated_margin"][at]), after.cash - fee
    if np.isinf(margin):
        raise UsageError(
            "must be known before the position can be traded",
            found="nobody knows it",
            field="position's isolated margin",
        )
    if after.quantity == 0.0:
        accrued = float(held["funding"][at]) if "funding" in held else 0.0
        paid += accrued + (0.0 if np.isnan(margin) else margin)
        return {name: np.delete(column, at) for name, column in held.items()}, paid
    held["quantity"][at], held["entry_price"][at] = after.quantity, after.entry_price
    if np.isnan(margin):
        return held, paid
    held["isolated_margin"][at] = margin + paid
    return held, 0.0


def _orders(book: Book) -> OpenOrders:
    if book.orders is not None:
        return book.orders
    none = np.zeros(0)
    offsets = np.zeros(len(book) + 1, dtype=np.int64)
    return OpenOrders(offsets=offsets, market=none.astype(np.int64), quantity=none, price=none)


def _order_slots(book: Book) -> AccountSlots:
    orders = _orders(book)
    return AccountSlots(orders.offsets, {name: getattr(orders, name) for name in _ORDER})


def _ordering(book: Book, markets: int) -> Holders:
    orders = _orders(book)
    return Holders(orders.offsets, orders.market, markets)


def _families(owner: IntArray) -> Holders:
    """Accounts by owner."""
    one_each = np.arange(owner.size + 1)
    return Holders(one_each, owner, int(owner.max(initial=-1)) + 1)
