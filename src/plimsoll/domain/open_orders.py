"""Open orders of a book, columnar: what may still become a position."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book_columns import freeze_columns, require_columns, require_offsets
from plimsoll.domain.magnitudes import all_amounts, are_amounts, are_prices

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenOrders:
    """O resting orders, grouped by account.

    Parameters
    ----------
    offsets : (A + 1,) int64
        Orders of account ``a`` are the rows ``offsets[a]`` to ``offsets[a + 1] - 1``.
    market : (O,) int64
        Index into the book's markets.
    quantity : (O,) float64
        Signed contracts, positive = buy; what is still unfilled. NaN: unknown, which gives the
        account a reason; so do quantities that are not finite and limits that are not positive
        and finite, whose quantity is kept as NaN.
    price : (O,) float64
        Limit, in the quote currency of the market; NaN for a market order.

    Raises
    ------
    UsageError
        For shapes and types that do not fit.
    """

    offsets: IntArray
    market: IntArray
    quantity: FloatArray
    price: FloatArray

    def __post_init__(self) -> None:
        require_offsets(self.offsets, max(self.offsets.size - 1, 0), "orders", "orders.offsets")
        columns = {
            "orders.market": (self.market, np.int64),
            "orders.quantity": (self.quantity, np.float64),
            "orders.price": (self.price, np.float64),
        }
        require_columns(columns, int(self.offsets[-1]), "order")
        self._forget_the_impossible()
        freeze_columns(self, ("offsets", "market", "quantity", "price"))

    def _forget_the_impossible(self) -> None:
        limited = ~np.isnan(self.price)
        wrong = limited & ~are_prices(self.price)
        if not wrong.any() and all_amounts(self.quantity):
            return
        idle = self.quantity == 0.0  # nothing is left to be filled at whatever limit
        known = are_amounts(self.quantity) & (~wrong | idle)
        object.__setattr__(self, "quantity", np.where(known, self.quantity, np.nan))
        object.__setattr__(self, "price", np.where(wrong, np.nan, self.price))

    def __len__(self) -> int:
        return int(self.market.size)

    def take(self, accounts: IntArray) -> OpenOrders:
        """Return the orders of the accounts at ``accounts``, in that order."""
        starts, counts = self.offsets[accounts], np.diff(self.offsets)[accounts]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        picked = np.repeat(starts - offsets[:-1], counts) + np.arange(offsets[-1])
        return OpenOrders(
            offsets=offsets,
            market=self.market[picked],
            quantity=self.quantity[picked],
            price=self.price[picked],
        )

    def resting(self) -> OpenOrders:
        """Return the orders with something left to be filled; these ones if all have."""
        kept = self.quantity != 0.0
        if kept.all():
            return self
        ends = np.concatenate([[0], np.cumsum(kept)])
        return OpenOrders(
            offsets=ends[self.offsets].astype(np.int64),
            market=self.market[kept],
            quantity=self.quantity[kept],
            price=self.price[kept],
        )
