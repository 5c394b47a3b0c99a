r"""Cheapest ladder of marginal rates: ``MM(N) = N m_i - D_i``, continuous.

Labels run over (tiers used, last cap, last rate). A label carries what the ladder holds at its cap,
:math:`M`, and its committed total :math:`T`: mean margin over all sizes if no more were held above
the cap. Of two with the same cap and rate, the one with :math:`T` not higher and :math:`M` not
lower is never worse, whatever follows (what follows costs both the same and covers no less). A
label whose least completion is no better than a ladder already known is dropped. Both are exact, so
the search is, unless a beam or a tolerance is asked for; then the result says what it may miss.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.tiers.search_problem import SLACK, SearchProblem

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """A ladder on the grid: which caps, and rates in steps.

    Parameters
    ----------
    caps : tuple of int
        Places among the caps of the problem, from 1.
    steps : tuple of int
    mean : float
        Mean margin over sizes, share of notional.
    """

    caps: tuple[int, ...]
    steps: tuple[int, ...]
    mean: float


@dataclass(frozen=True, slots=True, eq=False)
class _Labels:
    """L labels of one tier count."""

    cap: IntArray
    rate: IntArray
    held: FloatArray
    inside: FloatArray  # margin of sizes up to the cap
    parent: IntArray

    def take(self, rows: NDArray[np.bool_] | IntArray) -> _Labels:
        return _Labels(
            self.cap[rows], self.rate[rows], self.held[rows], self.inside[rows], self.parent[rows]
        )


def cheapest_marginal(
    problem: SearchProblem,
    most_tiers: int,
    *,
    tolerance: float = 0.0,
    beam: int | None = None,
    known: float = np.inf,
) -> Found | None:
    """Return the cheapest ladder of at most so many tiers that covers every point, or None.

    Parameters
    ----------
    problem : SearchProblem
    most_tiers : int
    tolerance : float
        The result is at most this share dearer than the cheapest.
    beam : int, optional
        Keep so many labels of each cap and tier count; then the result is good, not proven.
    known : float
        Mean margin of a ladder already known; None is returned unless there is a cheaper one.
    """
    return marginal_by_count(problem, most_tiers, tolerance=tolerance, beam=beam, known=known)[-1]


def marginal_by_count(
    problem: SearchProblem,
    most_tiers: int,
    *,
    tolerance: float = 0.0,
    beam: int | None = None,
    known: float = np.inf,
) -> tuple[Found | None, ...]:
    """Return the cheapest ladders of at most 1, 2, ... tiers; parameters of `cheapest_marginal`."""
    start = _Labels(*(np.zeros(1, np.int64),) * 2, *(np.zeros(1),) * 2, np.zeros(1, np.int64))
    levels, found, bound = [start], list[Found | None](), known
    last = problem.caps.size - 1
    for tier in range(1, most_tiers + 1):
        labels = _extended(problem, levels[-1], bound * (1.0 - tolerance), beam is not None)
        labels = _undominated(problem, labels, beam)
        levels.append(labels)
        best = found[-1] if found else None
        done = np.flatnonzero(labels.cap == last)
        if done.size:
            row = int(done[np.argmin(labels.inside[done])])
            if labels.inside[row] < bound:
                bound = float(labels.inside[row])
                best = _traced(levels, (tier, row), bound)
        found.append(best)
    return tuple(found)


def _extended(problem: SearchProblem, labels: _Labels, bound: float, least_only: bool) -> _Labels:
    parts = [
        part
        for cap in np.unique(labels.cap[labels.cap < problem.caps.size - 1])
        for part in _from_cap(problem, labels, int(cap), bound, least_only)
    ]
    if not parts:
        return labels.take(np.zeros(labels.cap.size, dtype=bool))
    columns = ("cap", "rate", "held", "inside", "parent")
    return _Labels(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))


def _from_cap(
    problem: SearchProblem, labels: _Labels, cap: int, bound: float, least_only: bool
) -> list[_Labels]:
    """Every next tier from the labels at one cap, its rate the least that covers, or higher."""
    rows = np.flatnonzero(labels.cap == cap)
    above = problem.above(cap)
    length = problem.point[above] - problem.caps[cap]
    slopes = (problem.needed[above] - labels.held[rows][:, None]) / length
    steepest = np.maximum.accumulate(slopes, axis=1)[:, problem.ends(cap)]
    least = np.ceil(steepest / problem.step - SLACK).astype(np.int64)
    least = np.maximum(least, labels.rate[rows][:, None] + 1)
    most = np.full(rows.size, problem.most)
    if cap:
        most = np.minimum(most, labels.rate[rows] + problem.rise)
    out: list[_Labels] = []
    for place in range(least.shape[1]):
        source, rate = rows, least[:, place]
        top = most
        while True:
            fits = rate <= top
            source, rate, top = source[fits], rate[fits], top[fits]
            if not source.size:
                break
            made = _tiers(problem, labels, source, cap, cap + 1 + place, rate)
            goes_on = _promising(problem, made, cap + 1 + place, bound)
            out.append(made.take(goes_on))
            # Higher rates only cost more: a label without a chance has none at a higher one.
            source, rate, top = source[goes_on], rate[goes_on] + 1, top[goes_on]
            if least_only:
                break
    return out


def _tiers(
    problem: SearchProblem, labels: _Labels, source: IntArray, cap: int, end: int, rate: IntArray
) -> _Labels:
    low, high = problem.caps[cap], problem.caps[end]
    weight, per_dollar = problem.mass[:, end] - problem.mass[:, cap]
    share = rate * problem.step
    held = labels.held[source]
    inside = labels.inside[source] + share * weight + (held - share * low) * per_dollar
    return _Labels(
        np.full(source.size, end),
        rate,
        held + share * (high - low),
        inside,
        source.astype(np.int64),
    )


def _promising(
    problem: SearchProblem, labels: _Labels, cap: int, bound: float
) -> NDArray[np.bool_]:
    if not np.isfinite(bound):
        return np.ones(labels.cap.size, dtype=bool)
    rate = np.asarray(labels.rate * problem.step, dtype=np.float64)
    least = problem.least_total(cap, labels.held, rate)
    return np.asarray(labels.inside + least < bound)


def _undominated(problem: SearchProblem, labels: _Labels, beam: int | None) -> _Labels:
    """Keep what no other label of the same cap and rate beats in both, and the beam's best."""
    rest = problem.mass[1, -1] - problem.mass[1]
    total = labels.inside + labels.held * rest[labels.cap]
    order = np.lexsort((-labels.held, total, labels.rate, labels.cap))
    kept: list[int] = []
    group, most_held = (-1, -1), -np.inf
    for row in order:
        here = (int(labels.cap[row]), int(labels.rate[row]))
        if here != group:
            group, most_held = here, -np.inf
        if labels.held[row] > most_held * (1.0 + 1e-15):
            most_held = float(labels.held[row])
            kept.append(int(row))
    rows = np.array(kept, dtype=np.int64)
    if beam is None or not rows.size:
        return labels.take(rows)
    chosen = [_best(problem, labels, rows[labels.cap[rows] == c], int(c), beam)
              for c in np.unique(labels.cap[rows])]  # fmt: skip
    return labels.take(np.concatenate(chosen))


def _best(problem: SearchProblem, labels: _Labels, rows: IntArray, cap: int, beam: int) -> IntArray:
    if rows.size <= beam:
        return rows
    rate = np.asarray(labels.rate[rows] * problem.step, dtype=np.float64)
    least = labels.inside[rows] + problem.least_total(cap, labels.held[rows], rate)
    return rows[np.argsort(least, kind="stable")[:beam]]


def _traced(levels: list[_Labels], ending: tuple[int, int], mean: float) -> Found:
    tier, row = ending
    caps: list[int] = []
    steps: list[int] = []
    while tier > 0:
        caps.append(int(levels[tier].cap[row]))
        steps.append(int(levels[tier].rate[row]))
        row, tier = int(levels[tier].parent[row]), tier - 1
    return Found(caps=tuple(reversed(caps)), steps=tuple(reversed(steps)), mean=mean)
