"""Cheapest ladder whose rate holds for the whole position: ``MM(N) = N m_i``.

A tier from one cap to the next needs the largest R(N) / N in it, so that the search is a shortest
path over (tiers used, cap, rate). Margin jumps at a cap; rates only rise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.tiers.marginal_search import Found
from plimsoll.calibration.tiers.search_problem import SLACK, SearchProblem

State = tuple[int, int]
Path = tuple[float, tuple[int, ...], tuple[int, ...]]


def cheapest_whole(problem: SearchProblem, most_tiers: int) -> Found | None:
    """Return the cheapest ladder of at most so many tiers, or None where none covers; exact."""
    return whole_by_count(problem, most_tiers)[-1]


def whole_by_count(problem: SearchProblem, most_tiers: int) -> tuple[Found | None, ...]:
    """Return the cheapest ladders of at most 1, 2, ... tiers."""
    needed = _least_steps(problem)
    weight = problem.mass[0]
    last = problem.caps.size - 1
    paths: dict[State, Path] = {(0, 0): (0.0, (), ())}
    best: Path | None = None
    found: list[Found | None] = []
    for _ in range(most_tiers):
        paths = _longer(problem, paths, needed, weight)
        done = [path for (cap, _), path in paths.items() if cap == last]
        best = min([*done, *([best] if best else [])], key=lambda p: p[0], default=None)
        found.append(None if best is None else Found(caps=best[1], steps=best[2], mean=best[0]))
    return tuple(found)


def _least_steps(problem: SearchProblem) -> list[list[int]]:
    """``[i][j]`` steps that cover every point from cap i to cap i + 1 + j."""
    rates = problem.needed / problem.point
    steps = np.ceil(rates / problem.step - SLACK).astype(np.int64)
    return [
        np.maximum.accumulate(steps[problem.above(cap)])[problem.ends(cap)].tolist()
        for cap in range(problem.caps.size - 1)
    ]


def _longer(
    problem: SearchProblem,
    paths: dict[State, Path],
    needed: list[list[int]],
    weight: NDArray[np.float64],
) -> dict[State, Path]:
    """Every path with one more tier, the cheapest of each cap and rate."""
    longer: dict[State, Path] = {}
    for (cap, rate), (mean, caps, steps) in paths.items():
        if cap == problem.caps.size - 1:
            continue
        top = min(problem.most, rate + problem.rise) if cap else problem.most
        for place, least in enumerate(needed[cap]):
            end = cap + 1 + place
            # A rate above the least serves only a later rise that is too large.
            for own in range(max(least, rate + 1, 1), top + 1):
                total = mean + own * problem.step * float(weight[end] - weight[cap])
                old = longer.get((end, own))
                if old is None or total < old[0]:
                    longer[end, own] = (total, (*caps, end), (*steps, own))
                if own >= _useful(problem, needed, end):
                    break
    return longer


def _useful(problem: SearchProblem, needed: list[list[int]], end: int) -> int:
    """Steps from which every later rise is admissible."""
    if end == problem.caps.size - 1:
        return 0
    return max(needed[end]) - problem.rise
