"""Where accounts are liquidated, and how: prices of liquidation, step-by-step plans."""

from plimsoll.margin.liquidation.book_shocks import BookShocks, book_shocks
from plimsoll.margin.liquidation.closing_costs import ClosingCosts
from plimsoll.margin.liquidation.isolated import (
    isolated_liquidation_price,
    isolated_liquidation_range,
)
from plimsoll.margin.liquidation.margin_units import cross_unit, isolated_unit
from plimsoll.margin.liquidation.outcomes import (
    LiquidationPrice,
    LiquidationRange,
    LiquidationStatus,
)
from plimsoll.margin.liquidation.plan import Liquidator
from plimsoll.margin.liquidation.plan_records import (
    LiquidationPlan,
    PlanOutcome,
    PlanStep,
    UnitState,
)
from plimsoll.margin.liquidation.price_paths import PricePath, common_path, market_path
from plimsoll.margin.liquidation.rules import (
    BYBIT,
    DRIFT,
    DYDX,
    HYPERLIQUID,
    STEPWISE,
    WHOLE,
    LiquidationRule,
    StepOrder,
    StepSize,
)
from plimsoll.margin.liquidation.solver import LiquidationSolver, SearchGrid
from plimsoll.margin.liquidation.tiered_cross import tiered_cross_liquidation

__all__ = [
    "BYBIT",
    "DRIFT",
    "DYDX",
    "HYPERLIQUID",
    "STEPWISE",
    "WHOLE",
    "BookShocks",
    "ClosingCosts",
    "LiquidationPlan",
    "LiquidationPrice",
    "LiquidationRange",
    "LiquidationRule",
    "LiquidationSolver",
    "LiquidationStatus",
    "Liquidator",
    "PlanOutcome",
    "PlanStep",
    "PricePath",
    "SearchGrid",
    "StepOrder",
    "StepSize",
    "UnitState",
    "book_shocks",
    "common_path",
    "cross_unit",
    "isolated_liquidation_price",
    "isolated_liquidation_range",
    "isolated_unit",
    "market_path",
    "tiered_cross_liquidation",
]
