"""Schedules that start from sets in force which miss rules: no rule gets worse on the way.

Oracles: a breadth-first search over every point of tiny problems for the fewest steps; for tables
the limits, the link and the caps held against each pair of neighbouring sets in plain arithmetic.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal as D
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from plimsoll.calibration.assembly.dated import DatedPath, dated_tables, slices
from plimsoll.calibration.problem import Structure
from plimsoll.calibration.rounding import initial_rate_of, leverage_down
from plimsoll.calibration.set_plan import StepPlan
from plimsoll.calibration.structure import (
    GovernedVariable,
    LinearRule,
    ScheduleTerms,
    Sense,
    StepLimits,
    Tightening,
    schedule,
)
from plimsoll.domain.parameters import Unit
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import UsageError

QUICK = settings(max_examples=20, phases=[Phase.generate], deadline=None)
STEP = D("0.05")
KEYS = ("A/x", "B/x", "C/x")
TOP = 4
STRUCTURE = Structure()
GRID = [k * STEP for k in range(TOP + 1)]
POINTS = [dict(zip(KEYS, point, strict=True)) for point in itertools.product(GRID, repeat=3)]


@st.composite
def broken_starts(
    draw: st.DrawFn,
) -> tuple[list[GovernedVariable], tuple[LinearRule, ...], dict[str, D]]:
    """Rules, a start that misses at least one of them, a target that misses none, and limits."""
    coefficients = st.sampled_from([D("-1"), D("-0.5"), D("0.5"), D(1)])
    rules = []
    for number in range(draw(st.integers(1, 3))):
        mine = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True))
        sense = draw(st.sampled_from([Sense.AT_LEAST, Sense.AT_MOST, Sense.EQUAL]))
        bound = draw(st.integers(-4, 8)) * (STEP if sense is Sense.EQUAL else D("0.03"))
        terms = tuple((key, draw(coefficients)) for key in mine)
        rules.append(
            LinearRule(
                name=f"r{number}", coefficients=terms, sense=sense, bound=bound, text=f"r{number}"
            )
        )
    broken = [p for p in POINTS if any(rule.shortfall(p) for rule in rules)]
    fine = [p for p in POINTS if not any(rule.shortfall(p) for rule in rules)]
    assume(broken and fine)
    start, target = draw(st.sampled_from(broken)), draw(st.sampled_from(fine))
    limit = st.sampled_from([None, STEP, 2 * STEP])
    variables = [
        GovernedVariable(
            key=key,
            unit=Unit.FRACTION,
            lower=D(0),
            upper=TOP * STEP,
            step=STEP,
            current=start[key],
            limits=StepLimits(rise=draw(limit), fall=draw(limit)),
            tightens=draw(st.sampled_from(list(Tightening))),
        )
        for key in KEYS
    ]
    return variables, tuple(rules), target


def may_follow(
    variables: Sequence[GovernedVariable],
    rules: Sequence[LinearRule],
    target: Mapping[str, D],
    before: Mapping[str, D],
    after: Mapping[str, D],
) -> bool:
    """Whether a set may follow another: limits, direction, and no rule missed by more."""
    for v in variables:
        change, way = after[v.key] - before[v.key], target[v.key] - before[v.key]
        limit = v.limits.rise if change > 0 else v.limits.fall
        if change * way < 0 or abs(change) > abs(way) or (limit and abs(change) > limit):
            return False
    for rule in rules:
        if rule.shortfall(after) > rule.shortfall(before):
            return False
        was, now = (rule.activity(p) - Fraction(rule.bound) for p in (before, after))
        if rule.sense is Sense.EQUAL and was * now < 0:
            return False  # an equality is approached from its side
    return True


def fewest_steps(
    variables: Sequence[GovernedVariable], rules: Sequence[LinearRule], target: Mapping[str, D]
) -> int | None:
    front = [{v.key: v.current for v in variables}]
    seen = {tuple(front[0].values())}
    for steps in range(1, 3 * TOP + 2):
        front = [
            p
            for p in POINTS
            if tuple(p.values()) not in seen
            and any(may_follow(variables, rules, target, q, p) for q in front)
        ]
        seen |= {tuple(p.values()) for p in front}
        if any(p == target for p in front):
            return steps
    return None


@given(broken_starts())
@QUICK
def test_the_way_from_a_broken_set_is_no_worse_anywhere_and_as_short_as_can_be(
    problem: tuple[list[GovernedVariable], tuple[LinearRule, ...], dict[str, D]],
) -> None:
    variables, rules, target = problem
    shortest = fewest_steps(variables, rules, target)
    terms = ScheduleTerms(announced_at_ns=0, most_steps=3 * TOP)
    if shortest is None:
        with pytest.raises(UsageError):
            schedule(variables, target, rules, terms)
        return
    way = [{v.key: v.current for v in variables}]
    way += [dated.values for dated in schedule(variables, target, rules, terms)]
    assert way[-1] == target
    assert len(way) - 1 == shortest
    for before, after in pairwise(way):
        assert may_follow(variables, rules, target, before, after)


def tier(cap: int, maintenance: D, initial: D) -> Tier:
    return Tier(
        cap_usd=D(cap),
        maintenance_rate=maintenance,
        initial_rate=initial,
        max_leverage=leverage_down(initial, STRUCTURE.leverage_grid),
    )


@st.composite
def tables(draw: st.DrawFn, *, broken: bool) -> TierTable:
    """A table that the venue's rules admit; ``broken``: its link may be missed by any amount."""
    caps = draw(st.lists(st.integers(1, 6), min_size=1, max_size=3, unique=True).map(sorted))
    steps = sorted(draw(st.lists(st.integers(4, 300), min_size=len(caps), max_size=len(caps))))
    out, initial = [], D(0)
    for cap, count in zip(caps, steps, strict=True):
        rate = count * STRUCTURE.maintenance_rate_step
        least = rate * (draw(st.sampled_from([D(1), D("1.4"), D(2)])) if broken else 2)
        leverage = leverage_down(min(max(least, initial), D(1)), STRUCTURE.leverage_grid)
        initial = max(initial, initial_rate_of(leverage))
        out.append(tier(cap, rate, initial))
    return TierTable(tuple(out))


plans = st.builds(
    StepPlan,
    rise=st.sampled_from([None, D("0.004"), D("0.02")]),
    fall=st.sampled_from([None, D("0.01")]),
    rise_relative=st.sampled_from([None, D("0.1"), D("0.3")]),
    fall_relative=st.sampled_from([None, D("0.15")]),
    notice_tightening_hours=st.sampled_from([0, 300]),
    most_steps=st.sampled_from([8, 60]),
)


@given(tables(broken=True), tables(broken=False), plans)
@settings(QUICK, max_examples=12)
def test_tables_are_mended_within_the_limits_or_the_least_limit_is_named(
    old: TierTable, new: TierTable, plan: StepPlan
) -> None:
    found = dated_tables({"B": old}, {"B": new}, STRUCTURE, plan, 0)
    if not found.refused:
        hold(found, old, new, plan)
        return
    assert found.sets == ()
    for relief in found.reliefs:
        hold(dated_tables({"B": old}, {"B": new}, STRUCTURE, relief.plan, 0), old, new, relief.plan)
        if len(relief.changes) == 1:
            less = a_little_less(relief.plan, plan)
            assert dated_tables({"B": old}, {"B": new}, STRUCTURE, less, 0).refused


def a_little_less(relieved: StepPlan, stated: StepPlan) -> StepPlan:
    """The one relaxed limit by a millionth less, or by one step."""
    (name,) = (
        n
        for n in ("rise", "fall", "rise_relative", "fall_relative", "most_steps")
        if getattr(relieved, n) != getattr(stated, n)
    )
    tiny = 1 if name == "most_steps" else D("0.000001")
    return replace(stated, **{name: getattr(relieved, name) - tiny})


def hold(found: DatedPath, old: TierTable, new: TierTable, plan: StepPlan) -> None:
    way = [old, *(dated.tables["B"] for dated in found.sets)]
    assert way[-1] == new
    assert len(found.sets) <= plan.most_steps
    for before, after in pairwise(way):
        for cap, now, then in slices(before, after):
            if cap > old.tiers[-1].cap_usd and before is old:
                continue  # sizes that were not allowed
            link = STRUCTURE.maintenance_initial_link
            was, missed = (t.maintenance_rate - link * t.initial_rate for t in (now, then))
            assert missed <= max(was, D(0))
            assert in_step(now.maintenance_rate, then.maintenance_rate, plan)
            near = neighbours(now.initial_rate, then.initial_rate)
            assert near or in_step(now.initial_rate, then.initial_rate, plan)


def in_step(now: D, then: D, plan: StepPlan) -> bool:
    absolute, relative = (
        (plan.rise, plan.rise_relative) if then > now else (plan.fall, plan.fall_relative)
    )
    change = abs(then - now)
    return (absolute is None or change <= absolute) and (
        relative is None or change <= relative * now
    )


def neighbours(now: D, then: D) -> bool:
    """Whether no rate of an offered leverage lies between."""
    low, high = min(now, then), max(now, then)
    return not any(low < initial_rate_of(x) < high for x in STRUCTURE.leverage_grid)
