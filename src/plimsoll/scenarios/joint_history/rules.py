"""What a market needs to be part of a panel, and how its missing rows are drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

from plimsoll.errors import ParameterError
from plimsoll.scenarios.joint_history.holes import HoleFilling


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelRules:
    """What a market needs to be part of a panel.

    Parameters
    ----------
    minimum_returns : int
        Observed ones; at least 2.
    floor_quantile : float
        Of a market's own volatility, below which it is not taken to fall; 0: its smallest one.
    stale_after_bars : int
        Most bars since the last price.
    window_bars : int or None
        Rows that may be drawn: the latest so many. All are filtered. None: all.
    filling : HoleFilling

    Raises
    ------
    ParameterError
    """

    minimum_returns: int = 20
    floor_quantile: float = 0.05
    stale_after_bars: int = 24
    window_bars: int | None = None
    filling: HoleFilling = field(default_factory=HoleFilling)

    def __post_init__(self) -> None:
        least = {"minimum_returns": 2, "stale_after_bars": 0, "window_bars": 1}
        for name, bound in least.items():
            given = getattr(self, name)
            if given is not None and given < bound:
                raise ParameterError(f"must be at least {bound}", found=given, field=name)
        if not 0.0 <= self.floor_quantile < 1.0:
            raise ParameterError(
                "must lie in [0, 1)", found=self.floor_quantile, field="floor_quantile"
            )
