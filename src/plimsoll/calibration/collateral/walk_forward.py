"""Haircuts as they would have stood: reviewed at dates, each from what was known before it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.collateral.pegged import (
    DepegEvent,
    PegKind,
    peg_record,
    two_regime_tail,
)
from plimsoll.calibration.collateral.size_slope import HAIRCUT_STEP
from plimsoll.errors import UsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

WINDOW_DAYS = 365
LEAST_DAYS = 30
HOURS_A_YEAR = 8760.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PeggedPrice:
    """Log of price over peg of one asset; NaN without a print.

    Parameters
    ----------
    asset : str
    kind : PegKind
    log_ratio : (T,) float64
    """

    asset: str
    kind: PegKind
    log_ratio: FloatArray


def watched_years(
    prices: Sequence[PeggedPrice], kind: PegKind, interval_hours: float
) -> FloatArray:
    """(T,) years that assets of a kind had been watched after each bar, all together."""
    seen = [np.cumsum(np.isfinite(p.log_ratio)) for p in prices if p.kind is kind]
    return np.asarray(np.sum(seen, axis=0) * (interval_hours / HOURS_A_YEAR))


def pegged_log_risk(
    price: PeggedPrice,
    available_ns: IntArray,
    review_ns: IntArray,
    events: Sequence[DepegEvent],
    years: FloatArray,
    *,
    horizon_bars: int,
    interval_hours: float,
    confidence: float = 0.99,
) -> FloatArray:
    """(R,) log risk at each review, of the two regimes as known by then; NaN without history.

    Parameters
    ----------
    available_ns : (T,) int64
        When each price was known.
    review_ns : (R,) int64
    events : sequence of DepegEvent
        Of all assets; those known later do not count.
    years : (T,) float64
        `watched_years` of the kind.
    """
    if available_ns.shape != price.log_ratio.shape or years.shape != price.log_ratio.shape:
        raise UsageError(
            "must be one time a price", found=(available_ns.shape, years.shape), field="years"
        )
    window = round(WINDOW_DAYS * 24 / interval_hours)
    least = round(LEAST_DAYS * 24 / interval_hours)
    falls = np.full(price.log_ratio.size, np.nan)
    falls[horizon_bars:] = price.log_ratio[:-horizon_bars] - price.log_ratio[horizon_bars:]
    out = np.full(review_ns.size, np.nan)
    for row, at_ns in enumerate(review_ns):
        known = int(np.searchsorted(available_ns, at_ns, side="right"))
        past = falls[max(0, known - window) : known]
        past = past[np.isfinite(past)]
        if past.size < least or not years[known - 1] > 0.0:
            continue
        record = peg_record(events, price.kind, float(years[known - 1]), int(at_ns))
        tail = two_regime_tail(
            past,
            record,
            horizon_hours=horizon_bars * interval_hours,
            confidence=confidence,
        )
        out[row] = max(tail.shortfall, tail.quantile)
    return out


def worst_known_loss(log_ratio: FloatArray, horizon_bars: int) -> FloatArray:
    """(T,) largest share lost over the horizon up to each bar; 0 before any."""
    lost = np.zeros(log_ratio.size)
    lost[horizon_bars:] = -np.expm1(log_ratio[horizon_bars:] - log_ratio[:-horizon_bars])
    return np.maximum.accumulate(np.maximum(np.nan_to_num(lost, nan=0.0), 0.0))


def published_path(haircut: FloatArray, floor: FloatArray | float) -> FloatArray:
    """Return haircuts raised to the floor and up to the published step."""
    raised = np.maximum(haircut, floor)
    step = float(HAIRCUT_STEP)
    # Twelve digits: what floats add beyond them is no part of the estimate.
    return np.asarray(np.ceil(np.round(raised / step, 9)) * step)


def incident_floor(
    events: Sequence[DepegEvent], kind: PegKind, at_ns: IntArray, share: float
) -> FloatArray:
    """(R,) share of the worst incident of a kind known at each instant; 0 before any."""
    out = np.zeros(at_ns.size)
    for event in events:
        if event.kind is kind:
            out = np.where(at_ns >= event.known_ns, np.maximum(out, share * event.loss), out)
    return out


def in_force(values: FloatArray, review_ns: IntArray, start_ns: IntArray) -> FloatArray:
    """(S,) value of the last review at or before each start; NaN before the first."""
    row = np.searchsorted(review_ns, start_ns, side="right") - 1
    return np.where(row >= 0, values[np.maximum(row, 0)], math.nan)
