"""A path of jointly feasible sets in a given number of periods, as one programme."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from plimsoll.calibration.structure.exact import violated
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
    repaired: int,
) -> tuple[Mapping[str, Decimal], ...] | None:
    """Return the values of the moving variables in each period; None where there is no path.

    Parameters
    ----------
    mine : mapping of str to Move
        What moves; everything else stands at ``start``.
    waits : mapping of str to int
        Periods in which a value may not move yet.
    repaired : int
        Periods at the start in which nothing moves and rules are not asked: notice of a set in
        force that is at fault.
    """
    if any(max(waits[k], repaired) + (m.steps or 0) > periods for k, m in mine.items()):
        return None
    programme = Programme()
    placed = [
        {
            key: _place(programme, move, last=period == periods - 1)
            for key, move in mine.items()
            if period >= max(waits[key], repaired)
        }
        for period in range(periods)
    ]
    for period in range(periods):
        if period >= repaired:
            for rule in rules:
                add_rule(programme, rule, placed[period], constants=start)
        for key, move in mine.items():
            _add_step(programme, move, placed[period - 1] if period else {}, placed[period], key)
    point = programme.solve()
    if point is None:
        return None
    path = tuple({k: now[k].value(point) if k in now else start[k] for k in mine} for now in placed)
    _verify(path, rules, mine, start, repaired)
    return path


def _place(programme: Programme, move: Move, *, last: bool) -> Placed:
    low, high = (move.target, move.target) if last else (move.low, move.high)
    column = Placed(programme, move.variable, low, high)
    weight = TIGHTENING_FIRST if move.tightens else 1.0
    programme.charge(column.terms, -move.sign * weight / float(move.high - move.low))
    return column


def _add_step(
    programme: Programme,
    move: Move,
    before: Mapping[str, Placed],
    after: Mapping[str, Placed],
    key: str,
) -> None:
    """Add: toward the target, and no further than the limits, from the period before."""
    if key not in after:
        return
    then, constant = _expression(before.get(key), move.start)
    change = _difference(after[key].terms, then, Fraction(1), move.sign)
    programme.row(change, constant * move.sign, None)
    if move.absolute is not None:
        programme.row(change, None, move.absolute + constant * move.sign)
    if move.relative is not None:
        grown = 1 + move.sign * move.relative
        programme.row(
            _difference(after[key].terms, then, grown, move.sign),
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
    repaired: int,
) -> None:
    """Hold each set against rules, grids and limits in exact arithmetic."""
    faults = tuple(_faults(path, rules, mine, start, repaired))
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
    repaired: int,
) -> Iterator[str]:
    before: Mapping[str, Decimal] = start
    for period, values in enumerate(path):
        if period >= repaired:
            yield from (v.text for v in violated(rules, {**start, **values}))
        for key, move in mine.items():
            moved = values[key] != before[key]
            if moved and not move.variable.holds(values[key]):
                yield f"{key} = {values[key]} is off its grid"
            if not move.within_limits(before[key], values[key]):
                yield f"{key} moves from {before[key]} to {values[key]}"
        before = values
