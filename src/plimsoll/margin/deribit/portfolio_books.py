"""Books as the risk matrix sees them: coin collateral as positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldBook:
    """A book with positions added, and where each of its positions comes from.

    Parameters
    ----------
    book : Book
    origin : (P',) int64
        Row in the first book; -1 for what was added.
    """

    book: Book
    origin: IntArray


def unchanged(book: Book) -> HeldBook:
    """Return a book as it is."""
    origin = book.memo.recall("every_position", lambda: np.arange(book.market.size))
    return HeldBook(book=book, origin=origin)


def collateral_market(currency: str) -> str:
    """Name of the position that stands for a coin held as collateral."""
    return f"collateral {currency}"


def with_collateral(book: Book, coins: Sequence[str]) -> HeldBook:
    """Add a spot position for every coin held as collateral; the book remembers it."""
    coins = tuple(coins)
    found = book.memo.recall(("with_collateral", coins), lambda: _with_collateral(book, coins))
    return found or unchanged(book)


def _with_collateral(book: Book, coins: Sequence[str]) -> HeldBook | None:
    """Do so; None where there is nothing to add."""
    held = [c for c in coins if c in book.currencies]
    amounts = book.collateral[:, [book.currencies.index(c) for c in held]]
    account, column = np.nonzero(amounts)
    if not account.size:
        return None
    return _with_positions(
        book,
        book.quantity,
        account.astype(np.int64),
        (len(book.markets) + column).astype(np.int64),
        amounts[account, column],
        markets=(*book.markets, *(collateral_market(c) for c in held)),
    )


def _with_positions(
    book: Book,
    held: FloatArray,
    account: IntArray,
    market: IntArray,
    quantity: FloatArray,
    *,
    markets: tuple[str, ...],
) -> HeldBook:
    """Hold quantities (P,) of the book's positions, and more cross ones at the accounts' ends."""
    owner = np.concatenate([book.account_of_position, account])
    order = np.argsort(owner, kind="stable")
    count, nan = account.size, np.full(account.size, np.nan)
    counts = np.bincount(owner, minlength=len(book))
    return HeldBook(
        book=replace(
            book,
            markets=markets,
            offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            funding=None,
            market=np.concatenate([book.market, market])[order].astype(np.int64),
            quantity=np.concatenate([held, quantity])[order],
            entry_price=np.concatenate([book.entry_price, np.ones(count)])[order],
            isolated_margin=np.concatenate([book.isolated_margin, nan])[order],
            leverage=np.concatenate([book.leverage, nan])[order],
        ),
        origin=np.concatenate([np.arange(book.market.size), np.full(count, -1)])[order],
    )
