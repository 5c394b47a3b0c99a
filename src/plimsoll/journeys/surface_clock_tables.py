"""The variance clock of a run's chains as tables and as plain values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.surface import VarianceClock
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.estimators.vol_shocks.variance_clock import VarianceClockEstimate
from plimsoll.journeys.surface_clock import ClockEvidence, LeftOut

FloatArray = NDArray[np.float64]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DIGITS = 3


def rounded_weights(clock: VarianceClock) -> tuple[float, ...]:
    """Weights on three decimals that still have a mean of exactly one.

    >>> rounded_weights(VarianceClock(day_weights=(1.2, 1.0, 1.3, 1.0, 1.5, 0.25, 0.75)))
    (1.2, 1.0, 1.3, 1.0, 1.5, 0.25, 0.75)
    """
    scaled = np.array(clock.day_weights) * 10**_DIGITS
    low = np.floor(scaled)
    missing = round(7 * 10**_DIGITS - float(low.sum()))
    low[np.argsort(low - scaled, kind="stable")[:missing]] += 1.0
    return tuple(float(weight) / 10**_DIGITS for weight in low)


def clock_tables(evidence: ClockEvidence) -> tuple[Table, ...]:
    """Return weights and proof; no table where chains are too few to estimate any."""
    if evidence.estimate is None:
        return ()
    proof = () if evidence.left_out is None else (left_out_table(evidence.left_out),)
    return (clock_table(evidence.estimate), *proof)


def clock_table(estimate: VarianceClockEstimate) -> Table:
    """Weight and standard error by day, with the option that passes them back."""
    weights = rounded_weights(estimate.clock)
    rows: list[tuple[Cell, ...]] = [
        (day, weight, float(error))
        for day, weight, error in zip(WEEKDAYS, weights, estimate.standard_error, strict=True)
    ]
    return Table(
        name="variance_clock",
        title="Variance clock that these chains imply",
        columns=(
            Column(name="day", title="Day (UTC)"),
            _number("weight", "Weight", "", _DIGITS, "Variance of the day over the mean day's."),
            _number("standard_error", "s.e.", "", _DIGITS, "By blocks of seven surfaces."),
        ),
        rows=tuple(rows),
        notes=(
            f"Forward variance between near expiries: {estimate.intervals:,} intervals of "
            f"{estimate.surfaces:,} surfaces. To fit on this clock: --day-weights "
            f"{','.join(f'{weight:.{_DIGITS}f}' for weight in weights)}",
        ),
    )


def left_out_table(left_out: LeftOut) -> Table:
    """Errors on both clocks, side by side."""
    return Table(
        name="left_out_expiries",
        title="Volatility at the forward of a left-out expiry, from its neighbours",
        columns=(
            Column(name="time", title="Linear in"),
            Column(name="expiries", title="Left out", kind=ColumnKind.COUNT),
            _number("median", "Median error", "vol points", 2, "Absolute."),
            _number("rms", "RMS", "vol points", 2),
            _number("p95", "95 %", "vol points", 2, "Of the absolute error."),
            _number("bias", "Bias", "vol points", 2),
        ),
        rows=(
            _error_cells("calendar time", left_out.calendar),
            _error_cells("clock of the first half", left_out.clock),
        ),
        notes=(
            "Expiries at most two days from the one before and the one after; chains of the "
            "second half, weights estimated from the first half alone.",
        ),
    )


def clock_document(evidence: ClockEvidence) -> dict[str, Any]:
    """Return the estimate as plain values, or its reason."""
    if evidence.estimate is None:
        return {"day_weights": None, "reason": evidence.reason}
    found = evidence.estimate
    return {
        "day_weights": list(rounded_weights(found.clock)),
        "standard_error": [float(error) for error in found.standard_error],
        "surfaces": found.surfaces,
        "intervals": found.intervals,
        "explained": found.explained,
        "reason": None,
    }


def _error_cells(name: str, errors: FloatArray) -> tuple[Cell, ...]:
    points = 100.0 * errors
    return (
        name,
        int(points.size),
        float(np.median(np.abs(points))),
        float(np.sqrt(np.mean(points**2))),
        float(np.quantile(np.abs(points), 0.95)),
        float(np.mean(points)),
    )


def _number(name: str, title: str, unit: str, digits: int, about: str = "") -> Column:
    return Column(
        name=name, title=title, kind=ColumnKind.NUMBER, unit=unit, digits=digits, about=about
    )
