"""Forecasters made of others: buffer, long floor, stress weight (EMIR RTS 153/2013, Article 28).

A tool raises or lowers the value-at-risk; the expected shortfall keeps its ratio to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError
from plimsoll.estimators.reference.filtered import FilteredSimulation
from plimsoll.estimators.reference.forecast import Forecaster, ForecastPaths
from plimsoll.estimators.reference.historical import HistoricalSimulation
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.maths.trailing_median import trailing_median_table

FloatArray = NDArray[np.float64]

REFERENCE_DAYS = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffered:
    """``min((1 + b) m, max(m, (1 + b) median of m over 250 days))``: a buffer used in stress."""

    name: str = "hs_365_buffer"
    inner: Forecaster = field(default_factory=HistoricalSimulation)
    buffer: float = 0.25

    def __post_init__(self) -> None:
        if not self.buffer >= 0.0:
            raise ParameterError("must not be negative", found=self.buffer, field="buffer")

    @property
    def title(self) -> str:
        """One line."""
        return f"{self.inner.title}; with {self.buffer:.0%} buffer"

    def paths(self, panel: ReturnsPanel, horizon_hours: int) -> ForecastPaths:
        """Forecast at every boundary."""
        found = self.inner.paths(panel, horizon_hours)
        margin = np.where(panel.listed[:, :, None], found.value_at_risk, np.nan)
        rows = REFERENCE_DAYS * panel.boundaries_per_day
        reference = trailing_median(margin, rows)
        raised = (1.0 + self.buffer) * margin
        return with_margin(
            found, np.minimum(raised, np.maximum(margin, (1.0 + self.buffer) * reference))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Floored:
    """The greater of a forecast and a long historical simulation."""

    name: str = "fhs_97_floor_3y"
    inner: Forecaster = field(default_factory=FilteredSimulation)
    floor: Forecaster = field(
        default_factory=lambda: HistoricalSimulation(name="hs_3y", window_days=1095)
    )

    @property
    def title(self) -> str:
        """One line."""
        return f"{self.inner.title}; not below {self.floor.title}"

    def paths(self, panel: ReturnsPanel, horizon_hours: int) -> ForecastPaths:
        """Forecast at every boundary: the margin and shortfall of whichever is greater."""
        now = self.inner.paths(panel, horizon_hours)
        floor = self.floor.paths(panel, horizon_hours)
        return ForecastPaths(
            time_ns=now.time_ns,
            value_at_risk=np.maximum(now.value_at_risk, floor.value_at_risk),
            expected_shortfall=np.maximum(now.expected_shortfall, floor.expected_shortfall),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StressWeighted:
    """``(1 - w) m + w m_stress``; the stress is the worst 90 days of each market's past."""

    name: str = "fhs_97_stress"
    inner: Forecaster = field(default_factory=FilteredSimulation)
    weight: float = 0.25
    stress_days: int = 90

    def __post_init__(self) -> None:
        if not 0.0 <= self.weight <= 1.0:
            raise ParameterError("must lie in [0, 1]", found=self.weight, field="weight")

    @property
    def title(self) -> str:
        """One line."""
        return f"{self.inner.title}; {self.weight:.0%} worst past {self.stress_days} d"

    def paths(self, panel: ReturnsPanel, horizon_hours: int) -> ForecastPaths:
        """Forecast at every boundary."""
        now = self.inner.paths(panel, horizon_hours)
        window = HistoricalSimulation(
            name="stress", window_days=self.stress_days, least_days=self.stress_days - 5
        )
        found = window.paths(panel, horizon_hours)
        at_risk = np.fmax.accumulate(found.value_at_risk, axis=0)
        shortfall = np.fmax.accumulate(found.expected_shortfall, axis=0)
        w = self.weight
        return ForecastPaths(
            time_ns=now.time_ns,
            value_at_risk=(1.0 - w) * now.value_at_risk + w * at_risk,
            expected_shortfall=(1.0 - w) * now.expected_shortfall + w * shortfall,
        )


def with_margin(found: ForecastPaths, margin: FloatArray) -> ForecastPaths:
    """Return forecasts with another value-at-risk, the shortfall in the same ratio to it."""
    ratio = np.full(margin.shape, np.nan)
    np.divide(margin, found.value_at_risk, out=ratio, where=found.value_at_risk > 0.0)
    return ForecastPaths(
        time_ns=found.time_ns,
        value_at_risk=margin,
        expected_shortfall=found.expected_shortfall * ratio,
    )


def trailing_median(margin: FloatArray, rows: int) -> FloatArray:
    """(D, N, 2) medians of the last ``rows`` boundaries, the present one included."""
    flat = np.ascontiguousarray(margin.reshape(margin.shape[0], -1).T)
    medians: FloatArray = trailing_median_table(flat, rows)
    return medians.T.reshape(margin.shape)
