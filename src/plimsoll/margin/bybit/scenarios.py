"""Stress scenarios of Bybit: fifths of the price range, volatility up, still and down (assumed)."""

from __future__ import annotations

from itertools import product

import numpy as np

from plimsoll.margin.bybit.parameters import BybitParameters
from plimsoll.margin.grids.underlying_tables import UnitGrid
from plimsoll.scenarios.risk_grid import RiskGrid, VolMove, VolRule

_FIFTHS = tuple(range(-5, 6))
_VOLS = (VolMove.UP, VolMove.NONE, VolMove.DOWN)

NAMES = tuple(f"price {step:+d}/5, vol {vol.value}" for step, vol in product(_FIFTHS, _VOLS))


def stress_grid(parameters: BybitParameters) -> UnitGrid:
    """Return the scenarios of one risk unit; volatility moves alike for all expiries."""
    moves = np.repeat(np.array(_FIFTHS) / 5.0 * float(parameters.price_range), len(_VOLS))
    grid = RiskGrid(
        names=NAMES,
        price_moves=moves,
        vol_moves=_VOLS * len(_FIFTHS),
        fraction=np.ones(len(NAMES)),
    )
    rule = VolRule(
        range_up=float(parameters.vol_up),
        range_down=float(parameters.vol_down),
        short_power=0.0,
        long_power=0.0,
    )
    return UnitGrid(grid=grid, rule=rule)
