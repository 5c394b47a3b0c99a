"""A path of jointly feasible sets in a given number of periods, as one programme."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from plimsoll.calibration.structure.listed_steps import add_listed_step
from plimsoll.calibration.structure.mending import add_no_worse
from plimsoll.calibration.structure.moves import Move
from plimsoll.calibration.structure.programme import Placed, Programme, Terms, add_rule
from plimsoll.calibration.structure.rules import Rule
from plimsoll.errors import EstimationError

TIGHTENING_FIRST = 100.0
"""Progress of a tightening outweighs a loosening's."""


def solve_path(
    rules: Sequence[Rule],
    mine: Mapping[str, Move],
    start: Mapping[str, Decimal],
    periods: int,
    waits: Mapping[str, int],
) -> tuple[Mapping[str, Decimal], ...] | None:
    """Return the values of the moving variables in each period; None where there is no path.

    A rule that ``start`` misses is missed by no more from period to period until it holds; every
    other one holds throughout.

    Parameters
    ----------
    mine : mapping of str to Move
        What moves; everything else stands at ``start``.
    waits : mapping of str to int
        Periods in which a value may not move yet.
    """
    if any(waits[k] + (m.steps or 0) > periods for k, m in mine.items()):
        return None
    programme = Programme()
    placed = [
        {
            key: _place(programme, move, last=period == periods - 1)
            for key, move in mine.items()
            if period >= waits[key]
        }
        for period in range(periods)
    ]
    exact = {key: Fraction(value) for key, value in start.items()}
    for rule in rules:
        if rule.shortfall(start):
            add_no_worse(programme, rule, placed, mine, exact)
            continue
        for now in placed:
            if any(key in now for key in rule.keys):
                add_rule(programme, rule, now, constants=start)
    for period, now in enumerate(placed):
        before = placed[period - 1] if period else {}
        for key, column in now.items():
            _add_step(programme, mine[key], before.get(key), column)
    point = programme.solve()
    if point is None:
        return None
    path = tuple({k: now[k].value(point) if k in now else start[k] for k in mine} for now in placed)
    _verify(path, rules, mine, start)
    return path


def _place(programme: Programme, move: Move, *, last: bool) -> Placed:
    low, high = (move.target, move.target) if last else (move.low, move.high)
    column = Placed(programme, move.variable, low, high)
    weight = TIGHTENING_FIRST if move.tightens else 1.0
    programme.charge(column.terms, -move.sign * weight / float(move.high - move.low))
    return column


def _add_step(programme: Programme, move: Move, before: Placed | None, after: Placed) -> None:
    """Add: toward the target, and no further than the limits, from the period before."""
    if after.choices:
        add_listed_step(programme, move, before, after)
        return
    then, constant = _expression(before, move.start)
    change = _difference(after.terms, then, Fraction(1), move.sign)
    programme.row(change, constant * move.sign, None)
    if move.absolute is not None:
        programme.row(change, None, move.absolute + constant * move.sign)
    if move.relative is not None:
        grown = 1 + move.sign * move.relative
        programme.row(
            _difference(after.terms, then, grown, move.sign),
            None,
            constant * grown * move.sign,
        )


def _expression(placed: Placed | None, start: Decimal) -> tuple[Terms, Fraction]:
    return ({}, Fraction(start)) if placed is None else (placed.terms, Fraction(0))


def _difference(after: Terms, before: Terms, times: Fraction, sign: int) -> Terms:
    """Return sign x (after - times x before)."""
    terms = {column: sign * value for column, value in after.items()}
    return terms | {column: -sign * times * value for column, value in before.items()}


def _verify(
    path: Sequence[Mapping[str, Decimal]],
    rules: Sequence[Rule],
    mine: Mapping[str, Move],
    start: Mapping[str, Decimal],
) -> None:
    """Hold each set against rules, grids and limits in exact arithmetic."""
    faults = tuple(_faults(path, rules, mine, start))
    if faults:
        raise EstimationError(
            "must satisfy every rule and limit exactly",
            found="; ".join(faults),
            field="schedule",
            remedy="coarsen the grid: coefficients above a million exceed the solver's tolerance",
        )


def _faults(
    path: Sequence[Mapping[str, Decimal]],
    rules: Sequence[Rule],
    mine: Mapping[str, Move],
    start: Mapping[str, Decimal],
) -> Iterator[str]:
    before: Mapping[str, Decimal] = start
    for values in path:
        after = {**start, **values}
        yield from worse(rules, before, after)
        for key, move in mine.items():
            moved = values[key] != before[key]
            if moved and not move.variable.holds(values[key]):
                yield f"{key} = {values[key]} is off its grid"
            if not move.within_limits(before[key], values[key]):
                yield f"{key} moves from {before[key]} to {values[key]}"
        before = after


def worse(
    rules: Sequence[Rule], before: Mapping[str, Decimal], after: Mapping[str, Decimal]
) -> Iterator[str]:
    """Yield the rules that a set misses by more than the one before it, exactly."""
    for rule in rules:
        was, now = rule.shortfall(before), rule.shortfall(after)
        if now > was:
            yield f"{rule.text}: missed by {float(now):.6g}, {float(was):.6g} before"
