"""From histories, depth and rules to the collateral parameters of a venue."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.collateral.admission import Admission, AdmissionLine, admission
from plimsoll.calibration.collateral.assets import (
    AssetHaircut,
    AssetHistory,
    CollateralProblem,
    PriceLeg,
)
from plimsoll.calibration.collateral.haircut import haircut_of, log_falls
from plimsoll.calibration.collateral.liquidation_cost import (
    AssetLiquidity,
    Caps,
    caps_of,
    sale_cost,
)
from plimsoll.calibration.collateral.pegged import PegKind
from plimsoll.calibration.collateral.price_legs import price_legs
from plimsoll.calibration.collateral.size_slope import HAIRCUT_STEP, fit_size_slope
from plimsoll.domain.finding import Reason
from plimsoll.margin.collateral.parameters import CollateralParameters, bridge_haircut

FloatArray = NDArray[np.float64]

SIZES = 24
_SMALLEST_USD = 1_000.0
_LARGEST_LIABILITY = Decimal(3)


def calibrate_collateral(
    assets: Sequence[AssetHistory], problem: CollateralProblem
) -> tuple[AssetHaircut, ...]:
    """Return the haircut of every asset, in their order.

    An asset without enough history bears the largest haircut of its class, and the reason; where
    its class has none either it is not admitted. Nothing depends on the order of the assets, nor
    on the unit of their prices.

    Raises
    ------
    ParameterError, UsageError, InsufficientDataError
    """
    legs = price_legs(assets, problem)
    worst = worst_class_losses(assets, legs, problem)
    share = {a.asset: problem.floor_share * worst[a.asset_class] for a in assets}
    held = {name: _in_force(legs[name], whole) for name, whole in share.items()}
    own = [
        _haircut(asset, leg, Floors(_floor(asset, held), _floor(asset, share)), problem)
        if (leg := legs[asset.asset]) is not None
        else None
        for asset in assets
    ]
    made = [one for one in own if one is not None]
    return tuple(
        one if one is not None else _of_class(asset, made, problem)
        for asset, one in zip(assets, own, strict=True)
    )


def worst_class_losses(
    assets: Sequence[AssetHistory],
    legs: Mapping[str, PriceLeg | None],
    problem: CollateralProblem,
) -> dict[str, float]:
    """Return the worst share lost over a sale in each class: own histories, and what is on record.

    An incident counts for its own asset's class where that is among the assets, else for every
    class of its kind of peg.
    """
    found = {a.asset_class: problem.class_worst_loss.get(a.asset_class, 0.0) for a in assets}
    for asset in assets:
        leg = legs[asset.asset]
        if leg is not None:
            found[asset.asset_class] = max(found[asset.asset_class], leg.worst)
        for event in problem.incidents:
            if event.kind is asset.peg and event.known_ns <= problem.at_ns:
                found[asset.asset_class] = max(found[asset.asset_class], event.loss)
    return found


class Floors(NamedTuple):
    """Floor in force for an asset, and its class's in full."""

    own: float
    of_class: float


def _in_force(leg: PriceLeg | None, whole: float) -> float:
    """What of the class's floor holds for an asset; all of it where nothing is known."""
    return whole if leg is None else leg.class_weight * whole


def _floor(asset: AssetHistory, base_floor: Mapping[str, float]) -> float:
    """A staked or wrapped coin bears its coin's floor too."""
    own = base_floor[asset.asset]
    under = base_floor[asset.redeems_into] if asset.redeems_into else 0.0
    return max(own, under)


def _admission(asset: AssetHistory, problem: CollateralProblem, haircut: float) -> Admission:
    """Every rule, with the worst fall over a day that its prices ever saw."""
    falls = log_falls(asset.log_price, problem.bars(24.0))
    worst = float(-np.expm1(-falls.max(initial=0.0)))
    return admission(asset.asset, asset.facts, problem.admission, haircut=haircut, daily_fall=worst)


def _haircut(
    asset: AssetHistory, leg: PriceLeg, floors: Floors, problem: CollateralProblem
) -> AssetHaircut:
    floor = floors.own
    liquidity = asset.liquidity or problem.class_liquidity.get(asset.asset_class)
    if liquidity is None:
        return _refused(asset, "turnover", "unknown, and no class default", leg, floors.of_class)
    caps = caps_of(liquidity, problem.sale)
    top = max(float(caps.account_usd), 2.0 * _SMALLEST_USD)
    sizes = np.geomspace(_SMALLEST_USD, top, SIZES)
    cost = sale_cost(sizes, liquidity, problem.sale)
    raw = haircut_of(leg.log_risk, cost, asset.exchange_log_risk)
    curve = np.maximum(raw, floor)
    known = _admission(asset, problem, float(curve[0]))
    return AssetHaircut(
        asset=asset.asset,
        asset_class=asset.asset_class,
        parameters=_parameters(asset, leg, sizes, curve, caps, liquidity, problem)
        if known.admitted
        else None,
        admission=known,
        reason=None,
        size_usd=sizes,
        haircut=curve,
        price=leg,
        floor=floor,
        class_floor=floors.of_class,
        standard_error=(1.0 - float(raw[0])) * leg.standard_error,
    )


def _parameters(
    asset: AssetHistory,
    leg: PriceLeg,
    sizes: FloatArray,
    curve: FloatArray,
    caps: Caps,
    liquidity: AssetLiquidity,
    problem: CollateralProblem,
) -> CollateralParameters:
    fitted = fit_size_slope(sizes, curve)
    cost = float(sale_cost(sizes[:1], liquidity, problem.sale)[0])
    return CollateralParameters(
        haircut=fitted.haircut,
        chain_haircut=_chain(asset, problem),
        slope_per_million=fitted.slope_per_million,
        free_usd=fitted.free_usd,
        largest_haircut=Decimal(1),
        initial_extra=_up(leg.reaction),
        account_cap_usd=caps.account_usd,
        venue_cap_usd=caps.venue_usd,
        redemption_discount=_discount(asset, leg),
        lowest_peg=_lowest_peg(leg),
        liability_weight=min(_up(math.exp(leg.log_rise + cost)), _LARGEST_LIABILITY),
    )


def _chain(asset: AssetHistory, problem: CollateralProblem) -> Decimal:
    if asset.bridge is None:
        return Decimal(0)
    return _up(
        bridge_haircut(
            hazard_annual=asset.bridge.hazard_annual,
            loss_given_failure=asset.bridge.loss_given_failure,
            horizon_hours=problem.sale.horizon_hours,
        )
    )


def _discount(asset: AssetHistory, leg: PriceLeg) -> Decimal:
    """What redemption may cost: a staked coin's delay, else a thousandth."""
    delayed = asset.peg is PegKind.STAKED and leg.peg is not None
    return _up(-math.expm1(-leg.reaction)) if delayed else HAIRCUT_STEP


def _lowest_peg(leg: PriceLeg) -> Decimal:
    """Below the deepest break of its class nothing is known of what comes: nothing counts."""
    if leg.peg is None:
        return Decimal(0)
    deepest = max(leg.peg.losses)
    return (Decimal(f"{1.0 - deepest:.12f}") / HAIRCUT_STEP).to_integral_value(
        ROUND_FLOOR
    ) * HAIRCUT_STEP


def _of_class(
    asset: AssetHistory, made: Sequence[AssetHaircut], problem: CollateralProblem
) -> AssetHaircut:
    """The largest of the class in every figure that protects, with the reason."""
    donors = [d for d in made if d.asset_class == asset.asset_class and d.parameters is not None]
    if not donors:
        return _refused(asset, "history", "too short, and no class default", None, 0.0)
    donor = max(donors, key=lambda d: (float(d.haircut[-1]), d.asset))
    assert donor.parameters is not None
    each = [d.parameters for d in donors if d.parameters is not None]
    # Nothing is known of it, so that the class's floor holds in full.
    floor = max(d.class_floor for d in donors)
    worst = replace(
        donor.parameters,
        haircut=max(_up(floor), *(p.haircut for p in each)),
        chain_haircut=max(_chain(asset, problem), *(p.chain_haircut for p in each)),
        slope_per_million=max(p.slope_per_million for p in each),
        free_usd=min(p.free_usd for p in each),
        initial_extra=max(p.initial_extra for p in each),
        account_cap_usd=min(p.account_cap_usd for p in each),
        venue_cap_usd=min(p.venue_cap_usd for p in each),
        lowest_peg=max(p.lowest_peg for p in each),
        liability_weight=max(p.liability_weight for p in each),
    )
    known = _admission(asset, problem, float(worst.haircut))
    return AssetHaircut(
        asset=asset.asset,
        asset_class=asset.asset_class,
        parameters=worst if known.admitted else None,
        admission=known,
        reason=Reason.TOO_SHORT_HISTORY,
        size_usd=donor.size_usd,
        haircut=np.maximum(donor.haircut, floor),
        price=None,
        floor=floor,
        class_floor=floor,
        standard_error=float("nan"),
    )


def _refused(
    asset: AssetHistory, rule: str, found: str, leg: PriceLeg | None, floor: float
) -> AssetHaircut:
    line = AdmissionLine(rule=rule, passed=False, demanded="a number", found=found)
    return AssetHaircut(
        asset=asset.asset,
        asset_class=asset.asset_class,
        parameters=None,
        admission=Admission(asset=asset.asset, lines=(line,)),
        reason=Reason.NO_DATA,
        size_usd=np.empty(0),
        haircut=np.empty(0),
        price=leg,
        floor=floor,
        class_floor=floor,
        standard_error=float("nan"),
    )


def _up(value: float) -> Decimal:
    exact = Decimal(f"{value:.12f}")
    return (exact / HAIRCUT_STEP).to_integral_value(ROUND_CEILING) * HAIRCUT_STEP
