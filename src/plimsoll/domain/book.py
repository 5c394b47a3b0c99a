"""One columnar book for everything that computes: accounts x instruments, sparse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.book_columns import (
    IMPOSSIBLE_LEVERAGE,
    UNKNOWN_MARGIN,
    freeze_columns,
    known_amounts,
    known_leverages,
    known_margins,
    known_prices,
    require_columns,
    require_indices,
    require_offsets,
)
from plimsoll.domain.memo import Memo
from plimsoll.domain.open_orders import OpenOrders
from plimsoll.errors import UsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_POSITION_COLUMNS = ("market", "quantity", "entry_price", "isolated_margin", "leverage")
_OPTIONAL = ("funding", "owner", "portfolio")


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
        Signed number of contracts, positive = long; NaN: unknown.
    entry_price : (P,) float64
        NaN: unknown, which matters where profit since entry does (not for options and spot).
    isolated_margin : (P,) float64
        Margin set aside in settlement currency; NaN means the position is cross, infinity that
        it is isolated and nobody knows with how much.
    leverage : (P,) float64
        Chosen leverage; NaN means none: the tier's initial rate holds. Infinity: one that cannot
        be, which matters where a model reads it.
    currencies : tuple of C str
    collateral : (A, C) float64
        Cross collateral in units of each currency; may be negative (a debt). NaN: unknown.
    funding : (P,) float64 or None
        Accrued and unsettled, settlement currency, positive = received; None: nothing. NaN:
        unknown.
    orders : OpenOrders or None
        Those with nothing left to be filled are left out.
    owner : (A,) int64 or None
        Accounts with one number are one beneficial owner's; None: every account is its own.
    portfolio : (A,) bool or None
        Cross pools under portfolio margin; None: the model knows one mode only.

    Columns are read-only from here on: arrays with data of their own are frozen as they are, and
    views of arrays that can be written are copied.

    Attributes
    ----------
    memo : Memo
        What models have derived from these columns, which never change.

    Notes
    -----
    One bad account never sinks the book. Values that cannot be (not finite, prices that are not
    positive) are kept as their column's "unknown"; they, and two positions of one sign and mode in
    one market (whose notionals would escape the tiers), give their account a reason instead of a
    margin: `plimsoll.margin.units.book_faults`.

    Raises
    ------
    UsageError
        Where shapes, types, offsets or indices do not fit.
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
        _forget_the_impossible(self)
        freeze_columns(self, (*_POSITION_COLUMNS, "offsets", "collateral", *_OPTIONAL))

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
        """Build the columns; markets and currencies in order of first appearance.

        An isolated position without margin is isolated, and nobody knows with how much.

        Raises
        ------
        UsageError
            For two accounts of one name, and for a cross position with isolated margin.
        """
        listed = tuple(accounts)
        _check_names(listed)
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
            isolated_margin=_optional(_margin(p) for p in positions),
            leverage=_optional(_leverage(p) for p in positions),
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
        row = self.memo.recall("row of account", self._row_of_account).get(account)
        if row is None:
            raise UsageError("must be one of the book's accounts", found=account, field="account")
        return row

    def _row_of_account(self) -> dict[str, int]:
        """Row by name; of two accounts of one name the first."""
        names = tuple(self.accounts)
        return dict(zip(reversed(names), range(len(names) - 1, -1, -1), strict=True))

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
    return {name: getattr(book, name) for name in _POSITION_COLUMNS}


def _margin(position: Position) -> float | None:
    if position.mode is MarginMode.CROSS:
        return None
    margin = position.isolated_margin
    return UNKNOWN_MARGIN if margin is None or np.isnan(margin) else margin


def _leverage(position: Position) -> float | None:
    """None: none was chosen; one that is no number was chosen all the same."""
    chosen = position.leverage
    return IMPOSSIBLE_LEVERAGE if chosen is not None and np.isnan(chosen) else chosen


def _check_names(accounts: tuple[Account, ...]) -> None:
    rows: dict[str, int] = {}
    for row, account in enumerate(accounts):
        first = rows.setdefault(account.name, row)
        if first != row:
            raise UsageError(
                "must name each account once",
                found=f"{account.name!r} in rows {first} and {row}",
                field="accounts",
                row=row,
                remedy="rename one of them, or put what they hold into one",
            )


def _check_mode(account: str, position: Position) -> None:
    if position.mode is MarginMode.CROSS and position.isolated_margin is not None:
        raise UsageError(
            "must be given for isolated positions only",
            found=f"{position.mode.value} with {position.isolated_margin}",
            field=f"{account}.{position.market}.isolated_margin",
            remedy="make the position isolated, or leave its margin out",
        )


def _check_shapes(book: Book) -> None:
    require_offsets(book.offsets, len(book), "positions", "offsets")
    columns = {
        name: (column, np.int64 if name == "market" else np.float64)
        for name, column in _position_columns(book).items()
    }
    require_columns(columns, int(book.offsets[-1]), "position")
    require_indices(book.market, book.markets, "market")
    shape = (len(book), len(book.currencies))
    if book.collateral.shape != shape or book.collateral.dtype != np.float64:
        raise UsageError(
            f"must have the shape (accounts, currencies) {shape}, and be float64",
            found=f"{book.collateral.shape} {book.collateral.dtype}",
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
    if book.orders is not None:
        require_indices(book.orders.market, book.markets, "orders.market")


def _forget_the_impossible(book: Book) -> None:
    """Put what cannot be into its column's form of the unknown; good columns stay as they are."""
    kept = {
        "quantity": known_amounts(book.quantity),
        "entry_price": known_prices(book.entry_price),
        "isolated_margin": known_margins(book.isolated_margin),
        "leverage": known_leverages(book.leverage),
        "collateral": known_amounts(book.collateral),
        "funding": None if book.funding is None else known_amounts(book.funding),
        "orders": None if book.orders is None else book.orders.resting(),
    }
    for name, column in kept.items():
        if column is not getattr(book, name):
            object.__setattr__(book, name, column)
