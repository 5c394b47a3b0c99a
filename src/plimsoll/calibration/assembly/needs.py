"""What one table of tiers must cover: risks of its side, charge of its expiry, cost of closing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.set_plan import CloseOut, ExpiryBucket, SizesName, TierPlan
from plimsoll.calibration.tier_fit import SizeCost
from plimsoll.calibration.tiers.requirement import Requirement, at_once, cheaper_way, worked_off
from plimsoll.calibration.tiers.sizes import (
    SizeDistribution,
    log_uniform,
    over_tiers,
    uniform_notional,
)
from plimsoll.domain.tiers import TierTable
from plimsoll.estimators.liquidity.estimate import LiquidityEstimate, Source

FloatArray = NDArray[np.float64]

POINTS = 160
IMPACT_ERROR = 0.25
"""Standard error of Y over Y: 0.5 to 1.5 are two errors (`tiers.class_liquidity`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SideRisk:
    """Price risks of one table, shares of notional, with standard errors."""

    price: float
    price_error: float
    reaction: float
    reaction_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TableNeed:
    """One table to be solved.

    Parameters
    ----------
    market : str
        Symbol, of dated futures with the label of their bucket.
    prefix : str
        Of its parameters: empty, or ``short.`` where sides are apart.
    risk : SideRisk
    cost : SizeCost
    caps_usd : tuple of Decimal
        Of its class.
    horizon_hours : int
        Of the close-out at once.
    risk_class : str
        Empty where nothing asks for it.
    bucket : ExpiryBucket or None
    incumbent : TierTable or None
        In force.
    """

    market: str
    prefix: str
    risk: SideRisk
    cost: SizeCost
    caps_usd: tuple[Decimal, ...]
    horizon_hours: int
    risk_class: str = ""
    bucket: ExpiryBucket | None = None
    incumbent: TierTable | None = None

    @property
    def key(self) -> str:
        """Identity among the tables of a set.

        >>> table_key("BTCUSDT#30d", "short.")
        'BTCUSDT#30d/short.'
        """
        return table_key(self.market, self.prefix)

    @property
    def price_risk(self) -> float:
        """Price risk with the charge of the expiry."""
        charge = 0.0 if self.bucket is None else float(self.bucket.basis_rate)
        return self.risk.price + charge

    def in_bucket(self, bucket: ExpiryBucket, incumbent: TierTable | None) -> TableNeed:
        """Return the need of the futures of a bucket on the same underlying and side."""
        label = self.market + bucket.label
        return replace(self, market=label, bucket=bucket, incumbent=incumbent)


def table_key(market: str, prefix: str) -> str:
    """Return the identity of a table: its market, and its side where sides are apart."""
    return f"{market}/{prefix}" if prefix else market


def requirement_of(need: TableNeed, plan: TierPlan) -> Requirement:
    """Return R(N) up to the last cap, by the ways out that the plan admits."""
    top, low = float(need.caps_usd[-1]), float(plan.least_size_usd)
    caps = [float(cap) for cap in need.caps_usd]
    sizes = np.union1d(np.geomspace(min(low, caps[0]) / 10.0, top, POINTS), caps)
    first = at_once(
        sizes,
        need.price_risk,
        _cost(need.cost),
        fee=need.cost.fee,
        price_error=need.risk.price_error,
        cost_error=_impact(need.cost, IMPACT_ERROR),
        horizon_hours=float(need.horizon_hours),
    )
    if plan.close_out is CloseOut.AT_ONCE:
        return first
    slow = worked_off(
        sizes,
        need.price_risk,
        _liquidity(need, sizes),
        participation=plan.participation,
        horizon_hours=float(need.horizon_hours),
        fee=need.cost.fee,
        price_error=need.risk.price_error,
    )
    return cheaper_way(first, slow)


def sizes_of(need: TableNeed, plan: TierPlan) -> SizeDistribution:
    """Return the positions that the mean margin of a ladder is over."""
    caps = [float(cap) for cap in need.caps_usd]
    low = min(float(plan.least_size_usd), caps[-1] / 2.0)
    if plan.sizes is SizesName.UNIFORM:
        return uniform_notional(low, caps[-1])
    return over_tiers(low, caps) if plan.sizes is SizesName.TIERS else log_uniform(low, caps[-1])


def _cost(cost: SizeCost) -> Callable[[FloatArray], FloatArray]:
    impact = _impact(cost, 1.0)
    return lambda size: cost.cost + impact(size)


def _impact(cost: SizeCost, times: float) -> Callable[[FloatArray], FloatArray]:
    slope = times * cost.impact * cost.volatility_daily
    return lambda size: slope * np.sqrt(size / cost.adv_usd)


def _liquidity(need: TableNeed, sizes: FloatArray) -> LiquidityEstimate:
    """Return the class's cost of a small order and the square-root law as one estimate."""
    cost, nan = need.cost, float("nan")
    middle, apart = _cost(cost)(sizes), _impact(cost, 2.0 * IMPACT_ERROR)(sizes)
    return LiquidityEstimate(
        market=need.market,
        source=Source.CLASS,
        at_ns=0,
        observations=1,
        relative_spread=2.0 * cost.cost,
        spread_low=2.0 * cost.cost,
        spread_high=2.0 * cost.cost,
        daily_volatility=cost.volatility_daily,
        daily_volume_usd=cost.adv_usd,
        impact=cost.impact,
        impact_low=(1.0 - 2.0 * IMPACT_ERROR) * cost.impact,
        impact_high=(1.0 + 2.0 * IMPACT_ERROR) * cost.impact,
        depth_usd=nan,
        depth_bps=nan,
        notional_usd=sizes,
        cost=middle,
        cost_low=middle - apart,
        cost_high=middle + apart,
        cost_worst=middle + apart,
        extrapolated=np.ones(sizes.size),
    )
