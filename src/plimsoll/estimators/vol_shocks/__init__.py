"""How volatility surfaces move over a margin period: what shocks of implied volatility rest on.

Names are imported on first use (PEP 562).

- `history`: features of a pair's surfaces over time, and the window a decision may see.
- `moves`: non-overlapping joint moves of spot and surface over the margin period.
- `weekdays`, `variance_clock`: what weekdays explain, and the clock that removes it.
- `power_law`: how the size of moves falls with maturity.
- `principal_components`, `joint`: the joint distribution, by components and by parameters. The
  function `principal_components` shares its module's name: import it from there.
- `spot_vol`: how spot and volatility move together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.estimators.vol_shocks.history import FeatureHistory, feature_history
    from plimsoll.estimators.vol_shocks.joint import (
        JointDistribution,
        JointMoves,
        joint_distribution,
        parameter_moves,
        tenor_moves,
    )
    from plimsoll.estimators.vol_shocks.moves import SurfaceMoves, surface_moves
    from plimsoll.estimators.vol_shocks.power_law import (
        MoveScale,
        MoveSide,
        PowerLaw,
        vega_power_law,
    )
    from plimsoll.estimators.vol_shocks.principal_components import PrincipalComponents
    from plimsoll.estimators.vol_shocks.spot_vol import SpotVolRelation, spot_vol_relation
    from plimsoll.estimators.vol_shocks.variance_clock import (
        VarianceClockEstimate,
        estimate_variance_clock,
        on_variance_clock,
    )
    from plimsoll.estimators.vol_shocks.weekdays import (
        WeekdayEffects,
        weekday_effects,
        without_weekday_effects,
    )

__all__ = [
    "FeatureHistory",
    "JointDistribution",
    "JointMoves",
    "MoveScale",
    "MoveSide",
    "PowerLaw",
    "PrincipalComponents",
    "SpotVolRelation",
    "SurfaceMoves",
    "VarianceClockEstimate",
    "WeekdayEffects",
    "estimate_variance_clock",
    "feature_history",
    "joint_distribution",
    "on_variance_clock",
    "parameter_moves",
    "spot_vol_relation",
    "surface_moves",
    "tenor_moves",
    "vega_power_law",
    "weekday_effects",
    "without_weekday_effects",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from plimsoll.estimators.vol_shocks import catalogue

    return getattr(catalogue, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
