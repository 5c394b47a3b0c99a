"""Credit risk in the level: what an institution's margin must be that it may not pay beyond."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from plimsoll.calibration.add_ons.counterparty import (
    Counterparty,
    CounterpartyMargin,
    counterparty_margin,
)
from plimsoll.calibration.add_ons.multiplier_errors import (
    counterparty_multiplier_error,
    drawn_day_counts,
)
from plimsoll.calibration.add_ons.outage_levels import LARGEST, published_multiplier
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.part import CalibratedPart
from plimsoll.calibration.parts.class_losses import (
    LEAST_LOSSES,
    class_prices,
    pooled_by_day,
    pooled_losses,
)
from plimsoll.calibration.parts.multipliers import multiplier_parameter
from plimsoll.calibration.rounding import rate_up
from plimsoll.domain.finding import Reason
from plimsoll.domain.market import HOUR_NS
from plimsoll.domain.parameters import Origin, Parameter, Unit
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.margin.add_ons.counterparty import RATE_PREFIX

STEP = Decimal("0.01")
RATE_STEP = Decimal("0.0001")
Place = tuple[str, str]
"""Institution and class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditSettings:
    """Institutions whose default a level must bear.

    Parameters
    ----------
    counterparties : mapping of str to Counterparty
    budget : float
        Expected loss per dollar of notional and margin period.
    confidence : float
    owner, label : str
    """

    counterparties: Mapping[str, Counterparty]
    budget: float
    confidence: float = 0.99
    owner: str = "risk"
    label: str = ""


def credit_part(proof: Proof, settings: CreditSettings) -> CalibratedPart:
    """Return each institution's multiplier of the level, class by class."""
    hours = proof.history.interval_ns / HOUR_NS
    found: dict[tuple[str, str], CounterpartyMargin] = {}
    errors: dict[tuple[str, str], float] = {}
    missing: dict[str, str] = {}
    for name, prices in class_prices(proof).items():
        horizon = proof.problem.classes[name].maintenance_horizon_hours
        losses = pooled_losses(prices, round(horizon / hours))
        if losses.size < LEAST_LOSSES:
            missing[name] = (
                f"{Reason.TOO_SHORT_HISTORY.value}: must have {LEAST_LOSSES} losses, "
                f"found {losses.size}"
            )
            continue
        base = float(np.quantile(losses, settings.confidence))
        if not base > 0.0:
            missing[name] = f"{Reason.CONSTANT_PRICE.value}: no loss at {settings.confidence:g}"
            continue
        dated = pooled_by_day(prices, max(1, round(horizon / hours)), hours, settings.confidence)
        drawn = drawn_day_counts(dated.count.size)
        for who, institution in settings.counterparties.items():
            errors[who, name] = counterparty_multiplier_error(
                dated, institution.severity, settings.budget, settings.confidence, drawn
            )
            found[who, name] = counterparty_margin(
                losses, institution, base_margin=base, budget=settings.budget
            )
    return CalibratedPart(
        name="counterparties",
        parameters=(
            *_multipliers(found, errors, settings),
            *_rates(proof, found, errors, settings),
        ),
        tables=(_credit_table(found, missing, settings),),
        limits=(
            "Probabilities of default are round figures by grade, not estimates.",
            "Rates of institutions are of the set's price risk, on top of the tiers: an account "
            "of an institution's name bears them (CounterpartyAddOn); dated futures have none.",
        ),
    )


def _multipliers(
    found: Mapping[Place, CounterpartyMargin],
    errors: Mapping[Place, float],
    settings: CreditSettings,
) -> Iterator[Parameter]:
    for (who, name), margin in found.items():
        yield multiplier_parameter(
            (f"counterparty:{who}", f"margin_multiplier.{name}"),
            margin.multiplier,
            errors[who, name],
            STEP,
            settings.owner,
        )


def _rates(
    proof: Proof,
    found: Mapping[Place, CounterpartyMargin],
    errors: Mapping[Place, float],
    settings: CreditSettings,
) -> Iterator[Parameter]:
    """Yield what each institution's positions bear on top, market by market.

    The price risk of the set times the multiplier as published, less one; the error is that of the
    product of two figures taken as independent.
    """
    for (who, name), margin in found.items():
        added = published_multiplier(margin.multiplier, STEP) - 1
        for solution in proof.solutions:
            if solution.spec.risk_class != name or solution.tiers is None:
                continue
            noise = math.hypot(
                float(added) * solution.price_risk_error, solution.price_risk * errors[who, name]
            )
            yield Parameter(
                market=solution.spec.symbol,
                name=f"{RATE_PREFIX}{who}",
                value=rate_up(float(added) * solution.price_risk, RATE_STEP),
                unit=Unit.FRACTION,
                lower=Decimal(0),
                upper=LARGEST,
                grid=RATE_STEP,
                standard_error=Decimal(f"{noise:.6f}") if math.isfinite(noise) else None,
                owner=settings.owner,
                origin=Origin.CALIBRATED,
            )


def _credit_table(
    found: Mapping[Place, CounterpartyMargin],
    missing: Mapping[str, str],
    settings: CreditSettings,
) -> Table:
    share = ColumnKind.FRACTION
    institutions = settings.counterparties
    rows: list[tuple[Cell, ...]] = [
        (
            who,
            name,
            institutions[who].default_probability_annual,
            m.margin,
            m.multiplier,
            m.confidence,
            "",
        )
        for (who, name), m in found.items()
    ]
    rows += [
        (who, name, one.default_probability_annual, None, None, None, why)
        for name, why in missing.items()
        for who, one in institutions.items()
    ]
    return Table(
        name="counterparty_levels",
        title="Level of price risk by institution",
        columns=(
            Column(name="who", title="Institution"),
            Column(name="class", title="Class"),
            Column(name="default", title="Default a year", kind=share),
            Column(name="margin", title="Price risk", kind=share),
            Column(name="multiplier", title="Multiplier", kind=ColumnKind.NUMBER),
            Column(name="level", title="Quantile", kind=share, digits=3),
            Column(name="reason", title="No number because"),
        ),
        rows=tuple(rows),
        notes=(
            settings.label,
            f"Expected loss of at most {settings.budget:.4%} of notional a margin period.",
        ),
    )
