"""What a book itself does not tell: values that nobody knows, as reasons of their accounts.

`Book` keeps what cannot be in its columns' forms of "unknown". Here they become
`plimsoll.domain.margin_reason.MarginReason` codes, once for all models: each position, cross pool
and isolated position that lacks a value has a reason, and no other account changes a bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.margin.units.cells import UnitLayout
from plimsoll.maths.duplicate_positions import duplicate_positions

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BookFaults:
    """Rows of a book that lack something; empty columns where nothing is wrong.

    Unknown sizes and accrued funding are not listed: they are NaN where they stand.

    Parameters
    ----------
    duplicate : (D,) int64
        Positions beside another of their market, sign and mode.
    entry, leverage, isolated : int64
        Positions without entry price, with a leverage that cannot be, and isolated ones whose
        margin is unknown.
    pool : (K,) int64
        Accounts whose cross pool lacks something.
    pool_reason : (K,) int64
        NO_COLLATERAL or NO_ORDER.
    """

    duplicate: IntArray
    entry: IntArray
    leverage: IntArray
    isolated: IntArray
    pool: IntArray
    pool_reason: IntArray

    def note_positions(self, reason: IntArray, needs_entry: BoolArray) -> IntArray:
        """Write codes into ``reason`` (P,) where there is none; return the rows written.

        Parameters
        ----------
        needs_entry : (P,) bool
            Whether profit since entry counts: perpetuals and futures, not what is worth its mark.
        """
        bare = self.entry[needs_entry[self.entry]]
        return np.concatenate(
            [
                _noted(reason, self.duplicate, MarginReason.DUPLICATE_POSITION),
                _noted(reason, bare, MarginReason.NO_ENTRY_PRICE),
            ]
        )

    def note_leverages(self, reason: IntArray) -> IntArray:
        """Do the same for chosen leverages, which only some models read."""
        return _noted(reason, self.leverage, MarginReason.NO_LEVERAGE)

    def unit_reasons(self, layout: UnitLayout) -> IntArray:
        """(U,) reasons of margin units: what their pool or isolated margin lacks."""
        found = np.zeros(len(layout), dtype=np.int64)
        found[self.pool] = self.pool_reason
        found[layout.unit_of_position[self.isolated]] = int(MarginReason.NO_ISOLATED_MARGIN)
        return found


def book_faults(book: Book) -> BookFaults:
    """Look once through a book; kept in its memo.

    Examples
    --------
    >>> from plimsoll.domain.account import Account, Order
    >>> order = Order(market="BTC", quantity=float("inf"))
    >>> faults = book_faults(Book.from_accounts([Account(name="a", orders=(order,))]))
    >>> faults.pool.tolist(), [MarginReason(code).name for code in faults.pool_reason.tolist()]
    ([0], ['NO_ORDER'])
    """
    return book.memo.recall(book_faults, lambda: _found(book))


def _found(book: Book) -> BookFaults:
    pool, pool_reason = _pools(book)
    return BookFaults(
        duplicate=duplicate_positions(
            np.ascontiguousarray(book.offsets),
            np.ascontiguousarray(book.market),
            np.ascontiguousarray(book.quantity),
            np.ascontiguousarray(book.isolated_margin),
            len(book.markets),
        ),
        entry=_unknown(book.entry_price),
        leverage=_infinite(book.leverage),
        isolated=_infinite(book.isolated_margin),
        pool=pool,
        pool_reason=pool_reason,
    )


def _noted(reason: IntArray, rows: IntArray, code: MarginReason) -> IntArray:
    """Write a code where there is none yet; return where."""
    fresh: IntArray = rows[reason[rows] == 0]
    reason[fresh] = int(code)
    return fresh


def _unknown(column: FloatArray) -> IntArray:
    """Rows of NaN; one reduction where there is none."""
    if not column.size or not np.isnan(column.min()):
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.isnan(column)).astype(np.int64)


def _infinite(column: FloatArray) -> IntArray:
    """Rows of infinity, others may be NaN; one reduction where there is none."""
    if not column.size or not np.isinf(np.fmax.reduce(column)):
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.isinf(column)).astype(np.int64)


def _pools(book: Book) -> tuple[IntArray, IntArray]:
    """Accounts whose cross pool has a fault, and which; collateral is said first."""
    reason = np.zeros(len(book), dtype=np.int64)
    orders = book.orders
    if orders is not None and len(orders):
        unknown = _unknown(orders.quantity)
        owner = np.searchsorted(orders.offsets, unknown, side="right") - 1
        reason[owner] = int(MarginReason.NO_ORDER)
    if book.collateral.size and np.isnan(book.collateral.min()):
        reason[np.isnan(book.collateral).any(axis=1)] = int(MarginReason.NO_COLLATERAL)
    pool = np.flatnonzero(reason).astype(np.int64)
    return pool, reason[pool]
