"""One columnar book for everything that computes: accounts x instruments, sparse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.memo import Memo
from plimsoll.domain.open_orders import OpenOrders
from plimsoll.errors import UsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Book:
    """Accounts x instruments, sparse and columnar (rows are positions, grouped by account).

    Parameters
    ----------
    accounts : sequence of A str
    markets : tuple of M str
    offsets : (A + 1,) int64
        Positions of account ``a`` are the rows ``offsets[a]`` to ``offsets[a + 1] - 1``.
    market : (P,) int64
        Index into ``markets``.
    quantity : (P,) float64
        Signed number of contracts, positive = long; NaN: unknown, which gives its account a
        reason instead of a margin.
    entry_price : (P,) float64
    isolated_margin : (P,) float64
        Margin set aside in settlement currency; NaN means the position is cross.
    leverage : (P,) float64
        Chosen leverage; NaN means none: the tier's initial rate holds.
    currencies : tuple of C str
    collateral : (A, C) float64
        Cross collateral in units of each currency; may be negative (a debt).
    funding : (P,) float64 or None
        Accrued and unsettled, settlement currency, positive = received; None: nothing. Not
        finite: unknown, which gives the account a reason.
    orders : OpenOrders or None
    owner : (A,) int64 or None
        Accounts with one number are one beneficial owner's; None: every account is its own.
    portfolio : (A,) bool or None
        Cross pools under portfolio margin; None: the model knows one mode only.

    Attributes
    ----------
    memo : Memo
        What models have derived from these columns, which never change.

    Raises
    ------
    UsageError
        Where shapes, indices or values cannot be, or an account holds two positions of one sign
        and mode in one market (their notionals would escape the tiers).
    """

    accounts: Sequence[str]
    markets: tuple[str, ...]
    offsets: IntArray
    market: IntArray
    quantity: FloatArray
    entry_price: FloatArray
    isolated_margin: FloatArray
    leverage: FloatArray
    currencies: tuple[str, ...]
    collateral: FloatArray
    funding: FloatArray | None = None
    orders: OpenOrders | None = None
    owner: IntArray | None = None
    portfolio: BoolArray | None = None
    memo: Memo = field(default_factory=Memo, init=False, repr=False)

    def __post_init__(self) -> None:
        _check_shapes(self)
        _check_optional(self)
        _check_values(self)
        _check_single(self)
        optional = (self.funding, self.owner, self.portfolio)
        for column in (*_position_columns(self).values(), self.offsets, self.collateral, *optional):
            if column is not None:
                column.setflags(write=False)

    def __len__(self) -> int:
        return len(self.accounts)

    @property
    def isolated(self) -> BoolArray:
        """(P,) whether a position is isolated."""
        return ~np.isnan(self.isolated_margin)

    @property
    def account_of_position(self) -> IntArray:
        """(P,) index of the account of each position."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @classmethod
    def from_accounts(cls, accounts: Iterable[Account]) -> Book:
        """Build the columns; markets and currencies in order of first appearance."""
        listed = tuple(accounts)
        positions = tuple(chain.from_iterable(a.positions for a in listed))
        for account in listed:
            for position in account.positions:
                _check_mode(account.name, position)
        ordered = chain.from_iterable(a.orders for a in listed)
        markets = tuple(
            dict.fromkeys([*(p.market for p in positions), *(o.market for o in ordered)])
        )
        currencies = tuple(dict.fromkeys(chain.from_iterable(a.collateral for a in listed)))
        row_of = {market: row for row, market in enumerate(markets)}
        return cls(
            accounts=tuple(a.name for a in listed),
            markets=markets,
            offsets=np.cumsum([0, *(len(a.positions) for a in listed)], dtype=np.int64),
            market=np.array([row_of[p.market] for p in positions], dtype=np.int64),
            quantity=np.array([p.quantity for p in positions], dtype=np.float64),
            entry_price=np.array([p.entry_price for p in positions], dtype=np.float64),
            isolated_margin=_optional(p.isolated_margin for p in positions),
            leverage=_optional(p.leverage for p in positions),
            currencies=currencies,
            collateral=np.array(
                [[a.collateral.get(c, 0.0) for c in currencies] for a in listed], dtype=np.float64
            ).reshape(len(listed), len(currencies)),
            funding=np.array([p.funding for p in positions], dtype=np.float64),
            orders=_orders(listed, row_of),
            owner=_owners(listed),
            portfolio=np.array([a.portfolio for a in listed], dtype=np.bool_),
        )

    def row(self, account: str) -> int:
        """Return the index of ``account``."""
        try:
            return self.accounts.index(account)
        except ValueError:
            raise UsageError(
                "must be one of the book's accounts", found=account, field="account"
            ) from None

    def account(self, name: str) -> Account:
        """Return one account as an object."""
        row = self.row(name)
        positions = range(int(self.offsets[row]), int(self.offsets[row + 1]))
        held = zip(self.currencies, self.collateral[row].tolist(), strict=True)
        return Account(
            name=name,
            positions=tuple(self._position(p) for p in positions),
            collateral={currency: amount for currency, amount in held if amount != 0.0},
            orders=self._orders_of(row),
            owner="" if self.owner is None else self._owner_name(row),
            portfolio=self.portfolio is not None and bool(self.portfolio[row]),
        )

    def take(self, rows: IntArray) -> Book:
        """Return the accounts at ``rows``, in that order."""
        starts, counts = self.offsets[rows], np.diff(self.offsets)[rows]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        picked = np.repeat(starts - offsets[:-1], counts) + np.arange(offsets[-1])
        return Book(
            accounts=tuple(self.accounts[row] for row in rows.tolist()),
            markets=self.markets,
            offsets=offsets,
            market=self.market[picked],
            quantity=self.quantity[picked],
            entry_price=self.entry_price[picked],
            isolated_margin=self.isolated_margin[picked],
            leverage=self.leverage[picked],
            currencies=self.currencies,
            collateral=self.collateral[rows],
            funding=None if self.funding is None else self.funding[picked],
            orders=None if self.orders is None else self.orders.take(rows),
            owner=None if self.owner is None else self.owner[rows],
            portfolio=None if self.portfolio is None else self.portfolio[rows],
        )

    def _owner_name(self, row: int) -> str:
        """Name an owner by the first of his accounts; empty for an account that stands alone."""
        assert self.owner is not None
        same = np.flatnonzero(self.owner == self.owner[row])
        return "" if same.size == 1 else self.accounts[int(same[0])]

    def _orders_of(self, row: int) -> tuple[Order, ...]:
        if self.orders is None:
            return ()
        held = range(int(self.orders.offsets[row]), int(self.orders.offsets[row + 1]))
        limits = [float(self.orders.price[o]) for o in held]
        return tuple(
            Order(
                market=self.markets[int(self.orders.market[o])],
                quantity=float(self.orders.quantity[o]),
                price=None if np.isnan(limit) else limit,
            )
            for o, limit in zip(held, limits, strict=True)
        )

    def _position(self, row: int) -> Position:
        isolated = not np.isnan(self.isolated_margin[row])
        chosen = not np.isnan(self.leverage[row])
        return Position(
            market=self.markets[int(self.market[row])],
            quantity=float(self.quantity[row]),
            entry_price=float(self.entry_price[row]),
            mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
            isolated_margin=float(self.isolated_margin[row]) if isolated else None,
            leverage=float(self.leverage[row]) if chosen else None,
            funding=0.0 if self.funding is None else float(self.funding[row]),
        )


def _orders(accounts: tuple[Account, ...], row_of: Mapping[str, int]) -> OpenOrders | None:
    listed = tuple(chain.from_iterable(a.orders for a in accounts))
    if not listed:
        return None
    return OpenOrders(
        offsets=np.cumsum([0, *(len(a.orders) for a in accounts)], dtype=np.int64),
        market=np.array([row_of[o.market] for o in listed], dtype=np.int64),
        quantity=np.array([o.quantity for o in listed], dtype=np.float64),
        price=_optional(o.price for o in listed),
    )


def _owners(accounts: tuple[Account, ...]) -> IntArray | None:
    """Number owners; an account named as another's owner belongs to him too."""
    if not any(a.owner for a in accounts):
        return None
    numbers: dict[str, int] = {}
    return np.array(
        [numbers.setdefault(a.owner or a.name, len(numbers)) for a in accounts], dtype=np.int64
    )


def _optional(values: Iterable[float | None]) -> FloatArray:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _position_columns(book: Book) -> dict[str, NDArray[np.float64] | NDArray[np.int64]]:
    names = ("market", "quantity", "entry_price", "isolated_margin", "leverage")
    return {name: getattr(book, name) for name in names}


def _check_mode(account: str, position: Position) -> None:
    isolated = position.mode is MarginMode.ISOLATED
    if isolated != (position.isolated_margin is not None):
        raise UsageError(
            "must be given for an isolated position, and only for it",
            found=f"{position.mode.value} with {position.isolated_margin}",
            field=f"{account}.{position.market}.isolated_margin",
        )


def _check_shapes(book: Book) -> None:
    count = int(book.offsets[-1]) if book.offsets.size else 0
    if book.offsets.shape != (len(book) + 1,) or book.offsets[0] != 0:
        raise UsageError(
            f"must start at 0 and have one more entry than accounts ({len(book)})",
            found=book.offsets.shape,
            field="offsets",
        )
    if np.any(np.diff(book.offsets) < 0):
        raise UsageError("must not fall", found="a fall", field="offsets")
    for name, column in _position_columns(book).items():
        dtype = np.int64 if name == "market" else np.float64
        if column.shape != (count,) or column.dtype != dtype:
            raise UsageError(
                f"must have one {dtype.__name__} per position ({count})",
                found=f"{column.shape} {column.dtype}",
                field=name,
            )
    if book.collateral.shape != (len(book), len(book.currencies)):
        raise UsageError(
            "must have the shape (accounts, currencies)",
            found=book.collateral.shape,
            field="collateral",
        )


def _check_optional(book: Book) -> None:
    expected = {
        "funding": (book.funding, (book.market.size,)),
        "owner": (book.owner, (len(book),)),
        "portfolio": (book.portfolio, (len(book),)),
        "orders.offsets": (
            None if book.orders is None else book.orders.offsets,
            (len(book) + 1,),
        ),
    }
    for name, (column, shape) in expected.items():
        if column is not None and column.shape != shape:
            raise UsageError(f"must have the shape {shape}", found=column.shape, field=name)
    if book.orders is not None and len(book.orders):
        last = int(book.orders.market.max())
        if int(book.orders.market.min()) < 0 or last >= len(book.markets):
            raise UsageError(
                f"must lie in 0 to {len(book.markets) - 1}", found=last, field="orders.market"
            )


def _check_values(book: Book) -> None:
    within = (book.market >= 0) & (book.market < len(book.markets))
    isolated = book.isolated_margin[book.isolated]
    chosen = book.leverage[~np.isnan(book.leverage)]
    checks = {
        "market": (within, f"must lie in 0 to {len(book.markets) - 1}"),
        "quantity": (~np.isinf(book.quantity), "must be finite, or NaN where unknown"),
        "entry_price": (
            np.isfinite(book.entry_price) & (book.entry_price > 0.0),
            "must be positive and finite",
        ),
        "isolated_margin": (np.isfinite(isolated), "must be finite"),
        "leverage": (np.isfinite(chosen) & (chosen > 0.0), "must be positive and finite"),
        "collateral": (np.isfinite(book.collateral).ravel(), "must be finite"),
    }
    for name, (good, must) in checks.items():
        if not bool(np.all(good)):
            row = int(np.argmin(good))
            raise UsageError(must, found="another value", field=name, row=row)


def _check_single(book: Book) -> None:
    sides = book.market * 4 + (book.quantity < 0.0) * 2 + book.isolated
    keys = book.account_of_position * (4 * max(len(book.markets), 1)) + sides
    keys.sort()
    repeats = np.flatnonzero(keys[1:] == keys[:-1])
    if repeats.size:
        account, side = divmod(int(keys[repeats[0]]), 4 * max(len(book.markets), 1))
        raise UsageError(
            "must have at most one position of each sign and mode in a market",
            found=f"two in {book.markets[side // 4]}",
            field=f"account {book.accounts[account]}",
            remedy="net them into one, or the notional tiers do not see their sum",
        )
