"""Credit risk in the level: what an institution's margin must be that it may not pay beyond."""

from __future__ import annotations

from collections.abc import Mapping
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
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.part import CalibratedPart
from plimsoll.calibration.parts.class_losses import (
    LEAST_LOSSES,
    class_prices,
    pooled_by_day,
    pooled_losses,
)
from plimsoll.calibration.parts.multipliers import multiplier_parameter
from plimsoll.domain.market import HOUR_NS
from plimsoll.domain.table import Column, ColumnKind, Table

STEP = Decimal("0.01")


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
    for name, prices in class_prices(proof).items():
        horizon = proof.problem.classes[name].maintenance_horizon_hours
        losses = pooled_losses(prices, round(horizon / hours))
        if losses.size < LEAST_LOSSES:
            continue
        base = float(np.quantile(losses, settings.confidence))
        if not base > 0.0:
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
        parameters=tuple(
            multiplier_parameter(
                (f"counterparty:{who}", f"margin_multiplier.{name}"),
                m.multiplier,
                errors[who, name],
                STEP,
                settings.owner,
            )
            for (who, name), m in found.items()
        ),
        tables=(_credit_table(found, settings),),
        limits=("Probabilities of default are round figures by grade, not estimates.",),
    )


def _credit_table(
    found: Mapping[tuple[str, str], CounterpartyMargin], settings: CreditSettings
) -> Table:
    share = ColumnKind.FRACTION
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
        ),
        rows=tuple(
            (
                who,
                name,
                settings.counterparties[who].default_probability_annual,
                m.margin,
                m.multiplier,
                m.confidence,
            )
            for (who, name), m in found.items()
        ),
        notes=(
            settings.label,
            f"Expected loss of at most {settings.budget:.4%} of notional a margin period.",
        ),
    )
