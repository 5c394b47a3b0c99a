"""A book as add-ons see it: positions, notional, deltas and cells, and what a charge is."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.memo import Memo
from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.margin.add_ons.held_positions import HeldPositions, held_positions
from plimsoll.margin.add_ons.markets import AddOnMarkets
from plimsoll.margin.units.cell_sums import CellSums, cell_sums
from plimsoll.margin.units.cells import Cells, UnitLayout, cells_of, sum_by_unit, unit_layout
from plimsoll.maths.stretch_sums import GROSS, product_sums

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class Charged(StrEnum):
    """Which margin an add-on raises."""

    BOTH = "both"
    INITIAL = "initial"  # new risk only: nobody is liquidated for it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExposedBook:
    """A book against `AddOnMarkets`.

    Parameters
    ----------
    book : Book
    layout : UnitLayout
    markets : AddOnMarkets
    held : HeldPositions
        Its positions by margin unit, as kernels take them.
    gross_reason, delta_reason : (P,) int64
        Why a position has no notional, or no delta.
    cells : Cells
        Positions with a delta, by margin unit, underlying and group.
    sums : CellSums
        Of the cells.
    haircut : (A, C) float64 or None
        What collateral rules take of each currency already, in the numeraire; None: nothing.

    Attributes
    ----------
    memo : Memo
        What several add-ons ask for.
    """

    book: Book
    layout: UnitLayout
    markets: AddOnMarkets
    held: HeldPositions
    gross_reason: IntArray
    delta_reason: IntArray
    cells: Cells
    sums: CellSums
    haircut: FloatArray | None = None
    memo: Memo = field(default_factory=Memo, init=False, repr=False)

    @property
    def unit(self) -> IntArray:
        """(P,) margin unit of each position."""
        return self.layout.unit_of_position

    @property
    def row(self) -> IntArray:
        """(P,) market row of each position."""
        return self.held.row

    @property
    def gross(self) -> FloatArray:
        """(P,) notional, not negative, in the numeraire; NaN where there is none."""
        found: FloatArray = self.memo.recall(
            "gross", lambda: np.abs(self.book.quantity) * self.markets.gross[self.row]
        )
        return found

    @property
    def owned(self) -> FloatArray:
        """(P,) notional that the position's owner holds in all of his accounts on that side."""
        linked = self.held.linked
        if linked is None:
            return self.gross
        found: FloatArray = self.memo.recall(
            "owned",
            lambda: (np.abs(self.book.quantity) + linked) * self.markets.gross[self.row],
        )
        return found

    @property
    def size_reason(self) -> IntArray:
        """(P,) why a position has no notional, or its owner's is not known."""
        return self.held.with_owners(self.gross_reason)

    def lacking_parameters(self, of_unit: FloatArray, reason: IntArray) -> IntArray:
        """(P,) ``reason``, and NO_PARAMETERS where that is none and ``of_unit`` (R,) is NaN."""
        lacks = np.isnan(self.markets.by_row(of_unit))
        return self.lacking(lacks, MarginReason.NO_PARAMETERS, reason)

    def lacking(self, of_row: BoolArray, why: MarginReason, reason: IntArray) -> IntArray:
        """(P,) ``reason``, and ``why`` where that is none and the row (N + 1,) lacks something.

        Nothing of it is needed for a position of nothing. Where no row of the book lacks it,
        ``reason`` itself is returned.
        """
        if not of_row[self.held.rows].any():
            return reason
        lacks = (reason == 0) & of_row[self.row] & (self.book.quantity != 0.0)
        return np.where(lacks, int(why), reason).astype(np.int64)

    def unit_sums(self, values: FloatArray) -> FloatArray:
        """(U,) values (P,) of positions added by margin unit."""
        return sum_by_unit(self.layout, self.unit, np.nan_to_num(values))

    def gross_sums(self, column: FloatArray) -> FloatArray:
        """(U,) absolute quantity times ``column`` (N + 1,), added by margin unit; NaN counts 0."""
        held = self.held.by_unit
        return product_sums(
            held.offsets, held.row, np.nan_to_num(held.quantity), np.nan_to_num(column), GROSS
        )

    def of_cells(self, values: FloatArray) -> FloatArray:
        """(U,) values (C,) of cells added by margin unit."""
        return sum_by_unit(self.layout, self.cells.unit, np.nan_to_num(values))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Charge:
    """What an add-on asks of every margin unit of a book.

    Parameters
    ----------
    term : RequirementTerm
        Not negative.
    reason : (P,) int64
        `MarginReason` codes of positions that the add-on has no number for.
    about : str
        How the term comes about, for explanations.
    """

    term: RequirementTerm
    reason: IntArray
    about: str


class PreparedAddOn(Protocol):
    """An add-on with market figures and parameters; knows no account."""

    def charge(self, exposed: ExposedBook, inner: Requirements) -> Charge:
        """Return the charge on every margin unit; ``inner`` is what the model itself asks."""
        ...


class AddOn(Protocol):
    """A charge beside a margin model."""

    def prepare(self, markets: AddOnMarkets) -> PreparedAddOn:
        """Do all that does not depend on accounts."""
        ...


def exposed_book(
    book: Book, markets: AddOnMarkets, haircut: FloatArray | None = None
) -> ExposedBook:
    """Lay a book out for add-ons."""
    layout, row_of_market = unit_layout(book), markets.rows.rows_of(book)
    held = held_positions(book, layout, row_of_market, markets.rows.markets)
    gross_reason = held.reasons(_reason_of_rows(markets.rows.reason, markets.gross))
    delta_reason = held.reasons(_reason_of_rows(markets.delta_reason, markets.delta))
    cells = cells_of(
        book,
        layout,
        row_of_market=row_of_market,
        group_of_row=markets.groups.group_of_row,
        risk_unit_of_group=markets.groups.unit_of_group,
        skip=None if delta_reason is held.no_reason else delta_reason != 0,
    )
    return ExposedBook(
        book=book,
        layout=layout,
        markets=markets,
        held=held,
        gross_reason=gross_reason,
        delta_reason=delta_reason,
        cells=cells,
        sums=cell_sums(cells),
        haircut=haircut,
    )


def _reason_of_rows(own: IntArray, figure: FloatArray) -> IntArray:
    """(N + 1,) reasons of markets: their own, or a figure that is missing."""
    lacks = (own == 0) & np.isnan(figure)
    return np.where(lacks, int(MarginReason.NO_MARK), own).astype(np.int64)


def cell_losses(exposed: ExposedBook, profit: FloatArray) -> tuple[FloatArray, ...]:
    """S times (C,) losses of every cell under ``profit`` (N + 1, S), positive = loss."""
    sums = exposed.sums
    return tuple(-sums.by_cell(np.array(profit[:, s])) for s in range(profit.shape[1]))


def charge_of(
    name: str, title: str, amount: FloatArray, charged: Charged, reason: IntArray, about: str
) -> Charge:
    """Make a charge of an amount (U,); maintenance is spared where only initial is charged."""
    kept = np.zeros(amount.size) if charged is Charged.INITIAL else amount
    term = RequirementTerm(name=name, title=title, initial=amount, maintenance=kept)
    return Charge(term=term, reason=reason, about=about)
