"""What outages make of each class's level: holes that prices had together, and those stated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.add_ons.multiplier_errors import (
    drawn_day_counts,
    outage_multiplier_error,
)
from plimsoll.calibration.add_ons.outage import (
    ExtendedLevel,
    OutageRecord,
    common_outages,
    outage_extended_level,
)
from plimsoll.calibration.add_ons.outage_levels import OutageLevels
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.parts.class_losses import (
    LEAST_LOSSES,
    class_prices,
    pooled_by_day,
    pooled_losses,
)
from plimsoll.calibration.parts.market_moves import known_prices
from plimsoll.domain.market import HOUR_NS
from plimsoll.errors import InsufficientDataError

FloatArray = NDArray[np.float64]
LONGEST_HOURS = 72


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
    apply : bool
        Multiply the level of the set; else multipliers stand beside it.
    owner, label : str
    """

    outage_hours: tuple[float, ...] = ()
    watched_hours: float = 0.0
    stress: float = 1.0
    confidence: float = 0.99
    apply: bool = False
    owner: str = "risk"
    label: str = ""


def outage_levels(proof: Proof, settings: OperationsSettings) -> OutageLevels:
    """Return each class's level with and without outages, from prices known at the set's day."""
    _, price = known_prices(proof)
    hours = proof.history.interval_ns / HOUR_NS
    record = outage_record(price, hours, settings)
    found, errors, missing = {}, {}, {}
    for name, prices in class_prices(proof).items():
        horizon = proof.problem.classes[name].maintenance_horizon_hours
        try:
            found[name] = class_level(prices, record, horizon, hours, settings.confidence)
        except InsufficientDataError as error:
            missing[name] = str(error)
            continue
        errors[name] = _error(prices, record, found[name], horizon, hours, settings.confidence)
    return OutageLevels(
        found=found, errors=errors, missing=missing, record=record, applied=settings.apply
    )


def outage_record(price: FloatArray, hours: float, settings: OperationsSettings) -> OutageRecord:
    """Outages that (T, N) prices show together, and those that the venue states."""
    seen = common_outages(np.ascontiguousarray(price.T), interval_hours=hours)
    return OutageRecord(
        hours=(*(min(h, float(LONGEST_HOURS)) for h in seen), *settings.outage_hours),
        watched_hours=price.shape[0] * hours + settings.watched_hours,
        stress=settings.stress,
    )


def class_level(
    prices: FloatArray, record: OutageRecord, horizon: int, hours: float, confidence: float
) -> ExtendedLevel:
    """Return the level of one class's (T, n) log prices.

    Raises
    ------
    InsufficientDataError
        Where a span has fewer than `LEAST_LOSSES` losses.
    """
    losses = pooled_losses(prices, round(horizon / hours))
    extended: Mapping[float, FloatArray] = {
        h: pooled_losses(prices, max(1, round((horizon + h) / hours)))
        for h in dict.fromkeys(record.hours)
    }
    fewest = min(one.size for one in (losses, *extended.values()))
    if fewest < LEAST_LOSSES:
        raise InsufficientDataError(
            f"must have {LEAST_LOSSES} losses", found=fewest, field="prices of the class"
        )
    return outage_extended_level(
        losses,
        [extended[h] for h in record.hours],
        record,
        horizon_hours=float(horizon),
        confidence=confidence,
    )


def _error(
    prices: FloatArray,
    record: OutageRecord,
    level: ExtendedLevel,
    horizon: int,
    hours: float,
    confidence: float,
) -> float:
    if not record.hours:
        return 0.0
    lasting = tuple(dict.fromkeys(record.hours))
    each = level.probability / len(record.hours)
    shares = [1.0 - level.probability, *(each * record.hours.count(h) for h in lasting)]
    bars = [horizon / hours, *((horizon + h) / hours for h in lasting)]
    samples = [pooled_by_day(prices, max(1, round(one)), hours, confidence) for one in bars]
    drawn = drawn_day_counts(samples[0].count.size)
    return outage_multiplier_error(samples, shares, confidence, drawn)
