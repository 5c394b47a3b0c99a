"""Scenarios of OKX's MR1, MR2 and MR6: price and volatility, a day passing, an extreme move."""

from __future__ import annotations

from itertools import product

import numpy as np

from plimsoll.domain.market import DAY_NS
from plimsoll.margin.grids.underlying_tables import UnitGrid
from plimsoll.margin.okx.parameters import OkxParameters
from plimsoll.scenarios.risk_grid import RiskGrid, VolMove, VolRule

_STEPS = (-3, -2, -1, 0, 1, 2, 3)
_VOLS = (VolMove.UP, VolMove.NONE, VolMove.DOWN)

SPOT_SHOCKS = tuple(f"MR1 price {step:+d}, vol {vol.value}" for step, vol in product(_STEPS, _VOLS))
EXTREME_MOVES = ("MR6 extreme fall", "MR6 extreme rise")
TIME_DECAY = ("MR2 a day passes",)

NAMES = (*SPOT_SHOCKS, *EXTREME_MOVES, *TIME_DECAY)
"""All scenarios, in the order of the columns of a profit table."""

MOVED = (*SPOT_SHOCKS, *EXTREME_MOVES)
"""Those at the snapshot's instant."""

ELAPSED_NS = DAY_NS


def moved_grid(parameters: OkxParameters) -> UnitGrid:
    """Return MR1's and MR6's scenarios of one risk unit."""
    small, middle, largest, extreme = (
        float(parameters.small_move),
        float(parameters.middle_move),
        float(parameters.largest_move),
        float(parameters.extreme_move),
    )
    size = (0.0, small, middle, largest)
    shocks = [np.sign(step) * size[abs(step)] for step in _STEPS]
    share = float(parameters.extreme_share)
    grid = RiskGrid(
        names=MOVED,
        price_moves=np.array([*np.repeat(shocks, len(_VOLS)), -extreme, extreme]),
        vol_moves=(*(_VOLS * len(_STEPS)), VolMove.NONE, VolMove.NONE),
        fraction=np.array([*np.ones(len(SPOT_SHOCKS)), share, share]),
    )
    return UnitGrid(grid=grid, rule=_vol_rule(parameters))


def decay_grid(parameters: OkxParameters) -> UnitGrid:
    """Return MR2's scenario: nothing moves but time (`ELAPSED_NS`)."""
    grid = RiskGrid(
        names=TIME_DECAY,
        price_moves=np.zeros(1),
        vol_moves=(VolMove.NONE,),
        fraction=np.ones(1),
    )
    return UnitGrid(grid=grid, rule=_vol_rule(parameters))


def full_grid(parameters: OkxParameters) -> RiskGrid:
    """Return all scenarios (`NAMES`), for explanations."""
    moved, decay = moved_grid(parameters).grid, decay_grid(parameters).grid
    return RiskGrid(
        names=NAMES,
        price_moves=np.concatenate([moved.price_moves, decay.price_moves]),
        vol_moves=(*moved.vol_moves, *decay.vol_moves),
        fraction=np.concatenate([moved.fraction, decay.fraction]),
    )


def _vol_rule(parameters: OkxParameters) -> VolRule:
    power = float(parameters.vol_power)
    return VolRule(
        range_up=float(parameters.vol_up),
        range_down=float(parameters.vol_down),
        short_power=power,
        long_power=power,
    )
