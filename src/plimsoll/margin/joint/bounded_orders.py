"""Open orders: the initial margin of each alone, and what a fill at its limit would lose at once.

An upper bound of the worst of fills where a model is subadditive, as worst cases, expected
shortfall, spectral measures and Greeks on a grid are; for value-at-risk a convention.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.margin.joint.numeraire_exposures import BookExposures
from plimsoll.margin.joint.single_contracts import StandaloneMargins
from plimsoll.margin.units.market_rows import MarketRows
from plimsoll.maths import payoffs

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def with_order_reasons(book: Book, laid: BookExposures, rows: MarketRows) -> BookExposures:
    """Give units with orders in markets that have no numbers the reason of those markets."""
    if book.orders is None:
        return laid
    found = laid.values.unit_reason.copy()
    reason = rows.reason[rows.rows_of(book)[book.orders.market]]
    owner = np.repeat(np.arange(len(book)), np.diff(book.orders.offsets))
    for order in np.flatnonzero(reason != 0).tolist():
        if found[owner[order]] == 0:
            found[owner[order]] = reason[order]
    return replace(laid, values=replace(laid.values, unit_reason=found))


def order_requirement(
    book: Book, laid: BookExposures, rows: MarketRows, standalone: StandaloneMargins
) -> FloatArray:
    """(U,) initial margin of the open orders of each unit; orders belong to the cross pool."""
    units = len(laid.layout)
    if book.orders is None or not len(book.orders):
        return np.zeros(units)
    row = rows.rows_of(book)[book.orders.market]
    known = rows.reason[row] == 0
    at, quantity = np.where(known, row, 0), book.orders.quantity
    alone = standalone.of(at, quantity)[:, 0]
    asked = np.where(known, alone + _loss_at_fill(book, rows, row), 0.0)
    owner = np.repeat(np.arange(len(book)), np.diff(book.orders.offsets))
    return np.bincount(owner, weights=asked, minlength=units).astype(np.float64)


def _loss_at_fill(book: Book, rows: MarketRows, row: IntArray) -> FloatArray:
    """(O,) what an order filled at its limit loses against the mark; nothing at the market."""
    assert book.orders is not None
    limit, mark = book.orders.price, rows.mark[row]
    amount = book.orders.quantity * rows.size[row] * rows.settle_price[row]
    inverse = (rows.payoff[row] == payoffs.INVERSE) & ~rows.has_value[row]
    with np.errstate(divide="ignore", invalid="ignore"):
        worse = np.where(inverse, (limit - mark) / (limit * mark), limit - mark)
    return np.where(np.isfinite(worse), np.maximum(amount * worse, 0.0), 0.0)
