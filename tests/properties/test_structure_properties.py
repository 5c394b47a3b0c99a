"""Properties of the joint programme: exact feasibility, optimality, invariances, relaxations.

Independent oracles: enumeration of every point of tiny problems, breadth-first search over every
path of tiny schedules, and the mirrored or rescaled problem.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal as D
from fractions import Fraction

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from plimsoll.calibration.structure import (
    DatedSet,
    GovernedVariable,
    InfeasibleProblemError,
    LinearRule,
    Rule,
    ScheduleTerms,
    Sense,
    StepLimits,
    Tightening,
    Weights,
    check_set,
    diagnose,
    link_rule,
    monotone_tiers,
    need_rule,
    reaction_rule,
    schedule,
    solve_set,
    tier_key,
    tier_step_maximum,
)
from plimsoll.calibration.structure.components import Component
from plimsoll.calibration.structure.diagnosis import bound_rules, irreducible_conflict
from plimsoll.calibration.structure.solution import set_cost
from plimsoll.domain.parameters import Unit

STEP = D("0.05")
TERMS = ScheduleTerms(announced_at_ns=0, most_steps=40)
KEYS = ("A/x", "B/x", "C/x")
QUICK = settings(max_examples=25, phases=[Phase.generate], deadline=None)


def grid_variable(key: str, low: int = 0, high: int = 5, **more: object) -> GovernedVariable:
    return GovernedVariable(
        key=key, unit=Unit.FRACTION, lower=low * STEP, upper=high * STEP, step=STEP, **more
    )


@st.composite
def linear_rules(draw: st.DrawFn, keys: Sequence[str] = KEYS) -> tuple[LinearRule, ...]:
    coefficients = st.sampled_from([D("-1"), D("-0.5"), D("0.5"), D(1), D(2)])
    rules = []
    for number in range(draw(st.integers(1, 4))):
        mine = draw(st.lists(st.sampled_from(keys), min_size=1, max_size=3, unique=True))
        sense = draw(st.sampled_from([*Sense, Sense.AT_LEAST, Sense.AT_MOST]))
        bound = draw(st.integers(-8, 16)) * (STEP if sense is Sense.EQUAL else D("0.03"))
        rules.append(
            LinearRule(
                name=f"rule {number}",
                coefficients=tuple((k, draw(coefficients)) for k in mine),
                sense=sense,
                bound=bound,
                text=f"rule {number}",
            )
        )
    return tuple(rules)


def points(variables: Sequence[GovernedVariable]) -> list[dict[str, D]]:
    grids = [
        v.values or [k * v.step for k in range(v.indices[0], v.indices[1] + 1)] for v in variables
    ]
    keys = [v.key for v in variables]
    return [dict(zip(keys, point, strict=True)) for point in itertools.product(*grids)]


def feasible(rules: Sequence[Rule], values: Mapping[str, D]) -> bool:
    return all(rule.shortfall(values) == 0 for rule in rules)


targets = st.tuples(*[st.integers(-2, 27).map(lambda k: k * 0.0103)] * 3)


@given(linear_rules(), targets, st.tuples(*[st.integers(0, 5)] * 3), st.floats(0.0, 2.0))
@QUICK
def test_the_programme_finds_what_enumeration_finds(
    rules: tuple[LinearRule, ...],
    aims: tuple[float, ...],
    current: tuple[int, ...],
    churn: float,
) -> None:
    variables = [
        grid_variable(KEYS[0], current=current[0] * STEP, standard_error=D("0.02")),
        grid_variable(KEYS[1], current=current[1] * STEP),
        GovernedVariable(
            key=KEYS[2],
            unit=Unit.FRACTION,
            lower=D(0),
            upper=D(1),
            values=(D(0), D("0.07"), D("0.1"), D("0.2")),
            current=D("0.1"),
        ),
    ]
    target = dict(zip(KEYS, aims, strict=True))
    weights = Weights(churn=churn, margin={"A/x": 3.0, "B/x": -1.0})
    held = {v.key: v for v in variables}
    costs = [
        set_cost(held, rules, point, target, weights)
        for point in points(variables)
        if feasible(rules, point)
    ]
    if not costs:
        with pytest.raises(InfeasibleProblemError):
            solve_set(variables, rules, target, weights)
        return
    solved = solve_set(variables, rules, target, weights)
    assert check_set(variables, rules, solved.values) == ()
    # The second objective may cost up to a thousandth of the cheapest step per step of the grid.
    slack = 2e-3 * 15
    assert min(costs) - 1e-9 <= solved.cost <= min(costs) + slack


@st.composite
def ladders(draw: st.DrawFn) -> tuple[list[GovernedVariable], list[Rule], dict[str, float]]:
    tiers = draw(st.integers(1, 4))
    needs = sorted(draw(st.lists(st.floats(0.001, 0.2), min_size=tiers, max_size=tiers)))
    names = ("maintenance_rate", "initial_rate")
    m, i = ([tier_key("B", t, n) for t in range(tiers)] for n in names)
    variables = [
        GovernedVariable(key=k, unit=Unit.FRACTION, lower=D(0), upper=D(1), step=D("0.0005"))
        for k in (*m, *i)
    ]
    rules: list[Rule] = [*monotone_tiers("B", tiers), *tier_step_maximum(m, D("0.08"))]
    rules += [need_rule(k, need) for k, need in zip(m, needs, strict=True)]
    rules += [link_rule(a, b, D("0.5")) for a, b in zip(m, i, strict=True)]
    rules += [reaction_rule(a, b, 0.4 * n) for a, b, n in zip(m, i, needs, strict=True)]
    target = dict(zip(m, needs, strict=True)) | {
        k: 1.4 * need for k, need in zip(i, needs, strict=True)
    }
    return variables, rules, target


@given(ladders())
@QUICK
def test_ladders_hold_every_rule_and_never_cover_less_than_the_need(
    problem: tuple[list[GovernedVariable], list[Rule], dict[str, float]],
) -> None:
    variables, rules, target = problem
    values = solve_set(variables, rules, target).values
    assert check_set(variables, rules, values) == ()
    for key, need in target.items():
        if key.endswith("maintenance_rate"):
            # Needs are taken to 12 digits.
            assert Fraction(values[key]) >= Fraction(need) - Fraction(1, 10**12)
            assert values[key] % D("0.0005") == 0


@given(ladders(), st.randoms(use_true_random=False))
@settings(QUICK, max_examples=8)
def test_order_of_markets_and_rules_changes_nothing(
    problem: tuple[list[GovernedVariable], list[Rule], dict[str, float]], source: random.Random
) -> None:
    variables, rules, target = problem
    renamed = [replace(v, key=v.key.replace("B/", "A/")) for v in variables]
    both = [*variables, *renamed]
    aims = target | {k.replace("B/", "A/"): v for k, v in target.items()}
    straight = solve_set(both, rules, aims)
    source.shuffle(both)
    source.shuffle(rules)
    mixed = solve_set(both, rules, dict(reversed(aims.items())))
    assert list(straight.values.items()) == list(mixed.values.items())


@given(ladders(), st.sampled_from([D(100), D(10_000), D("0.001")]))
@QUICK
def test_another_unit_gives_the_same_set(
    problem: tuple[list[GovernedVariable], list[Rule], dict[str, float]], factor: D
) -> None:
    variables, rules, target = problem
    scaled = [
        replace(v, lower=v.lower * factor, upper=v.upper * factor, step=(v.step or D(1)) * factor)
        for v in variables
    ]
    bounds = [replace(r, bound=r.bound * factor) if isinstance(r, LinearRule) else r for r in rules]
    plain = solve_set(variables, rules, target)
    other = solve_set(scaled, bounds, {k: v * float(factor) for k, v in target.items()})
    assert {k: v * factor for k, v in plain.values.items()} == dict(other.values)
    assert other.cost == pytest.approx(plain.cost, rel=1e-9, abs=1e-9)


@given(linear_rules(), targets)
@QUICK
def test_a_relaxation_is_enough_and_less_is_not(
    rules: tuple[LinearRule, ...], aims: tuple[float, ...]
) -> None:
    variables = [grid_variable(k) for k in KEYS]
    found = diagnose(variables, rules)
    assume(found)
    diagnosis = found[0]
    mine = {key for rule in rules if rule.name in diagnosis.conflict for key in rule.keys}
    for way in diagnosis.alternatives:
        part = connected(variables, rules, mine)
        if ": m" in way.rule:
            continue  # bounds of variables: below
        assert not diagnose(part.variables, changed(part.rules, way.rule, way.new))
        nearly = way.new + (way.old - way.new) * D("0.001")
        assert diagnose(part.variables, changed(part.rules, way.rule, nearly))
    if diagnosis.smallest:
        assert diagnosis.smallest[0].steps >= 0
        for way in diagnosis.alternatives:
            assert sum(r.steps for r in diagnosis.smallest) <= way.steps + 1e-9


@given(linear_rules())
@QUICK
def test_the_conflict_is_irreducible(rules: tuple[LinearRule, ...]) -> None:
    variables = tuple(grid_variable(k) for k in KEYS)
    demands = (*rules, *(bound for v in variables for bound in bound_rules(v)))
    wide = [grid_variable(k, -5000, 5000) for k in KEYS]
    assume(not any(feasible(rules, p) for p in points(variables)))
    conflict = irreducible_conflict(Component(variables=variables, rules=rules), demands)
    aims = dict.fromkeys(KEYS, 0.0)
    with pytest.raises(InfeasibleProblemError):
        solve_set(wide, conflict, aims)
    for left_out in conflict:
        solve_set(wide, [r for r in conflict if r is not left_out], aims)


def connected(
    variables: Sequence[GovernedVariable], rules: Sequence[LinearRule], keys: set[str]
) -> Component:
    """Grow the keys by rules until nothing is added."""
    while True:
        grown = keys | {k for r in rules if keys & set(r.keys) for k in r.keys}
        if grown == keys:
            break
        keys = grown
    return Component(
        variables=tuple(v for v in variables if v.key in keys),
        rules=tuple(r for r in rules if keys & set(r.keys)),
    )


def changed(rules: Sequence[Rule], name: str, bound: D) -> list[Rule]:
    return [
        r.with_bound(bound) if isinstance(r, LinearRule) and r.name == name else r for r in rules
    ]


@st.composite
def journeys(
    draw: st.DrawFn,
) -> tuple[list[GovernedVariable], tuple[LinearRule, ...], dict[str, D]]:
    rules = draw(linear_rules())
    plain = [grid_variable(k, 0, 6) for k in KEYS]
    agreed = [p for p in points(plain) if feasible(rules, p)]
    assume(len(agreed) >= 2)
    start, target = draw(st.sampled_from(agreed)), draw(st.sampled_from(agreed))
    limit = st.sampled_from([None, STEP, 2 * STEP])
    variables = [
        replace(
            v,
            current=start[v.key],
            limits=StepLimits(rise=draw(limit), fall=draw(limit)),
            tightens=draw(st.sampled_from(list(Tightening))),
        )
        for v in plain
    ]
    return variables, rules, target


def fewest_steps(
    variables: Sequence[GovernedVariable], rules: Sequence[Rule], target: Mapping[str, D]
) -> int | None:
    """Breadth-first search over feasible points toward the target, within the limits."""

    def reachable(before: dict[str, D], after: dict[str, D]) -> bool:
        for v in variables:
            change, way = after[v.key] - before[v.key], target[v.key] - before[v.key]
            limit = v.limits.rise if change > 0 else v.limits.fall
            if change * way < 0 or abs(change) > abs(way):
                return False
            if limit is not None and abs(change) > limit:
                return False
        return True

    front, steps = [{v.key: v.current or D(0) for v in variables}], 0
    seen = {tuple(front[0].values())}
    candidates = [p for p in points(variables) if feasible(rules, p)]
    while front:
        if any(p == target for p in front):
            return steps
        nearer = [p for p in candidates if any(reachable(q, p) for q in front)]
        front = [p for p in nearer if tuple(p.values()) not in seen]
        seen |= {tuple(p.values()) for p in front}
        steps += 1
    return None


@given(journeys())
@QUICK
def test_schedules_are_feasible_within_limits_and_as_short_as_can_be(
    problem: tuple[list[GovernedVariable], tuple[LinearRule, ...], dict[str, D]],
) -> None:
    variables, rules, target = problem
    shortest = fewest_steps(variables, rules, target)
    if shortest is None:
        with pytest.raises(ValueError, match="must"):
            schedule(variables, target, rules, TERMS)
        return
    dated = schedule(variables, target, rules, TERMS)
    assert len(dated) == shortest
    hold_the_way(dated, variables, rules, target)


def hold_the_way(
    dated: Sequence[DatedSet],
    variables: Sequence[GovernedVariable],
    rules: Sequence[Rule],
    target: Mapping[str, D],
) -> None:
    before = {v.key: v.current or D(0) for v in variables}
    for step in dated:
        assert check_set(variables, rules, step.values) == ()
        for v in variables:
            change, way = step.values[v.key] - before[v.key], target[v.key] - before[v.key]
            limit = v.limits.rise if change > 0 else v.limits.fall
            assert limit is None or abs(change) <= limit
            assert change * way >= 0
            assert abs(change) <= abs(way)
        before = dict(step.values)
    assert before == dict(target)


@given(journeys())
@QUICK
def test_loosening_is_found_as_readily_as_tightening(
    problem: tuple[list[GovernedVariable], tuple[LinearRule, ...], dict[str, D]],
) -> None:
    """The mirrored problem, x to top - x, has the mirrored schedule."""
    variables, rules, target = problem
    assume(fewest_steps(variables, rules, target) is not None)
    top = 6 * STEP
    flipped = [
        replace(
            v,
            current=top - (v.current or D(0)),
            limits=StepLimits(rise=v.limits.fall, fall=v.limits.rise),
        )
        for v in variables
    ]
    mirrored_rules = [
        replace(
            r,
            coefficients=tuple((k, -a) for k, a in r.coefficients),
            bound=r.bound - top * sum(a for _, a in r.coefficients),
        )
        for r in rules
    ]
    there = schedule(variables, target, rules, TERMS)
    mirrored = schedule(flipped, {k: top - v for k, v in target.items()}, mirrored_rules, TERMS)
    # A rise that tightened is now a fall that loosens: the number of steps is the same.
    assert len(there) == len(mirrored)
