"""What open orders add to initial margin: the loss of being filled at their limits, scenario by
scenario, beside the positions; the delta of the worse side; funding and fees.

An order is filled only where that loses: in a scenario with price ``s`` a buy of ``q`` at ``p``
loses ``q max(p - s, 0)`` and a sell ``q max(s - p, 0)``, weighted like the scenario.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.margin.paradex.scan import UnitScan, minimum_delta
from plimsoll.margin.paradex.scenarios import ScanTable
from plimsoll.margin.units.cells import Cells, UnitLayout
from plimsoll.margin.units.market_rows import MarketRows
from plimsoll.maths.grouped_losses import CellPositions, cell_profits, neutral_rules

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrderCharges:
    """(U,) what orders add to initial margin, and the reason where that is unknown."""

    added: FloatArray
    lacking: IntArray


def order_charges(
    table: ScanTable,
    rows: MarketRows,
    book: Book,
    layout: UnitLayout,
    cells: Cells,
    scan: UnitScan,
) -> OrderCharges:
    """Charge the orders of every cross pool; never less than nothing."""
    added = np.zeros(len(layout))
    lacking = np.zeros(len(layout), dtype=np.int64)
    orders = book.orders
    if orders is None or not len(orders):
        return OrderCharges(added=added, lacking=lacking)
    row = rows.rows_of(book)[orders.market]
    account = np.repeat(np.arange(len(book)), np.diff(orders.offsets))
    reason = rows.reason[row]
    lacking[account[reason != 0]] = reason[reason != 0]
    good = np.flatnonzero(reason == 0)
    row, account = row[good], account[good]
    quantity, price = orders.quantity[good], orders.price[good] * rows.size[row]
    price = np.where(np.isnan(price), rows.mark[row] * rows.size[row], price)
    price = price * rows.settle_price[row]
    several = len(table.underlyings) + 1
    keys, place = np.unique(account * several + table.underlying[row], return_inverse=True)
    pool = OrderPool(
        unit=keys // several,
        underlying=keys % several,
        cell=_cells_at(cells, keys, several),
        place=place,
        row=row,
        quantity=quantity,
        price=price,
    )
    charge = _risk_added(table, cells, scan, pool) + _provisions_added(table, scan, pool)
    added[: len(book)] = np.bincount(pool.unit, charge, minlength=len(book))
    return OrderCharges(added=added, lacking=lacking)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrderPool:
    """O orders of K pairs of margin unit and underlying.

    Parameters
    ----------
    unit, underlying : (K,) int64
    cell : (K,) int64
        Of the positions there; -1 where there are none.
    place : (O,) int64
        Pair of each order.
    row : (O,) int64
        Row of the table.
    quantity, price : (O,) float64
        Signed contracts, and the limit per contract in the numeraire.
    """

    unit: IntArray
    underlying: IntArray
    cell: IntArray
    place: IntArray
    row: IntArray
    quantity: FloatArray
    price: FloatArray

    def sum(self, values: FloatArray) -> FloatArray:
        """(K,) sums over orders."""
        return np.bincount(self.place, values, minlength=self.unit.size).astype(np.float64)

    def held(self, of_cell: FloatArray) -> FloatArray:
        """(K,) values of the positions' cells; 0 where there are none."""
        if not of_cell.size:
            return np.zeros(self.cell.size)
        return np.where(self.cell >= 0, of_cell[self.cell], 0.0)


def _risk_added(table: ScanTable, cells: Cells, scan: UnitScan, pool: OrderPool) -> FloatArray:
    """(K,) by how much the larger of scan and minimum delta grows."""
    total = _held_losses(table, cells, pool.cell)
    gap = (pool.price[:, None] - table.price[pool.row]) * pool.quantity[:, None]
    np.add.at(total, pool.place, np.maximum(gap, 0.0) * table.weight[pool.row])
    delta = pool.quantity * table.delta_worth[pool.row]
    long, short = pool.held(scan.long), pool.held(scan.short)
    most_long = long + pool.sum(np.maximum(delta, 0.0))
    most_short = short + pool.sum(np.maximum(-delta, 0.0))
    net = np.maximum(np.maximum(most_long - short, most_short - long), 0.0)
    least = minimum_delta(table, pool.underlying, most_long, most_short, net)
    risk = np.maximum(total.max(axis=1, initial=0.0), least)
    added = risk - pool.held(scan.risk)
    return np.asarray(np.maximum(added, 0.0), dtype=np.float64)


def _provisions_added(table: ScanTable, scan: UnitScan, pool: OrderPool) -> FloatArray:
    """(K,) fees of the orders, and what funding they add; orders never lessen it."""
    fees = pool.sum(np.abs(pool.quantity) * table.fee[pool.row])
    held = pool.held(scan.funding)
    with_orders = held + pool.sum(pool.quantity * table.funding[pool.row])
    more = np.maximum(np.maximum(with_orders, 0.0) - np.maximum(held, 0.0), 0.0)
    return np.asarray(fees + more, dtype=np.float64)


def _cells_at(cells: Cells, keys: IntArray, several: int) -> IntArray:
    """(K,) cell of each pair of margin unit and underlying; -1 where there is none."""
    mine = cells.unit * several + cells.risk_unit
    place = np.searchsorted(mine, keys)
    found = np.append(mine, -1)[place] == keys
    return np.where(found, place, -1).astype(np.int64)


def _held_losses(table: ScanTable, cells: Cells, cell: IntArray) -> FloatArray:
    """(K, S) losses of the positions of cells; 0 where there are none."""
    out = np.zeros((cell.size, table.profit.shape[1]))
    chosen = cell[cell >= 0]
    laid = cells.positions
    starts = laid.segment_offsets[laid.cell_offsets]
    counts = np.diff(starts)[chosen]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    picked = np.repeat(starts[chosen] - offsets[:-1], counts) + np.arange(offsets[-1])
    each = np.arange(chosen.size + 1)
    held = CellPositions(
        laid.row[picked], laid.quantity[picked], offsets, np.zeros_like(chosen), each
    )
    profits = np.empty((chosen.size, table.profit.shape[1]))
    rules = neutral_rules(1, table.profit.shape[1])
    cell_profits(held, table.profit, table.value, rules, profits)
    out[cell >= 0] = -profits
    return out
