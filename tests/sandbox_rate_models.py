"""Models that margin positions one by one, on the generated market of `sandbox_margin`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.margin.drift import CollateralRules, DriftMargin, DriftRules, PerpetualRules
from plimsoll.margin.dydx import DydxMargin, LiquidityTier
from plimsoll.margin.size_tiers import SizeRates, SizeTieredMargin
from plimsoll.margin.tiered import TieredMargin
from plimsoll.margin.vega import VegaMargin, VegaMarket
from sandbox_examined import DELTA_ONE, IN_BOTH, NO_INVERSE, ONE_BY_ONE, Examined, P, case, each
from sandbox_margin import PRICING

RATE_MODELS = ("tiered", "size tiers", "dydx", "drift", "vega")
TABLE = TierTable(
    tuple(
        Tier(
            cap_usd=None if cap is None else Decimal(cap),
            maintenance_rate=Decimal(rate),
            initial_rate=2 * Decimal(rate),
            max_leverage=1 / (2 * Decimal(rate)),
        )
        for cap, rate in (("100000", "0.01"), ("1000000", "0.02"), (None, "0.05"))
    )
)


def rates(name: str) -> Examined:
    """Models that margin positions one by one."""
    parameters: Any
    if name == "tiered":
        model: Any = TieredMargin(pricing=PRICING)
        parameters = dict.fromkeys(DELTA_ONE, TABLE)
    elif name == "size tiers":
        model = SizeTieredMargin(pricing=PRICING)
        rate = SizeRates(
            initial_rate=Decimal("0.02"),
            maintenance_rate=Decimal("0.01"),
            initial_slope=Decimal("0.0001"),
            maintenance_slope=Decimal("0.0001"),
            highest_rate=Decimal("0.5"),
        )
        parameters = dict.fromkeys(DELTA_ONE, rate)
    elif name == "dydx":
        model = DydxMargin(pricing=PRICING)
        tier = LiquidityTier(
            initial_margin=Decimal("0.05"),
            maintenance_fraction=Decimal("0.6"),
            open_interest_lower_usd=Decimal(10**8),
            open_interest_upper_usd=Decimal(10**10),
        )
        parameters = dict.fromkeys(DELTA_ONE, tier)
    elif name == "drift":
        model = DriftMargin(pricing=PRICING)
        perpetual = PerpetualRules(
            initial_ratio=Decimal("0.1"),
            maintenance_ratio=Decimal("0.05"),
            size_factor=Decimal("0.0002"),
        )
        weights = CollateralRules(
            initial_asset_weight=Decimal("0.8"),
            maintenance_asset_weight=Decimal("0.9"),
            initial_liability_weight=Decimal("1.2"),
            maintenance_liability_weight=Decimal("1.1"),
        )
        parameters = DriftRules(
            perpetuals=dict.fromkeys(DELTA_ONE, perpetual),
            collateral={"USDC": weights, **each(weights)},
        )
    else:
        model = VegaMargin(pricing=PRICING)
        market = VegaMarket(
            volatility_annual=Decimal("0.8"),
            tail_probability=Decimal("0.01"),
            horizon_years=Decimal("0.003"),
            linear_slippage=Decimal("0.01"),
            quadratic_slippage=Decimal("0.001"),
        )
        parameters = dict.fromkeys(DELTA_ONE, market)
    linear = {} if name in ("tiered", "size tiers") else NO_INVERSE
    why = "market orders count as filled, and may close"
    orders = {P.ORDERS: why, P.FILLS: why} if name == "vega" else {}
    return Examined(
        case=case(model, parameters),
        not_promised={**ONE_BY_ONE, **linear, **orders},
        collateral=IN_BOTH,
    )
