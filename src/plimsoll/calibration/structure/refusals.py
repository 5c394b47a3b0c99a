"""Why no schedule leads from the set in force to the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from plimsoll.calibration.structure.diagnosis import decimal_of, diagnose
from plimsoll.calibration.structure.infeasible import (
    Diagnosis,
    InfeasibleProblemError,
    Relaxation,
)
from plimsoll.calibration.structure.moves import Move
from plimsoll.calibration.structure.rules import LinearRule, Rule, Sense
from plimsoll.calibration.structure.variables import GovernedVariable
from plimsoll.domain.parameters import Unit

ONE = Decimal(1)


def refuse_stuck(move: Move) -> InfeasibleProblemError:
    """Return the error of a limit that is below the next value of the grid."""
    assert move.stuck_at is not None  # what the caller found
    at, key = move.stuck_at, move.variable.key
    gap = abs(Fraction(move.next_value(at)) - Fraction(at))
    word = "rise" if move.sign > 0 else "fall"
    texts, ways = [f"{key} has to {word} from {at:f} toward {move.target:f}"], []
    names = [f"{key}: target"]
    for name, limit, needed in (
        (f"largest {word}", move.absolute, gap),
        (f"largest relative {word}", move.relative, gap / Fraction(at) if at else None),
    ):
        if limit is None or (needed is not None and limit >= needed):
            continue
        old = decimal_of(limit)
        texts.append(f"{key} has a {name} of {old:f} per step")
        names.append(f"{key}: {name}")
        if needed is not None:
            new = decimal_of(gap) if limit is move.absolute else _rounded_up(needed)
            ways.append(
                Relaxation(
                    rule=f"{key}: {name}",
                    old=old,
                    new=new,
                    steps=float(gap) / float(move.variable.spacing),
                    advice=f"raise the {name} of {key} from {old:f} to {new:f} per step: "
                    f"the next value of its grid is {move.next_value(at):f}",
                )
            )
    together = tuple(ways)
    return InfeasibleProblemError(
        Diagnosis(
            conflict=tuple(names),
            texts=tuple(texts),
            alternatives=together if len(names) == 2 else (),
            smallest=together,
        ),
        subject="schedule",
    )


def refuse_repair(
    rules: Sequence[Rule], mine: Mapping[str, Move], start: Mapping[str, Decimal]
) -> InfeasibleProblemError | None:
    """Return why the set in force, itself at fault, is not repaired by one step; None if it is."""
    movers = [_between(move) for move in mine.values()]
    unit = next(iter(mine.values())).variable.unit
    keys = sorted({key for rule in rules for key in rule.keys} - set(mine))
    others = [_unmoved(key, unit, start[key]) for key in keys]
    limits = [rule for move in mine.values() for rule in step_rules(move)]
    found = diagnose((*movers, *others), (*rules, *limits))
    return InfeasibleProblemError(found[0], subject="repair of the set in force") if found else None


def step_rules(move: Move) -> tuple[LinearRule, ...]:
    """Return a move's limits for its first step as rules."""
    largest = move.largest(move.start)
    if largest is None:
        return ()
    key, sign = move.variable.key, move.sign
    word = "rise" if sign > 0 else "fall"
    most = decimal_of(largest)
    edge = move.start + sign * most
    return (
        LinearRule(
            name=f"{key}: step limit",
            coefficients=((key, ONE),),
            sense=Sense.AT_MOST if sign > 0 else Sense.AT_LEAST,
            bound=edge,
            text=f"{key} may {word} by at most {most:f} per step, from {move.start:f}",
            remedy=lambda new: (
                f"let {key} {word} by {abs(new - move.start):f} instead of {most:f} in one step"
            ),
        ),
    )


def _between(move: Move) -> GovernedVariable:
    """Return the variable with its way as bounds."""
    return replace(
        move.variable, lower=move.low, upper=move.high, current=None, bounds_relaxable=False
    )


def _unmoved(key: str, unit: Unit, value: Decimal) -> GovernedVariable:
    """Return a variable that cannot leave its value, which may lie off its grid."""
    return GovernedVariable(
        key=key, unit=unit, lower=value, upper=value, values=(value,), bounds_relaxable=False
    )


def _rounded_up(value: Fraction) -> Decimal:
    """Return a share on a millionth, not below; a decimal as it is."""
    millionths = value * 1_000_000
    return Decimal(-(-millionths.numerator // millionths.denominator)).scaleb(-6)
