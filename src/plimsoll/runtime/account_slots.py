"""Positions of many accounts in columns that may change: what an engine holds in place of a book.

An account's positions stand together, in order, in *slots*. An account that outgrows its slots
moves to the end of the columns, with room to spare; nobody else moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]

_ROOM = 4  # least slots to spare for an account that moves
_GROWTH = 1.25


class AccountSlots:
    """A accounts with their positions.

    Parameters
    ----------
    offsets : (A + 1,) int64
        Positions of account ``a`` are the rows ``offsets[a]`` to ``offsets[a + 1] - 1``.
    columns : mapping of str to (P,) array
        Copied.

    Attributes
    ----------
    starts, stops : (A,) int64
        Slots of account ``a`` in use: ``starts[a]`` to ``stops[a] - 1``.
    columns : dict of str to (Q,) array
        Q slots, of which some are unused.
    positions : int
        Number of slots in use.
    """

    def __init__(self, offsets: IntArray, columns: Mapping[str, NDArray[Any]]) -> None:
        self.starts = np.array(offsets[:-1])
        self.stops = np.array(offsets[1:])
        self.columns: Columns = {name: np.array(column) for name, column in columns.items()}
        self._ends = self.stops.copy()  # of the slots an account may use
        self._used = self.positions = int(offsets[-1])

    def __len__(self) -> int:
        return int(self.starts.size)

    def of(self, account: int) -> Columns:
        """Return a copy of one account's columns."""
        held = slice(int(self.starts[account]), int(self.stops[account]))
        return {name: column[held].copy() for name, column in self.columns.items()}

    def put(self, account: int, columns: Mapping[str, NDArray[Any]]) -> None:
        """Replace one account's positions; all columns, of one length."""
        count = next(iter(columns.values())).size
        start = int(self.starts[account])
        self.positions += count - (int(self.stops[account]) - start)
        if start + count > self._ends[account]:
            start = self._move(account, count + max(_ROOM, count // 2))
        for name, column in columns.items():
            self.columns[name][start : start + count] = column
        self.stops[account] = start + count

    def gather(self, accounts: IntArray) -> tuple[IntArray, IntArray]:
        """Offsets (K + 1,) of the positions of ``accounts`` put together, and the slot of each."""
        starts, counts = self.starts[accounts], (self.stops - self.starts)[accounts]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        slots = np.repeat(starts - offsets[:-1], counts) + np.arange(offsets[-1])
        return offsets, slots

    def _move(self, account: int, room: int) -> int:
        """Give an account ``room`` slots at the end; return the first of them."""
        start, size = self._used, next(iter(self.columns.values())).size
        if start + room > size:
            more = max(int(size * _GROWTH), start + room) - size
            for name, column in self.columns.items():
                self.columns[name] = np.concatenate([column, np.zeros(more, dtype=column.dtype)])
        self.starts[account], self._ends[account] = start, start + room
        self._used = start + room
        return start
