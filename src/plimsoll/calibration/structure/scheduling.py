"""From the set in force to the target: dated sets, each feasible under all rules.

Step limits never clamp single values: all values of a step are solved jointly, so a partly
clamped set cannot appear. Values only move toward the target; there are as few steps as the
limits and rules permit, and among such schedules the one that tightens earliest, then loosens
earliest. Rising and falling are treated alike. Only where over a hundred values depend on each
other and the set in force misses a rule, the number of steps may not be the fewest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from plimsoll.calibration.structure.components import components
from plimsoll.calibration.structure.exact import check_set, hard
from plimsoll.calibration.structure.furthest import FurthestPath, Shortfall, furthest_path
from plimsoll.calibration.structure.moves import Move, moves
from plimsoll.calibration.structure.path import solve_path
from plimsoll.calibration.structure.refusals import refuse_length, refuse_stuck
from plimsoll.calibration.structure.rules import Rule, in_order, is_soft
from plimsoll.calibration.structure.variables import GovernedVariable, by_key
from plimsoll.errors import ParameterError

NANOSECONDS_PER_HOUR = 3_600_000_000_000
STEPS_LIMIT = 2_000
"""More steps than any venue announces: weekly, nearly forty years."""
MOST_SOLVED = 100
"""Values that move together, up to which a way that may not be the shortest is improved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleTerms:
    """When changes may come.

    Parameters
    ----------
    announced_at_ns : int
        UTC; notice counts from here.
    interval_hours : int
        Shortest time between two steps.
    urgent : bool
        De-risking fast path: tightenings step ``urgent_factor`` times as far, at
        ``urgent_notice_hours``. Loosenings keep their limits and notice.
    urgent_factor : Decimal
    urgent_notice_hours : int
    most_steps : int
        A schedule of more is refused.
    """

    announced_at_ns: int
    interval_hours: int = 24
    urgent: bool = False
    urgent_factor: Decimal = Decimal(4)
    urgent_notice_hours: int = 0
    most_steps: int = 60

    def __post_init__(self) -> None:
        if self.interval_hours < 1 or self.most_steps < 1 or self.urgent_factor < 1:
            raise ParameterError(
                "must have an interval, steps and a factor of at least 1",
                found=f"{self.interval_hours}, {self.most_steps}, {self.urgent_factor}",
                field="schedule",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedSet:
    """A whole set and when it takes effect.

    Parameters
    ----------
    effective_at_ns : int
        UTC.
    values : mapping of str to Decimal
        Of every variable, changed or not.
    changed : tuple of str
        Keys that differ from the set before.
    """

    effective_at_ns: int
    values: Mapping[str, Decimal]
    changed: tuple[str, ...]


def schedule(
    variables: Sequence[GovernedVariable],
    target: Mapping[str, Decimal],
    rules: Sequence[Rule],
    terms: ScheduleTerms,
) -> tuple[DatedSet, ...]:
    """Return the dated sets that lead from the values in force to the target.

    Where the set in force misses a rule, no set misses it by more than the one before, until it
    holds, and it is mended as early as the limits permit.

    Parameters
    ----------
    variables : sequence of GovernedVariable
        With ``current`` and ``limits``. One without a current value is new: it takes its target
        with the first set.
    target : mapping of str to Decimal
        Of every variable; itself feasible. Soft rules are the target's business and bind no step.

    Raises
    ------
    InfeasibleProblemError
        Where a limit is below one step of the grid, with the least that is not.
    UsageError
        Where the target is further than ``most_steps``, with what each needs.
    ParameterError
        Where the target misses a hard rule.
    """
    held = by_key(variables)
    firm = tuple(r for r in in_order(rules, held) if not is_soft(r))
    faults = hard(check_set(variables, firm, target))
    if faults:
        raise ParameterError(
            "must be a feasible set", found="; ".join(v.text for v in faults), field="target"
        )
    start = {k: target[k] if v.current is None else v.current for k, v in held.items()}
    listed = moves(held, start, target, terms.urgent, terms.urgent_factor)
    first_hours = min((_notice_hours(move, terms) for move in listed.values()), default=0)
    steps: dict[int, dict[str, Decimal]] = {}
    for part in components(held, firm):
        mine = {v.key: listed[v.key] for v in part.variables if v.key in listed}
        path = _part_path(part.rules, mine, start, terms, first_hours)
        for period, values in enumerate(path):
            steps.setdefault(period, {}).update(values)
        new = {v.key: target[v.key] for v in part.variables if v.current is None}
        opened = _opened(part.rules, tuple(new), path, start) if new else 0
        steps.setdefault(opened, {}).update(new)
    in_force = {k: v.current for k, v in held.items() if v.current is not None}
    return tuple(_dated(steps, in_force, terms, first_hours))


def _dated(
    steps: Mapping[int, Mapping[str, Decimal]],
    in_force: Mapping[str, Decimal],
    terms: ScheduleTerms,
    first_hours: int,
) -> Iterator[DatedSet]:
    """Yield whole sets, of the periods in which anything changes."""
    now = dict(in_force)
    for period in sorted(steps):
        changed = tuple(k for k, v in sorted(steps[period].items()) if now.get(k) != v)
        now |= steps[period]
        if changed:
            hours = first_hours + period * terms.interval_hours
            at = terms.announced_at_ns + hours * NANOSECONDS_PER_HOUR
            ordered = {key: now[key] for key in sorted(now)}
            yield DatedSet(effective_at_ns=at, values=ordered, changed=changed)


def _notice_hours(move: Move, terms: ScheduleTerms) -> int:
    if move.tightens and terms.urgent:
        return terms.urgent_notice_hours
    limits = move.variable.limits
    return limits.notice_tightening_hours if move.tightens else limits.notice_loosening_hours


def _part_path(
    rules: Sequence[Rule],
    mine: Mapping[str, Move],
    start: Mapping[str, Decimal],
    terms: ScheduleTerms,
    first_hours: int,
) -> tuple[Mapping[str, Decimal], ...]:
    """Return the sets of one component by period."""
    if not mine:
        return ()
    for move in mine.values():
        if move.steps is None:
            raise refuse_stuck(move)
    waits = {
        k: -(-(_notice_hours(m, terms) - first_hours) // terms.interval_hours)
        for k, m in mine.items()
    }
    least = max(waits[k] + (m.steps or 0) for k, m in mine.items())
    quick, least = _quick(rules, mine, start, waits, least, terms.most_steps)
    if quick is not None and quick.shortest:
        return quick.sets
    if len(mine) > MOST_SOLVED and quick is not None:
        return quick.sets
    end = terms.most_steps if quick is None else len(quick.sets) - 1
    for periods in _tries(least, end):
        path = solve_path(rules, mine, start, periods, waits)
        if path is not None:
            return path
    if quick is not None:
        return quick.sets
    raise refuse_length(mine, waits, least, terms.most_steps)


def _quick(
    rules: Sequence[Rule],
    mine: Mapping[str, Move],
    start: Mapping[str, Decimal],
    waits: Mapping[str, int],
    least: int,
    most: int,
) -> tuple[FurthestPath | None, int]:
    """Return a way found without a programme, and how many periods any way has at the least."""
    found = []
    for hold in (Shortfall.MENDED_FIRST, Shortfall.NO_WORSE):
        way = furthest_path(rules, mine, start, waits, most, hold=hold)
        if way is not None and (way.shortest or len(way.sets) == least):
            return replace(way, shortest=True), len(way.sets)
        found += [way] if way is not None else []
    # A bound may lie beyond ``most``: then no way is short enough.
    wide = furthest_path(rules, mine, start, waits, STEPS_LIMIT, hold=Shortfall.AS_AT_THE_START)
    bound = least if wide is None else len(wide.sets)
    best = min(found, key=lambda way: len(way.sets), default=None)
    if best is not None and len(best.sets) == bound:
        best = replace(best, shortest=True)
    return best, bound


def _opened(
    rules: Sequence[Rule],
    new: Sequence[str],
    path: Sequence[Mapping[str, Decimal]],
    start: Mapping[str, Decimal],
) -> int:
    """Return the period from which every rule that binds a new value holds: it comes then."""
    binding = [rule for rule in rules if any(key in new for key in rule.keys)]
    for period, values in enumerate(path):
        if not any(rule.shortfall({**start, **values}) for rule in binding):
            return period
    return 0


def _tries(least: int, most: int) -> Iterator[int]:
    """Yield numbers of periods: what each value needs alone, then more, at the end the most."""
    near = range(least, min(least + 4, most) + 1)
    yield from near
    far = least + 4
    while far < most:
        far = min(2 * far, most)
        yield far
