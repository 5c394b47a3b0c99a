"""What an order loses at once when it is filled at its limit: the limit against the mark."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.open_orders import OpenOrders
from plimsoll.maths.payoffs import INVERSE

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class FilledContracts(NamedTuple):
    """(O,) terms of the contracts that orders are for."""

    payoff: IntArray  # codes of `plimsoll.maths.payoffs`
    size: FloatArray
    mark: FloatArray
    settle_price: FloatArray  # of the settlement currency, in the numeraire


def loss_at_fill(orders: OpenOrders, contracts: FilledContracts) -> FloatArray:
    """(O,) what each order loses in the numeraire when it is filled at its limit.

    Nothing for a market order; NaN for an inverse contract at a limit that is not positive.

    Examples
    --------
    A buy of 2 at 101 while the mark is 100, and a sell of 2 there:

    >>> orders = OpenOrders(
    ...     offsets=np.array([0, 2]), market=np.zeros(2, np.int64),
    ...     quantity=np.array([2.0, -2.0]), price=np.array([101.0, 101.0]))
    >>> two = FilledContracts(np.zeros(2, np.int64), np.ones(2), np.full(2, 100.0), np.ones(2))
    >>> loss_at_fill(orders, two).tolist()
    [2.0, 0.0]
    """
    limit = np.where(np.isnan(orders.price), contracts.mark, orders.price)
    amount = orders.quantity * contracts.size * contracts.settle_price
    inverse = contracts.payoff == INVERSE
    limit = np.where(inverse & ~(limit > 0.0), np.nan, limit)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_unit = np.where(inverse, (limit - contracts.mark) / (limit * contracts.mark), 0.0)
    per_unit = np.where(inverse, per_unit, limit - contracts.mark)
    lost: FloatArray = np.maximum(amount * per_unit, 0.0)
    return lost
