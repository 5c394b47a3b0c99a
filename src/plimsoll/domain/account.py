"""Accounts: objects for people at the edges, one columnar `Book` for everything that computes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import UsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class MarginMode(StrEnum):
    """Which equity stands behind a position."""

    CROSS = "cross"  # the account's whole cross collateral
    ISOLATED = "isolated"  # only the margin set aside for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One position of one account.

    Parameters
    ----------
    market : str
        Key of the instrument in the snapshot and in the parameter set.
    quantity : float
        Signed number of contracts, positive = long.
    entry_price : float
        Average entry price, in the instrument's quote currency.
    mode : MarginMode
    isolated_margin : float or None
        Margin set aside, in settlement currency, not part of the account's collateral. Given if
        and only if the mode is isolated.
    leverage : float or None
        Leverage the user chose; None means the tier's initial rate holds.
    """

    market: str
    quantity: float
    entry_price: float
    mode: MarginMode = MarginMode.CROSS
    isolated_margin: float | None = None
    leverage: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account: positions, and cross collateral by currency."""

    name: str
    positions: tuple[Position, ...] = ()
    collateral: Mapping[str, float] = field(default_factory=dict)


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
        Signed number of contracts, positive = long.
    entry_price : (P,) float64
    isolated_margin : (P,) float64
        Margin set aside in settlement currency; NaN means the position is cross.
    leverage : (P,) float64
        Chosen leverage; NaN means none: the tier's initial rate holds.
    currencies : tuple of C str
    collateral : (A, C) float64
        Cross collateral in units of each currency; may be negative (a debt).

    Raises
    ------
    UsageError
        Where shapes, indices or values cannot be, or an account holds two positions of one sign
        in one market (their notionals would escape the tiers).
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

    def __post_init__(self) -> None:
        _check_shapes(self)
        _check_values(self)
        _check_single(self)
        for column in (*_position_columns(self).values(), self.offsets, self.collateral):
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
        markets = tuple(dict.fromkeys(p.market for p in positions))
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


def _check_values(book: Book) -> None:
    within = (book.market >= 0) & (book.market < len(book.markets))
    isolated = book.isolated_margin[book.isolated]
    chosen = book.leverage[~np.isnan(book.leverage)]
    checks = {
        "market": (within, f"must lie in 0 to {len(book.markets) - 1}"),
        "quantity": (np.isfinite(book.quantity), "must be finite"),
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
    sides = book.market * 2 + (book.quantity < 0.0)
    keys = book.account_of_position * (2 * max(len(book.markets), 1)) + sides
    keys.sort()
    repeats = np.flatnonzero(keys[1:] == keys[:-1])
    if repeats.size:
        account, side = divmod(int(keys[repeats[0]]), 2 * max(len(book.markets), 1))
        raise UsageError(
            "must have at most one position of each sign in a market",
            found=f"two in {book.markets[side // 2]}",
            field=f"account {book.accounts[account]}",
            remedy="net them into one, or the notional tiers do not see their sum",
        )
