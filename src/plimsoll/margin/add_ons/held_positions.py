"""The positions of a book by margin unit, as kernels take them: found once a book."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.margin.contracts.linked_sizes import linked_contracts, linked_sizes
from plimsoll.margin.units.cells import UnitLayout
from plimsoll.maths.account_losses import AccountPositions

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldPositions:
    """P positions of U margin units.

    Parameters
    ----------
    row : (P,) int64
        Market row of each position, in the order of the book.
    rows : int64
        Those that occur.
    linked : (P,) float64 or None
        Contracts on that side in the owner's other accounts, in the order of the book; None:
        there are none.
    by_unit : AccountPositions
        Positions by margin unit; within it in the order of the book.
    linked_by_unit : (P,) float64 or None
    order : (P,) int64 or None
        Where positions by unit stand in the book; None: in the same place.
    no_reason : (P,) int64
        Nothing is wrong: what `reasons` returns then.
    unsized, unlinked : int64
        Positions whose own quantity, or that of the owner's other accounts, nobody knows.
    """

    row: IntArray
    rows: IntArray
    linked: FloatArray | None
    by_unit: AccountPositions
    linked_by_unit: FloatArray | None
    order: IntArray | None
    no_reason: IntArray
    unsized: IntArray
    unlinked: IntArray

    def in_book(self, positions: IntArray) -> IntArray:
        """Return where positions by unit stand in the book."""
        return positions if self.order is None else self.order[positions]

    def reasons(self, of_row: IntArray) -> IntArray:
        """(P,) reasons of positions: their size, or what their row (N + 1,) says."""
        if not (self.unsized.size or of_row[self.rows].any()):
            return self.no_reason
        found = of_row[self.row]
        found[self.unsized] = int(MarginReason.NO_QUANTITY)
        return found

    def with_owners(self, reason: IntArray) -> IntArray:
        """(P,) ``reason``, and NO_QUANTITY where that is none and the owner's size is unknown."""
        if not self.unlinked.size:
            return reason
        found = reason.copy()
        fresh = self.unlinked[reason[self.unlinked] == 0]
        found[fresh] = int(MarginReason.NO_QUANTITY)
        return found


def held_positions(
    book: Book, layout: UnitLayout, row_of_market: IntArray, markets: tuple[str, ...]
) -> HeldPositions:
    """Lay the positions of a book out; kept in its memo.

    Parameters
    ----------
    book : Book
    layout : UnitLayout
        Of the book.
    row_of_market : (M,) int64
        Row of each of the book's markets among ``markets``.
    markets : tuple of str
    """
    return book.memo.recall(
        (held_positions, markets), lambda: _laid_out(book, layout, row_of_market)
    )


def _laid_out(book: Book, layout: UnitLayout, row_of_market: IntArray) -> HeldPositions:
    row, unit = row_of_market[book.market], layout.unit_of_position
    sizes = linked_sizes(book)
    linked = None if sizes is None else linked_contracts(book, sizes)
    order = None if len(layout) == len(book) else np.argsort(unit, kind="stable")
    by_unit = slice(None) if order is None else order
    # Copies: kernels compile apart for read-only columns.
    return HeldPositions(
        row=row,
        rows=np.unique(row_of_market[np.unique(book.market)]),
        linked=linked,
        by_unit=AccountPositions(
            offsets=np.searchsorted(unit[by_unit], np.arange(len(layout) + 1)).astype(np.int64),
            row=np.array(row[by_unit]),
            quantity=np.array(book.quantity[by_unit]),
        ),
        linked_by_unit=None if linked is None else np.array(linked[by_unit]),
        order=order,
        no_reason=np.zeros(row.size, dtype=np.int64),
        unsized=_unknown(book.quantity),
        unlinked=_unknown(np.zeros(0) if linked is None else linked),
    )


def _unknown(column: FloatArray) -> IntArray:
    return np.flatnonzero(np.isnan(column)).astype(np.int64)
