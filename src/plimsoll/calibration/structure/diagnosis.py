"""Irreducible conflicts and smallest relaxations of an infeasible problem.

The conflict is found by QuickXplain (Junker, AAAI 2004), a deletion filter that halves instead of
going one by one; relaxations by elastic programmes, whose slacks are counted in natural units of
each rule. Bounds of variables take part as rules: "raise the maximum rate from 0.50 to 0.57".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from plimsoll.calibration.structure.components import Component, components
from plimsoll.calibration.structure.exact import violated
from plimsoll.calibration.structure.infeasible import (
    Diagnosis,
    InfeasibleProblemError,
    Relaxation,
)
from plimsoll.calibration.structure.programme import Placed, Programme, add_rule, weighted_rows
from plimsoll.calibration.structure.rules import LinearRule, Rule, Sense, in_order, is_soft
from plimsoll.calibration.structure.variables import GovernedVariable, by_key

WIDENING_STEPS = 1_000_000
"""How far a diagnosis lets a value leave its bounds."""


def diagnose(
    variables: Sequence[GovernedVariable],
    rules: Sequence[Rule],
    *,
    fixed: Mapping[str, Decimal] | None = None,
) -> tuple[Diagnosis, ...]:
    """Return one diagnosis for each part of the problem that has no feasible set.

    Soft rules are left out: they cannot make a problem infeasible.

    Parameters
    ----------
    fixed : mapping of str to Decimal
        Values that stand, which count as rules "key: stands at".
    """
    held = by_key(variables)
    firm = [rule for rule in in_order(rules, held) if not is_soft(rule)]
    parts = components(held, firm)
    return tuple(
        _diagnose(part, fixed or {}) for part in parts if not _feasible(part, _rules(part, fixed))
    )


def refuse_infeasible(
    variables: Sequence[GovernedVariable],
    rules: Sequence[Rule],
    fixed: Mapping[str, Decimal] | None = None,
    *,
    subject: str = "problem",
) -> InfeasibleProblemError:
    """Return the error of a problem known to be infeasible, with its first diagnosis."""
    held = {v.key for v in variables}
    mine = {k: value for k, value in (fixed or {}).items() if k in held}
    return InfeasibleProblemError(diagnose(variables, rules, fixed=mine)[0], subject=subject)


def bound_rules(variable: GovernedVariable) -> tuple[LinearRule, LinearRule]:
    """Return a variable's bounds as rules."""
    one = ((variable.key, Decimal(1)),)
    relaxable = variable.bounds_relaxable
    return (
        LinearRule(
            name=f"{variable.key}: maximum",
            coefficients=one,
            sense=Sense.AT_MOST,
            bound=variable.upper,
            text=f"{variable.key} is at most {variable.upper:f}",
            relaxable=relaxable,
            remedy=lambda new: (
                f"raise the maximum of {variable.key} from {variable.upper:f} to {new:f}"
            ),
        ),
        LinearRule(
            name=f"{variable.key}: minimum",
            coefficients=one,
            sense=Sense.AT_LEAST,
            bound=variable.lower,
            text=f"{variable.key} is at least {variable.lower:f}",
            relaxable=relaxable,
            remedy=lambda new: (
                f"lower the minimum of {variable.key} from {variable.lower:f} to {new:f}"
            ),
        ),
    )


def _standing(key: str, value: Decimal) -> LinearRule:
    return LinearRule(
        name=f"{key}: stands",
        coefficients=((key, Decimal(1)),),
        sense=Sense.EQUAL,
        bound=value,
        text=f"{key} stands at {value:f}",
        remedy=lambda new: f"let {key} move from {value:f} to {new:f}",
    )


def _rules(part: Component, fixed: Mapping[str, Decimal] | None) -> tuple[Rule, ...]:
    """Every demand on a component as a rule: its own, bounds, and values that stand."""
    bounds = tuple(rule for v in part.variables for rule in bound_rules(v))
    standing = tuple(
        _standing(v.key, fixed[v.key]) for v in part.variables if fixed and v.key in fixed
    )
    return (*part.rules, *bounds, *standing)


def _diagnose(part: Component, fixed: Mapping[str, Decimal]) -> Diagnosis:
    rules = _rules(part, fixed)
    conflict = irreducible_conflict(part, rules)
    alone = (_relaxed(part, rules, (rule.name,)) for rule in conflict if _may_relax(rule))
    alternatives = [found[0] for found in alone if found]
    smallest = _relaxed(part, rules, tuple(r.name for r in rules if _may_relax(r)))
    return Diagnosis(
        conflict=tuple(rule.name for rule in conflict),
        texts=tuple(rule.text for rule in conflict),
        alternatives=tuple(sorted(alternatives, key=lambda r: (r.steps, r.rule))),
        smallest=smallest or (),
    )


def least_thaw(
    part: Component, frozen: Mapping[str, Decimal]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the standing values that must move for the least change in steps, and why.

    The reasons of a value are the rules that it would miss among the others. Empty where all can
    stand.
    """
    if _can_stand(part, frozen):
        return ()
    rules = _rules(part, frozen)
    values = _relaxed_point(part, rules, [f"{key}: stands" for key in frozen])
    if values is None:
        return ()
    return tuple(
        (key, tuple(v.name for v in violated(part.rules, {**values, key: value})))
        for key, value in frozen.items()
        if values[key] != value
    )


def _can_stand(part: Component, frozen: Mapping[str, Decimal]) -> bool:
    programme = Programme()
    placed = {
        v.key: Placed(programme, v, frozen.get(v.key), frozen.get(v.key)) for v in part.variables
    }
    for rule in part.rules:
        add_rule(programme, rule, placed)
    return programme.solve() is not None


def irreducible_conflict(part: Component, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return rules that have no common point although all but any one of them have."""

    def explain(background: list[Rule], added: bool, suspects: list[Rule]) -> list[Rule]:
        if added and not _feasible(part, background):
            return []
        if len(suspects) == 1:
            return suspects
        half = len(suspects) // 2
        first, second = suspects[:half], suspects[half:]
        right = explain(background + first, bool(first), second)
        left = explain(background + right, bool(right), first)
        return left + right

    return tuple(explain([], False, list(_suspects(part, rules))))


def _suspects(part: Component, rules: Sequence[Rule]) -> Sequence[Rule]:
    """Return few rules that already exclude each other, where fractions show it; else all."""
    programme = Programme()
    placed = _place_wide(programme, part)
    owners: dict[int, Rule] = {}
    for rule in rules:
        first = programme.rows
        add_rule(programme, rule, placed, 1.0)
        owners |= dict.fromkeys(range(first, programme.rows), rule)
    kept = {owners[row].name for row in weighted_rows(programme) if row in owners}
    few = [rule for rule in rules if rule.name in kept]
    return few if few and not _feasible(part, few) else rules


def _may_relax(rule: Rule) -> bool:
    return isinstance(rule, LinearRule) and rule.relaxable


def _place_wide(programme: Programme, part: Component) -> dict[str, Placed]:
    """Place variables without their bounds, which take part as rules instead."""
    return {v.key: Placed(programme, v, widen=WIDENING_STEPS) for v in part.variables}


def _feasible(part: Component, rules: Sequence[Rule]) -> bool:
    programme = Programme()
    placed = _place_wide(programme, part)
    for rule in rules:
        add_rule(programme, rule, placed)
    return programme.solve() is not None


def _relaxed(
    part: Component, rules: Sequence[Rule], names: Sequence[str]
) -> tuple[Relaxation, ...] | None:
    """Return the least relaxation of the named rules that admits a point; None without one."""
    values = _relaxed_point(part, rules, names)
    if values is None:
        return None
    held = {v.key: v for v in part.variables}
    return tuple(
        _relaxation(rule, values, held)
        for rule in rules
        if isinstance(rule, LinearRule) and rule.name in names and rule.shortfall(values)
    )


def _relaxed_point(
    part: Component, rules: Sequence[Rule], names: Sequence[str]
) -> dict[str, Decimal] | None:
    """Return the point that misses the named rules least, the others not at all."""
    programme = Programme()
    placed = _place_wide(programme, part)
    for rule in rules:
        price = rule.relaxation_weight if isinstance(rule, LinearRule) else 0.0
        add_rule(programme, rule, placed, price if rule.name in names else None)
    point = programme.solve()
    return None if point is None else {key: column.value(point) for key, column in placed.items()}


def _relaxation(
    rule: LinearRule, values: Mapping[str, Decimal], variables: Mapping[str, GovernedVariable]
) -> Relaxation:
    new = decimal_of(rule.activity(values))
    difference = abs(Fraction(new) - Fraction(rule.bound))
    plain = f"relax '{rule.text}': its bound from {rule.bound:f} to {new:f}"
    return Relaxation(
        rule=rule.name,
        old=rule.bound,
        new=new,
        steps=float(difference) / rule.natural_unit(variables),
        advice=rule.remedy(new) if rule.remedy else plain,
    )


def decimal_of(value: Fraction) -> Decimal:
    """Return a sum of products of decimals as the decimal that it is, without digits lost."""
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
    whole = int(value * 10**digits)
    return Decimal((int(whole < 0), tuple(int(d) for d in str(abs(whole))), -digits))
