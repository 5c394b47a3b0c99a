"""Stressed legs: moves of named times as they happened, and sets whose dependence is broken.

Both are legs of a mixture (`plimsoll.scenarios.mixture`) or sets of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.choice import chosen
from plimsoll.domain.market import MarketHistory
from plimsoll.domain.scenario import Factor, ScenarioSet, equal_weights
from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.scenarios.historical import joint_moves

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class StressWindow:
    """A named span of history, UTC ns; a move belongs to it that lies within it.

    Raises
    ------
    UsageError
        For an end that is not after the start.
    """

    name: str
    start_ns: int
    end_ns: int

    def __post_init__(self) -> None:
        if self.end_ns <= self.start_ns:
            raise UsageError("must be after start_ns", found=self.end_ns, field=self.name)


def stressed_scenarios(
    history: MarketHistory,
    subjects: Mapping[str, str],
    windows: Sequence[StressWindow],
    *,
    horizon_bars: int,
    before_ns: int | None = None,
) -> ScenarioSet:
    """Return the joint moves within the windows, at their own size, with equal weights.

    Parameters
    ----------
    history, subjects, horizon_bars, before_ns
        As in `plimsoll.scenarios.historical.filtered_history_scenarios`. A window counts as far as
        it was known.
    windows : sequence of StressWindow

    Raises
    ------
    UsageError
        For no window, or a name twice.
    InsufficientDataError
        For a window without a move that was known: it is named, never left out in silence.
    """
    named = [window.name for window in windows]
    if not named or len(set(named)) != len(named):
        raise UsageError("must be at least one, each once", found=named, field="windows")
    moves = joint_moves(history, subjects, horizon_bars=horizon_bars, before_ns=before_ns)
    rows, names = list[IntArray](), list[str]()
    for window in windows:
        inside = (moves.start_ns >= window.start_ns) & (moves.end_ns <= window.end_ns)
        found = np.flatnonzero(inside)
        if not found.size:
            raise InsufficientDataError(
                "must hold a move of all markets",
                found="none",
                field=f"window {window.name}",
                remedy="leave out markets that were not listed then, or the window",
            )
        rows.append(found)
        names += [f"{window.name} {moves.names[row]}" for row in found.tolist()]
    taken = np.concatenate(rows)
    return ScenarioSet(
        names=tuple(names),
        factors=tuple(Factor(subject=subject) for subject in moves.subjects),
        shocks=np.expm1(moves.log_moves[taken]),
        weights=equal_weights(taken.size),
    )


class Dependence(StrEnum):
    """What takes the place of the dependence between coins."""

    INDEPENDENT = "independent"  # offsets between coins fail
    COMONOTONE = "comonotone"  # all coins fall and rise together
    ANTIMONOTONE = "antimonotone"  # one coin falls where all others, together, rise


def broken_dependence(
    scenarios: ScenarioSet,
    dependence: Dependence | str,
    *,
    seed: int = 0,
    lead: str | None = None,
) -> ScenarioSet:
    """Return as many scenarios, with every coin's own law and another dependence between coins.

    The factors of one coin stay together, so spot and volatility of a coin still move as they did.
    Coins are told apart by the subject of their factors, and ordered by their price factor (by
    their first one where they have none).

    Parameters
    ----------
    dependence : Dependence
    seed : int
        Of the shuffles of INDEPENDENT.
    lead : str, optional
        Of ANTIMONOTONE: the coin that all others move against, as BTC; the first one without it.
        The others move together, so the law is one that exists whatever their number (rank
        correlations of 1 and -1, no negative eigenvalue).

    Returns
    -------
    ScenarioSet
        With equal weights. Where those of ``scenarios`` are equal, each coin's moves are the same
        ones in another order. Where they are not, each coin's law is represented by its quantiles
        at the midpoints of equal shares.

    Raises
    ------
    UsageError
        For a dependence that is none, and for a lead that no factor moves.

    Examples
    --------
    >>> both = ScenarioSet(
    ...     names=("one", "two"),
    ...     factors=(Factor(subject="BTC"), Factor(subject="ETH")),
    ...     shocks=np.array([[-0.1, 0.2], [0.1, -0.2]]),
    ...     weights=equal_weights(2),
    ... )
    >>> broken_dependence(both, "comonotone").shocks.tolist()
    [[-0.1, -0.2], [0.1, 0.2]]
    >>> broken_dependence(both, "antimonotone", lead="ETH").shocks.tolist()
    [[0.1, -0.2], [-0.1, 0.2]]
    """
    kind = chosen(Dependence, dependence, "dependence")
    generator = np.random.Generator(np.random.PCG64(seed))
    subjects = list(dict.fromkeys(factor.subject for factor in scenarios.factors))
    head = _lead_of(subjects, lead)
    shocks = np.empty_like(scenarios.shocks)
    for place, subject in enumerate(subjects):
        columns = np.array([c for c, f in enumerate(scenarios.factors) if f.subject == subject])
        rows = _rows_by_rank(scenarios, columns)
        if kind is Dependence.INDEPENDENT and place:
            rows = generator.permutation(rows)
        if kind is Dependence.ANTIMONOTONE and subject != head:
            rows = rows[::-1]
        shocks[:, columns] = scenarios.shocks[rows][:, columns]
    count = len(scenarios)
    return ScenarioSet(
        names=tuple(f"{kind.value} {row + 1}" for row in range(count)),
        factors=scenarios.factors,
        shocks=shocks,
        weights=equal_weights(count),
    )


def _lead_of(subjects: Sequence[str], lead: str | None) -> str | None:
    if lead is not None and lead not in subjects:
        raise UsageError("must be one of the coins", found=lead, field="lead")
    return lead or next(iter(subjects), None)


def _rows_by_rank(scenarios: ScenarioSet, columns: IntArray) -> IntArray:
    """(S,) rows of one coin's scenarios from the lowest price move up, in equal shares."""
    price = Factor(subject=scenarios.factors[int(columns[0])].subject)
    lead = scenarios.factors.index(price) if price in scenarios.factors else int(columns[0])
    order = np.argsort(scenarios.shocks[:, lead], kind="stable")
    weights = scenarios.weights[order]
    if bool(np.all(weights == weights[0])):
        return order.astype(np.int64)
    reached = np.cumsum(weights) / weights.sum()
    middles = (np.arange(len(scenarios)) + 0.5) / len(scenarios)
    return order[np.minimum(np.searchsorted(reached, middles), order.size - 1)].astype(np.int64)
