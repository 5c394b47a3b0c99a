"""Every name of tier calibration, loaded: what the package imports on first use."""

from __future__ import annotations

from plimsoll.calibration.tiers.class_liquidity import ClassCost, TurnoverModel, turnover_model
from plimsoll.calibration.tiers.fit import FittedLadder, TierCount, fit_chosen_count, fit_ladder
from plimsoll.calibration.tiers.grid import TierGrid, cap_grid, limit_down
from plimsoll.calibration.tiers.ladder import Ladder, RateKind
from plimsoll.calibration.tiers.open_interest import (
    LimitRules,
    MarketLimits,
    OpenInterestScaling,
    manipulation_bound,
    market_limits,
)
from plimsoll.calibration.tiers.parameters import limit_parameters, tier_parameters, tier_tables
from plimsoll.calibration.tiers.requirement import Requirement, at_once, cheaper_way, worked_off
from plimsoll.calibration.tiers.sizes import (
    SizeDistribution,
    empirical,
    log_uniform,
    over_tiers,
    uniform_notional,
)
from plimsoll.calibration.tiers.splitting import (
    SplitGain,
    closing_scaling_gain,
    is_aggregation_needed,
    split_gain,
    split_gains,
)

__all__ = [
    "ClassCost",
    "FittedLadder",
    "Ladder",
    "LimitRules",
    "MarketLimits",
    "OpenInterestScaling",
    "RateKind",
    "Requirement",
    "SizeDistribution",
    "SplitGain",
    "TierCount",
    "TierGrid",
    "TurnoverModel",
    "at_once",
    "cap_grid",
    "cheaper_way",
    "closing_scaling_gain",
    "empirical",
    "fit_chosen_count",
    "fit_ladder",
    "is_aggregation_needed",
    "limit_down",
    "limit_parameters",
    "log_uniform",
    "manipulation_bound",
    "market_limits",
    "over_tiers",
    "split_gain",
    "split_gains",
    "tier_parameters",
    "tier_tables",
    "turnover_model",
    "uniform_notional",
    "worked_off",
]
