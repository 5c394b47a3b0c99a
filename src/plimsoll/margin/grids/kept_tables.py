"""Grid tables in settlement currencies of which only rows that were quoted anew are revalued."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from plimsoll.domain.instrument import Instrument
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.units.kept_rows import kept_rows
from plimsoll.scenarios.grid_rules import GridRules
from plimsoll.scenarios.grid_table import GridTable, grid_table
from plimsoll.scenarios.risk_grid import RiskGrid, VolRule


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitGrid:
    """Scenarios and volatility moves of one risk unit."""

    grid: RiskGrid
    rule: VolRule


def grid_key(own: UnitGrid) -> Hashable:
    """All that a grid and its rule say, to tell them from others."""
    grid = own.grid
    still = None if grid.delta_one_moves is None else grid.delta_one_moves.tobytes()
    moves = (grid.price_moves.tobytes(), grid.vol_moves, still)
    return grid.names, *moves, grid.fraction.tobytes(), own.rule


def kept_grid_table(
    instruments: Mapping[str, Instrument],
    snapshot: MarketSnapshot,
    own: UnitGrid,
    rules: GridRules,
) -> GridTable:
    """Return `plimsoll.scenarios.grid_table.grid_table`, with rows kept where nothing changed."""
    return kept_rows(
        instruments,
        snapshot,
        ("grid_table", grid_key(own), rules),
        lambda few, _: grid_table(few, snapshot, own.grid, own.rule, rules=rules),
    )
