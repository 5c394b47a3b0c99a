"""What must hold between values: linear rules, and tables of values that go together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

from plimsoll.calibration.structure.variables import GovernedVariable
from plimsoll.errors import ParameterError


class Sense(StrEnum):
    """Side of a linear rule's bound on which its sum must lie."""

    AT_MOST = "<="
    AT_LEAST = ">="
    EQUAL = "="


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearRule:
    r"""A named constraint :math:`\sum_i a_i x_i \lessgtr b`.

    Parameters
    ----------
    name : str
        Unique within a problem; starts with the market where there is one.
    coefficients : tuple of (str, Decimal)
        Key of a variable and its coefficient.
    sense : Sense
    bound : Decimal
    text : str
        For people: what must hold.
    soft_cost : float or None
        Cost of missing the rule by one natural unit (one step of its coarsest term); None: it
        must hold.
    relaxable : bool
        Whether a diagnosis may propose another bound.
    relaxation_weight : float
        What one natural unit of relaxation costs against other rules'.
    standard_error : Decimal or None
        Of a bound that is an estimate; None for structure.
    remedy : callable or None
        From a new bound to the advice "lower the coverage from 99 % to 98.2 %"; None gives a
        plain one.
    """

    name: str
    coefficients: tuple[tuple[str, Decimal], ...]
    sense: Sense
    bound: Decimal
    text: str
    soft_cost: float | None = None
    relaxable: bool = True
    relaxation_weight: float = 1.0
    standard_error: Decimal | None = None
    remedy: Callable[[Decimal], str] | None = None

    def __post_init__(self) -> None:
        keys = [key for key, _ in self.coefficients]
        if not keys or len(set(keys)) < len(keys) or any(a == 0 for _, a in self.coefficients):
            raise ParameterError(
                "must have terms, each key once and no coefficient of zero",
                found=self.coefficients,
                field=self.name,
            )

    @property
    def keys(self) -> tuple[str, ...]:
        """Variables that it binds."""
        return tuple(key for key, _ in self.coefficients)

    def activity(self, values: Mapping[str, Decimal]) -> Fraction:
        """Return the exact sum."""
        terms = (Fraction(a) * Fraction(values[k]) for k, a in self.coefficients)
        return sum(terms, Fraction(0))

    def shortfall(self, values: Mapping[str, Decimal]) -> Fraction:
        """Return by how much the rule is missed, exactly; 0 where it holds."""
        excess = self.activity(values) - Fraction(self.bound)
        if self.sense is Sense.EQUAL:
            return abs(excess)
        return max(excess if self.sense is Sense.AT_MOST else -excess, Fraction(0))

    def natural_unit(self, variables: Mapping[str, GovernedVariable]) -> float:
        """Return the change of the sum when its coarsest term moves by one step."""
        return max(float(abs(a) * variables[k].spacing) for k, a in self.coefficients)

    def with_bound(self, bound: Decimal) -> LinearRule:
        """Return the rule with another bound."""
        return replace(self, bound=bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRule:
    """Variables that take together one of the listed rows; for instance leverage and its rate.

    Parameters
    ----------
    name, text : str
    keys : tuple of str
    rows : tuple of tuple of Decimal
        One value for each key.
    """

    name: str
    keys: tuple[str, ...]
    rows: tuple[tuple[Decimal, ...], ...]
    text: str

    def __post_init__(self) -> None:
        if not self.rows or any(len(row) != len(self.keys) for row in self.rows):
            raise ParameterError(
                f"must have rows of {len(self.keys)} values", found=self.rows, field=self.name
            )

    def shortfall(self, values: Mapping[str, Decimal]) -> Fraction:
        """Return 0 where the values are a row of the table, else 1."""
        return Fraction(0 if tuple(values[k] for k in self.keys) in self.rows else 1)


Rule: TypeAlias = LinearRule | TableRule


def in_order(rules: Sequence[Rule], variables: Mapping[str, GovernedVariable]) -> tuple[Rule, ...]:
    """Return rules by name; a name that occurs twice or a key nobody declared is refused."""
    listed = sorted(rules, key=lambda r: r.name)
    for one, other in pairwise(listed):
        if one.name == other.name:
            raise ParameterError("must occur once", found=one.name, field="rules")
    for rule in listed:
        unknown = [k for k in rule.keys if k not in variables]
        if unknown:
            raise ParameterError("must bind declared variables", found=unknown, field=rule.name)
    return tuple(listed)


def is_soft(rule: Rule) -> bool:
    """Tell whether a rule may be missed at a cost."""
    return isinstance(rule, LinearRule) and rule.soft_cost is not None
