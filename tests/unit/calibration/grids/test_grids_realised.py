"""Realised breaches by family and by portfolio, on rows whose counts are known."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.calibration.grids.grid_backtest import LibraryBacktest
from plimsoll.calibration.grids.grid_calibration import CALIBRATED, PUBLISHED
from plimsoll.calibration.grids.grid_realised import (
    LEAST_DAYS,
    realised_check,
    realised_families,
    realised_worst,
)
from plimsoll.calibration.grids.portfolios import PortfolioFamily
from plimsoll.domain.evidence import Verdict

KINDS = (PortfolioFamily.STRADDLE, PortfolioFamily.BASIS)
HELD = (("short straddle", 0), ("long straddle", 0), *((f"basis {n}", 1) for n in range(8)))


def made(days: int, broken: int) -> LibraryBacktest:
    """Ten portfolios a day; only the short straddle breaks, on the first ``broken`` days."""
    day = np.repeat(np.arange(days), len(HELD))
    name = np.array([own for own, _ in HELD] * days)
    family = np.empty(day.size, dtype=np.object_)
    family[:] = [KINDS[at] for _, at in HELD] * days
    over = (name == "short straddle") & (day < broken)
    loss = np.where(over, 150.0, 50.0)
    margin = {PUBLISHED: np.full(day.size, 200.0), CALIBRATED: np.full(day.size, 100.0)}
    return LibraryBacktest(
        day=day,
        scope=np.full(day.size, "BTC"),
        family=family,
        name=name,
        loss=loss,
        margin=margin,
        rate={key: (loss > own).astype(np.float64) for key, own in margin.items()},
    )


def test_a_family_that_misses_is_named_though_the_library_holds() -> None:
    judged = made(100, 3)
    assert judged.breach(CALIBRATED, judged.known)[0] == pytest.approx(0.003)
    check = realised_check(judged, 0.01, "made days")
    assert check.verdict is Verdict.BREACH
    assert "straddle" in check.found
    assert "98.50 %" in check.found
    assert "short by 0.50 points" in check.found
    assert "basis" not in check.found


def test_no_breach_holds_and_few_days_prove_nothing() -> None:
    assert realised_check(made(LEAST_DAYS, 0), 0.01, "made days").verdict is Verdict.HOLDS
    few = realised_check(made(LEAST_DAYS - 1, 10), 0.01, "made days")
    assert few.verdict is Verdict.NOT_PROVEN
    assert "straddle" in few.found


def test_tables_count_days_and_errors_by_day() -> None:
    """One portfolio a day: its clustered error is that of independent draws."""
    judged = made(100, 20)
    table = realised_families(judged, 0.01, "made days", "made")
    assert table.column("days") == (20, 0)
    assert table.column("met") == (False, True)
    assert table.column("breach_rate")[0] == pytest.approx(0.1)
    assert table.column("standard_error")[0] == pytest.approx(0.5 * np.sqrt(0.2 * 0.8 / 100))
    worst = realised_worst(judged, "made days", "made", count=2)
    assert worst.column("portfolio")[0] == "short straddle"
    assert worst.column("broken")[0] == 20
    assert worst.column("published")[0] == 0
    assert worst.column("standard_error")[0] == pytest.approx(np.sqrt(0.2 * 0.8 / 100))
    assert worst.column("worst")[0] == pytest.approx(1.5)
    assert len(worst.rows) == 2
