"""Dated sets under step limits and notice, on ways that can be counted by hand."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from plimsoll.calibration.structure import (
    GovernedVariable,
    InfeasibleProblemError,
    ScheduleTerms,
    StepLimits,
    Tightening,
    budget_rule,
    leverage_table,
    link_rule,
    need_rule,
    rising,
    schedule,
    schedule_table,
)
from plimsoll.domain.parameters import Unit
from plimsoll.errors import ParameterError, UsageError

HOUR = 3_600_000_000_000
DAILY = ScheduleTerms(announced_at_ns=0, interval_hours=24)


def rate(key: str, current: str | None, **more: object) -> GovernedVariable:
    limits = {k: more.pop(k) for k in tuple(more) if k in StepLimits.__dataclass_fields__}
    settings = {"lower": D(0), "upper": D(1), "step": D("0.01"), **more}
    return GovernedVariable(
        key=key,
        unit=Unit.FRACTION,
        current=None if current is None else D(current),
        limits=StepLimits(**limits),
        **settings,
    )


def test_three_steps_of_at_most_a_hundredth() -> None:
    held = rate("B/r", "0.05", rise=D("0.012"))
    found = schedule((held,), {"B/r": D("0.08")}, (), DAILY)
    assert [s.values["B/r"] for s in found] == [D("0.06"), D("0.07"), D("0.08")]
    assert [s.effective_at_ns for s in found] == [0, 24 * HOUR, 48 * HOUR]


def test_a_relative_limit_counts_from_the_value_before() -> None:
    held = rate("B/r", "0.10", rise_relative=D("0.5"), fall_relative=D("0.5"))
    up = schedule((held,), {"B/r": D("0.33")}, (), DAILY)
    assert [s.values["B/r"] for s in up] == [D("0.15"), D("0.22"), D("0.33")]
    down = schedule((held,), {"B/r": D("0.02")}, (), DAILY)
    assert [s.values["B/r"] for s in down] == [D("0.05"), D("0.03"), D("0.02")]


def test_linked_values_move_together_so_no_set_is_partly_clamped() -> None:
    # Each alone: m needs one step, i three. A clamp of i alone would leave m > 0.5 i.
    held = (rate("B/m", "0.05"), rate("B/i", "0.10", rise=D("0.02")))
    rules = (link_rule("B/m", "B/i", D("0.5"), equality=True),)
    found = schedule(held, {"B/m": D("0.08"), "B/i": D("0.16")}, rules, DAILY)
    assert [(s.values["B/m"], s.values["B/i"]) for s in found] == [
        (D("0.06"), D("0.12")),
        (D("0.07"), D("0.14")),
        (D("0.08"), D("0.16")),
    ]


def test_room_is_made_by_one_market_before_another_takes_it() -> None:
    held = (
        rate("A/cap", "0.5", fall=D("0.1"), tightens=Tightening.FALLING),
        rate("B/cap", "0.5", tightens=Tightening.FALLING),
    )
    pool = (budget_rule("pool", {"A/cap": D(1), "B/cap": D(1)}, D(1)),)
    found = schedule(held, {"A/cap": D("0.2"), "B/cap": D("0.8")}, pool, DAILY)
    assert [s.values["A/cap"] for s in found] == [D("0.4"), D("0.3"), D("0.2")]
    assert all(s.values["A/cap"] + s.values["B/cap"] <= 1 for s in found)


def test_notice_differs_by_direction_and_the_fast_path_shortens_it() -> None:
    limits = {"notice_tightening_hours": 72, "notice_loosening_hours": 24, "rise": D("0.01")}
    held = (rate("A/r", "0.05", **limits), rate("B/r", "0.05", **limits))
    target = {"A/r": D("0.08"), "B/r": D("0.02")}
    plain = schedule(held, target, (), DAILY)
    assert [(s.effective_at_ns // HOUR, s.changed) for s in plain] == [
        (24, ("B/r",)),
        (72, ("A/r",)),
        (96, ("A/r",)),
        (120, ("A/r",)),
    ]
    fast = ScheduleTerms(announced_at_ns=0, urgent=True, urgent_factor=D(3), urgent_notice_hours=0)
    assert [(s.effective_at_ns // HOUR, s.changed) for s in schedule(held, target, (), fast)] == [
        (0, ("A/r",)),
        (24, ("B/r",)),
    ]


def test_a_set_in_force_that_misses_a_rule_is_repaired_by_the_first_set() -> None:
    held = (rate("B/t0", "0.09", fall=D("0.02")), rate("B/t1", "0.05", rise=D("0.02")))
    rules = rising(("B/t0", "B/t1"))
    found = schedule(held, {"B/t0": D("0.05"), "B/t1": D("0.09")}, rules, DAILY)
    assert [(s.values["B/t0"], s.values["B/t1"]) for s in found] == [
        (D("0.07"), D("0.07")),
        (D("0.05"), D("0.09")),
    ]


def test_a_rule_that_one_step_cannot_repair_gets_no_worse_until_it_holds() -> None:
    held = (rate("B/t0", "0.09", fall=D("0.01")), rate("B/t1", "0.05", rise=D("0.02")))
    rules = rising(("B/t0", "B/t1"))
    found = schedule(held, {"B/t0": D("0.05"), "B/t1": D("0.09")}, rules, DAILY)
    assert [(s.values["B/t0"], s.values["B/t1"]) for s in found] == [
        (D("0.08"), D("0.07")),
        (D("0.07"), D("0.09")),
        (D("0.06"), D("0.09")),
        (D("0.05"), D("0.09")),
    ]


def test_what_makes_a_missed_rule_worse_waits_for_what_mends_it() -> None:
    # m is over half of i: it may rise only once i has.
    held = (
        rate("B/m", "0.06", rise=D("0.02")),
        rate("B/i", "0.10", notice_tightening_hours=48, rise=D("0.04")),
    )
    rules = (link_rule("B/m", "B/i", D("0.5")),)
    found = schedule(held, {"B/m": D("0.10"), "B/i": D("0.20")}, rules, DAILY)
    hours = [(s.effective_at_ns // HOUR, s.values["B/m"], s.values["B/i"]) for s in found]
    assert hours == [
        (48, D("0.07"), D("0.14")),
        (72, D("0.09"), D("0.18")),
        (96, D("0.10"), D("0.20")),
    ]


def test_two_values_that_make_a_missed_budget_worse_need_the_programme() -> None:
    # A furthest set does not exist: either of two may take what a third gives back.
    tight = {"tightens": Tightening.FALLING}
    held = (
        rate("A/x", "0.3", rise=D("0.1"), **tight),
        rate("B/x", "0.3", rise=D("0.1"), **tight),
        rate("C/x", "0.6", fall=D("0.2"), **tight),
    )
    pool = (budget_rule("pool", {"A/x": D(1), "B/x": D(1), "C/x": D(1)}, D(1)),)
    target = {"A/x": D("0.4"), "B/x": D("0.4"), "C/x": D("0.1")}
    sums = [sum(s.values.values()) for s in schedule(held, target, pool, DAILY)]
    assert sums[-1] == D("0.9")
    missed = [max(total - 1, D(0)) for total in (D("1.2"), *sums)]
    assert missed == sorted(missed, reverse=True)
    assert len(sums) == 3


def test_a_table_that_is_missed_is_taken_when_it_can_be_and_kept() -> None:
    offered = tuple(D(x) for x in (1, 2, 4, 5, 10, 20))
    held = (
        rate("B/i", "0.06", step=D("0.000001"), rise=D("0.15")),
        GovernedVariable(
            key="B/x", unit=Unit.LEVERAGE, lower=D(1), upper=D(20), values=offered,
            current=D(20), tightens=Tightening.FALLING,
        ),
    )  # fmt: skip
    rules = (leverage_table("B/i", "B/x", offered),)
    found = schedule(held, {"B/i": D("0.25"), "B/x": D(4)}, rules, DAILY)
    assert len(found) == 2
    assert all(D(1) / s.values["B/x"] == s.values["B/i"] for s in found)


def test_a_limit_below_one_step_of_the_grid_is_said() -> None:
    held = rate("B/r", "0.02", rise_relative=D("0.03"))
    with pytest.raises(InfeasibleProblemError) as caught:
        schedule((held,), {"B/r": D("0.04")}, (), DAILY)
    (way,) = caught.value.diagnosis.alternatives
    assert way.new == D("0.5")
    assert "raise the largest relative rise of B/r from 0.03 to 0.5" in way.advice


def test_leverage_of_a_list_moves_with_its_rate() -> None:
    offered = tuple(D(x) for x in (1, 2, 4, 5, 10, 20))
    held = (
        rate("B/i", "0.05", step=D("0.000001"), rise=D("0.1")),
        GovernedVariable(
            key="B/x",
            unit=Unit.LEVERAGE,
            lower=D(1),
            upper=D(20),
            values=offered,
            current=D(20),
            tightens=Tightening.FALLING,
        ),
    )
    rules = (leverage_table("B/i", "B/x", offered),)
    found = schedule(held, {"B/i": D("0.25"), "B/x": D(4)}, rules, DAILY)
    assert len(found) == 3
    assert all(D(1) / s.values["B/x"] == s.values["B/i"] for s in found)


def test_new_values_come_with_the_first_feasible_set() -> None:
    held = (rate("B/t0", "0.05"), rate("B/t1", None))
    found = schedule(held, {"B/t0": D("0.05"), "B/t1": D("0.07")}, rising(("B/t0", "B/t1")), DAILY)
    assert [(s.changed, s.values["B/t1"]) for s in found] == [(("B/t1",), D("0.07"))]


def test_nothing_to_do_is_an_empty_schedule() -> None:
    assert schedule((rate("B/r", "0.05"),), {"B/r": D("0.05")}, (), DAILY) == ()


def test_a_current_value_off_the_grid_is_left_by_the_first_step() -> None:
    held = rate("B/r", "0.0555", rise=D("0.01"))
    found = schedule((held,), {"B/r": D("0.08")}, (), DAILY)
    assert [s.values["B/r"] for s in found] == [D("0.06"), D("0.07"), D("0.08")]


def test_refusals() -> None:
    held = rate("B/r", "0.05", rise=D("0.01"))
    with pytest.raises(ParameterError, match="must be a feasible set"):
        schedule((held,), {"B/r": D("0.08")}, (need_rule("B/r", 0.09),), DAILY)
    short = ScheduleTerms(announced_at_ns=0, most_steps=2)
    with pytest.raises(UsageError, match="must reach the target in 2 steps"):
        schedule((held,), {"B/r": D("0.08")}, (), short)


def test_the_table_lists_each_change() -> None:
    held = rate("B/r", "0.05", rise=D("0.01"))
    table = schedule_table(schedule((held,), {"B/r": D("0.07")}, (), DAILY))
    assert [(row[0], row[2], row[3]) for row in table.rows] == [
        (1, "B/r", "0.06"),
        (2, "B/r", "0.07"),
    ]
