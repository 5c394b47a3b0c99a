"""Search on a grid of values: coordinates with shrinking strides, then exchanges of two.

Every point asked is on the venue's grid, so nothing is rounded afterwards. Deterministic: no
random number is drawn. A point is accepted only where the objective falls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations

from plimsoll.calibration.grids.grid_family import Knob, Point

Objective = Callable[[Point], float]
STRIDES = (4, 2, 1)
_EXCHANGES = 4
_GAIN = 1e-6
_SAME = 1e-9


def grid_search(
    objective: Objective,
    start: Point,
    knobs: Sequence[Knob],
    moved: Sequence[int],
    *,
    strides: Sequence[int] = STRIDES,
    exchanges: bool = True,
    rounds: int = 12,
) -> Point:
    """Return the best point found.

    Parameters
    ----------
    objective : callable of Point
    start : Point
    knobs : sequence of Knob
        Of all places of the point.
    moved : sequence of int
        Places that are searched.
    strides : sequence of int
        Steps tried, one after the other.
    exchanges : bool
        Whether to end with moves of two places against each other, which follow an edge of the
        admissible region that no single move can.
    rounds : int
        Most passes over the places at one stride.
    """
    best = start
    for stride in strides:
        best = _coordinates(objective, best, knobs, moved, stride, rounds)
    for _ in range(_EXCHANGES if exchanges else 0):
        found = _exchange(objective, best, knobs, moved)
        if found == best:
            break
        best = _coordinates(objective, found, knobs, moved, 1, rounds)
    return best


def _coordinates(
    objective: Objective,
    best: Point,
    knobs: Sequence[Knob],
    moved: Sequence[int],
    stride: int,
    rounds: int,
) -> Point:
    for _ in range(rounds):
        before = best
        for place in moved:
            for by in (-stride, stride):
                while True:
                    other = shifted(best, knobs, {place: by})
                    if other == best or objective(other) >= objective(best) - _GAIN:
                        break
                    best = other
        if best == before:
            break
    return best


def _exchange(
    objective: Objective, best: Point, knobs: Sequence[Knob], moved: Sequence[int]
) -> Point:
    """The first exchange that pays: one place down, another up, by one or two steps."""
    for down, up in permutations(moved, 2):
        for by in ({down: -1, up: 1}, {down: -2, up: 1}, {down: -1, up: 2}):
            other = shifted(best, knobs, by)
            if other != best and objective(other) < objective(best) - _GAIN:
                return other
    return best


def towards(
    objective: Objective, point: Point, home: Point, knobs: Sequence[Knob], moved: Sequence[int]
) -> Point:
    """Take every place back towards ``home`` as far as the objective does not rise."""
    best = point
    for place in moved:
        while best[place] != home[place]:
            by = 1 if home[place] > best[place] else -1
            other = shifted(best, knobs, {place: by})
            if other == best or objective(other) > objective(best) + _SAME:
                break
            best = other
    return best


def shifted(point: Point, knobs: Sequence[Knob], by: dict[int, int]) -> Point:
    """A point with some places moved, within their ranges."""
    found = list(point)
    for place, steps in by.items():
        knob = knobs[place]
        found[place] = min(max(found[place] + steps, knob.least), knob.most)
    return tuple(found)
