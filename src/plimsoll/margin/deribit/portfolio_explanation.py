"""What the explanation of a Deribit portfolio says: its scenarios, terms and assumptions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.margin.deribit.portfolio_table import PairTable
from plimsoll.margin.grids.grid_explanation import SCENARIO_LOSS
from plimsoll.margin.grids.grid_parts import GridPart, RiskUnitGrid, part_of_cell
from plimsoll.margin.units.cells import Cells

ABOUT = (
    (SCENARIO_LOSS, "largest loss over the risk matrix, gains of pairs cut by their offset"),
    ("roll_shock", "net delta of each expiry times its rate"),
    ("delta_shock", "net delta beyond the liquidity threshold"),
    ("correlation_contingency", "share of what pairs save each other"),
    ("spot", "as the venue states it for the account"),
    ("market_maker_protection", "as the venue states it for the account"),
    ("open_orders", "worse of all buys and all sells filled, and what the venue states"),
)
NOTES = (
    "Not published by the venue and assumed here: the ramps of roll and delta shock, the "
    "correlation contingency, open orders; see docs/models/deribit-portfolio.md.",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PortfolioGrids:
    """The pairs of a book as parts of one risk unit."""

    pairs: tuple[PairTable, ...]
    cells: tuple[Cells, ...]
    maintenance_factor: float

    def of_unit(self, unit: int) -> tuple[RiskUnitGrid, ...]:
        """Return the one risk unit of a margin unit; nothing where it holds no position."""
        parts: list[GridPart] = []
        names: list[str] = []
        first: PairTable | None = None
        for pair, cells in zip(self.pairs, self.cells, strict=True):
            for cell in cells.of_unit(unit):
                table = pair.table
                part = part_of_cell(cells, cell, table.profit, table.value, pair.rules)
                parts.append(_as_one_group(part))
                names.append(pair.name)
                first = first or pair
        if first is None:
            return ()
        return (
            RiskUnitGrid(
                name=" + ".join(names),
                grid=first.scenarios.grid,
                parts=tuple(parts),
                maintenance_scale=self.maintenance_factor,
            ),
        )


def _as_one_group(part: GridPart) -> GridPart:
    """A pair is one group to the rules; its expiries matter to the roll shock only."""
    return GridPart(
        positions=part.positions,
        row=part.row,
        group=np.zeros_like(part.group),
        quantity=part.quantity,
        profit=part.profit,
        value=part.value,
        rules=part.rules,
    )
