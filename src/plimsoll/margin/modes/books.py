"""A book parted by margin mode: what each model margins, and where its units stand in the whole.

Orders and collateral are those of an account's cross pool, so they go where the pool goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.open_orders import OpenOrders

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class AccountMode(StrEnum):
    """Which model margins something."""

    CROSS = "cross"  # cross pools of accounts that are not under portfolio margin
    ISOLATED = "isolated"  # isolated positions of any account
    PORTFOLIO = "portfolio"  # cross pools of accounts under portfolio margin


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModeBook:
    """What one model margins of a book.

    Parameters
    ----------
    mode : AccountMode
    book : Book
        A' accounts and P' positions; accounts that are here for isolated positions only have
        neither collateral nor orders.
    position : (P',) int64
        Row of each position in the whole book.
    unit : (V,) int64
        Units of ``book`` that this model margins.
    unit_in_whole : (V,) int64
        The same units in the whole book.
    """

    mode: AccountMode
    book: Book
    position: IntArray
    unit: IntArray
    unit_in_whole: IntArray


def mode_books(book: Book, *, separate_isolated: bool) -> tuple[ModeBook, ...]:
    """Part a book by mode; each position and each cross pool is in exactly one part.

    Parameters
    ----------
    book : Book
        Without ``portfolio`` no account is under portfolio margin.
    separate_isolated : bool
        Whether isolated positions are a part of their own; else they are in the cross part.
    """
    flags = book.portfolio
    under = np.zeros(len(book), np.bool_) if flags is None else np.asarray(flags, np.bool_)
    isolated, netted = book.isolated, under[book.account_of_position]
    cross = ~netted & ~isolated if separate_isolated else ~netted | isolated
    parts = [_part(book, AccountMode.CROSS, cross, ~under)]
    if separate_isolated:
        nobody = np.zeros(len(book), dtype=np.bool_)
        parts.append(_part(book, AccountMode.ISOLATED, isolated, nobody))
    return (*parts, _part(book, AccountMode.PORTFOLIO, netted & ~isolated, under))


def _part(book: Book, mode: AccountMode, positions: BoolArray, pools: BoolArray) -> ModeBook:
    counts = np.bincount(book.account_of_position[positions], minlength=len(book))
    accounts = np.flatnonzero(pools | (counts > 0)).astype(np.int64)
    rows = np.flatnonzero(positions).astype(np.int64)
    whole = rows.size == positions.size and bool(np.all(pools))
    own = book if whole else _sub_book(book, accounts, rows, counts[accounts], pools[accounts])
    aside = rows[own.isolated]
    place = np.cumsum(book.isolated) - 1 + len(book)
    pool = np.flatnonzero(pools[accounts])
    return ModeBook(
        mode=mode,
        book=own,
        position=rows,
        unit=np.concatenate([pool, len(own) + np.arange(aside.size)]).astype(np.int64),
        unit_in_whole=np.concatenate([accounts[pool], place[aside]]).astype(np.int64),
    )


def _sub_book(
    book: Book, accounts: IntArray, rows: IntArray, counts: IntArray, pools: BoolArray
) -> Book:
    return Book(
        accounts=tuple(book.accounts[row] for row in accounts.tolist()),
        markets=book.markets,
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        market=book.market[rows],
        quantity=book.quantity[rows],
        entry_price=book.entry_price[rows],
        isolated_margin=book.isolated_margin[rows],
        leverage=book.leverage[rows],
        currencies=book.currencies,
        collateral=np.where(pools[:, None], book.collateral[accounts], 0.0),
        funding=None if book.funding is None else book.funding[rows],
        orders=_orders(book.orders, accounts, pools),
        owner=None if book.owner is None else book.owner[accounts],
        portfolio=None if book.portfolio is None else book.portfolio[accounts],
    )


def _orders(orders: OpenOrders | None, accounts: IntArray, pools: BoolArray) -> OpenOrders | None:
    """Orders of the pools; None where they have none, as in a book that was made without."""
    if orders is None:
        return None
    counts = np.diff(orders.offsets)[accounts]
    taken, kept = orders.take(accounts), np.repeat(pools, counts)
    if not kept.any():
        return None
    return OpenOrders(
        offsets=np.concatenate([[0], np.cumsum(np.where(pools, counts, 0))]).astype(np.int64),
        market=taken.market[kept],
        quantity=taken.quantity[kept],
        price=taken.price[kept],
    )
