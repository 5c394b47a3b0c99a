"""Add-ons of the coin: liquidity and concentration of its depth, gap and wrong way of its peers.

Twenty days hold no tail beyond the margin's: the far moves are its peers', in units of their own
volatility, at the coin's.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.add_ons.calibrated import CalibratedAddOn
from plimsoll.calibration.add_ons.gap import calibrate_gap, calibrate_wrong_way
from plimsoll.calibration.add_ons.liquidity import calibrate_concentration, calibrate_liquidity
from plimsoll.calibration.add_ons.publication import add_on_part
from plimsoll.calibration.listing.class_moves import class_moves
from plimsoll.calibration.listing.depth import ListingDepth
from plimsoll.calibration.listing.request import ListingRequest
from plimsoll.calibration.listing.young_risk import ListingRisk
from plimsoll.calibration.part import CalibratedPart
from plimsoll.errors import InsufficientDataError
from plimsoll.estimators.liquidity.margin_figures import add_on_figures

FloatArray = NDArray[np.float64]

LARGEST_COVERED = 0.98


def listing_add_ons(
    request: ListingRequest, risk: ListingRisk, depth: ListingDepth, margin_rate: float
) -> CalibratedPart:
    """Return the four add-ons that a coin alone decides.

    Parameters
    ----------
    margin_rate : float
        Maintenance of a small position.
    """
    hours = Decimal(request.risk_class.maintenance_horizon_hours)
    liquidity = calibrate_liquidity(
        request.market,
        add_on_figures(depth.estimate),
        spread_error=0.25 * (depth.estimate.spread_high - depth.estimate.spread_low),
        volatility_error=risk.volatility_daily * _relative_error(risk),
        impact_error=0.25 * (depth.estimate.impact_high - depth.estimate.impact_low),
        horizon_hours=hours,
    )
    concentration = calibrate_concentration(
        request.market,
        liquidity.parameters,
        adv_usd=risk.own_weight * depth.adv_usd,
        margin_rate=min(margin_rate, LARGEST_COVERED),
        horizon_hours=hours,
    )
    moves, worst = _peer_moves(request, risk)
    own = calibrate_gap(
        request.market,
        np.abs(np.expm1(moves)),
        covered_move=min(risk.maintenance.binding, LARGEST_COVERED),
        class_worst_move=worst,
        block=24,
        seed=request.problem.seed,
    )
    wrong_way = calibrate_wrong_way(
        request.market,
        -np.expm1(moves),
        block=24,
        seed=request.problem.seed,
        forecast_move=float(-np.expm1(-risk.maintenance.log_move[0])),
    )
    made: tuple[CalibratedAddOn, ...] = (liquidity, concentration, own, wrong_way)
    return add_on_part(made, request.problem.label, owner=request.problem.owner)


def _relative_error(risk: ListingRisk) -> float:
    leg = risk.maintenance
    return leg.binding_error / leg.binding if leg.binding > 0.0 else 0.0


def _peer_moves(request: ListingRequest, risk: ListingRisk) -> tuple[FloatArray, float]:
    """Peers' moves over the close-out at the coin's volatility, and the worst one as it was."""
    bars = risk.path.horizon_bars
    try:
        donors = class_moves(request)
    except InsufficientDataError:
        return np.empty(0), 0.0
    per_bar = risk.volatility_daily / float(np.sqrt(request.bars_per_day))
    fall, rise = donors.worst(bars)
    return donors.scaled(bars, per_bar), float(max(-np.expm1(-fall), np.expm1(rise)))
