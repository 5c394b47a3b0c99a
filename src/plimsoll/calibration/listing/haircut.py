"""The coin as collateral: its haircut, and whether the venue's rules admit it yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.calibration.collateral.admission import AssetFacts
from plimsoll.calibration.collateral.assets import AssetHaircut, AssetHistory, CollateralProblem
from plimsoll.calibration.collateral.calibrate import calibrate_collateral
from plimsoll.calibration.collateral.haircut import floored, haircut_of
from plimsoll.calibration.collateral.liquidation_cost import AssetLiquidity, sale_cost
from plimsoll.calibration.collateral.publication import collateral_part
from plimsoll.calibration.listing.class_moves import class_moves
from plimsoll.calibration.listing.depth import ListingDepth
from plimsoll.calibration.listing.request import ListingRequest
from plimsoll.calibration.listing.young_risk import ListingRisk
from plimsoll.calibration.part import CalibratedPart
from plimsoll.errors import InsufficientDataError

DAYS_A_YEAR = 365.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListingHaircut:
    """What the coin counts as collateral.

    Parameters
    ----------
    asset : AssetHaircut
        With its admission; parameters only where admitted.
    indicative : float
        Haircut of the first dollar that its risk asks for, admitted or not.
    error : float
        Standard error of it.
    part : CalibratedPart
    """

    asset: AssetHaircut
    indicative: float
    error: float
    part: CalibratedPart

    @property
    def admitted(self) -> bool:
        """Every rule is met."""
        return self.asset.parameters is not None


def listing_haircut(
    request: ListingRequest, risk: ListingRisk, depth: ListingDepth
) -> ListingHaircut:
    """Return the haircut from the risk over the sale, at the turnover that is believed."""
    problem = _problem(request)
    liquidity = AssetLiquidity(
        adv_usd=risk.own_weight * depth.adv_usd,
        daily_volatility=risk.volatility_daily,
        relative_spread=depth.estimate.spread_high,
        impact=depth.estimate.impact_high,
    )
    worst = problem.class_worst_loss[request.risk_class.name]
    first = sale_cost(np.full(1, request.rules.smallest_usd), liquidity, problem.sale)
    raw = haircut_of(risk.sale.log_move[0], first)
    (asset,) = calibrate_collateral([_history(request, risk, depth, liquidity)], problem)
    return ListingHaircut(
        asset=asset,
        indicative=float(floored(raw, worst, problem.floor_share)[0]),
        error=float((1.0 - raw[0]) * risk.sale.log_error[0]),
        part=collateral_part([asset], request.problem.label, owner=request.problem.owner),
    )


def _problem(request: ListingRequest) -> CollateralProblem:
    rules, bars = request.rules, request.bars_per_day
    sale_bars = max(1, round(rules.sale.horizon_hours * bars / 24.0))
    try:
        fall = float(class_moves(request).worst(sale_bars)[0])
    except InsufficientDataError:
        fall = 0.0
    return CollateralProblem(
        at_ns=request.as_of_ns,
        bars_per_day=bars,
        confidence=request.problem.maintenance_level,
        sale=rules.sale,
        admission=rules.admission,
        class_worst_loss={request.risk_class.name: float(-np.expm1(-fall))},
        reaction_hours=float(request.risk_class.reaction_horizon_hours),
        reaction_confidence=request.problem.reaction_level,
        seed=request.problem.seed,
        owner=request.problem.owner,
    )


def _history(
    request: ListingRequest, risk: ListingRisk, depth: ListingDepth, liquidity: AssetLiquidity
) -> AssetHistory:
    history = request.history
    close = history.usable_close()[:, history.column(request.market)]
    printed = np.flatnonzero(np.isfinite(close))
    return AssetHistory(
        asset=request.asset,
        asset_class=request.risk_class.name,
        log_price=np.log(close[printed[0] :]),
        facts=AssetFacts(
            history_days=risk.age_days,
            adv_usd=liquidity.adv_usd,
            depth_usd=depth.depth_usd,
            venues=None,
            volatility_annual=risk.volatility_daily * float(np.sqrt(DAYS_A_YEAR)),
        ),
        liquidity=liquidity,
        log_risk=float(risk.sale.log_move[0]),
        log_rise=float(risk.sale.log_move[1]),
    )
