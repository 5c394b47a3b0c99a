"""The shared hourly closes of 2021 to 2025, read and checked once for all tests that ask."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from plimsoll.domain.market import MarketHistory, PriceKind
from plimsoll.estimators.reference.forecast import Forecaster, ForecastPaths, forecast
from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.journeys import compare as journey
from plimsoll.journeys.compare_result import ComparisonResult
from plimsoll.validation.comparison import compare as comparison
from worked_out_once import Once

HOURLY = "hourly/binance_spot_close_1h_2021_2025.parquet"
YARDSTICKS = {"hs_365_buffer", "ewma_t"}
"""In every comparison: they forecast once, on the same panel."""

Compared = tuple[MarketHistory, tuple[str, ...], tuple[str, ...]]


def hourly_history(folder: Path, once: Once) -> Compared:
    """History, the markets to compare on, and those left out."""
    return once(
        "hourly-history",
        lambda: journey.compared_history(folder / HOURLY, price_kind=PriceKind.SPOT_CLOSE),
    )


def compare_hourly(folder: Path, once: Once, methods: Iterable[str]) -> ComparisonResult:
    """`plimsoll.compare` of the methods on all markets, 2022-01-01 to 2025-06-12, 8 and 24 h."""
    found = hourly_history(folder, once)

    def kept(prices: object, **asked: object) -> Compared:
        return found

    def forecast_once(method: Forecaster, panel: ReturnsPanel, hours: int) -> ForecastPaths:
        if method.name not in YARDSTICKS:
            return forecast(method, panel, hours)
        return once(f"hourly-{method.name}-{hours}h", lambda: forecast(method, panel, hours))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journey, "compared_history", kept)
        patch.setattr(comparison, "forecast", forecast_once)
        return journey.compare(
            folder / HOURLY,
            methods=methods,
            since="2022-01-01",
            until="2025-06-12",
            price_kind=PriceKind.SPOT_CLOSE,
        )


@contextmanager
def log_blends_run_once() -> Iterator[None]:
    """Within the block a log blend forecasts once for the same panel, however often it is asked."""
    run, kept = LogBlend.paths, dict[Any, ForecastPaths]()
    told = list[tuple[ReturnsPanel, bytes]]()

    def digest(panel: ReturnsPanel) -> bytes:
        for known, found in told:
            if known is panel:
                return found
        told.append((panel, hashlib.sha256(pickle.dumps(panel)).digest()))
        return told[-1][1]

    def paths(self: LogBlend, panel: ReturnsPanel, horizon_hours: int) -> ForecastPaths:
        key = self, horizon_hours, digest(panel)
        if key not in kept:
            kept[key] = run(self, panel, horizon_hours)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LogBlend, "paths", paths)
        yield
