"""How a margin is corrected by its own misses, and what that promises."""

from __future__ import annotations

import math
from dataclasses import dataclass

from plimsoll.errors import ParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformalRule:
    """Rule of the correction; a row is one start, such as a day.

    Parameters
    ----------
    target : float
        Breach rate aimed at.
    gain : float
        Step of the level per row; 0 is the split form, at the target for ever.
    lowest_share, highest_share : float
        The level is clipped to these shares of the target; 0 or less, or infinite: no clip there.
    floor_factor : float
        The margin never falls under this multiple of the base: the correction is one-sided.
    ceiling_factor : float
        Nor rises above this one; infinite: no ceiling.
    window_rows : int
        Look-back of the ratios.
    half_life_rows : float
        Of their weights; infinite: all alike.
    least_rows : int
        Known rows below which the margin stays at the floor.
    market_weight : float
        Weight of a market-side's own misses in its own level; 0: one level for all.
    """

    target: float = 0.01
    gain: float = 0.005
    lowest_share: float = 0.2
    highest_share: float = 2.0
    floor_factor: float = 1.0
    ceiling_factor: float = 4.0
    window_rows: int = 365
    half_life_rows: float = 180.0
    least_rows: int = 30
    market_weight: float = 0.0

    def __post_init__(self) -> None:
        held = {
            "target": 0.0 < self.target < 1.0,
            "gain": 0.0 <= self.gain < math.inf,
            "lowest_share": self.lowest_share <= 1.0,
            "highest_share": self.highest_share >= 1.0,
            "floor_factor": 0.0 <= self.floor_factor < math.inf,
            "ceiling_factor": self.ceiling_factor >= self.floor_factor,
            "window_rows": self.window_rows >= 1,
            "half_life_rows": self.half_life_rows > 0.0,
            "least_rows": 1 <= self.least_rows <= self.window_rows,
            "market_weight": 0.0 <= self.market_weight <= 1.0,
        }
        for name, fine in held.items():
            if not fine:
                raise ParameterError(
                    "must lie within its bounds", found=getattr(self, name), field=name
                )

    @property
    def lowest(self) -> float:
        """Lowest level; minus infinity where there is no clip."""
        return self.lowest_share * self.target if self.lowest_share > 0.0 else -math.inf

    @property
    def highest(self) -> float:
        """Highest level."""
        return self.highest_share * self.target

    @property
    def decay(self) -> float:
        """Weight of a row over that of the next."""
        return math.exp(-math.log(2.0) / self.half_life_rows)


def unclipped_bound(rule: ConformalRule, rows: int, lag_rows: int) -> float:
    """Largest excess of the mean miss rate over the target, whatever the losses do.

    ``(target / gain + lag + least_rows) / rows``: without a lower clip and without a ceiling, since
    a level of 0 or less makes the margin infinite and stops the misses once the ``lag`` outcomes
    that were under way are in (and ``least_rows`` are known; the window must go on holding as
    many). Clip at the top and floor leave it as it is; from below there is no bound.
    """
    if not rule.gain > 0.0 or rule.lowest > -math.inf or rule.ceiling_factor < math.inf:
        return math.inf
    return (rule.target / rule.gain + lag_rows + rule.least_rows) / rows
