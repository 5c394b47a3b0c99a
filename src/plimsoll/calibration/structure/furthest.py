r"""The way on which every value is, in every period, as far as the rules let it be.

Count each value by its progress from the set in force to the target. A linear rule then says: what
makes it worse may go no further than what makes it better has gone. With one value on the worse
side of each rule that would be missed, feasible sets are closed under taking the further of two
values, place by place: there is one furthest set within a step, found by holding values back until
nothing is missed, and being further on is never a hindrance later. So the way of furthest sets
reaches the target first, and no programme has to be solved (Knaster and Tarski's greatest fixed
point; such rules are the monotone two-variable inequalities of Hochbaum and Naor 1994).

Where the set in force misses a rule, that argument fails, and the way is one of the feasible ones:
whoever wants the shortest compares its length with a bound, or solves.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from plimsoll.calibration.structure.moves import Move
from plimsoll.calibration.structure.rules import LinearRule, Rule, Sense


class Shortfall(StrEnum):
    """How far a rule that the start misses may be missed on the way.

    ``NO_WORSE`` is by no more than in the period before. ``MENDED_FIRST`` is stricter: nothing
    makes a missed rule of structure worse while others can still make it better. With
    ``AS_AT_THE_START`` all rules stand still, so that a way of furthest sets has the fewest
    periods: a bound for the others.
    """

    MENDED_FIRST = "mended first"
    NO_WORSE = "no worse"
    AS_AT_THE_START = "as at the start"


@dataclass(frozen=True, slots=True, kw_only=True)
class FurthestPath:
    """A way of feasible sets.

    Parameters
    ----------
    sets : tuple of mapping of str to Decimal
        Of what moves, by period; the last is the target.
    shortest : bool
        No way that is held so has fewer periods.
    """

    sets: tuple[Mapping[str, Decimal], ...]
    shortest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Track:
    """The values of one way in order, as whole numbers, and how far a step goes.

    ``least`` is how many places it goes whatever the limits.
    """

    values: tuple[Decimal, ...]
    whole: tuple[int, ...]
    sign: int
    absolute: int | None
    relative: Fraction | None
    least: int

    def reach(self, place: int) -> int:
        """Return the furthest place of one step."""
        now, far = self.whole[place], len(self.whole) - 1
        room = [self.absolute] if self.absolute is not None else []
        if self.relative is not None:
            room.append(now * self.relative.numerator // self.relative.denominator)
        if not room:
            return far
        edge = now * self.sign + min(room)
        within = bisect_right(self.whole, edge, key=lambda v: v * self.sign) - 1
        return max(within, min(place + self.least, far))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Demand:
    """A sum of whole numbers that must not exceed a bound; who makes it grow on the way.

    ``first`` is structure: where it is missed, it is mended before anything that makes it worse.
    """

    terms: tuple[tuple[str, int], ...]
    bound: int
    worse: tuple[str, ...]
    broken: bool
    first: bool

    @property
    def keys(self) -> tuple[str, ...]:
        """What it binds."""
        return tuple(key for key, _ in self.terms)


def furthest_path(
    rules: Sequence[Rule],
    mine: Mapping[str, Move],
    start: Mapping[str, Decimal],
    waits: Mapping[str, int],
    most: int,
    *,
    hold: Shortfall,
) -> FurthestPath | None:
    """Return the way of furthest sets; None where it is not one, or takes more than ``most``.

    Parameters
    ----------
    hold : Shortfall
        Of rules that the start misses.
    """
    if any(not isinstance(rule, LinearRule) for rule in rules):
        return None
    linear = [rule for rule in rules if isinstance(rule, LinearRule)]
    tracks, demands = _whole(linear, mine, start)
    places: dict[str, int] = dict.fromkeys(mine, 0)
    sets: list[Mapping[str, Decimal]] = []
    ends = {key: len(track.values) - 1 for key, track in tracks.items()}
    while places != ends:
        now = {k: t.reach(places[k]) if len(sets) >= waits[k] else 0 for k, t in tracks.items()}
        found = _held_back(demands, tracks, places, now, hold)
        waiting = len(sets) < max(waits.values())
        if found is None or len(sets) == most or (found == places and not waiting):
            return None
        places = found
        sets.append({key: track.values[places[key]] for key, track in tracks.items()})
    moving = hold is not Shortfall.AS_AT_THE_START and any(d.broken for d in demands)
    return FurthestPath(sets=tuple(sets), shortest=not moving)


def _held_back(
    demands: Sequence[_Demand],
    tracks: Mapping[str, _Track],
    before: Mapping[str, int],
    wished: Mapping[str, int],
    hold: Shortfall,
) -> dict[str, int] | None:
    """Return the furthest places at which no demand gets worse; None where two could give way."""
    now, settled = dict(wished), False
    while not settled:
        settled = True
        for demand in demands:
            moved = [key for key in demand.worse if now[key] > before[key]]
            if not moved:
                continue
            allowed = _allowed(demand, tracks, before, now, hold)
            if _excess(demand, tracks, now) <= allowed:
                continue
            if len(moved) > 1:
                return None
            now[moved[0]] = _furthest(demand, tracks, now, moved[0], before, allowed)
            settled = False
    return now


def _allowed(
    demand: _Demand,
    tracks: Mapping[str, _Track],
    before: Mapping[str, int],
    now: Mapping[str, int],
    hold: Shortfall,
) -> int:
    """Return by how much a demand may be missed in the next set."""
    if not demand.broken:
        return 0
    if hold is Shortfall.AS_AT_THE_START:
        return max(0, _excess(demand, tracks, dict.fromkeys(demand.keys, 0)))
    if hold is Shortfall.MENDED_FIRST and demand.first:
        standing = {key: before[key] for key in demand.worse}
        return max(0, _excess(demand, tracks, {**now, **standing}))
    return max(0, _excess(demand, tracks, before))


def _furthest(
    demand: _Demand,
    tracks: Mapping[str, _Track],
    now: Mapping[str, int],
    key: str,
    before: Mapping[str, int],
    allowed: int,
) -> int:
    """Return the furthest place of a value that keeps a demand."""
    low, high = before[key], now[key] - 1
    while low < high:
        middle = (low + high + 1) // 2
        if _excess(demand, tracks, {**now, key: middle}) <= allowed:
            low = middle
        else:
            high = middle - 1
    return low


def _excess(demand: _Demand, tracks: Mapping[str, _Track], places: Mapping[str, int]) -> int:
    return sum(a * tracks[k].whole[places[k]] for k, a in demand.terms) - demand.bound


def _whole(
    rules: Sequence[LinearRule], mine: Mapping[str, Move], start: Mapping[str, Decimal]
) -> tuple[dict[str, _Track], tuple[_Demand, ...]]:
    """Return ways and rules in whole numbers of one common unit."""
    ways = {key: _way(move) for key, move in mine.items()}
    unit = math.lcm(
        *{v.as_integer_ratio()[1] for way in ways.values() for v in way},
        *(m.absolute.denominator for m in mine.values() if m.absolute is not None),
    )
    tracks = {
        key: _Track(
            values=ways[key],
            whole=tuple(_times(v, unit) for v in ways[key]),
            sign=move.sign,
            absolute=None if move.absolute is None else int(move.absolute * unit),
            relative=move.relative,
            least=int(move.next_always),
        )
        for key, move in mine.items()
    }
    demands = [
        demand
        for rule in rules
        if any(key in mine for key in rule.keys)
        for demand in _demands(rule, mine, start, unit)
        if demand.broken or _can_be_missed(demand, tracks)
    ]
    return tracks, tuple(demands)


def _times(value: Decimal, unit: int) -> int:
    """Return a value in a unit that measures it exactly."""
    numerator, denominator = value.as_integer_ratio()
    return numerator * (unit // denominator)


def _can_be_missed(demand: _Demand, tracks: Mapping[str, _Track]) -> bool:
    """Tell whether a demand is missed with all that makes it worse at the target, the rest not."""
    last = {key: len(tracks[key].whole) - 1 if key in demand.worse else 0 for key in demand.keys}
    return _excess(demand, tracks, last) > 0


def _way(move: Move) -> tuple[Decimal, ...]:
    """Return the values from the start to the target, in their order on the way."""
    variable = move.variable
    if variable.step is None:
        inside = {v for v in variable.values if move.low <= v <= move.high}
    else:
        step = Fraction(variable.step)
        first = math.ceil(Fraction(move.low) / step)
        last = math.floor(Fraction(move.high) / step)
        inside = {k * variable.step for k in range(first, last + 1)}
    listed = {v for v in inside if variable.lower <= v <= variable.upper}
    return tuple(sorted({move.start, move.target, *listed}, reverse=move.sign < 0))


def _demands(
    rule: LinearRule, mine: Mapping[str, Move], start: Mapping[str, Decimal], unit: int
) -> list[_Demand]:
    """Return a rule as sums that must not exceed a bound: two for an equality."""
    signs = {Sense.AT_MOST: (1,), Sense.AT_LEAST: (-1,), Sense.EQUAL: (1, -1)}[rule.sense]
    out = []
    for sign in signs:
        moving = {k: sign * Fraction(a) for k, a in rule.coefficients if k in mine}
        fixed = (Fraction(a) * Fraction(start[k]) for k, a in rule.coefficients if k not in mine)
        bound = sign * (Fraction(rule.bound) - sum(fixed, Fraction(0)))
        scale = math.lcm(*(a.denominator for a in moving.values()))
        now = sum((a * Fraction(start[k]) for k, a in moving.items()), Fraction(0))
        out.append(
            _Demand(
                terms=tuple((key, int(a * scale)) for key, a in moving.items()),
                bound=math.floor(bound * scale * unit),
                worse=tuple(key for key, a in moving.items() if a * mine[key].sign > 0),
                broken=now > bound,
                first=rule.standard_error is None,
            )
        )
    return out
