"""Changes that are noise are not made: freeze them, and solve the joint problem again.

A value whose change is below so many standard errors keeps what is in force, and everything else
is solved again around it, until nothing more freezes. A tightening is never held back while the
pooled coverage of the set in force is rejected. A frozen value that would break a rule or a need
thaws, and is listed; only a need that states its own standard error, missed by less than the same
number of them by frozen values alone, is no reason to thaw: that miss is the noise itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from plimsoll.calibration.structure.components import Component, components
from plimsoll.calibration.structure.diagnosis import least_thaw
from plimsoll.calibration.structure.rules import LinearRule, Rule, in_order, is_soft
from plimsoll.calibration.structure.solution import SolvedSet, Weights, solve_set
from plimsoll.calibration.structure.variables import GovernedVariable, by_key
from plimsoll.errors import ParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class Thawed:
    """A value whose change is noise but could not stand.

    Parameters
    ----------
    key : str
    rules : tuple of str
        What excluded it together with the other values that stood.
    """

    key: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenSet:
    """A solved set with what was kept.

    Parameters
    ----------
    solved : SolvedSet
    frozen : tuple of str
        Keys whose value in force stands because the change is noise.
    thawed : tuple of Thawed
    rounds : int
        Times the problem was solved.
    """

    solved: SolvedSet
    frozen: tuple[str, ...]
    thawed: tuple[Thawed, ...]
    rounds: int


def solve_frozen(
    variables: Sequence[GovernedVariable],
    rules: Sequence[Rule],
    target: Mapping[str, float | Decimal],
    weights: Weights | None = None,
    *,
    standard_errors: float = 1.5,
    coverage_rejected: bool = False,
) -> FrozenSet:
    """Solve the set with insignificant changes frozen.

    Parameters
    ----------
    standard_errors : float
        How many of them a change must reach; 0 freezes nothing. Values without a standard error,
        without a value in force, or whose value in force lies off the grid are never frozen.
    coverage_rejected : bool
        Pooled coverage of the set in force is rejected: tightenings go through.

    Raises
    ------
    InfeasibleProblemError
        As `solve_set`, for the problem with nothing frozen.
    """
    if standard_errors < 0:
        raise ParameterError("must not be negative", found=standard_errors, field="standard_errors")
    held = by_key(variables)
    unknown = [key for key in target if key not in held]
    if unknown:
        raise ParameterError("must be keys of variables", found=unknown, field="target")
    parts = components(held, in_order(rules, held))
    found = [
        _solve_part(part, target, weights or Weights(), standard_errors, coverage_rejected)
        for part in parts
    ]
    values = {key: value for part in found for key, value in part.solved.values.items()}
    return FrozenSet(
        solved=SolvedSet(
            values={key: values[key] for key in held},
            missed=tuple(violation for part in found for violation in part.solved.missed),
            cost=sum(part.solved.cost for part in found),
            components=len(parts),
        ),
        frozen=tuple(sorted(key for part in found for key in part.frozen)),
        thawed=tuple(sorted((t for part in found for t in part.thawed), key=lambda t: t.key)),
        rounds=max((part.rounds for part in found), default=0),
    )


def _solve_part(
    part: Component,
    aims: Mapping[str, float | Decimal],
    prices: Weights,
    standard_errors: float,
    coverage_rejected: bool,
) -> FrozenSet:
    """Freeze, thaw and solve again one component until nothing more freezes."""
    held = {variable.key: variable for variable in part.variables}
    target = {key: aims[key] for key in held if key in aims}
    margin = {key: price for key, price in prices.margin.items() if key in held}
    weights = replace(prices, margin=margin)
    frozen: dict[str, Decimal] = {}
    thawed: dict[str, Thawed] = {}
    solved, rounds = solve_set(part.variables, part.rules, target, weights), 1
    kept = _needs_kept(part.rules, solved)
    while True:
        noise = {
            key: variable.current
            for key, variable in held.items()
            if key not in frozen and key not in thawed and variable.current is not None
            if _is_noise(variable, solved.values[key], standard_errors, coverage_rejected)
        }
        if not noise:
            break
        frozen |= noise
        for found in _thaw(held, _asked(kept, frozen, standard_errors), frozen):
            thawed[found.key] = found
            del frozen[found.key]
        asked = _asked(kept, frozen, standard_errors)
        solved = solve_set(part.variables, asked, target, weights, fixed=frozen)
        rounds += 1
    return FrozenSet(
        solved=solved,
        frozen=tuple(frozen),
        thawed=tuple(thawed.values()),
        rounds=rounds,
    )


def _is_noise(
    variable: GovernedVariable, value: Decimal, standard_errors: float, coverage_rejected: bool
) -> bool:
    old, error = variable.current, variable.standard_error
    if old is None or error is None or value == old or not variable.holds(old):
        return False
    if coverage_rejected and variable.tightened(old, value):
        return False
    return float(abs(value - old)) < standard_errors * float(error)


def _needs_kept(rules: Sequence[Rule], solved: SolvedSet) -> tuple[Rule, ...]:
    """Make soft rules that the set satisfies firm: noise must not hold back cover."""
    missed = {violation.name for violation in solved.missed}
    return tuple(
        replace(rule, soft_cost=None)
        if isinstance(rule, LinearRule) and rule.name not in missed
        else rule
        for rule in rules
    )


def _asked(
    rules: Sequence[Rule], frozen: Mapping[str, Decimal], standard_errors: float
) -> tuple[Rule, ...]:
    """Leave out estimated needs that frozen values alone miss by no more than noise."""
    return tuple(rule for rule in rules if not _within_noise(rule, frozen, standard_errors))


def _within_noise(rule: Rule, frozen: Mapping[str, Decimal], standard_errors: float) -> bool:
    if not isinstance(rule, LinearRule) or rule.standard_error is None:
        return False
    if not all(key in frozen for key in rule.keys):
        return False
    return float(rule.shortfall(frozen)) < standard_errors * float(rule.standard_error)


def _thaw(
    held: Mapping[str, GovernedVariable], rules: Sequence[Rule], frozen: Mapping[str, Decimal]
) -> tuple[Thawed, ...]:
    """Return the least set of frozen values that must move, with what excludes them."""
    firm = [rule for rule in in_order(rules, held) if not is_soft(rule)]
    out = []
    for part in components(held, firm):
        mine = {v.key: frozen[v.key] for v in part.variables if v.key in frozen}
        if mine:
            out += [Thawed(key=key, rules=names) for key, names in least_thaw(part, mine)]
    return tuple(out)
