"""The least limit on steps with which every refused table has a way, found by solving.

A wider limit takes no way away, so the least one that leads there is found by halving: limits on
the grid of millionths in which they are stated, steps one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from functools import partial

from plimsoll.calibration.set_plan import StepPlan
from plimsoll.calibration.structure.scheduling import STEPS_LIMIT
from plimsoll.errors import UsageError

Solve = Callable[[tuple[str, ...], StepPlan], object]
"""From tables scheduled together and a plan to their dates; raises where there are none."""

MILLIONTH = Decimal("0.000001")
WIDEST = 10_000_000
"""A limit of ten, in millionths: ten times the rate before, or more than any rate."""
LIMITS = ("rise", "rise_relative", "fall", "fall_relative")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRelief:
    """Changes of the plan with which there is a way; each at its least with the rest as stated.

    Parameters
    ----------
    plan : StepPlan
        With the changes.
    changes : tuple of (str, Decimal, Decimal)
        Name of a limit, as stated and as needed.
    """

    plan: StepPlan
    changes: tuple[tuple[str, Decimal, Decimal], ...]

    @property
    def advice(self) -> str:
        """The changes for people.

        >>> plan = StepPlan(rise=Decimal("0.02"))
        >>> StepRelief(plan=plan, changes=(("rise", Decimal("0.01"), Decimal("0.02")),)).advice
        'rise 0.02 instead of 0.01'
        """
        told = (f"{n} {_plain(new)} instead of {_plain(old)}" for n, old, new in self.changes)
        return " with ".join(told)


def least_reliefs(
    refused: Sequence[tuple[str, ...]], steps: StepPlan, solve: Solve
) -> tuple[StepRelief, ...]:
    """Return the ways out: each limit that is enough alone; where none is, all by one factor.

    Parameters
    ----------
    refused : sequence of tuple of str
        Tables without a way, those that are scheduled together in one tuple.
    """
    if not refused:
        return ()
    found = [
        _relief(name, refused, steps, solve)
        for name in (*LIMITS, "most_steps")
        if getattr(steps, name) is not None
    ]
    alone = tuple(relief for relief in found if relief is not None)
    if alone:
        return alone
    together = _relief("", refused, steps, solve)
    return () if together is None else (together,)


def _relief(
    name: str, refused: Sequence[tuple[str, ...]], steps: StepPlan, solve: Solve
) -> StepRelief | None:
    """Return the least change of one limit, or by one factor of all, that is enough for all."""
    at = partial(_changed, steps, name)
    low, high = _ends(steps, name)
    least = low
    for keys in refused:
        if _leads(solve, keys, at(least)):
            continue
        if not _leads(solve, keys, at(high)):
            return None
        least = _least(partial(_leads_at, solve, keys, at), least, high)
    plan = at(least)
    changes = tuple(
        (limit, Decimal(old), Decimal(new))
        for limit in (*LIMITS, "most_steps")
        if (old := getattr(steps, limit)) != (new := getattr(plan, limit))
    )
    return StepRelief(plan=plan, changes=changes)


def _least(enough: Callable[[int], bool], short: int, widest: int) -> int:
    """Return the least whole number that is enough, above one that is not: doubled, then halved."""
    long = min(2 * short, widest)
    while long < widest and not enough(long):
        short, long = long, min(2 * long, widest)
    while long - short > 1:
        middle = (short + long) // 2
        if enough(middle):
            long = middle
        else:
            short = middle
    return long


def _ends(steps: StepPlan, name: str) -> tuple[int, int]:
    """Return the stated value and the widest one, as whole numbers."""
    if name == "most_steps":
        return steps.most_steps, STEPS_LIMIT
    if name:
        return int(getattr(steps, name) / MILLIONTH), WIDEST
    narrowest = min(x for limit in LIMITS if (x := getattr(steps, limit)) is not None)
    return int(1 / MILLIONTH), int(10 / MILLIONTH / narrowest)


def _changed(steps: StepPlan, name: str, value: int) -> StepPlan:
    if name == "most_steps":
        return replace(steps, most_steps=value)
    new = {limit: getattr(steps, limit) for limit in LIMITS}
    if name:
        new[name] = value * MILLIONTH
    else:
        factor = value * MILLIONTH
        new = {limit: None if x is None else _up(x * factor) for limit, x in new.items()}
    return replace(
        steps,
        rise=new["rise"],
        rise_relative=new["rise_relative"],
        fall=new["fall"],
        fall_relative=new["fall_relative"],
    )


def _up(value: Decimal) -> Decimal:
    return value.quantize(MILLIONTH, rounding=ROUND_CEILING)


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _leads_at(
    solve: Solve, keys: tuple[str, ...], at: Callable[[int], StepPlan], value: int
) -> bool:
    return _leads(solve, keys, at(value))


def _leads(solve: Solve, keys: tuple[str, ...], steps: StepPlan) -> bool:
    try:
        solve(keys, steps)
    except UsageError:
        return False
    return True
