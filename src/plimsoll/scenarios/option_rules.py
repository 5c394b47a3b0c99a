"""What an option's revaluation assumes, named."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.domain.choice import chosen
from plimsoll.errors import ParameterError
from plimsoll.estimators.surface.dynamics import SmileDynamics

LARGEST_VOL = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionRules:
    """How options are revalued.

    Parameters
    ----------
    dynamics : SmileDynamics
        What the smile does when the forward moves, for coins whose implied volatility no factor
        moves. Factors of implied volatility are measured and applied at fixed z = k / sqrt(T), so
        where there are any they decide, and the smile travels with the forward.
    elapsed_ns : int
        Time from the snapshot to the scenario. Volatility per unit of the surface's clock stays;
        options that expire within it settle at their intrinsic value at the scenario's forward.
    minimum_vol : float
        Lowest volatility in a scenario, annual; it does not touch the value now. It costs those
        who are short options and favours those who are long.
    reach, lowest_ratio : float
        Bounds of a shocked smile, as in `plimsoll.scenarios.vol_scenarios.shocked_vol`.
    oldest_surface_ns : int
        How much older than the snapshot a surface may be. 0: they are of one instant. An older
        one is carried on as through ``elapsed_ns``, with its own forwards.

    Raises
    ------
    ParameterError
    UsageError
        For dynamics that are none.
    """

    dynamics: SmileDynamics = SmileDynamics.STICKY_STRIKE
    elapsed_ns: int = 0
    minimum_vol: float = 0.0
    reach: float = 2.0
    lowest_ratio: float = 0.1
    oldest_surface_ns: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "dynamics", chosen(SmileDynamics, self.dynamics, "dynamics"))
        for name in ("elapsed_ns", "oldest_surface_ns"):
            self._require(name, getattr(self, name) >= 0, "at least 0")
        self._require("minimum_vol", 0.0 <= self.minimum_vol <= LARGEST_VOL, "0 to 100")
        self._require("reach", 0.0 < self.reach < np.inf, "positive")
        self._require("lowest_ratio", 0.0 < self.lowest_ratio <= 1.0, "above 0, at most 1")

    def _require(self, name: str, good: bool, must: str) -> None:
        if not good:
            raise ParameterError(f"must be {must}", found=getattr(self, name), field=name)


DEFAULT_RULES = OptionRules()
