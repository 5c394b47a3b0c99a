"""Open orders of a book, columnar: what may still become a position."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import UsageError

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
        Signed contracts, positive = buy; what is still unfilled.
    price : (O,) float64
        Limit, in the quote currency of the market; NaN for a market order.

    Raises
    ------
    UsageError
        For shapes that do not fit, and for quantities that are zero or not finite.
    """

    offsets: IntArray
    market: IntArray
    quantity: FloatArray
    price: FloatArray

    def __post_init__(self) -> None:
        count = int(self.offsets[-1]) if self.offsets.size else 0
        for name in ("market", "quantity", "price"):
            if getattr(self, name).shape != (count,):
                raise UsageError(
                    f"must have one entry per order ({count})",
                    found=getattr(self, name).shape,
                    field=f"orders.{name}",
                )
        bad = np.flatnonzero(~np.isfinite(self.quantity) | (self.quantity == 0.0))
        if bad.size:
            raise UsageError(
                "must be finite and not zero",
                found=float(self.quantity[bad[0]]),
                field="orders.quantity",
                row=int(bad[0]),
            )
        for column in (self.offsets, self.market, self.quantity, self.price):
            column.setflags(write=False)

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
