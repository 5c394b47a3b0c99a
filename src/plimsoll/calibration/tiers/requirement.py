r"""What a position of size N needs: price risk over its own close-out horizon, fee and cost.

.. math:: R(N) = N\,\bigl(q(N) + f + c(N)\bigr)

Two ways out of a position are priced. At once: price risk of the engine's horizon, and the cost
c(N) of one order (`at_once`). Worked off evenly over the cheapest time, not more than a share of
turnover: the horizon h(N) grows with size, and so does its price risk (`worked_off`, after
`plimsoll.maths.impact_laws.optimal_unwind`). A liquidator may choose: `cheaper_way`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import DataFormatError, ParameterError
from plimsoll.estimators.liquidity.estimate import LiquidityEstimate
from plimsoll.estimators.liquidity.margin_figures import UnwindRule, liquidation_horizon

FloatArray = NDArray[np.float64]
CostCurve = Callable[[FloatArray], FloatArray]
"""Relative cost of closing sizes in dollars at once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Requirement:
    """R(N) at K sizes; linear between them, and from 0 to the first.

    For a convex R, such as the square-root law's, that is never too low.

    Parameters
    ----------
    notional_usd : (K,) float64
        Positive, rising; the last is the largest position there may be.
    price, cost : (K,) float64
        Shares of notional: price risk over the horizon of that size, and fee with cost.
    price_error, cost_error : (K,) float64
        Their standard errors; each moves all sizes together, the two independently.
    horizon_hours : (K,) float64
        Close-out horizon.

    Raises
    ------
    DataFormatError
    """

    notional_usd: FloatArray
    price: FloatArray
    cost: FloatArray
    price_error: FloatArray
    cost_error: FloatArray
    horizon_hours: FloatArray

    def __post_init__(self) -> None:
        size = self.notional_usd
        columns = (self.price, self.cost, self.price_error, self.cost_error, self.horizon_hours)
        if size.ndim != 1 or not size.size or any(c.shape != size.shape for c in columns):
            raise DataFormatError(
                "must have one value for each size",
                found=[c.shape for c in columns],
                field="requirement",
            )
        if not (size[0] > 0.0 and np.all(np.diff(size) > 0.0)):
            raise DataFormatError("must be positive and rise", found=size[:3], field="notional_usd")
        if any(not np.isfinite(c).all() or np.any(c < 0.0) for c in columns):
            raise DataFormatError(
                "must be finite and not negative",
                found="a NaN, infinity or negative number",
                field="requirement",
                remedy="a market without price risk or turnover takes its class's",
            )

    @property
    def rate(self) -> FloatArray:
        """(K,) R(N) / N."""
        return self.price + self.cost

    @property
    def amount_usd(self) -> FloatArray:
        """(K,) R(N)."""
        return self.notional_usd * self.rate

    def at(self, notional_usd: ArrayLike) -> FloatArray:
        """R of any sizes up to the last, dollars."""
        known = np.concatenate([[0.0], self.notional_usd])
        size = np.asarray(notional_usd, dtype=np.float64)
        return np.asarray(np.interp(size, known, np.concatenate([[0.0], self.amount_usd])))

    def marginal_errors(self, caps_usd: ArrayLike) -> FloatArray:
        """(T,) standard errors of marginal rates between caps, by the delta method.

        A marginal rate is a difference of R over a difference of caps, and so is its derivative
        by each source of error.
        """
        ends = np.concatenate([[0.0], np.asarray(caps_usd, dtype=np.float64)])
        known = np.concatenate([[0.0], self.notional_usd])
        total = np.zeros(ends.size - 1)
        for error in (self.price_error, self.cost_error):
            moved = np.interp(ends, known, np.concatenate([[0.0], self.notional_usd * error]))
            total += (np.diff(moved) / np.diff(ends)) ** 2
        return np.asarray(np.sqrt(total))


def at_once(
    notional_usd: ArrayLike,
    price_risk: ArrayLike,
    cost: CostCurve | LiquidityEstimate,
    *,
    fee: float = 0.0,
    price_error: ArrayLike = 0.0,
    cost_error: CostCurve | float = 0.0,
    horizon_hours: float = 1.0,
) -> Requirement:
    """Price risk of the engine's horizon, fee, and the cost of one order.

    Parameters
    ----------
    notional_usd : (K,) float64
    price_risk, price_error : float or (K,) float64
        Quantile over the horizon, share of notional, and its standard error; by size where larger
        positions are to be covered better.
    cost : callable or LiquidityEstimate
    fee : float
        Liquidation fee.
    cost_error : callable or float
        Of a `LiquidityEstimate` by default from its range, as two standard errors.
    horizon_hours : float
    """
    size = _sizes(notional_usd)
    curve = cost.cost_at if isinstance(cost, LiquidityEstimate) else cost
    error = cost_error(size) if callable(cost_error) else np.full(size.shape, float(cost_error))
    if isinstance(cost, LiquidityEstimate) and not callable(cost_error) and cost_error == 0.0:
        error = np.interp(size, cost.notional_usd, 0.25 * (cost.cost_high - cost.cost_low))
    return Requirement(
        notional_usd=size,
        price=_spread(price_risk, size),
        cost=fee + np.asarray(curve(size), dtype=np.float64),
        price_error=_spread(price_error, size),
        cost_error=np.nan_to_num(error),
        horizon_hours=np.full(size.shape, horizon_hours),
    )


def worked_off(
    notional_usd: ArrayLike,
    price_risk: float,
    liquidity: LiquidityEstimate,
    *,
    participation: float = 0.1,
    horizon_hours: float = 1.0,
    fee: float = 0.0,
    price_error: float = 0.0,
) -> Requirement:
    """Price risk that grows with the horizon h(N) of an even unwind, fee, and its cost.

    The engine's horizon is covered in full; what h(N) is longer adds ``z sigma (sqrt(h / 3) -
    sqrt(h0 / 3))``, with z such that ``z sigma sqrt(h0)`` is the price risk.

    Parameters
    ----------
    notional_usd : (K,) float64
    price_risk, price_error : float
        Quantile over ``horizon_hours``, and its standard error.
    liquidity : LiquidityEstimate
        With volatility and turnover, both positive.
    participation : float
        Largest share of turnover.

    Raises
    ------
    ParameterError, UsageError
    """
    size = _sizes(notional_usd)
    figures = (price_risk, liquidity.daily_volatility, liquidity.daily_volume_usd)
    if not all(np.isfinite(figure) and figure > 0.0 for figure in figures):
        raise ParameterError(
            "price risk, volatility and turnover must be positive",
            found=figures,
            field=liquidity.market,
            remedy="take the class's",
        )
    days = horizon_hours / 24.0
    rule = UnwindRule(
        covered_hours=horizon_hours,
        participation=participation,
        quantile=price_risk / (liquidity.daily_volatility * np.sqrt(days)),
    )
    unwind = liquidation_horizon(liquidity, size, rule)
    grown = price_risk * (np.sqrt(unwind.horizon_days / days) - 1.0) / np.sqrt(3.0)
    spread = np.interp(size, liquidity.notional_usd, liquidity.cost_high - liquidity.cost_low)
    paid = unwind.add_on - grown
    return Requirement(
        notional_usd=size,
        price=price_risk + grown,
        cost=fee + paid,
        price_error=price_error * (1.0 + grown / price_risk),
        cost_error=np.nan_to_num(np.minimum(0.25 * spread, paid)),
        horizon_hours=24.0 * unwind.horizon_days,
    )


def cheaper_way(first: Requirement, second: Requirement) -> Requirement:
    """Size by size the way out that needs less.

    Raises
    ------
    ParameterError
        Where they are not of the same sizes.
    """
    if not np.array_equal(first.notional_usd, second.notional_usd):
        raise ParameterError("must be of the same sizes", found="others", field="second")
    better = first.rate <= second.rate
    names = ("price", "cost", "price_error", "cost_error", "horizon_hours")
    chosen = {n: np.where(better, getattr(first, n), getattr(second, n)) for n in names}
    return Requirement(notional_usd=first.notional_usd, **chosen)


def _sizes(notional_usd: ArrayLike) -> FloatArray:
    return np.atleast_1d(np.asarray(notional_usd, dtype=np.float64))


def _spread(value: ArrayLike, size: FloatArray) -> FloatArray:
    return np.asarray(np.broadcast_to(np.asarray(value, dtype=np.float64), size.shape)).copy()
