"""Sums over cells and segments, and what is sold net of one row."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.margin.units.cell_sums import cell_sums
from plimsoll.margin.units.cells import cells_of, unit_layout


def test_sums_by_cell_and_segment() -> None:
    # rows 0 and 1 are one group, row 2 another, all of one risk unit; the first account is long and
    # short in row 0 at once
    held = [[("A", 3.0), ("A", -5.0), ("B", -1.0), ("C", 2.0)], [], [("C", -4.0)]]
    book = Book.from_accounts(
        [
            Account(
                name=str(row),
                positions=tuple(
                    Position(market=m, quantity=q, entry_price=1.0) for m, q in positions
                ),
            )
            for row, positions in enumerate(held)
        ]
    )
    cells = cells_of(
        book,
        unit_layout(book),
        row_of_market=np.array([0, 1, 2]),
        group_of_row=np.array([0, 0, 1]),
        risk_unit_of_group=np.array([0, 0]),
    )
    sums, column = cell_sums(cells), np.array([10.0, 100.0, 1000.0])
    assert cells.unit.tolist() == [0, 2]
    assert sums.by_segment(column).tolist() == [-120.0, 2000.0, -4000.0]
    assert sums.by_cell(column).tolist() == [1880.0, -4000.0]
    assert sums.gross_by_cell(column).tolist() == [2180.0, 4000.0]
    assert sums.net_short_by_cell(column).tolist() == [120.0, 4000.0]
    assert sums.of_segments(np.array([1.0, 2.0, 4.0])).tolist() == [3.0, 4.0]
    assert sums.group_of_segment.tolist() == [0, 1, 1]
