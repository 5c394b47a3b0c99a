"""Requirements of models that margin each position on its own: rates by market, sums by unit.

Such a model lays its parameters into columns by market, turns exposures into margins, and hands
both here: positions, linked accounts, open orders and reasons are treated once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Future, Instrument, Payoff, Perpetual
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.margin.assembly import assemble
from plimsoll.margin.cells import UnitLayout, unit_layout
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.governed import from_set
from plimsoll.margin.linked_sizes import LinkedSizes, linked_contracts, linked_sizes
from plimsoll.margin.market_rows import BookValues, MarketRows, book_values, unit_sums
from plimsoll.margin.order_fills import (
    Exposures,
    Margins,
    OrderFills,
    fill_charges,
    order_fills,
)
from plimsoll.margin.position_explanation import POSITIONS, PositionExplainer
from plimsoll.maths.payoffs import INVERSE

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
T = TypeVar("T")


class Sizes(NamedTuple):
    """(E,) what exposures amount to; NaN where their market has no numbers."""

    own: FloatArray  # coins of the exposure
    owned: FloatArray  # coins of all that its owner holds on that side
    value: FloatArray  # notional of the exposure, in the numeraire


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StandAloneBook:
    """A book laid out for a model of single positions.

    Parameters
    ----------
    book : Book
    layout : UnitLayout
    values : BookValues
        With the model's own reasons.
    rows : MarketRows
    row : (M,) int64
        Row of each of the book's markets in ``rows``.
    exposures : Exposures
        The positions.
    linked : LinkedSizes or None
    fills : OrderFills or None
    """

    book: Book
    layout: UnitLayout
    values: BookValues
    rows: MarketRows
    row: IntArray
    exposures: Exposures
    linked: LinkedSizes | None
    fills: OrderFills | None

    def sizes(self, exposures: Exposures) -> Sizes:
        """Return coins and notional of exposures in linear and inverse contracts."""
        row = self.row[exposures.market]
        size, price = self.rows.size[row], self.rows.settle_price[row]
        mark = np.where(self.rows.reason[row] == 0, self.rows.mark[row], np.nan)
        inverse = self.rows.payoff[row] == INVERSE
        # Coins per contract, and the value of a coin.
        each = np.where(inverse, size / mark, size)
        coin = np.where(inverse, price, mark * price)
        own = np.abs(exposures.quantity) * each
        return Sizes(own, own + exposures.linked * each, own * coin)

    def sum_orders(self, added: FloatArray) -> FloatArray:
        """(U,) charges of orders (K,) by account, on its cross pool."""
        if self.fills is None:
            return np.zeros(len(self.layout))
        return np.bincount(self.fills.account, added, len(self.layout)).astype(np.float64)


def stand_alone_book(
    book: Book,
    rows: MarketRows,
    reason: IntArray,
    *,
    pricing: CurrencyPricing,
    snapshot: MarketSnapshot,
) -> StandAloneBook:
    """Lay out a book; ``reason`` (N + 1,) are the model's own for each row of ``rows``."""
    layout, row = unit_layout(book), rows.rows_of(book)
    values = book_values(book, layout, rows, pricing, snapshot)
    linked, fills = linked_sizes(book), order_fills(book)
    others = linked_contracts(book, linked)
    own = np.where(np.isnan(others), int(MarginReason.NO_QUANTITY), reason[row[book.market]])
    why = np.where(values.reason == 0, own, values.reason)
    unit_reason = values.unit_reason.copy()
    if fills is not None:
        found = _order_reasons(fills, row, reason)
        unit_reason[fills.account[found != 0]] = found[found != 0]
    return StandAloneBook(
        book=book,
        layout=layout,
        values=replace(values, reason=why.astype(np.int64), unit_reason=unit_reason),
        rows=rows,
        row=row,
        exposures=Exposures(
            account=book.account_of_position,
            market=book.market,
            quantity=book.quantity,
            linked=others,
            leverage=book.leverage,
        ),
        linked=linked,
        fills=fills,
    )


def stand_alone_requirements(
    laid: StandAloneBook,
    margins: Margins,
    more: Sequence[RequirementTerm],
    *,
    numeraire: str,
    notes: tuple[str, ...] = (),
) -> Requirements:
    """Margin the positions and add the model's other terms.

    Parameters
    ----------
    laid : StandAloneBook
    margins : callable
        Initial and maintenance margin of exposures.
    more : sequence of RequirementTerm
        (U,) terms besides that of the positions.
    """
    book, layout, values = laid.book, laid.layout, laid.values
    initial, maintenance = margins(laid.exposures)
    known = values.reason == 0
    initial, maintenance = (np.where(known, m, np.nan) for m in (initial, maintenance))
    positions = RequirementTerm(
        name=POSITIONS,
        title="Positions",
        initial=unit_sums(layout, initial),
        maintenance=unit_sums(layout, maintenance),
    )
    found = assemble(
        book=book,
        layout=layout,
        rows=laid.rows,
        values=values,
        terms=(positions, *more),
        numeraire=numeraire,
    )
    explainer = PositionExplainer(
        book=book,
        numeraire=numeraire,
        terms=found.terms,
        unit_of_position=layout.unit_of_position,
        account=layout.account,
        position=layout.position,
        equity=found.equity,
        maintenance=maintenance,
        notes=notes,
    )
    parts = replace(found.parts, initial=initial, maintenance=maintenance)
    return replace(found, parts=parts, unit_explainer=explainer)


def open_order_terms(laid: StandAloneBook, margins: Margins) -> list[RequirementTerm]:
    """Return what the worst of fills adds to initial margin of cross pools; none without orders."""
    if laid.fills is None:
        return []
    added, _ = fill_charges(laid.fills, laid.linked, margins)
    return [
        RequirementTerm(
            name="open_orders",
            title="Open orders",
            initial=laid.sum_orders(added),
            maintenance=np.zeros(len(laid.layout)),
        )
    ]


def parameters_by_market(
    kind: type[T], parameters: ParameterSet | Mapping[str, T], markets: Sequence[str]
) -> list[T | None]:
    """Return what parameters say of each market; None where they are silent."""
    if not isinstance(parameters, ParameterSet):
        return [parameters.get(market) for market in markets]
    known = set(parameters.markets)
    return [from_set(kind, parameters, m) if m in known else None for m in markets]


def parameter_column(held: Sequence[T | None], value: Callable[[T], float]) -> FloatArray:
    """(N + 1,) one number of each market's parameters; NaN where there are none."""
    return np.array([*(np.nan if p is None else value(p) for p in held), np.nan])


def model_reasons(
    rows: MarketRows, held: Sequence[object | None], payoffs: tuple[Payoff, ...]
) -> IntArray:
    """(N + 1,) reasons of rows, and those of a model that margins perpetuals and futures only."""
    own = np.array(
        [_model_reason(i, p, payoffs) for i, p in zip(rows.instruments, held, strict=True)],
        dtype=np.int64,
    )
    unfit = own == int(MarginReason.NOT_MARGINED)
    # What is wrong with the contract itself is said first: a mark would not help it.
    reason = rows.with_reasons(own)
    reason[:-1] = np.where(unfit, own, reason[:-1])
    return reason


def _model_reason(
    instrument: Instrument, held: object | None, payoffs: tuple[Payoff, ...]
) -> MarginReason:
    if not isinstance(instrument, Perpetual | Future) or instrument.payoff not in payoffs:
        return MarginReason.NOT_MARGINED
    return MarginReason.NO_PARAMETERS if held is None else MarginReason.NONE


def _order_reasons(fills: OrderFills, row: IntArray, reason: IntArray) -> IntArray:
    found = reason[row[fills.market]]
    unknown = (found == 0) & np.isnan(fills.position)
    return np.where(unknown, int(MarginReason.NO_QUANTITY), found).astype(np.int64)
