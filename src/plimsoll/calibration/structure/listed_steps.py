"""Steps between values of a list: which choice may follow which, in whole numbers.

A limit on a list is a limit on places: whoever stands at or beyond a place now stood, a period
before, at or beyond the earliest place from which it is in reach. Coefficients are ones, whatever
digits the values and the limits have.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from plimsoll.calibration.structure.moves import Move
from plimsoll.calibration.structure.programme import Placed, Programme, Terms

ONE = Fraction(1)


def add_listed_step(programme: Programme, move: Move, before: Placed | None, after: Placed) -> None:
    """Add: toward the target, and no further than the limits, from the period before."""
    now = _in_direction(move, after)
    if before is None:
        out = {column: ONE for value, column in now if not move.within_limits(move.start, value)}
        if out:
            programme.row(out, None, Fraction(0))
        return
    then = _in_direction(move, before)
    for place, (value, _) in enumerate(now):
        reach = next((i for i, (u, _) in enumerate(then) if move.within_limits(u, value)), None)
        here_or_beyond: Terms = {column: ONE for _, column in now[place:]}
        if reach is None:
            programme.row(here_or_beyond, None, Fraction(0))
        elif reach:
            programme.row(_less(here_or_beyond, then[reach:]), None, Fraction(0))
        gone = [one for one in then if _beyond(move, one[0], value)]
        if gone and place < len(now) - 1:
            rest = [one for one in then if not _beyond(move, one[0], value)]
            here_or_short: Terms = {column: ONE for _, column in now[: place + 1]}
            programme.row(_less(here_or_short, rest), None, Fraction(0))


def _in_direction(move: Move, placed: Placed) -> list[tuple[Decimal, int]]:
    return sorted(placed.choices, key=lambda one: one[0], reverse=move.sign < 0)


def _beyond(move: Move, value: Decimal, other: Decimal) -> bool:
    return (value - other) * move.sign > 0


def _less(terms: Terms, columns: list[tuple[Decimal, int]]) -> Terms:
    return terms | {column: -ONE for _, column in columns}
