"""Every name of liquidity, loaded: what the package imports on first use."""

from __future__ import annotations

from plimsoll.estimators.liquidity.bars import BarLiquidity, SpreadMeasure, bar_liquidity
from plimsoll.estimators.liquidity.cost_curve import (
    CostCurve,
    Extrapolation,
    ImpactLaw,
    Side,
    book_cost_curve,
    depth_within,
    walk_samples,
)
from plimsoll.estimators.liquidity.estimate import (
    LiquidityEstimate,
    LiquidityRows,
    Source,
    bar_estimates,
    book_estimate,
    class_estimate,
)
from plimsoll.estimators.liquidity.impact import (
    FlowIntervals,
    SquareRootFit,
    fit_square_root,
    flow_intervals,
    kyle_lambda,
)
from plimsoll.estimators.liquidity.manipulation import (
    IndexPush,
    IndexRule,
    PricePush,
    index_push,
    push_mid,
)
from plimsoll.estimators.liquidity.margin_figures import (
    AddOnFigures,
    UnwindRule,
    add_on_figures,
    liquidation_horizon,
    liquidity_terms,
)
from plimsoll.estimators.liquidity.open_interest import (
    Concentration,
    concentration,
    days_to_liquidate,
)
from plimsoll.estimators.liquidity.order_flow import (
    OrderFlowFit,
    best_of_samples,
    fit_order_flow,
    order_flow_events,
)
from plimsoll.estimators.liquidity.recovery import Resilience, large_trades, resilience
from plimsoll.estimators.liquidity.spreads import (
    ExogenousCost,
    TradedSpread,
    exogenous_cost,
    mid_at,
    quoted_spread,
    traded_spread,
)
from plimsoll.estimators.liquidity.streams import BarWindow, BookWindow
from plimsoll.estimators.liquidity.worst_cases import Resampling

__all__ = [
    "AddOnFigures",
    "BarLiquidity",
    "BarWindow",
    "BookWindow",
    "Concentration",
    "CostCurve",
    "ExogenousCost",
    "Extrapolation",
    "FlowIntervals",
    "ImpactLaw",
    "IndexPush",
    "IndexRule",
    "LiquidityEstimate",
    "LiquidityRows",
    "OrderFlowFit",
    "PricePush",
    "Resampling",
    "Resilience",
    "Side",
    "Source",
    "SpreadMeasure",
    "SquareRootFit",
    "TradedSpread",
    "UnwindRule",
    "add_on_figures",
    "bar_estimates",
    "bar_liquidity",
    "best_of_samples",
    "book_cost_curve",
    "book_estimate",
    "class_estimate",
    "concentration",
    "days_to_liquidate",
    "depth_within",
    "exogenous_cost",
    "fit_order_flow",
    "fit_square_root",
    "flow_intervals",
    "index_push",
    "kyle_lambda",
    "large_trades",
    "liquidation_horizon",
    "liquidity_terms",
    "mid_at",
    "order_flow_events",
    "push_mid",
    "quoted_spread",
    "resilience",
    "traded_spread",
    "walk_samples",
]
