"""Cost of selling collateral, and how much of it may count: caps by time to sell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import ParameterError
from plimsoll.maths.impact_laws import optimal_unwind

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetLiquidity:
    """Selling an asset: figures of `plimsoll.estimators.liquidity`, stressed.

    Parameters
    ----------
    adv_usd, daily_volatility, relative_spread : float
    impact : float
        Eta of the even unwind.
    """

    adv_usd: float
    daily_volatility: float
    relative_spread: float
    impact: float = 1.0

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            found = getattr(self, name)
            if not (math.isfinite(found) and found >= 0.0):
                raise ParameterError("must be finite, not negative", found=found, field=name)
        if not self.adv_usd > 0.0:
            raise ParameterError("must be positive", found=self.adv_usd, field="adv_usd")


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleRules:
    """How a venue sells collateral.

    Parameters
    ----------
    horizon_hours : float
        Over which the price leg of the haircut runs.
    participation : float
        Largest share of turnover.
    quantile : float
        Standard deviations that a longer sale is charged.
    account_days, venue_days : float
        Days of selling at ``participation`` that the caps of an account and of the venue stand for.
    """

    horizon_hours: float = 24.0
    participation: float = 0.1
    quantile: float = 2.326
    account_days: float = 0.25
    venue_days: float = 2.0


def sale_cost(size_usd: ArrayLike, liquidity: AssetLiquidity, rules: SaleRules) -> FloatArray:
    """Return the relative cost of selling sizes: half the spread, impact, and what takes longer.

    Never falls with size. Price risk beyond the haircut's own horizon is part of it.
    """
    unwind = optimal_unwind(
        size_usd,
        volume=liquidity.adv_usd,
        volatility=liquidity.daily_volatility,
        half_spread=0.5 * liquidity.relative_spread,
        impact=liquidity.impact,
        quantile=rules.quantile,
        covered_days=rules.horizon_hours / 24.0,
        participation=rules.participation,
    )
    return np.maximum.accumulate(np.atleast_1d(unwind.add_on))


def days_to_sell(size_usd: ArrayLike, liquidity: AssetLiquidity, rules: SaleRules) -> FloatArray:
    """Return the days that selling at the largest participation takes."""
    size = np.asarray(size_usd, dtype=np.float64)
    return np.asarray(size / (rules.participation * liquidity.adv_usd))


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """Dollars counted of one account, and of all accounts, at most."""

    account_usd: Decimal
    venue_usd: Decimal


def caps_of(liquidity: AssetLiquidity, rules: SaleRules) -> Caps:
    """Return what can be sold in the days that the rules give it, rounded down.

    Raises
    ------
    ParameterError
        Where not even a dollar can.
    """
    daily = rules.participation * liquidity.adv_usd
    return Caps(
        account_usd=rounded_down(rules.account_days * daily),
        venue_usd=rounded_down(rules.venue_days * daily),
    )


def rounded_down(amount_usd: float) -> Decimal:
    """Return an amount with two significant digits, down.

    Raises
    ------
    ParameterError
        Below a dollar.

    >>> rounded_down(1_298_000.0)
    Decimal('1200000')
    """
    if not (math.isfinite(amount_usd) and amount_usd >= 1.0):
        raise ParameterError("must be at least a dollar", found=amount_usd, field="cap")
    exact = Decimal(f"{amount_usd:.6f}")
    step = Decimal(10) ** max(exact.adjusted() - 1, 0)
    return ((exact / step).to_integral_value(ROUND_FLOOR) * step).quantize(Decimal(1))
