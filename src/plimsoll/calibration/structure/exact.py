"""The set held against its rules in exact arithmetic: no solver's rounding can publish a fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from plimsoll.calibration.structure.rules import Rule, is_soft
from plimsoll.calibration.structure.variables import GovernedVariable
from plimsoll.errors import ParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that a set misses.

    Parameters
    ----------
    name : str
        Of the rule, or the key of a variable off its grid or bounds.
    amount : float
        In the rule's unit; 1 for a table, the value itself for a variable.
    text : str
    soft : bool
    """

    name: str
    amount: float
    text: str
    soft: bool = False


def check_set(
    variables: Sequence[GovernedVariable], rules: Sequence[Rule], values: Mapping[str, Decimal]
) -> tuple[Violation, ...]:
    """Return everything a set violates, soft rules marked; empty where it may be published.

    Sums are exact fractions of the decimals, so nothing is within a tolerance.

    Raises
    ------
    ParameterError
        Where a variable has no value.
    """
    missing = [v.key for v in variables if v.key not in values]
    if missing:
        raise ParameterError("must have a value", found="nothing", field=", ".join(missing))
    off = [
        Violation(
            name=v.key,
            amount=float(values[v.key]),
            text=f"{v.key} = {values[v.key]} is not on its grid within [{v.lower}, {v.upper}]",
        )
        for v in variables
        if not v.holds(values[v.key])
    ]
    return (*off, *violated(rules, values))


def violated(rules: Sequence[Rule], values: Mapping[str, Decimal]) -> tuple[Violation, ...]:
    """Return the rules that values miss, by how much."""
    found = ((rule, rule.shortfall(values)) for rule in rules)
    return tuple(
        Violation(
            name=rule.name,
            amount=float(missed),
            text=f"{rule.text}: missed by {float(missed):.6g}",
            soft=is_soft(rule),
        )
        for rule, missed in found
        if missed > Fraction(0)
    )


def hard(violations: Sequence[Violation]) -> tuple[Violation, ...]:
    """Return those that forbid publication."""
    return tuple(v for v in violations if not v.soft)
