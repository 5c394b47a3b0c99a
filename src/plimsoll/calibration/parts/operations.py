"""Operational and credit risk in the level: outages lengthen close-outs, owners may not pay."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.add_ons.counterparty import (
    Counterparty,
    CounterpartyMargin,
    counterparty_margin,
)
from plimsoll.calibration.add_ons.multiplier_errors import (
    DatedLosses,
    counterparty_multiplier_error,
    dated_losses,
    drawn_day_counts,
    outage_multiplier_error,
)
from plimsoll.calibration.add_ons.outage import (
    ExtendedLevel,
    OutageRecord,
    common_outages,
    losses_over,
    outage_extended_level,
)
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.part import CalibratedPart
from plimsoll.calibration.parts.market_moves import known_prices
from plimsoll.calibration.rounding import rate_up
from plimsoll.domain.finding import Reason
from plimsoll.domain.market import HOUR_NS
from plimsoll.domain.parameters import Origin, Parameter, Unit
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.errors import InsufficientDataError

FloatArray = NDArray[np.float64]
STEP = Decimal("0.01")
LARGEST = Decimal(100)
LONGEST_HOURS = 72
DAYS = 730
LEAST_LOSSES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsSettings:
    """What the venue states.

    Parameters
    ----------
    outage_hours : tuple of float
        Outages beside those that the prices show, over ``watched_hours`` more.
    watched_hours : float
    stress : float
        Times their frequency when liquidations happen.
    confidence : float
    owner, label : str
    """

    outage_hours: tuple[float, ...] = ()
    watched_hours: float = 0.0
    stress: float = 1.0
    confidence: float = 0.99
    owner: str = "risk"
    label: str = ""


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


def class_prices(proof: Proof) -> dict[str, FloatArray]:
    """(T, n) log prices of the last two years of each class's markets."""
    available, price = known_prices(proof)
    names = np.array([proof.class_of[m] for m in proof.history.markets])
    bars = DAYS * 24 * HOUR_NS // proof.history.interval_ns
    first = max(0, available.size - bars)
    return {name: price[first:, names == name] for name in proof.problem.classes}


def operations_part(proof: Proof, settings: OperationsSettings) -> CalibratedPart:
    """Return each class's multiplier of the level for outages."""
    _, price = known_prices(proof)
    hours = proof.history.interval_ns / HOUR_NS
    seen = common_outages(np.ascontiguousarray(price.T), interval_hours=hours)
    record = OutageRecord(
        hours=(*(min(h, float(LONGEST_HOURS)) for h in seen), *settings.outage_hours),
        watched_hours=price.shape[0] * hours + settings.watched_hours,
        stress=settings.stress,
    )
    found, errors, missing = {}, {}, []
    for name, prices in class_prices(proof).items():
        try:
            found[name], errors[name] = _level(
                proof, name, prices, record, hours, settings.confidence
            )
        except InsufficientDataError as error:
            missing.append((name, str(error)))
    parameters = tuple(
        _multiplier(f"class:{name}", "outage_multiplier", level.ratio, errors[name], settings.owner)
        for name, level in found.items()
    )
    return CalibratedPart(
        name="operations",
        parameters=parameters,
        tables=(_outage_table(found, record, missing, settings.label),),
        limits=(
            "Multipliers of the level stand beside the margins of the set, which hold without "
            "them: a venue that adopts them multiplies its price risk.",
        ),
    )


def _level(
    proof: Proof,
    name: str,
    prices: FloatArray,
    record: OutageRecord,
    hours: float,
    confidence: float,
) -> tuple[ExtendedLevel, float]:
    horizon = proof.problem.classes[name].maintenance_horizon_hours
    losses = _pooled(prices, round(horizon / hours))
    lasting = dict.fromkeys(record.hours)
    extended = {h: _pooled(prices, max(1, round((horizon + h) / hours))) for h in lasting}
    if losses.size < LEAST_LOSSES or any(one.size < LEAST_LOSSES for one in extended.values()):
        raise InsufficientDataError(
            f"must have {LEAST_LOSSES} losses", found=int(losses.size), field=name
        )
    level = outage_extended_level(
        losses,
        [extended[h] for h in record.hours],
        record,
        horizon_hours=float(horizon),
        confidence=confidence,
    )
    if not record.hours:
        return level, 0.0
    each = level.probability / len(record.hours)
    shares = [1.0 - level.probability, *(each * record.hours.count(h) for h in lasting)]
    bars = [horizon / hours, *((horizon + h) / hours for h in lasting)]
    samples = [_dated(prices, max(1, round(one)), hours, confidence) for one in bars]
    return level, outage_multiplier_error(
        samples, shares, confidence, drawn_day_counts(samples[0].count.size)
    )


def _dated(prices: FloatArray, bars: int, hours: float, confidence: float) -> DatedLosses:
    """The losses of `_pooled`, each with the day on which it began."""
    per_day = round(24.0 / hours)
    days = -(-prices.shape[0] // per_day)
    start = np.arange(0, max(0, prices.shape[0] - bars), 2) // per_day
    losses = [losses_over(column, bars, side)[::2] for column in prices.T for side in (0, 1)]
    loss, day = np.concatenate(losses), np.tile(start, len(losses))
    known = np.isfinite(loss)
    return dated_losses(loss[known], day[known], days, confidence)


def _pooled(prices: FloatArray, bars: int) -> FloatArray:
    """Losses of longs and shorts of all markets of a class, those without a number left out."""
    found = np.concatenate(
        [
            np.empty(0),
            *(
                losses_over(column, max(1, bars), side)[::2]
                for column in prices.T
                for side in (0, 1)
                if column.size > bars
            ),
        ]
    )
    return np.asarray(found[np.isfinite(found)])


def _multiplier(market: str, name: str, ratio: float, error: float, owner: str) -> Parameter:
    capped = min(max(rate_up(ratio, STEP), Decimal(1)), LARGEST)
    return Parameter(
        market=market,
        name=name,
        value=capped,
        unit=Unit.FRACTION,
        lower=Decimal(1),
        upper=LARGEST,
        grid=STEP,
        standard_error=Decimal(f"{error:.6f}") if math.isfinite(error) else None,
        owner=owner,
        origin=Origin.BOUND if capped == LARGEST else Origin.CALIBRATED,
    )


def _outage_table(
    found: Mapping[str, ExtendedLevel],
    record: OutageRecord,
    missing: Sequence[tuple[str, str]],
    label: str,
) -> Table:
    share = ColumnKind.FRACTION
    longest = max(record.hours, default=0.0)
    return Table(
        name="outage_levels",
        title="Level of price risk with outages of the venue",
        columns=(
            Column(name="class", title="Class"),
            Column(name="without", title="Without", kind=share),
            Column(name="with", title="With", kind=share),
            Column(name="multiplier", title="Multiplier", kind=ColumnKind.NUMBER, digits=3),
            Column(name="chance", title="Chance of one", kind=share, digits=3),
            Column(name="reason", title="No number because"),
        ),
        rows=(
            *((n, f.without, f.level, f.ratio, f.probability, "") for n, f in found.items()),
            *(
                (n, None, None, None, None, f"{Reason.TOO_SHORT_HISTORY.value}: {why}")
                for n, why in missing
            ),
        ),
        notes=(
            label,
            f"{len(record.hours)} outages of up to {longest:g} h in {record.watched_hours:,.0f} h "
            f"(holes that most prices had together, and those stated), {record.stress:g} times as "
            "frequent when liquidations happen.",
        ),
    )


def credit_part(proof: Proof, settings: CreditSettings) -> CalibratedPart:
    """Return each institution's multiplier of the level, class by class."""
    hours = proof.history.interval_ns / HOUR_NS
    found: dict[tuple[str, str], CounterpartyMargin] = {}
    errors: dict[tuple[str, str], float] = {}
    for name, prices in class_prices(proof).items():
        horizon = proof.problem.classes[name].maintenance_horizon_hours
        losses = _pooled(prices, round(horizon / hours))
        if losses.size < LEAST_LOSSES:
            continue
        base = float(np.quantile(losses, settings.confidence))
        if not base > 0.0:
            continue
        dated = _dated(prices, max(1, round(horizon / hours)), hours, settings.confidence)
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
            _multiplier(f"counterparty:{who}", f"margin_multiplier.{name}", m.multiplier,
                        errors[who, name], settings.owner)
            for (who, name), m in found.items()
        ),
        tables=(_credit_table(found, settings),),
        limits=("Probabilities of default are round figures by grade, not estimates.",),
    )  # fmt: skip


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
