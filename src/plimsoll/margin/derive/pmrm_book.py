"""A book under Derive's portfolio margins: losses by risk unit, collateral, what lacks a rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.derive.cash_pricing import CashPricing
from plimsoll.margin.derive.holdings import Holdings, holdings, home_units
from plimsoll.margin.derive.pmrm_losses import PmrmLosses, pmrm_losses
from plimsoll.margin.derive.pmrm_table import PmrmTable
from plimsoll.margin.derive.risk_units import DeriveMarkets
from plimsoll.margin.units.cells import UnitLayout, unit_layout
from plimsoll.margin.units.market_rows import BookValues, book_values

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedMarkets:
    """What both versions prepare: markets, one table per risk unit, the price of the cash.

    Parameters
    ----------
    snapshot : MarketSnapshot
    pricing : CashPricing
    markets : DeriveMarkets
    tables : tuple of R PmrmTable
    stable_price : float
    """

    snapshot: MarketSnapshot
    pricing: CashPricing
    markets: DeriveMarkets
    tables: tuple[PmrmTable, ...]
    stable_price: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskUnitLosses:
    """One risk unit of a book.

    Parameters
    ----------
    name : str
    table : PmrmTable
    held : Holdings
    losses : PmrmLosses
    """

    name: str
    table: PmrmTable
    held: Holdings
    losses: PmrmLosses

    def by_unit(self, values: FloatArray, units: int) -> FloatArray:
        """(U,) a column (C,) of cells by margin unit; 0 where a unit has no cell."""
        out = np.zeros(units)
        out[self.held.cells.unit] = values
        return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PmrmBook:
    """A book with its losses.

    Parameters
    ----------
    book : Book
    layout : UnitLayout
    values : BookValues
    home : (U,) int64
        Risk unit whose rules hold for the collateral.
    units : tuple of R RiskUnitLosses
    """

    book: Book
    layout: UnitLayout
    values: BookValues
    home: IntArray
    units: tuple[RiskUnitLosses, ...]


def pmrm_book(
    book: Book, prepared: PreparedMarkets, known: Sequence[Mapping[str, object]]
) -> PmrmBook:
    """Compute a book's losses in every risk unit.

    Parameters
    ----------
    known : sequence of R mappings
        Collateral currencies, but for the cash, that each risk unit has rules for.

    Raises
    ------
    UsageError
        Where pricing markets go in a circle.
    """
    layout, rows = unit_layout(book), prepared.markets.rows
    values = book_values(book, layout, rows, prepared.pricing, prepared.snapshot)
    row, skip = rows.rows_of(book)[book.market], values.reason != 0
    home = home_units(book, layout, prepared.markets.unit_of_row, row, skip)
    values = _with_collateral_reasons(book, values, home, known, prepared)
    units = []
    for index, table in enumerate(prepared.tables):
        mine = (home[: len(book)] == index) & (values.unit_reason[: len(book)] == 0)
        held = holdings(book, layout, table, row, skip, mine)
        units.append(
            RiskUnitLosses(
                name=prepared.markets.units[index],
                table=table,
                held=held,
                losses=pmrm_losses(table, held.cells),
            )
        )
    return PmrmBook(book=book, layout=layout, values=values, home=home, units=tuple(units))


def asset_values(book: Book, prepared: PreparedMarkets) -> dict[str, FloatArray]:
    """(A,) absolute value in cash of each currency held, but for the cash."""
    known = dict(zip(prepared.markets.rows.markets, prepared.markets.rows.instruments, strict=True))
    found = {}
    for column, currency in enumerate(book.currencies):
        if currency != prepared.pricing.numeraire:
            price = prepared.pricing.price(currency, prepared.snapshot, known)
            amount = np.abs(book.collateral[:, column])
            # What nobody holds may lack a price.
            found[currency] = np.where(amount == 0.0, 0.0, amount * price)
    return found


def _with_collateral_reasons(
    book: Book,
    values: BookValues,
    home: IntArray,
    known: Sequence[Mapping[str, object]],
    prepared: PreparedMarkets,
) -> BookValues:
    """Give pools a reason whose assets have no rule, or whose underlying has no spot price."""
    reason = values.unit_reason.copy()
    own, at_home = reason[: len(book)], home[: len(book)]
    dark = np.array([not np.isfinite(spot.price) for spot in prepared.markets.spots])
    for column, currency in enumerate(book.currencies):
        if currency == prepared.pricing.numeraire:
            continue
        held = book.collateral[:, column] != 0.0
        unruled = np.array([currency not in rules for rules in known])
        own[held & unruled[at_home] & (own == 0)] = int(MarginReason.NO_PARAMETERS)
        own[held & dark[at_home] & (own == 0)] = int(MarginReason.NO_COLLATERAL_PRICE)
    return replace(values, unit_reason=reason)
