"""Positions of many accounts in columns that may change: what an engine holds in place of a book.

An account's positions stand together, in order, in *slots*. An account that outgrows its slots
moves to the end of the columns, with room to spare; nobody else moves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.maths.account_runs import offsets_of, slots_of, values_of

IntArray = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]

_ROOM = 4  # least slots to spare for an account that moves
_GROWTH = 1.25  # what is added is no memory before it is written


class AccountSlots:
    """A accounts with their positions.

    Parameters
    ----------
    offsets : (A + 1,) int64
        Positions of account ``a`` are the rows ``offsets[a]`` to ``offsets[a + 1] - 1``.
    columns : mapping of str to (P,) array
        Copied; of 64 bits.
    optional : collection of str
        Columns that take no memory as long as they are nothing but NaN.

    Attributes
    ----------
    starts, stops : (A,) int64
        Slots of account ``a`` in use: ``starts[a]`` to ``stops[a] - 1``.
    columns : dict of str to (Q,) array
        Q slots, of which some are unused; without optional columns of nothing but NaN.
    positions : int
        Number of slots in use.
    """

    def __init__(
        self,
        offsets: IntArray,
        columns: Mapping[str, NDArray[Any]],
        *,
        optional: Collection[str] = (),
    ) -> None:
        self.starts = np.array(offsets[:-1])
        self.stops = np.array(offsets[1:])
        self._ends = self.stops.copy()  # of the slots an account may use
        self._used = self.positions = int(offsets[-1])
        self._size = int(self._used * _GROWTH)
        self._names = tuple(columns)
        self.columns: Columns = {
            name: _longer(column, self._size)
            for name, column in columns.items()
            if name not in optional or not _states_nothing(column)
        }

    def __len__(self) -> int:
        return int(self.starts.size)

    def of(self, account: int) -> Columns:
        """Return a copy of one account's columns."""
        first, last = int(self.starts[account]), int(self.stops[account])
        return {
            name: self.columns[name][first:last].copy()
            if name in self.columns
            else np.full(last - first, np.nan)
            for name in self._names
        }

    def offsets(self, accounts: IntArray) -> IntArray:
        """Offsets (K + 1,) of the positions of ``accounts`` put together."""
        return offsets_of(self.starts, self.stops, accounts)

    def values(self, name: str, accounts: IntArray, offsets: IntArray) -> NDArray[Any]:
        """Values of a column in those positions."""
        if name not in self.columns:
            return np.full(int(offsets[-1]), np.nan)
        column = self.columns[name]
        bits = column.view(np.int64)  # they are only moved: one kernel serves all columns
        return values_of(bits, self.starts, accounts, offsets).view(column.dtype)

    def put(self, account: int, columns: Mapping[str, NDArray[Any]]) -> None:
        """Replace one account's positions; all columns, of one length."""
        count = next(iter(columns.values())).size
        start = int(self.starts[account])
        self.positions += count - (int(self.stops[account]) - start)
        if start + count > self._ends[account]:
            start = self._move(account, count + max(_ROOM, count // 2))
        for name, column in columns.items():
            if name not in self.columns:
                if _states_nothing(column):
                    continue
                self.columns[name] = np.full(self._size, np.nan)
            self.columns[name][start : start + count] = column
        self.stops[account] = start + count

    def gather(self, accounts: IntArray) -> tuple[IntArray, IntArray]:
        """Offsets (K + 1,) of the positions of ``accounts`` put together, and the slot of each."""
        return slots_of(self.starts, self.stops, accounts)

    def _move(self, account: int, room: int) -> int:
        """Give an account ``room`` slots at the end; return the first of them."""
        start = self._used
        if start + room > self._size:
            self._size = max(int(self._size * _GROWTH), start + room)
            for name, column in self.columns.items():
                self.columns[name] = _longer(column, self._size)
        self.starts[account], self._ends[account] = start, start + room
        self._used = start + room
        return start


def _states_nothing(column: NDArray[Any]) -> bool:
    """Whether all of a column is NaN."""
    if not column.size:
        return True
    return bool(np.isnan(column[0])) and bool(np.isnan(np.fmax.reduce(column)))


def _longer(column: NDArray[Any], size: int) -> NDArray[Any]:
    """Copy a column into one of ``size`` values."""
    found = np.zeros(size, dtype=column.dtype)
    found[: column.size] = column
    return found
