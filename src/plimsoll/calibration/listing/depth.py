"""Cost of closing a position in the coin, and its turnover: measured, given, or its class's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.listing.request import DepthCurve, DepthFigures, ListingRequest
from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.finding import Reason
from plimsoll.domain.order_book import BookSamples
from plimsoll.errors import ParameterError
from plimsoll.estimators.liquidity.cost_curve import ImpactLaw
from plimsoll.estimators.liquidity.estimate import LiquidityEstimate, Source, book_estimate
from plimsoll.maths.impact_laws import square_root_impact

FloatArray = NDArray[np.float64]

IMPACT_RANGE = 0.5
"""Half the range of Y without a fit, as a share of it: 0.5 to 1.5 for a Y of 1."""
_SIZES = np.geomspace(1e3, 1e8, 31)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListingDepth:
    """Liquidity of the coin, and where each part of it is from.

    Parameters
    ----------
    estimate : LiquidityEstimate
    adv_usd : float
    depth_usd : float or None
        Displayed; None: nobody said.
    reason : Reason or None
        Why the cost is the class's.
    cost_source, adv_source : str
    """

    estimate: LiquidityEstimate
    adv_usd: float
    depth_usd: float | None
    reason: Reason | None
    cost_source: str
    adv_source: str

    __repr__ = field_summary

    def cost(self, size_usd: FloatArray) -> FloatArray:
        """Relative cost c(Q)."""
        return self.estimate.cost_at(size_usd)

    def cost_error(self, size_usd: FloatArray) -> FloatArray:
        """Its standard error: the range is two of them to either side; unknown errors are 0."""
        known = self.estimate
        spread = np.nan_to_num(0.25 * (known.cost_high - known.cost_low))
        return np.asarray(np.interp(size_usd, known.notional_usd, spread))


def listing_depth(request: ListingRequest, volatility_daily: float) -> ListingDepth:
    """Return cost curve and turnover; without depth the class's cost, with the Reason.

    Raises
    ------
    InsufficientDataError
        Books without one good moment.
    ParameterError
        A volatility of 0: size would cost nothing.
    """
    if not volatility_daily > 0.0:
        raise ParameterError(
            "must be positive", found=volatility_daily, field=f"volatility of {request.market}"
        )
    adv, adv_source = _turnover(request)
    given = request.depth
    law = ImpactLaw(
        daily_volatility=volatility_daily,
        daily_volume=adv,
        impact=request.problem.impact_coefficient,
    )
    if isinstance(given, BookSamples):
        estimate, source = book_estimate(given, _SIZES, law=law), "recorded books"
        depth: float | None = estimate.depth_usd
    elif isinstance(given, DepthCurve):
        estimate, source, depth = _of_curve(request, given, law), "given curve", None
    elif isinstance(given, DepthFigures):
        estimate, source = _of_figures(request, given, law), "given depth and spread"
        depth = given.depth_usd
    else:
        estimate, source, depth = _of_class(request, law), f"class {request.risk_class.name}", None
    return ListingDepth(
        estimate=estimate,
        adv_usd=adv,
        depth_usd=depth,
        reason=Reason.NO_DATA if given is None else None,
        cost_source=source,
        adv_source=adv_source,
    )


def _turnover(request: ListingRequest) -> tuple[float, str]:
    """Dollars a day: as given, of the coin's own bars, or its class's."""
    if request.adv_usd is not None:
        return request.adv_usd, "given"
    history = request.history
    if history.volume is not None:
        column = history.column(request.market)
        traded = history.volume[:, column] * history.usable_close()[:, column]
        known = traded[np.isfinite(traded) & (traded >= 0.0)]
        daily = float(known.mean() * request.bars_per_day) if known.size else 0.0
        if daily > 0.0:
            return daily, "own bars"
    return request.risk_class.adv_usd, f"class {request.risk_class.name}"


def _of_class(request: ListingRequest, law: ImpactLaw) -> LiquidityEstimate:
    """The class's cost of a small order plus the square-root law, as `calibrate` has them."""
    cost = request.risk_class.liquidation_cost
    return _by_law(request, Source.CLASS, law, cost, np.zeros(_SIZES.size))


def _of_figures(request: ListingRequest, given: DepthFigures, law: ImpactLaw) -> LiquidityEstimate:
    """Half the spread within the share of depth that stays, the square-root law beyond."""
    free = request.rules.depth_share * given.depth_usd
    return _by_law(request, Source.BOOKS, law, 0.5 * given.relative_spread, np.full(31, free))


def _by_law(
    request: ListingRequest, source: Source, law: ImpactLaw, half_spread: float, free: FloatArray
) -> LiquidityEstimate:
    impact = square_root_impact(
        np.maximum(_SIZES - free, 0.0),
        volume=law.daily_volume,
        volatility=law.daily_volatility,
        impact=law.impact,
    )
    middle = half_spread + impact
    apart = IMPACT_RANGE * impact
    return _estimate(request, source, law, half_spread, _SIZES, (middle, apart))


def _of_curve(request: ListingRequest, given: DepthCurve, law: ImpactLaw) -> LiquidityEstimate:
    error = np.zeros(given.cost.size) if given.error is None else given.error
    cost = np.maximum.accumulate(given.cost)
    half = float(cost[0])
    return _estimate(request, Source.BOOKS, law, half, given.notional_usd, (cost, 2.0 * error))


def _estimate(
    request: ListingRequest,
    source: Source,
    law: ImpactLaw,
    half_spread: float,
    sizes: FloatArray,
    cost: tuple[FloatArray, FloatArray],
) -> LiquidityEstimate:
    middle, apart = cost
    high = middle + apart
    return LiquidityEstimate(
        market=request.market,
        source=source,
        at_ns=request.as_of_ns,
        observations=1,
        relative_spread=2.0 * half_spread,
        spread_low=2.0 * half_spread,
        spread_high=2.0 * half_spread,
        daily_volatility=law.daily_volatility,
        daily_volume_usd=law.daily_volume,
        impact=law.impact,
        impact_low=(1.0 - IMPACT_RANGE) * law.impact,
        impact_high=(1.0 + IMPACT_RANGE) * law.impact,
        depth_usd=float("nan"),
        depth_bps=float("nan"),
        notional_usd=np.array(sizes),
        cost=middle,
        cost_low=np.maximum(middle - apart, 0.0),
        cost_high=high,
        cost_worst=high,
        extrapolated=np.ones(sizes.size),
    )
