"""Positions that the book does not tell enough of, kept out of the tier kernel's sums."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.margin.units.book_faults import book_faults
from plimsoll.maths.tiered_margin import PositionColumns

IntArray = NDArray[np.int64]


def without_unknown(book: Book, held: PositionColumns) -> tuple[PositionColumns, IntArray]:
    """Take the size of positions without entry price, with impossible leverage, or held twice.

    Returns
    -------
    PositionColumns
        The same where nothing is wrong. What linked accounts hold is left as it is.
    reason : (P,) or (0,) int64
        Why each of them has no size; empty where nothing is wrong.
    """
    faults = book_faults(book)
    if not (faults.duplicate.size or faults.entry.size or faults.leverage.size):
        return held, np.zeros(0, dtype=np.int64)
    reason = np.where(np.isnan(held.quantity), int(MarginReason.NO_QUANTITY), 0).astype(np.int64)
    faults.note_positions(reason, np.ones(reason.size, dtype=np.bool_))
    faults.note_leverages(reason)
    return held._replace(quantity=np.where(reason == 0, held.quantity, np.nan)), reason


def say_why(found: IntArray, reason: IntArray) -> None:
    """Write into what the kernel found (P,) why a size was taken from it."""
    if reason.size:
        taken = (found == int(MarginReason.NO_QUANTITY)) & (reason != 0)
        found[taken] = reason[taken]
