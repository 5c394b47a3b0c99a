"""The smallest trade in one market that makes another scenario bind.

Losses of a grid are linear in a position's size as long as no group changes sign: from the losses
now and those after a small trade it follows where the line of one scenario crosses that of another.
Each crossing is tried on the losses themselves, so what is returned does what it says; where groups
do change sign, the edge is found by halves, or the search goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

LossesAfter = Callable[[float], FloatArray]
"""Losses (S,) after a trade of so many contracts; `binds` of ``losses_after(0)`` binds now."""
Binds = Callable[[FloatArray], int | None]

_BEYOND = 1e-9
"""By what share a trade goes beyond the crossing, where two scenarios lose as much."""
_STEP = 1e-3
"""Share of the scale by which a trade is tried for its slope."""
_ROUNDS = 8


def smallest_trade(
    losses_after: LossesAfter, binds: Binds, scale: float, *, capped: bool = False
) -> tuple[float, int]:
    """Return the signed trade of least size after which another scenario binds, and that one.

    Parameters
    ----------
    losses_after : callable
    binds : callable
    scale : float
        Typical size of a trade, above 0: that of the position held.
    capped : bool
        Whether something else than the largest loss may bind: then the crossing of any two
        scenarios may decide, not only that of another one with the one that binds.

    Returns
    -------
    contracts : float
        NaN where no trade was found. Where another scenario loses as much already, any trade will
        do: a billionth of ``scale``.
    scenario : int
        -1 where no trade was found.

    Examples
    --------
    Scenario 0 loses 10 and 2 for each contract more, scenario 1 loses 4 and 5 for each:

    >>> lines = lambda trade: np.array([10.0 + 2.0 * trade, 4.0 + 5.0 * trade])
    >>> trade, scenario = smallest_trade(lines, lambda losses: int(np.argmax(losses)), 1.0)
    >>> round(trade, 6), scenario
    (2.0, 1)
    """
    now = binds(losses_after(0.0))
    if now is None:
        return float("nan"), -1
    ways = [_one_way(losses_after, binds, scale * side, now, capped) for side in (1.0, -1.0)]
    found = [way for way in ways if way[1] >= 0]
    return min(found, key=lambda way: abs(way[0])) if found else (float("nan"), -1)


def _one_way(
    losses_after: LossesAfter, binds: Binds, way: float, now: int, capped: bool
) -> tuple[float, int]:
    """Search in the direction of ``way``, whose size is the scale."""
    at = 0.0
    for _ in range(_ROUNDS):
        here = losses_after(at)
        slope = (losses_after(at + _STEP * way) - here) / _STEP
        steps = _all_crossings(here, slope) if capped else _crossings(here, slope, now)
        for step in (0.0, *steps):
            trade = at + way * (step * (1.0 + _BEYOND) + (_BEYOND if step == 0.0 else 0.0))
            then = binds(losses_after(trade))
            if then is not None and then != now:
                return (trade, then) if step == 0.0 else _edge(losses_after, binds, trade, now)
        if not steps:
            break
        at += way * steps[-1]
    return float("nan"), -1


def _edge(losses_after: LossesAfter, binds: Binds, trade: float, now: int) -> tuple[float, int]:
    """Return the edge of a change that ``trade`` is beyond; itself where the lines are straight.

    Where a group changed sign on the way the line bent, and the change came before the crossing:
    then the interval between no trade and this one is halved until the edge is found.
    """
    low, high = trade * (1.0 - 10.0 * _BEYOND), trade
    if binds(losses_after(low)) != now:
        low = 0.0
    while abs(high - low) > 10.0 * _BEYOND * abs(high):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if binds(losses_after(middle)) in (now, None) else (low, middle)
    then = binds(losses_after(high))
    return high, -1 if then is None else then


def _crossings(losses: FloatArray, slope: FloatArray, now: int) -> list[float]:
    """How far off each scenario catches up with the one that binds, the nearest first."""
    return _ahead(losses[now] - losses, slope - slope[now])


def _all_crossings(losses: FloatArray, slope: FloatArray) -> list[float]:
    """How far off the lines of any two scenarios cross, the nearest first."""
    one, other = np.triu_indices(losses.size, 1)
    return _ahead(losses[one] - losses[other], slope[other] - slope[one])


def _ahead(gap: FloatArray, closing: FloatArray) -> list[float]:
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = gap / closing
    found: list[float] = np.unique(steps[np.isfinite(steps) & (steps > 0.0)]).tolist()
    return found
