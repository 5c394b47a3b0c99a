"""The terms that explain a tiered requirement: notional, tier, rates and deduction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument, Payoff
from plimsoll.domain.requirement import Term
from plimsoll.domain.table import Cell, Column, ColumnKind
from plimsoll.maths.tiered_margin import MarketColumns


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TieredTerms:
    """Looks up, for rows of a book, what the kernel used.

    Parameters
    ----------
    row : (P,) int64
        Row of each position in ``columns``: of its market, or of its market's shorts.
    row_of_market : (M,) int64
        Row of each of the book's markets.
    table_names : tuple of str or None
        By row of ``columns``, what the venue calls the table; None: as the market throughout.
    instruments : tuple of N Instrument
        Those of the first N rows of ``columns``; the others stand for what is not margined.
    notional : (P,) float64
    size : (P,) float64
        Of all the owner holds on that side, in what the tier table counts.
    tier : (P,) int64
        -1 where there is none.
    """

    book: Book
    row: NDArray[np.int64]
    row_of_market: NDArray[np.int64]
    table_names: tuple[str, ...] | None
    instruments: tuple[Instrument, ...]
    columns: MarketColumns
    notional: NDArray[np.float64]
    size: NDArray[np.float64]
    tier: NDArray[np.int64]

    def terms(self, positions: NDArray[np.int64]) -> tuple[Term, ...]:
        """Return one term per column, valued at the given rows of the book."""
        rows = self.row[positions].tolist()
        tiers = [
            None if tier < 0 else int(self.columns.tier_offsets[row]) + tier
            for row, tier in zip(rows, self.tier[positions].tolist(), strict=True)
        ]
        known = [self.instrument(position) for position in positions.tolist()]
        names = () if self.table_names is None else tuple(self.table_names[r] for r in rows)
        named: dict[Column, tuple[Cell, ...]] = {
            _QUANTITY: _cells(self.book.quantity[positions]),
            _ENTRY: _cells(self.book.entry_price[positions]),
            _MARK: _cells(self.columns.mark[rows]),
            _NOTIONAL: _cells(self.notional[positions]),
            _CURRENCY: tuple(_tier_currency(i) if i else "" for i in known),
            _SIZE: _cells(self.size[positions]),
            **({_TABLE: names} if names else {}),
            _TIER: tuple(None if t < 0 else t + 1 for t in self.tier[positions].tolist()),
            _MAINTENANCE: _at(self.columns.maintenance_rate, tiers),
            _DEDUCTION: _at(self.columns.deduction, tiers),
            _INITIAL: _at(self.columns.initial_rate, tiers),
            _INITIAL_DEDUCTION: _at(self.columns.initial_deduction, tiers),
            _LEVERAGE: _cells(self.book.leverage[positions]),
            _MAX_LEVERAGE: _at(self.columns.max_leverage, tiers),
            _SETTLE: tuple(i.settle if i else "" for i in known),
            _SETTLE_PRICE: _cells(self.columns.settle_price[rows]),
        }
        return tuple(Term(column=column, values=values) for column, values in named.items())

    def instrument(self, position: int) -> Instrument | None:
        """Return the contract of a row of the book; None where it is not margined here."""
        row = int(self.row_of_market[int(self.book.market[position])])
        return self.instruments[row] if row < len(self.instruments) else None


def _tier_currency(instrument: Instrument) -> str:
    return instrument.settle if instrument.payoff is Payoff.QUANTO else instrument.pair.quote


def _cells(values: NDArray[np.float64]) -> tuple[Cell, ...]:
    return tuple(values.tolist())


def _at(values: NDArray[np.float64], rows: list[int | None]) -> tuple[Cell, ...]:
    return tuple(None if row is None else float(values[row]) for row in rows)


def _number(name: str, title: str, digits: int = 4) -> Column:
    return Column(name=name, title=title, kind=ColumnKind.NUMBER, digits=digits)


def _rate(name: str, title: str) -> Column:
    return Column(name=name, title=title, kind=ColumnKind.FRACTION, digits=3)


_QUANTITY = _number("quantity", "Contracts")
_ENTRY = _number("entry_price", "Entry")
_MARK = _number("mark", "Mark")
_NOTIONAL = _number("notional", "Notional", 2)
_CURRENCY = Column(name="tier_currency", title="Notional in")
_SIZE = Column(
    name="tier_size",
    title="Size for the tier",
    kind=ColumnKind.NUMBER,
    digits=2,
    about="of all linked accounts, in what the tier table counts",
)
_TABLE = Column(
    name="tier_table",
    title="Tier table",
    about="of longs or shorts, or of dated futures up to some time to expiry",
)
_TIER = Column(name="tier", title="Tier", kind=ColumnKind.COUNT, about="1 is the lowest")
_MAINTENANCE = _rate("maintenance_rate", "Maintenance rate")
_DEDUCTION = _number("deduction", "Deduction", 2)
_INITIAL = _rate("initial_rate", "Initial rate")
_INITIAL_DEDUCTION = _number("initial_deduction", "Initial deduction", 2)
_LEVERAGE = _number("leverage", "Chosen leverage", 2)
_MAX_LEVERAGE = _number("max_leverage", "Highest leverage", 2)
_SETTLE = Column(name="settle", title="Settles in")
_SETTLE_PRICE = _number("settle_price", "Price of settlement", 6)
