"""Orders at limits worse than the mark: what a fill loses at once, beside the margin it needs.

A buy above the mark and a sell below it are worth less than they cost as soon as they are filled.
Binance calls it open loss::

    open loss = quantity |min(0, side (mark - limit))|       linear and quanto contracts
              = value |min(0, side (1/limit - 1/mark))|      inverse ones, in coin

The worst of fills is looked for with it: no fill, all buys, all sells, and the buys or the sells
filled one after the other, those at the worst limits first. So an order that only closes asks what
its fill loses beyond the margin that it frees, and no order at a good limit lowers what a bad one
asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.requirement import RequirementTerm
from plimsoll.margin.contracts.linked_sizes import LinkedSizes
from plimsoll.margin.contracts.order_fills import (
    Margins,
    OrderFills,
    exposures_after,
    fill_charges,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

OPEN_LOSS = "open_loss"
"""Name of the term."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WorstOfFills:
    """(K,) margin that the worst fill adds, negative where it frees some, and what it loses."""

    margin: FloatArray
    loss: FloatArray

    def terms(self, accounts: IntArray, units: int) -> list[RequirementTerm]:
        """Return both as terms of cross pools, initial margin only.

        Parameters
        ----------
        accounts : (K,) int64
        units : int
            Margin units of the book.
        """
        columns = (
            ("open_orders", "Open orders", self.margin),
            (OPEN_LOSS, "Open orders' loss at fill", self.loss),
        )
        return [
            RequirementTerm(
                name=name,
                title=title,
                initial=np.bincount(accounts, added, units).astype(np.float64),
                maintenance=np.zeros(units),
            )
            for name, title, added in columns
        ]


def worst_of_fills(
    book: Book,
    fills: OrderFills,
    sizes: LinkedSizes | None,
    margins: Margins,
    loss: FloatArray,
) -> WorstOfFills:
    """Return what the worst fill of each pair of account and market asks initially.

    Parameters
    ----------
    book : Book
        Whose orders ``fills`` are.
    fills : OrderFills
    sizes : LinkedSizes or None
    margins : callable
        Initial and maintenance margin of exposures.
    loss : (O,) float64
        Of each order, `loss_at_fill`; NaN makes its pair NaN.
    """
    if not np.any(loss != 0.0):
        return WorstOfFills(
            margin=fill_charges(fills, sizes, margins)[0], loss=np.zeros(len(fills))
        )
    tried = _ways(book, fills, loss)
    moved, other = (
        margins(exposures_after(fills, sizes, tried.pair, q))[0] for q in (tried.moved, tried.other)
    )
    asked = moved + other
    added = asked - asked[: len(fills)][tried.pair]
    # The largest sum of each pair; among equal ones the largest loss. NaN is last, so it wins.
    order = np.lexsort((tried.loss, added + tried.loss, tried.pair))
    last = order[np.append(np.diff(tried.pair[order]) != 0, True)]
    unknown = np.isnan(added[last] + tried.loss[last])
    return WorstOfFills(
        margin=np.where(unknown, np.nan, added[last]),
        loss=np.where(unknown, np.nan, tried.loss[last]),
    )


class _Ways(NamedTuple):
    """(W,) ways to fill the orders of pairs; the first K fill nothing, in the order of pairs."""

    pair: IntArray
    moved: FloatArray  # signed contracts of the position that fills move
    other: FloatArray  # and of the other one
    loss: FloatArray


def _ways(book: Book, fills: OrderFills, loss: FloatArray) -> _Ways:
    assert book.orders is not None
    every, quantity = np.arange(len(fills)), book.orders.quantity
    none = _Ways(every, fills.long, fills.short, np.zeros(len(fills)))
    ways = [none]
    for buys, (moved, other) in ((True, fills.after_buys()), (False, fills.after_sells())):
        mine = (quantity > 0.0) == buys
        total = np.bincount(fills.place, np.where(mine, loss, 0.0), len(fills)).astype(np.float64)
        ways.append(_Ways(every, moved, other, total))
        steps = _steps(fills.place, quantity, loss, np.flatnonzero(mine & (loss > 0.0)))
        held = np.where(fills.nets, fills.position, fills.long if buys else fills.short)
        ways.append(steps._replace(moved=held[steps.pair] + steps.moved, other=other[steps.pair]))
    return _Ways(*(np.concatenate(column) for column in zip(*ways, strict=True)))


def _steps(place: IntArray, quantity: FloatArray, loss: FloatArray, of: IntArray) -> _Ways:
    """Fill the orders ``of`` one side that lose, the worst limits first: contracts and losses."""
    worst = of[np.lexsort((-loss[of] / np.abs(quantity[of]), place[of]))]
    pair = place[worst]
    filled, lost = running_sums(pair, quantity[worst]), running_sums(pair, loss[worst])
    return _Ways(pair, filled, np.zeros(worst.size), lost)


def running_sums(group: IntArray, values: FloatArray) -> FloatArray:
    """Sum of values up to and with each row within its group; rows are sorted by group.

    Each group is added on its own, so that no bit depends on what stands beside it.

    Examples
    --------
    >>> running_sums(np.array([0, 0, 0, 5]), np.array([1.0, 2.0, 3.0, 4.0])).tolist()
    [1.0, 3.0, 6.0, 4.0]
    """
    out = np.array(values, dtype=np.float64)
    starts = np.flatnonzero(np.diff(group, prepend=-1) != 0)
    rank = np.arange(group.size) - np.repeat(starts, np.diff(np.append(starts, group.size)))
    by_rank = np.argsort(rank, kind="stable")
    counts = np.bincount(rank)
    for rows in np.split(by_rank, np.cumsum(counts)[:-1])[1:]:
        out[rows] += out[rows - 1]
    return out
