"""Margin of resting orders in isolated mode, for whole books.

The columns' way of `plimsoll.margin.vega.order_margin`: orders of one account in one market and
direction stand together, best price first; what would only close the position is free.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.margin.contracts.open_loss import running_sums
from plimsoll.margin.contracts.order_fills import OrderFills

FloatArray = NDArray[np.float64]


def opening_notional(book: Book, fills: OrderFills) -> FloatArray:
    """Return contracts times limit of orders that open something, the larger side (K,).

    Market orders do not rest and are left out.
    """
    if book.orders is None:
        return np.zeros(fills.account.size)
    resting = np.flatnonzero(~np.isnan(book.orders.price))
    quantity, price = book.orders.quantity[resting], book.orders.price[resting]
    sells = (quantity < 0.0).astype(np.int64)
    group = 2 * fills.place[resting] + sells
    order = np.lexsort((np.where(sells == 1, price, -price), group))
    group, size, price = group[order], np.abs(quantity[order]), price[order]
    closing = np.maximum(np.stack([-fills.position, fills.position], axis=1), 0.0).ravel()
    opening = np.clip(running_sums(group, size) - closing[group], 0.0, size)
    sides = np.bincount(group, opening * price, 2 * fills.account.size).reshape(-1, 2)
    larger: FloatArray = np.maximum(sides[:, 0], sides[:, 1])
    return larger
