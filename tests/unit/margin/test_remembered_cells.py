"""What a book remembers of its cells: found again, and never under another question's key."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.domain.account import Account, MarginMode, Position
from plimsoll.domain.book import Book
from plimsoll.margin.units.cells import Cells, cells_of, laid_rows, unit_layout

ROWS = {
    "row_of_market": np.array([0, 1, 2]),
    "group_of_row": np.array([0, 1, 1, 2]),
    "risk_unit_of_group": np.array([0, 0, 1]),
}


def position(market: str, quantity: float, margin: float | None = None) -> Position:
    return Position(
        market=market,
        quantity=quantity,
        entry_price=1.0,
        mode=MarginMode.CROSS if margin is None else MarginMode.ISOLATED,
        isolated_margin=margin,
    )


def book() -> Book:
    return Book.from_accounts(
        [
            Account(name="a", positions=(position("A", 1.0), position("B", -2.0, 5.0))),
            Account(name="b", positions=(position("C", 3.0), position("A", -4.0))),
            Account(name="c", positions=(position("B", 6.0), position("C", 7.0, 1.0))),
        ]
    )


def asked(held: Book, skipped: tuple[int, ...] | None = None, **changes: np.ndarray) -> Cells:
    skip = None if skipped is None else np.isin(np.arange(held.market.size), skipped)
    return cells_of(held, unit_layout(held), **{**ROWS, **changes}, skip=skip)


QUESTIONS: dict[str, dict[str, object]] = {
    "plain": {},
    "nothing skipped": {"skipped": ()},
    "one position": {"skipped": (0,)},
    "another one": {"skipped": (3,)},
    "all of A": {"skipped": (0, 3)},
    "all of A, one of B": {"skipped": (0, 3, 4)},
    "A has no row": {"row_of_market": np.array([-1, 1, 2])},
    "A and B swapped": {"row_of_market": np.array([1, 0, 2])},
    "other rows": {"row_of_market": np.array([3, 1, 2])},
    "other groups": {"group_of_row": np.array([1, 0, 1, 2])},
    "other risk units": {"risk_unit_of_group": np.array([0, 1, 1])},
}


def columns(cells: Cells) -> list[list[float]]:
    own = (cells.order, cells.unit, cells.risk_unit, cells.offsets)
    return [column.tolist() for column in (*cells.positions, *own)]


@pytest.mark.parametrize("first", list(QUESTIONS))
@pytest.mark.parametrize("second", list(QUESTIONS))
def test_every_question_has_its_own_answer(first: str, second: str) -> None:
    """Whatever the book was asked before."""
    held = book()
    asked(held, **QUESTIONS[first])  # type: ignore[arg-type]
    found = asked(held, **QUESTIONS[second])  # type: ignore[arg-type]
    assert columns(found) == columns(asked(book(), **QUESTIONS[second]))  # type: ignore[arg-type]


def test_the_same_question_finds_what_is_there() -> None:
    held = book()
    assert asked(held, (1,)) is asked(held, (1,))
    assert unit_layout(held) is unit_layout(held)
    assert asked(held) is asked(held, ())


def test_a_market_without_positions_that_count_is_named_once() -> None:
    """So a snapshot under which it expired and one under which it has no row are one question."""
    held = book()
    assert asked(held, (0, 3)) is asked(held, row_of_market=np.array([-7, 1, 2]))
    row, alone = laid_rows(held, ROWS["row_of_market"], np.array([1, 0, 0, 1, 1, 0], np.bool_))
    assert row.tolist() == [-1, 1, 2]
    assert alone.tolist() == [4]


def test_a_layout_that_is_not_the_books_is_not_remembered() -> None:
    held, other = book(), book()
    mine = cells_of(held, unit_layout(other), **ROWS)
    assert mine is not asked(held)
    assert columns(mine) == columns(asked(held))


def test_what_is_shared_cannot_be_written() -> None:
    held = book()
    layout, cells = unit_layout(held), asked(held)
    for column in (layout.account, layout.position, layout.unit_of_position):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1
    for column in (cells.order, cells.unit, cells.risk_unit):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1


def test_cells_of_a_risk_unit_and_of_units() -> None:
    held = book()
    cells = asked(held)
    for risk_unit in (0, 1):
        assert cells.in_risk_unit(risk_unit).tolist() == [
            cell for cell, own in enumerate(cells.risk_unit.tolist()) if own == risk_unit
        ]
    ends = cells.offsets_of_units(unit_layout(held)).tolist()
    for unit in range(len(unit_layout(held))):
        assert list(range(ends[unit], ends[unit + 1])) == list(cells.of_unit(unit))
