"""Every name of volatility shocks, loaded: what the package imports on first use."""

from __future__ import annotations

from plimsoll.estimators.vol_shocks.history import FeatureHistory, feature_history
from plimsoll.estimators.vol_shocks.joint import (
    JointDistribution,
    JointMoves,
    joint_distribution,
    parameter_moves,
    tenor_moves,
)
from plimsoll.estimators.vol_shocks.moves import SurfaceMoves, surface_moves
from plimsoll.estimators.vol_shocks.power_law import MoveScale, MoveSide, PowerLaw, vega_power_law
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
