"""A book as add-ons see it: notional, deltas and cells of its positions, and what a charge is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.margin.add_ons.markets import AddOnMarkets
from plimsoll.margin.contracts.linked_sizes import linked_contracts, linked_sizes
from plimsoll.margin.units.cell_sums import CellSums, cell_sums
from plimsoll.margin.units.cells import Cells, UnitLayout, cells_of, sum_by_unit, unit_layout

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


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
    row : (P,) int64
        Market row of each position.
    gross : (P,) float64
        Notional, not negative, in the numeraire; NaN where there is none.
    owned : (P,) float64
        Notional that the position's owner holds in all of his accounts on that side.
    gross_reason, delta_reason : (P,) int64
        Why a position has no notional, or no delta.
    cells : Cells
        Positions with a delta, by margin unit, underlying and group.
    sums : CellSums
        Of the cells.
    haircut : (A, C) float64 or None
        What collateral rules take of each currency already, in the numeraire; None: nothing.
    """

    book: Book
    layout: UnitLayout
    markets: AddOnMarkets
    row: IntArray
    gross: FloatArray
    owned: FloatArray
    gross_reason: IntArray
    delta_reason: IntArray
    cells: Cells
    sums: CellSums
    haircut: FloatArray | None = None

    @property
    def unit(self) -> IntArray:
        """(P,) margin unit of each position."""
        return self.layout.unit_of_position

    def lacking_parameters(self, of_unit: FloatArray, reason: IntArray) -> IntArray:
        """(P,) ``reason``, and NO_PARAMETERS where that is none and ``of_unit`` (R,) is NaN."""
        unknown = np.isnan(self.markets.by_row(of_unit))[self.row]
        found = np.where((reason == 0) & unknown, int(MarginReason.NO_PARAMETERS), reason)
        return np.where(self.book.quantity == 0.0, reason, found).astype(np.int64)

    def unit_sums(self, values: FloatArray) -> FloatArray:
        """(U,) values (P,) of positions added by margin unit."""
        return sum_by_unit(self.layout, self.unit, np.nan_to_num(values))

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
    row = row_of_market[book.market]
    each, size = markets.gross[row], np.abs(book.quantity)
    delta_reason = _reasons(book, markets.delta_reason[row], markets.delta[row])
    cells = cells_of(
        book,
        layout,
        row_of_market=row_of_market,
        group_of_row=markets.groups.group_of_row,
        risk_unit_of_group=markets.groups.unit_of_group,
        skip=delta_reason != 0,
    )
    return ExposedBook(
        book=book,
        layout=layout,
        markets=markets,
        row=row,
        gross=size * each,
        owned=(size + linked_contracts(book, linked_sizes(book))) * each,
        gross_reason=_reasons(book, markets.rows.reason[row], each),
        delta_reason=delta_reason,
        cells=cells,
        sums=cell_sums(cells),
        haircut=haircut,
    )


def _reasons(book: Book, own: IntArray, figure: FloatArray) -> IntArray:
    """(P,) reasons of positions: their size, their market, or a figure that is missing."""
    found = np.where(np.isnan(book.quantity), int(MarginReason.NO_QUANTITY), own)
    lacks = (found == 0) & np.isnan(figure)
    return np.where(lacks, int(MarginReason.NO_MARK), found).astype(np.int64)


def cell_losses(exposed: ExposedBook, profit: FloatArray) -> FloatArray:
    """(C, S) losses of every cell under ``profit`` (N + 1, S), positive = loss."""
    sums = exposed.sums
    columns = [-sums.by_cell(np.ascontiguousarray(profit[:, s])) for s in range(profit.shape[1])]
    return np.column_stack(columns)


def charge_of(
    name: str, title: str, amount: FloatArray, charged: Charged, reason: IntArray, about: str
) -> Charge:
    """Make a charge of an amount (U,); maintenance is spared where only initial is charged."""
    kept = np.zeros(amount.size) if charged is Charged.INITIAL else amount
    term = RequirementTerm(name=name, title=title, initial=amount, maintenance=kept)
    return Charge(term=term, reason=reason, about=about)
