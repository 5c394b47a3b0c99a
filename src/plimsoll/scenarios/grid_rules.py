"""What a grid table assumes, named: source of volatility, discounting, time to the scenario."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.choice import chosen
from plimsoll.errors import ParameterError, UsageError
from plimsoll.scenarios.risk_grid import RiskGrid, VolMove

FloatArray = NDArray[np.float64]

SkewFactors = Callable[[VolMove, FloatArray, FloatArray], FloatArray]
"""What a skew scenario multiplies volatilities by: ``factors(move, log_moneyness, tau_years)``.

One row per option, in and out; ``log_moneyness`` is ln(K/F). Factors must not be negative.
"""


class VolSource(StrEnum):
    """Which volatility an option starts from; the other one stands in where it is missing."""

    MARK = "mark"  # the venue's own, Quote.implied_vol_annual
    SURFACE = "surface"  # that of the snapshot's surface at the option's strike
    MARK_ONLY = "mark_only"
    SURFACE_ONLY = "surface_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRules:
    """How instruments are revalued under a risk grid.

    Parameters
    ----------
    vol_source : VolSource
    discounted : bool
        Whether option values carry ``exp(-r tau)`` with the rate of their expiry.
    lowest_rate_annual : float
        Rates below it count as it; ``-inf``: none is changed.
    elapsed_ns : int
        Time from the snapshot to the scenario. Volatility stays; options that expire within it
        are worth their intrinsic value at the scenario's forward.
    oldest_surface_ns : int
        How much older than the snapshot a surface may be.

    Raises
    ------
    ParameterError
    UsageError
        For a source of volatility that is none.
    """

    vol_source: VolSource = VolSource.MARK
    discounted: bool = False
    lowest_rate_annual: float = float("-inf")
    elapsed_ns: int = 0
    oldest_surface_ns: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "vol_source", chosen(VolSource, self.vol_source, "vol_source"))
        for name in ("elapsed_ns", "oldest_surface_ns"):
            if getattr(self, name) < 0:
                raise ParameterError("must be at least 0", found=getattr(self, name), field=name)
        if np.isnan(self.lowest_rate_annual):
            raise ParameterError("must be a number", found="NaN", field="lowest_rate_annual")


DEFAULT_GRID_RULES = GridRules()


def skewed_scenarios(grid: RiskGrid, skew: SkewFactors | None) -> tuple[int, ...]:
    """Return the columns of a grid that tilt or bend smiles.

    Raises
    ------
    UsageError
        Where there are any and nothing says by how much.
    """
    kinds = (VolMove.SKEW_LINEAR, VolMove.SKEW_ABS)
    columns = tuple(s for s, move in enumerate(grid.vol_moves) if move in kinds)
    if columns and skew is None:
        raise UsageError(
            "must be given for a grid with skew scenarios",
            found=[grid.names[s] for s in columns],
            field="skew",
        )
    return columns
