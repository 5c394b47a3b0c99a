"""Many copies of one account with its holdings changed: one book, margined in one call."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.open_orders import OpenOrders

FloatArray = NDArray[np.float64]


def account_copies(one: Book, factors: FloatArray) -> Book:
    """Return F copies of the account of a book of one, each holding times its factor.

    Accrued funding changes with its position; orders, margins set aside and chosen leverages stay.
    Copies are owners of their own: what linked accounts hold is not among them.

    Parameters
    ----------
    one : Book
        Of one account.
    factors : (F, P + C) float64
        Of its positions, then of its currencies.

    Examples
    --------
    >>> from plimsoll.domain.account import Account, Position
    >>> held = Position(market="X", quantity=2.0, entry_price=1.0)
    >>> book = Book.from_accounts([Account(name="a", positions=(held,))])
    >>> copies = account_copies(book, np.array([[1.0], [1.5]]))
    >>> copies.quantity.tolist(), copies.accounts
    ([2.0, 3.0], ('0', '1'))
    """
    count, positions = factors.shape[0], one.market.size
    sizes, amounts = factors[:, :positions], factors[:, positions:]

    def repeated(column: FloatArray) -> FloatArray:
        return np.tile(column, count)

    funding = None if one.funding is None else (one.funding * sizes).reshape(-1)
    return Book(
        accounts=tuple(f"{copy}" for copy in range(count)),
        markets=one.markets,
        offsets=np.arange(count + 1, dtype=np.int64) * positions,
        market=np.tile(one.market, count),
        quantity=(one.quantity * sizes).reshape(-1),
        entry_price=repeated(one.entry_price),
        isolated_margin=repeated(one.isolated_margin),
        leverage=repeated(one.leverage),
        currencies=one.currencies,
        collateral=one.collateral * amounts,
        funding=funding,
        orders=None if one.orders is None else _orders(one.orders, count),
        portfolio=None if one.portfolio is None else np.repeat(one.portfolio, count),
    )


def _orders(one: OpenOrders, count: int) -> OpenOrders:
    return OpenOrders(
        offsets=np.arange(count + 1, dtype=np.int64) * len(one),
        market=np.tile(one.market, count),
        quantity=np.tile(one.quantity, count),
        price=np.tile(one.price, count),
    )
