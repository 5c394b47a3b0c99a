"""What must hold is a check and turns the verdict; what was hoped for is a table and turns none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from plimsoll.domain.evidence import Verdict
from plimsoll.journeys.backtest_frontier_checks import frontier_checks, stretch_table
from plimsoll.journeys.backtest_frontier_run import HORIZONS_HOURS, FrontierRun


def figures(cost: float, peak_to_trough: float) -> Any:
    half = SimpleNamespace(lived=cost, equal=cost)
    rate = SimpleNamespace(rate=0.005, standard_error=0.0005)
    few = SimpleNamespace(lived=1, equal=1, yardstick=2)
    return SimpleNamespace(
        halves=(half, half),
        even=half,
        odd=half,
        total=half,
        rate=rate,
        yardstick_rate=rate,
        movement=SimpleNamespace(peak_to_trough=peak_to_trough),
        crises={"2022-05": few},
        crisis_total=lambda: few,
    )


def run(buffer_cost: float) -> FrontierRun:
    """Every must is held; the first stretch line hangs on the cost of one point."""
    points = {
        "calm": figures(0.94, 1.4),
        "moderate": figures(0.90, 1.75),
        "as calm as the buffer": figures(buffer_cost, 1.6),
        "crisis": figures(0.96, 2.0),
    }
    both = {name: (one,) * len(HORIZONS_HOURS) for name, one in points.items()}
    baselines = {"B": (figures(1.0, 1.6),) * len(HORIZONS_HOURS)}
    return cast(FrontierRun, SimpleNamespace(points=both, baselines=baselines))


def test_a_missed_stretch_line_is_told_and_turns_no_verdict() -> None:
    missed = run(0.93)
    assert {check.verdict for check in frontier_checks(missed)} == {Verdict.HOLDS}
    assert not [check for check in frontier_checks(missed) if "stretch" in check.name]
    table = stretch_table(missed)
    assert table.title == "Stretch"
    # 0.90 at PT 1.75 misses 0.87 as well.
    assert [row["reached"] for row in table] == ["no"] * 4
    assert [row["reached"] for row in stretch_table(run(0.91))] == ["yes", "yes", "no", "no"]


def test_a_missed_must_is_a_breach() -> None:
    spoiled = run(0.91)
    cast(Any, spoiled.points)["calm"] = (figures(0.96, 1.4),) * len(HORIZONS_HOURS)
    broken = [c.name for c in frontier_checks(spoiled) if c.verdict is Verdict.BREACH]
    assert broken == [f"must 1: calm, {hours} h" for hours in HORIZONS_HOURS]
