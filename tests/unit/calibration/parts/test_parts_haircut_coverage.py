"""Walk-forward coverage of haircuts: target is the stated coverage; the unproven is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plimsoll.calibration.collateral.floor import FloorPolicy, FloorRule
from plimsoll.calibration.parts.haircut_coverage import (
    CoverageQuestion,
    HaircutForecast,
    haircut_coverage,
)
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.market import DAY_NS
from plimsoll.estimators.reference.panel import returns_panel
from synthetic_panel import history_of

DAYS = 500
FLOOR = FloorRule()


def _coverage(  # type: ignore[no-untyped-def]
    confidence: float, level: float, scale: float = 0.01, floor: FloorRule = FLOOR
):
    """Two independent coins of Gaussian days under a constant forecast of a share lost."""
    draw = np.random.default_rng(4).standard_normal((24 * DAYS, 2))
    history = history_of(np.exp(np.cumsum(scale * draw / np.sqrt(24.0), axis=0)))
    panel = returns_panel(history)
    shape = (len(panel.boundaries.bars), 2, 2)
    first = int(history.time_ns[0])
    question = CoverageQuestion(
        columns=tuple(history.markets), assets=("A", "B"), horizon_hours=24, floor_share=0.0,
        recorded=(0.0, 0.0), from_ns=first + 400 * DAY_NS, until_ns=first + 498 * DAY_NS,
        label="made up", confidence=confidence, floor=floor,
    )  # fmt: skip
    found = HaircutForecast(panel=panel, value_at_risk=np.full(shape, level))
    return haircut_coverage(history, found, question), question


def test_a_line_too_few_assets_can_prove_stays_in_table_and_limits() -> None:
    (tables, checks, limits), _ = _coverage(0.99, 0.0233)
    rows = {row["haircut"]: row for row in tables[0]}
    assert rows["before floor and step"]["verdict"] == Verdict.NOT_PROVEN.value
    assert [check.name for check in checks] == ["Haircuts of coins published: pooled breaches"]
    (text,) = limits
    assert "not proven" in text
    assert "0.85% to 1.15% demanded" in text


@pytest.mark.parametrize(
    ("confidence", "aims"), [(0.99, (0.01, 0.01)), (0.999, (0.001, 0.001)), (0.95, (0.01, 0.05))]
)
def test_the_target_is_the_stated_coverage(confidence: float, aims: tuple[float, float]) -> None:
    (tables, checks, _), question = _coverage(confidence, 0.0233)
    assert question.targets == pytest.approx(aims)
    high = float(checks[-1].demanded.split("to ")[1].rstrip("%")) / 100.0
    assert high == pytest.approx(1.15 * aims[1], abs=5.1e-5)  # two digits of a percent
    assert f"breaches of {100 * confidence:g} %" in tables[0].title


def test_more_than_the_forecast_takes_the_own_history_that_was_known() -> None:
    (plain, _, _), _ = _coverage(0.99, 0.005)
    (asked, _, _), _ = _coverage(0.999, 0.005)
    mean = [next(iter(t))["mean"] for t in (plain[0], asked[0])]
    assert mean[0] == pytest.approx(0.005)
    # Normal 99.9 % of a day's 1 %: 3.09 %; 400 days overlapping, independent ones barely see it.
    assert 0.02 < mean[1] < 0.045


def test_the_notes_say_that_todays_turnover_decides_where_it_does() -> None:
    (plain, _, _), _ = _coverage(0.99, 0.0233)
    (pooled, _, _), _ = _coverage(0.99, 0.0233, floor=FloorRule(policy=FloorPolicy.POOLED))
    said = ["turnover stated today" in " ".join(t[0].notes) for t in (plain, pooled)]
    assert said == [False, True]


def test_a_published_haircut_that_is_too_small_is_a_breach() -> None:
    (_, checks, _), question = _coverage(0.99, 0.001)
    assert checks[-1].verdict is Verdict.BREACH
    assert replace(question, confidence=0.9).targets == pytest.approx((0.01, 0.1))
