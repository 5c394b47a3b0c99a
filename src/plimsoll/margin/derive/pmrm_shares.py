"""What each holding adds to the loss that binds, and what it would lose alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from plimsoll.margin.derive.pmrm_book import RiskUnitLosses
from plimsoll.margin.derive.pmrm_losses import pmrm_losses
from plimsoll.margin.derive.pmrm_table import PmrmTable
from plimsoll.margin.units.cells import cells_of_holdings

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BASIS = -1
"""The binding "scenario" that is the basis contingency."""


def loss_shares(own: RiskUnitLosses, unit: int) -> Iterator[tuple[int, int, float, float]]:
    """Yield position, currency, share of the binding loss, and loss alone of each holding.

    Shares add up to the cell's worst loss but for rounding; they are zero where nothing loses.
    Position is -1 for collateral, currency -1 for positions.
    """
    cells = own.held.cells
    found = cells.of_unit(unit)
    if not found:
        return
    place = found[0]
    entries = cells.entries(place)
    row, quantity = cells.positions.row[entries], cells.positions.quantity[entries]
    binding = int(own.losses.binding[place])
    if float(own.losses.worst[place]) <= 0.0:
        shares = np.zeros(row.size)
    elif binding == BASIS:
        shares = _basis_shares(own.table, row, quantity)
    else:
        shares = _scenario_shares(own.table, row, quantity, binding)
    alone = cells_of_holdings(
        np.arange(row.size), row, quantity, group_of_row=own.table.group, units=row.size
    )
    single = pmrm_losses(own.table, alone).worst
    for entry, share, loss in zip(
        range(entries.start, entries.stop), shares + 0.0, single, strict=True
    ):
        position, currency = int(own.held.position[entry]), int(own.held.currency[entry])
        yield position, currency, float(share), float(loss)


def _scenario_shares(
    table: PmrmTable, row: IntArray, quantity: FloatArray, scenario: int
) -> FloatArray:
    rules, group = table.rules, table.group[row]
    count = rules.long_factor.size
    now, moved = quantity * table.value[row], quantity * table.profit[row, scenario]
    shocked = np.bincount(group, weights=now + moved, minlength=count)
    factor = np.where(shocked >= 0.0, rules.long_factor, rules.short_factor)[group]
    result = np.where(factor == 1.0, moved, factor * (now + moved) - now)
    if rules.worse_side[scenario]:
        gains = np.bincount(group, weights=result, minlength=count) > 0.0
        result = np.where(gains[group], -result, result)
    return np.asarray(-result * rules.fraction[scenario], dtype=np.float64)


def _basis_shares(table: PmrmTable, row: IntArray, quantity: FloatArray) -> FloatArray:
    group = table.group[row]
    count = table.basis_weight.size
    moved = quantity[:, None] * table.basis_profit[row]
    of_group = np.column_stack(
        [np.bincount(group, weights=moved[:, side], minlength=count) for side in (0, 1)]
    )
    side = np.argmin(of_group, axis=1)
    loses = of_group.min(axis=1) < 0.0
    weight = np.where(loses, table.basis_weight, 0.0)[group]
    return -np.take_along_axis(moved, side[group][:, None], axis=1)[:, 0] * weight
