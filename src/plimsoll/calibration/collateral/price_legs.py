"""Price risk of each asset over the sale: forecast, history, or two regimes; bases added."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from plimsoll.calibration.collateral.assets import AssetHistory, CollateralProblem, PriceLeg
from plimsoll.calibration.collateral.floor import class_share
from plimsoll.calibration.collateral.haircut import TailEstimate, log_falls, tail_of_falls
from plimsoll.calibration.collateral.liquidation_cost import AssetLiquidity
from plimsoll.calibration.collateral.pegged import PegRecord, peg_record, two_regime_tail
from plimsoll.errors import InsufficientDataError, UsageError


def price_legs(
    assets: Sequence[AssetHistory], problem: CollateralProblem
) -> dict[str, PriceLeg | None]:
    """Return the price leg of every asset; None where its history gives none.

    What redeems into another asset bears both: the logs are added, as though both were at their
    worst together.

    Raises
    ------
    UsageError
        For an asset named twice, or redeemed into one that is not there or has a base itself.
    """
    names = [a.asset for a in assets]
    if len(set(names)) != len(names):
        raise UsageError("must name each asset once", found=names, field="assets")
    own = _with_class(assets, {a.asset: _own_leg(a, problem) for a in assets}, problem)
    return {a.asset: _with_base(a, own, assets) for a in assets}


def _with_class(
    assets: Sequence[AssetHistory],
    own: Mapping[str, PriceLeg | None],
    problem: CollateralProblem,
) -> dict[str, PriceLeg | None]:
    """Let the class speak where an asset's own record does not; pegs stand by their own breaks.

    The order of the assets does not matter: they are fitted by name.
    """
    found = dict(own)
    coins = sorted((a for a in assets if a.peg is None and own[a.asset]), key=lambda a: a.asset)
    legs = [own[a.asset] for a in coins]
    share = class_share(
        [math.nan if leg is None else leg.log_risk for leg in legs],
        [a.facts.history_days for a in coins],
        [math.nan if (q := _liquidity(a, problem)) is None else q.adv_usd for a in coins],
        [a.asset_class for a in coins],
        problem.floor,
        confidence=problem.confidence,
    )
    for k, (asset, leg) in enumerate(zip(coins, legs, strict=True)):
        if leg is not None:
            risk, weight = float(share.log_risk[k]), float(share.weight[k])
            raised = "" if risk <= leg.log_risk else ", raised to its class"
            found[asset.asset] = replace(
                leg, log_risk=risk, class_weight=weight, source=f"{leg.source}{raised}"
            )
    return found


def _liquidity(asset: AssetHistory, problem: CollateralProblem) -> AssetLiquidity | None:
    return asset.liquidity or problem.class_liquidity.get(asset.asset_class)


def _own_leg(asset: AssetHistory, problem: CollateralProblem) -> PriceLeg | None:
    bars = problem.bars(problem.sale.horizon_hours)
    try:
        falls = log_falls(asset.log_price, bars)
        fall, rise = (_tail(side, problem) for side in (falls, -falls))
        soon = log_falls(asset.log_price, problem.bars(problem.reaction_hours))
    except InsufficientDataError:
        return None
    reaction = -math.expm1(-max(0.0, float(np.quantile(soon, problem.reaction_confidence))))
    worst = -math.expm1(-max(0.0, float(falls.max())))
    value, source, peg = _fall_risk(asset, falls, fall, problem)
    return PriceLeg(
        log_risk=value,
        log_rise=rise.value if asset.log_rise is None else asset.log_rise,
        standard_error=fall.standard_error,
        reaction=reaction,
        worst=worst,
        source=source,
        peg=peg,
    )


def _tail(falls: np.ndarray, problem: CollateralProblem) -> TailEstimate:
    return tail_of_falls(
        falls, problem.confidence, bars_per_day=problem.bars_per_day, seed=problem.seed
    )


def _fall_risk(
    asset: AssetHistory, falls: np.ndarray, own: TailEstimate, problem: CollateralProblem
) -> tuple[float, str, PegRecord | None]:
    if asset.peg is None:
        given = asset.log_risk
        return (own.value, "history", None) if given is None else (given, "forecast", None)
    years = problem.peg_years.get(asset.peg, 0.0)
    record = peg_record(problem.incidents, asset.peg, years, problem.at_ns)
    tail = two_regime_tail(
        falls,
        record,
        horizon_hours=problem.sale.horizon_hours,
        confidence=problem.confidence,
    )
    calm = 0.0 if asset.log_risk is None else asset.log_risk
    return max(tail.shortfall, tail.quantile, calm), "two regimes", record


def _with_base(
    asset: AssetHistory, own: Mapping[str, PriceLeg | None], assets: Sequence[AssetHistory]
) -> PriceLeg | None:
    mine = own[asset.asset]
    if not asset.redeems_into:
        return mine
    base = {a.asset: a for a in assets}.get(asset.redeems_into)
    if base is None or base.redeems_into:
        raise UsageError(
            "must be one of the assets, and redeem into nothing itself",
            found=asset.redeems_into,
            field=f"{asset.asset}.redeems_into",
        )
    under = own[base.asset]
    if mine is None or under is None:
        return None
    return PriceLeg(
        log_risk=mine.log_risk + under.log_risk,
        log_rise=mine.log_rise + under.log_rise,
        standard_error=math.hypot(mine.standard_error, under.standard_error),
        reaction=1.0 - (1.0 - mine.reaction) * (1.0 - under.reaction),
        worst=mine.worst,
        source=f"{under.source} of {base.asset}, and {mine.source}",
        peg=mine.peg,
    )
