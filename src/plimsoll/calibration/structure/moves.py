"""One value's way from the set in force to the target under its own step limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from plimsoll.calibration.structure.variables import GovernedVariable

MOST_STEPS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A value that has to change.

    Parameters
    ----------
    variable : GovernedVariable
    start, target : Decimal
    absolute, relative : Fraction or None
        Largest change per step: in the unit, and as a share of the value before.
    steps : int or None
        Fewest steps of this value alone; None where a limit is below the next value of the grid.
    stuck_at : Decimal or None
        Where no step leads on.
    """

    variable: GovernedVariable
    start: Decimal
    target: Decimal
    absolute: Fraction | None
    relative: Fraction | None
    steps: int | None = None
    stuck_at: Decimal | None = None

    @property
    def sign(self) -> int:
        """1 for a rise, -1 for a fall."""
        return 1 if self.target > self.start else -1

    @property
    def tightens(self) -> bool:
        """Whether the move asks more of users."""
        return self.variable.tightened(self.start, self.target)

    @property
    def low(self) -> Decimal:
        """Smaller end of the way."""
        return min(self.start, self.target)

    @property
    def high(self) -> Decimal:
        """Larger end of the way."""
        return max(self.start, self.target)

    def largest(self, before: Decimal) -> Fraction | None:
        """Return how far one step may go from ``before``; None without limit."""
        limits = [self.absolute] if self.absolute is not None else []
        if self.relative is not None:
            limits.append(self.relative * Fraction(before))
        return min(limits, default=None)

    def within_limits(self, before: Decimal, after: Decimal) -> bool:
        """Tell whether a step is toward the target, not beyond it, and within the limits."""
        change = (Fraction(after) - Fraction(before)) * self.sign
        if change < 0 or not self.low <= after <= self.high:
            return False
        largest = self.largest(before)
        near = self.next_always and after == self.next_value(before)
        return largest is None or change <= largest or near

    @property
    def next_always(self) -> bool:
        """Whether the neighbour in a list is in reach whatever the limits."""
        return self.variable.limits.next_always and self.variable.step is None

    def next_value(self, before: Decimal) -> Decimal:
        """Return the value of the grid that follows ``before`` on the way to the target."""
        variable = self.variable
        rising = self.sign > 0
        found = variable.ceiling(Fraction(before)) if rising else variable.floor(Fraction(before))
        if found == before:
            tiny = Fraction(variable.spacing) / 2 * self.sign
            beyond = Fraction(before) + tiny
            found = variable.ceiling(beyond) if rising else variable.floor(beyond)
        return self.target if found is None else found


def moves(
    variables: Mapping[str, GovernedVariable],
    start: Mapping[str, Decimal],
    target: Mapping[str, Decimal],
    urgent: bool,
    urgent_factor: Decimal,
) -> dict[str, Move]:
    """Return the moves of values that differ, with the fewest steps of each alone."""
    listed = {}
    for key, variable in variables.items():
        if start[key] == target[key]:
            continue
        plain = variable.limits.limit(target[key] > start[key])
        fast = urgent and variable.tightened(start[key], target[key])
        factor = Fraction(urgent_factor) if fast else Fraction(1)
        absolute, relative = (None if x is None else Fraction(x) * factor for x in plain)
        listed[key] = _counted(
            Move(
                variable=variable,
                start=start[key],
                target=target[key],
                absolute=absolute,
                relative=relative,
            )
        )
    return listed


def _counted(move: Move) -> Move:
    """Count the steps of a value alone: each as far as the limit and the grid permit."""
    now, steps, stuck = move.start, 0, None
    while now != move.target and steps < MOST_STEPS:
        after = _furthest(move, now)
        if after is None:
            stuck = now
            break
        now, steps = after, steps + 1
    return Move(
        variable=move.variable,
        start=move.start,
        target=move.target,
        absolute=move.absolute,
        relative=move.relative,
        steps=steps if now == move.target else None,
        stuck_at=stuck,
    )


def _furthest(move: Move, now: Decimal) -> Decimal | None:
    largest = move.largest(now)
    distance = abs(Fraction(move.target) - Fraction(now))
    if largest is None or largest >= distance:
        return move.target
    reach = Fraction(now) + move.sign * largest
    variable = move.variable
    found = variable.floor(reach) if move.sign > 0 else variable.ceiling(reach)
    forward = found is not None and (found - now) * move.sign > 0
    if forward:
        return found
    return move.next_value(now) if move.next_always else None
