"""Names of some accounts out of many, looked up when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


class PickedNames(Sequence[str]):
    """The names at K rows: what thousands of holders are called matters to few events.

    Parameters
    ----------
    names : sequence of str
    rows : (K,) int64

    Examples
    --------
    >>> picked = PickedNames(("a", "b", "c"), np.array([2, 0]))
    >>> picked[0], picked[1:], tuple(picked)
    ('c', ('a',), ('c', 'a'))
    """

    __slots__ = ("_names", "_rows")

    def __init__(self, names: Sequence[str], rows: IntArray) -> None:
        self._names, self._rows = names, rows

    def __len__(self) -> int:
        return int(self._rows.size)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...

    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:
        if isinstance(place, slice):
            return tuple(self._names[row] for row in self._rows[place].tolist())
        return self._names[int(self._rows[place])]

    def __iter__(self) -> Iterator[str]:
        return iter(self[:])

    def __eq__(self, other: object) -> bool:
        return self[:] == tuple(other) if isinstance(other, tuple | PickedNames) else False

    def __hash__(self) -> int:
        return hash(self[:])

    def __repr__(self) -> str:
        return f"PickedNames({self[:]!r})"
