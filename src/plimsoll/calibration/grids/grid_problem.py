"""What a grid is calibrated to: family, published start, target, crises, portfolios, dates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from plimsoll.calibration.grids.deribit_family import deribit_family
from plimsoll.calibration.grids.derive_family import derive_family
from plimsoll.calibration.grids.grid_family import GridFamily
from plimsoll.calibration.grids.grid_objective import GridTarget
from plimsoll.calibration.grids.held_out import Window
from plimsoll.calibration.grids.okx_family import okx_family
from plimsoll.calibration.grids.paradex_family import paradex_family
from plimsoll.calibration.grids.portfolios import PortfolioFamily
from plimsoll.calibration.grids.reference_scenarios import ScenarioSettings
from plimsoll.calibration.grids.span_family import span_family

Build = Callable[[Mapping[str, Any], tuple[str, ...]], GridFamily]


class GridModel(StrEnum):
    """Family of a grid: which margin model, and which of its parameters are searched."""

    DERIBIT = "deribit"
    PARADEX = "paradex"
    OKX = "okx"
    SPAN = "span"
    DERIVE = "derive"


FAMILIES: Mapping[GridModel, Build] = {
    GridModel.DERIBIT: deribit_family,
    GridModel.PARADEX: paradex_family,
    GridModel.OKX: okx_family,
    GridModel.SPAN: span_family,
    GridModel.DERIVE: derive_family,
}
PRESET_KINDS: Mapping[GridModel, str] = {
    GridModel.DERIBIT: "deribit-portfolio",
    GridModel.PARADEX: "paradex",
    GridModel.OKX: "okx",
    GridModel.SPAN: "span",
    GridModel.DERIVE: "derive-pmrm2",
}
"""Kind of published set that each family starts from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridProblem:
    """Everything that decides a calibrated grid, apart from the data.

    Parameters
    ----------
    venue, label : str
        Name, and the price source shown on every table.
    model : GridModel
    preset : str
        Published set: the start of the search, and what it is held against.
    coins : tuple of str
    target : GridTarget
    strictness : tuple of float
        Parts of the limits that are tried, the loosest first.
    stressed, held_out : tuple of Window
        Crises that are fitted on, and that are kept to judge by.
    settings : ScenarioSettings
    without : tuple of PortfolioFamily
        Kinds of portfolio that are left out.
    snapshots : int
        Chains that candidates are margined on, spread over those known.
    volatility_levels : tuple of float
        Quantiles of the volatility index to which snapshots are moved, one in turn after each that
        stands as it was.
    replicates : int
        Resamples for standard errors; 0: none.
    calibrate_until_ns, judged_from_ns : int or None
        Walk-forward cut: chains and prices from the first on are not fitted on; days from the
        second on are judged. None: all that is known is fitted on.
    seed : int
    owner : str
    """

    venue: str
    label: str
    model: GridModel
    preset: str
    coins: tuple[str, ...]
    target: GridTarget = field(default_factory=GridTarget)
    strictness: tuple[float, ...] = (1.0, 0.75, 0.5)
    stressed: tuple[Window, ...] = ()
    held_out: tuple[Window, ...] = ()
    settings: ScenarioSettings = field(default_factory=ScenarioSettings)
    without: tuple[PortfolioFamily, ...] = ()
    snapshots: int = 6
    volatility_levels: tuple[float, ...] = (0.5, 0.95)
    replicates: int = 8
    calibrate_until_ns: int | None = None
    judged_from_ns: int | None = None
    seed: int = 20_260_208
    owner: str = "risk"

    def family(self, published: Mapping[str, Any]) -> GridFamily:
        """Build the family on published constants."""
        return FAMILIES[self.model](published, self.coins)
