"""A listing as parts of a set, in the names that `calibrate` publishes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from plimsoll.calibration.listing.depth import ListingDepth
from plimsoll.calibration.listing.haircut import ListingHaircut
from plimsoll.calibration.listing.proof import LearntFactor
from plimsoll.calibration.listing.request import ListingRequest
from plimsoll.calibration.listing.size_limits import ListingTiers
from plimsoll.calibration.listing.young_risk import ListingRisk
from plimsoll.calibration.part import CalibratedPart
from plimsoll.calibration.publication import LARGEST_HOURS, RISK_STEP
from plimsoll.calibration.rounding import rate_up
from plimsoll.calibration.tiers import MarketLimits, limit_parameters, tier_parameters
from plimsoll.domain.canonical import significant
from plimsoll.domain.parameters import Origin, Parameter, Unit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListingFigures:
    """Everything that was worked out of a coin; the learnt factor is in the risk."""

    risk: ListingRisk
    learnt: LearntFactor
    depth: ListingDepth
    limits: MarketLimits
    tiers: ListingTiers
    haircut: ListingHaircut
    add_ons: CalibratedPart


def listing_parts(request: ListingRequest, figures: ListingFigures) -> tuple[CalibratedPart, ...]:
    """Return risk, tiers, limits, collateral and add-ons as parts of one set."""
    owner, risk = request.problem.owner, figures.risk
    origin = Origin.CALIBRATED if risk.modelled else Origin.CLASS_FLOOR
    tiers = tier_parameters(
        request.market,
        figures.tiers.fitted,
        reaction_risk=risk.reaction.binding,
        reaction_error=risk.reaction.binding_error,
        structure=request.problem.structure,
        owner=owner,
    )
    return (
        CalibratedPart(
            name="price risk",
            parameters=(*_risks(request, risk, origin), *_assumed(request, figures.depth)),
        ),
        CalibratedPart(
            name="tiers",
            parameters=tuple(
                replace(p, origin=origin) if p.origin is Origin.CALIBRATED else p for p in tiers
            ),
        ),
        CalibratedPart(
            name="limits", parameters=limit_parameters(request.market, figures.limits, owner=owner)
        ),
        figures.haircut.part,
        figures.add_ons,
    )


def _risks(request: ListingRequest, risk: ListingRisk, origin: Origin) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            market=request.market,
            name=name,
            value=rate_up(leg.binding, RISK_STEP),
            unit=Unit.FRACTION,
            lower=Decimal(0),
            upper=Decimal(1000),
            grid=RISK_STEP,
            owner=request.problem.owner,
            origin=origin,
            standard_error=significant(leg.binding_error),
        )
        for name, leg in (
            ("price_risk.maintenance", risk.maintenance),
            ("price_risk.reaction", risk.reaction),
        )
    )


def _assumed(request: ListingRequest, depth: ListingDepth) -> tuple[Parameter, ...]:
    """Cost of a small order, fee and horizons."""
    kind = request.risk_class
    small = np.full(1, request.rules.smallest_usd)
    cost, error = float(depth.cost(small)[0]), float(depth.cost_error(small)[0])
    measured = depth.reason is None
    rows = (
        ("liquidation_cost", rate_up(cost, Decimal("0.000001")), Unit.FRACTION, Decimal(1)),
        ("liquidation_fee", Decimal(str(kind.liquidation_fee)), Unit.FRACTION, Decimal(1)),
        (
            "maintenance_horizon",
            Decimal(kind.maintenance_horizon_hours),
            Unit.HOURS,
            LARGEST_HOURS,
        ),
        ("reaction_horizon", Decimal(kind.reaction_horizon_hours), Unit.HOURS, LARGEST_HOURS),
    )
    return tuple(
        Parameter(
            market=request.market,
            name=name,
            value=value,
            unit=unit,
            lower=Decimal(0),
            upper=upper,
            owner=request.problem.owner,
            origin=Origin.CALIBRATED if name == "liquidation_cost" and measured else Origin.VENUE,
            standard_error=significant(error) if name == "liquidation_cost" and measured else None,
        )
        for name, value, unit, upper in rows
    )
