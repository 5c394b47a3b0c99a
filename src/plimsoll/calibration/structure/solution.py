"""The nearest jointly feasible set that covers the needs at least cost.

One mixed-integer linear programme for each part of the problem that rules connect:

.. math:: \\min \\sum_i p_i x_i + w_d \\sum_i |x_i - t_i| / s_i + w_c \\sum_i |x_i - x_i^0| / s_i
          \\quad\\text{s.t. all rules, } x_i \\in \\text{grid}_i

with price of margin p, target t, incumbent x0 and scale s (standard error, or one step). Of sets
with equal cost the tighter one is taken, earlier keys first: a second objective at a thousandth
of the cheapest step of the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from plimsoll.calibration.structure.components import Component, components
from plimsoll.calibration.structure.diagnosis import refuse_infeasible
from plimsoll.calibration.structure.exact import Violation, check_set, hard
from plimsoll.calibration.structure.programme import Placed, Programme, add_rule
from plimsoll.calibration.structure.rules import LinearRule, Rule, TableRule, in_order
from plimsoll.calibration.structure.variables import GovernedVariable, by_key
from plimsoll.errors import EstimationError, ParameterError

TIE_SHARE = 1e-3
SMALLEST_COST = 1.0
"""Costs are scaled so that the cheapest step costs this: HiGHS ends within 1e-6 of the best."""

SMALLEST_SHARE = 1e-6
"""Of the dearest step: a step cheaper than that is not told from a tie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What the programme pays for.

    Parameters
    ----------
    margin : mapping of str to float
        Price of one unit of a variable's value (its share of open interest, say); negative where
        a higher value is cheaper. Keys left out cost nothing.
    distance : float
        Of one standard error (or step) away from the target.
    churn : float
        Of one standard error (or step) away from the value in force.
    """

    margin: Mapping[str, float] = field(default_factory=dict)
    distance: float = 1.0
    churn: float = 0.0

    def __post_init__(self) -> None:
        if self.distance < 0 or self.churn < 0:
            raise ParameterError(
                "must not be negative", found=f"{self.distance}, {self.churn}", field="weights"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SolvedSet:
    """A set that satisfies every hard rule exactly.

    Parameters
    ----------
    values : mapping of str to Decimal
        By key, on the grid.
    missed : tuple of Violation
        Soft rules that were cheaper to miss.
    cost : float
        Objective without ties: margin, distance, churn.
    components : int
        Parts that were solved apart.
    """

    values: Mapping[str, Decimal]
    missed: tuple[Violation, ...]
    cost: float
    components: int


def solve_set(
    variables: Sequence[GovernedVariable],
    rules: Sequence[Rule],
    target: Mapping[str, float | Decimal],
    weights: Weights | None = None,
    *,
    fixed: Mapping[str, Decimal] | None = None,
) -> SolvedSet:
    """Return the least-cost set on the grids that satisfies all rules together.

    Parameters
    ----------
    variables, rules : sequences
        In any order.
    target : mapping of str to float or Decimal
        Where values should be; may be off the grid. Keys left out have no target.
    weights : Weights
    fixed : mapping of str to Decimal
        Values that stand.

    Raises
    ------
    InfeasibleProblemError
        Where the rules exclude each other, with the diagnosis.
    ParameterError
        Where nothing says where a variable should be, or a target is of no variable.
    """
    weighed, held = weights or Weights(), by_key(variables)
    ordered, standing = in_order(rules, held), fixed or {}
    _check_aims(held, ordered, target, weighed, standing)
    parts = components(held, ordered)
    values: dict[str, Decimal] = {}
    for part in parts:
        found = solve_component(part, target, weighed, standing)
        if found is None:
            raise refuse_infeasible(part.variables, part.rules, standing)
        values.update(found)
    violations = check_set(tuple(held.values()), ordered, values)
    if hard(violations):
        raise EstimationError(
            "must satisfy every rule exactly",
            found="; ".join(v.text for v in hard(violations)),
            field="solved set",
            remedy="coarsen the grid: coefficients above a million exceed the solver's tolerance",
        )
    return SolvedSet(
        values={key: values[key] for key in held},
        missed=violations,
        cost=set_cost(held, ordered, values, target, weighed),
        components=len(parts),
    )


def solve_component(
    part: Component,
    target: Mapping[str, float | Decimal],
    weights: Weights,
    fixed: Mapping[str, Decimal],
) -> Mapping[str, Decimal] | None:
    """Solve one component; None where its rules exclude each other."""
    programme = Programme()
    placed = {v.key: _place(programme, v, fixed.get(v.key)) for v in part.variables}
    unit = SMALLEST_COST / _cheapest_step(part, target, weights)
    for rank, variable in enumerate(part.variables):
        column = placed[variable.key]
        for around, price in _aims(variable, target, weights):
            column.charge(programme, around, unit * price)
        programme.charge(column.terms, unit * weights.margin.get(variable.key, 0.0))
        tie = TIE_SHARE * (2.0 - rank / len(part.variables)) / float(variable.spacing)
        programme.charge(column.terms, -variable.tightens.sign * tie)
    for rule in part.rules:
        soft = rule.soft_cost if isinstance(rule, LinearRule) else None
        add_rule(programme, rule, placed, None if soft is None else unit * soft)
    point = programme.solve()
    return None if point is None else {k: column.value(point) for k, column in placed.items()}


def set_cost(
    variables: Mapping[str, GovernedVariable],
    rules: Sequence[Rule],
    values: Mapping[str, Decimal],
    target: Mapping[str, float | Decimal],
    weights: Weights,
) -> float:
    """Return the first objective of a set: margin, distance, churn, and soft rules missed."""
    cost = 0.0
    for key, variable in variables.items():
        value = float(values[key])
        cost += weights.margin.get(key, 0.0) * value
        cost += sum(p * abs(value - around) for around, p in _aims(variable, target, weights))
    for rule in rules:
        if isinstance(rule, LinearRule) and rule.soft_cost is not None:
            missed = float(rule.shortfall(values)) / rule.natural_unit(variables)
            cost += rule.soft_cost * missed
    return cost


def _aims(
    variable: GovernedVariable, target: Mapping[str, float | Decimal], weights: Weights
) -> tuple[tuple[float, float], ...]:
    """Return the points that a variable is drawn to, with the price of a unit away from each."""
    aims = []
    if variable.key in target and weights.distance:
        aims.append((float(target[variable.key]), weights.distance / variable.scale))
    if variable.current is not None and weights.churn:
        aims.append((float(variable.current), weights.churn / variable.scale))
    return tuple(aims)


def _cheapest_step(
    part: Component, target: Mapping[str, float | Decimal], weights: Weights
) -> float:
    prices = [
        price * float(v.spacing)
        for v in part.variables
        for price in (
            abs(weights.margin.get(v.key, 0.0)),
            *(p for _, p in _aims(v, target, weights)),
        )
        if price > 0.0
    ]
    return max(min(prices, default=1.0), SMALLEST_SHARE * max(prices, default=1.0))


def _place(programme: Programme, variable: GovernedVariable, fixed: Decimal | None) -> Placed:
    if fixed is not None and not variable.holds(fixed):
        raise ParameterError("must lie on the grid to stand", found=str(fixed), field=variable.key)
    return Placed(programme, variable, fixed, fixed)


def _check_aims(
    variables: Mapping[str, GovernedVariable],
    rules: Sequence[Rule],
    target: Mapping[str, float | Decimal],
    weights: Weights,
    fixed: Mapping[str, Decimal],
) -> None:
    """Refuse what nobody aims at, and aims at nobody's variables."""
    unknown = [k for k in (*target, *weights.margin, *fixed) if k not in variables]
    if unknown:
        raise ParameterError("must be keys of variables", found=unknown, field="target")
    tied = {key for rule in rules if isinstance(rule, TableRule) for key in rule.keys}
    loose = [
        v.key
        for v in variables.values()
        if not _aims(v, target, weights) and not weights.margin.get(v.key)
        if v.key not in tied and v.key not in fixed
    ]
    if loose:
        raise ParameterError(
            "must have a target, a price, a fixed value, or churn against a value in force",
            found="none",
            field=", ".join(loose),
        )
