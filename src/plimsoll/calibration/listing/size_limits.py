r"""How large positions may be, and the tiers up to there.

Limits rest on turnover that a young coin has not yet shown to last: it counts at the weight of
its own history, the same by which its volatility is believed. Moving the price by what the margin
covers costs ``Q (s/2 + d)`` with ``Q = V (d / (Y \sigma))^2`` (the square-root law turned round);
open interest above that cost over ``d`` would pay for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.listing.depth import ListingDepth
from plimsoll.calibration.listing.request import ListingRequest
from plimsoll.calibration.listing.young_risk import ListingRisk
from plimsoll.calibration.tiers import (
    FittedLadder,
    MarketLimits,
    Requirement,
    TierGrid,
    at_once,
    cap_grid,
    fit_chosen_count,
    fit_ladder,
    limit_down,
    log_uniform,
    manipulation_bound,
    market_limits,
)
from plimsoll.domain.order_book import BookSamples, BookStatus
from plimsoll.estimators.liquidity.manipulation import push_mid

FloatArray = NDArray[np.float64]

NODES = 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListingTiers:
    """Tiers and what they cover.

    Parameters
    ----------
    requirement : Requirement
    fitted : FittedLadder
    low, high : (T,) float64
        Rates between the same caps were the risk, and the cost, one standard error lower or
        higher; before rounding.
    """

    requirement: Requirement
    fitted: FittedLadder
    low: FloatArray
    high: FloatArray


def listing_limits(request: ListingRequest, risk: ListingRisk, depth: ListingDepth) -> MarketLimits:
    """Return position limit, open-interest cap and scaling, at the weight of own history.

    Raises
    ------
    ParameterError
        Turnover too small for a limit.
    """
    shown = None
    if depth.depth_usd is not None:
        shown = request.rules.depth_share * depth.depth_usd
    return market_limits(
        risk.own_weight * depth.adv_usd,
        rules=request.rules.limits,
        depth_usd=shown,
        manipulation_usd=manipulation_usd(request, risk, depth),
    )


def manipulation_usd(request: ListingRequest, risk: ListingRisk, depth: ListingDepth) -> float:
    """Return the position from which moving the price by what the margin covers pays."""
    shift, known = min(risk.maintenance.binding, 0.5), depth.estimate
    adv = risk.own_weight * depth.adv_usd
    order = adv * (shift / (known.impact_high * known.daily_volatility)) ** 2
    costs = [order * (0.5 * known.relative_spread + shift)]
    if isinstance(request.depth, BookSamples):
        costs += _pushes(request.depth, shift)
    return manipulation_bound(np.full(1, shift), np.array([min(costs)]))


def _pushes(samples: BookSamples, shift: float) -> list[float]:
    """Losses of who takes the last good book's levels, where it reaches so far."""
    good = np.flatnonzero(samples.status == BookStatus.GOOD)
    if not good.size:
        return []
    book = samples.book(int(good[-1]))
    pushes = (push_mid(book, sign * shift) for sign in (1.0, -1.0))
    return [push.loss for push in pushes if push.reached and push.loss > 0.0]


def listing_tiers(
    request: ListingRequest, risk: ListingRisk, depth: ListingDepth, limits: MarketLimits
) -> ListingTiers:
    """Return the cheapest ladder on the venue's grid, up to the position limit.

    Raises
    ------
    EstimationError
        No ladder on the grid covers; the message says which limit must give way, and how far.
    """
    top = min(limits.position_usd, limit_down(float(request.risk_class.tier_caps_usd[-1])))
    lowest = min(request.rules.smallest_usd, 0.1 * float(top))
    needed = at_once(
        np.geomspace(lowest, float(top), NODES),
        risk.maintenance.binding,
        depth.cost,
        fee=request.risk_class.liquidation_fee,
        price_error=risk.maintenance.binding_error,
        cost_error=depth.cost_error,
        horizon_hours=float(request.risk_class.maintenance_horizon_hours),
    )
    structure = request.problem.structure
    grid = TierGrid(
        caps_usd=_caps(request, top),
        rate_step=structure.maintenance_rate_step,
        maximum_rate=structure.maximum_rate,
        maximum_step=structure.maximum_rate,
    )
    sizes = log_uniform(lowest, float(top))
    most = request.tiers or len(request.risk_class.tier_caps_usd)
    if request.tiers is not None:
        fitted = fit_ladder(needed, sizes, grid, tiers=most, proven=False)
    else:
        fitted = fit_chosen_count(
            needed, sizes, grid, most_tiers=most, least_gain=request.rules.least_gain
        )
    caps = fitted.ladder.caps
    return ListingTiers(
        requirement=needed,
        fitted=fitted,
        low=_marginal(needed, caps, -1.0),
        high=_marginal(needed, caps, 1.0),
    )


def _caps(request: ListingRequest, top: Decimal) -> tuple[Decimal, ...]:
    first = min(request.risk_class.tier_caps_usd[0], top)
    return cap_grid(first, top)


def _marginal(needed: Requirement, caps: FloatArray, errors: float) -> FloatArray:
    """(T,) marginal rates that cover the caps, with risk and cost so many errors higher."""
    moved = np.maximum(needed.rate + errors * np.hypot(needed.price_error, needed.cost_error), 0.0)
    known = np.concatenate([[0.0], needed.notional_usd])
    amounts = np.concatenate([[0.0], needed.notional_usd * moved])
    ends = np.concatenate([[0.0], caps])
    return np.asarray(np.maximum(np.diff(np.interp(ends, known, amounts)) / np.diff(ends), 0.0))
