"""Moves of volatility and basis between two chains, contract by contract, in cells.

A contract's own volatility is followed: same strike, same expiry, a day less to run. So what the
smile, its roll-down and the weekend do to a position is in the move, and revaluing the position
with it leaves nothing out. Cells are maturity x strike in standard deviations; a cell's move is
the median of its contracts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.grids.held_out import Window, outside, touches
from plimsoll.calibration.grids.listed_chain import ListedChain
from plimsoll.errors import InsufficientDataError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TENOR_EDGES_DAYS = (2.0, 4.0, 9.0, 20.0, 45.0, 120.0, 240.0)
TENOR_CENTRES_DAYS = (1.0, 3.0, 7.0, 14.0, 30.0, 75.0, 170.0, 320.0)
SCORE_EDGES = (-1.25, -0.4, 0.4, 1.25)
PIVOT = 4
"""Tenor whose move at the money is the level: 20 to 45 days."""
MONEY = 2
"""Cell of strikes at the money."""

DAY_NS = 86_400 * 10**9
_FEWEST = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurfaceCells:
    """D moves of one coin's surface over about a day.

    Parameters
    ----------
    coin : str
    start_ns, end_ns : (D,) int64
    spot : (D,) float64
        Log return of the index.
    volatility : (D, T, K) float64
        Log moves of volatility by maturity and strike; NaN where no contract was.
    basis : (D, T) float64
        Log moves of forward over index; NaN where no expiry was.
    """

    coin: str
    start_ns: IntArray
    end_ns: IntArray
    spot: FloatArray
    volatility: FloatArray
    basis: FloatArray

    def __len__(self) -> int:
        return int(self.start_ns.size)

    @property
    def level(self) -> FloatArray:
        """(D,) log move at the money of the pivot tenor."""
        return self.volatility[:, PIVOT, MONEY]


def cell_of(days: FloatArray, score: FloatArray) -> tuple[IntArray, IntArray]:
    """Tenor and strike cell of contracts."""
    tenor = np.searchsorted(TENOR_EDGES_DAYS, days, side="right")
    return tenor.astype(np.int64), np.searchsorted(SCORE_EDGES, score).astype(np.int64)


def day_pairs(
    at_ns: IntArray,
    hours: float = 24.0,
    tolerance_hours: float = 4.0,
    *,
    without: Sequence[Window] = (),
) -> IntArray:
    """(D, 2) rows of instants about a day apart that do not overlap; the first end within reach.

    Pairs that touch one of the windows in ``without`` are left out.
    """
    found: list[tuple[int, int]] = []
    row = 0
    while row < at_ns.size:
        apart = (at_ns[row + 1 :] - at_ns[row]) / 3.6e12
        near = np.flatnonzero(np.abs(apart - hours) <= tolerance_hours)
        if near.size:
            found.append((row, row + 1 + int(near[0])))
        row = found[-1][1] if near.size else row + 1
    pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
    return pairs[~touches(at_ns[pairs[:, 0]], at_ns[pairs[:, 1]], without)]


def surface_cells(
    chains: Sequence[ListedChain], *, held_out: Sequence[Window] = ()
) -> SurfaceCells:
    """Follow the contracts of one coin from chain to chain.

    Parameters
    ----------
    chains : sequence of ListedChain
        Of one coin, rising in time.
    held_out : sequence of Window
        Crises kept for judging: no chain within them is followed, and no day that touches them.

    Raises
    ------
    InsufficientDataError
        For fewer than ten moves.
    """
    chains = outside([chain.at_ns for chain in chains], chains, held_out)
    at_ns = np.array([chain.at_ns for chain in chains], dtype=np.int64)
    pairs = day_pairs(at_ns, without=held_out)
    if len(pairs) < _FEWEST:
        raise InsufficientDataError(
            f"at least {_FEWEST} pairs of chains a day apart are needed",
            found=len(pairs),
            field="chains",
        )
    moves = [_move(chains[a], chains[b]) for a, b in pairs.tolist()]
    return SurfaceCells(
        coin=chains[0].coin,
        start_ns=np.array([chains[a].at_ns for a, _ in pairs.tolist()], dtype=np.int64),
        end_ns=np.array([chains[b].at_ns for _, b in pairs.tolist()], dtype=np.int64),
        spot=np.array([np.log(chains[b].index / chains[a].index) for a, b in pairs.tolist()]),
        volatility=np.array([volatility for volatility, _ in moves]),
        basis=np.array([basis for _, basis in moves]),
    )


def _move(before: ListedChain, after: ListedChain) -> tuple[FloatArray, FloatArray]:
    """Moves by cell between two chains."""
    later = {name: row for row, name in enumerate(after.names)}
    rows = [(row, later[name]) for row, name in enumerate(before.names) if name in later]
    a, b = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    change = np.log(after.mark_vol[b] / before.mark_vol[a])
    tenor, strike = cell_of(365.0 * before.years[a], before.score[a])
    spread = np.log(after.forward[b] / after.index) - np.log(before.forward[a] / before.index)
    shape = len(TENOR_CENTRES_DAYS), len(SCORE_EDGES) + 1
    volatility, basis = np.full(shape, np.nan), np.full(shape[0], np.nan)
    for t in range(shape[0]):
        own = tenor == t
        if own.any():
            basis[t] = np.median(spread[own])
        for k in range(shape[1]):
            held = own & (strike == k)
            if held.any():
                volatility[t, k] = np.median(change[held])
    return volatility, basis
