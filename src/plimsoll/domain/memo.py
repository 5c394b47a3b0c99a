"""What was derived from something that never changes, kept for the next who asks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from threading import Lock
from typing import TypeVar

import numpy as np

T = TypeVar("T")

KEPT = 128
MOST_BYTES = 1 << 30
"""Arrays of all values together, as far as there are several."""
LARGEST_TIMES = 8
"""How many of the largest value's size all together may have: stale ones must not pile up."""
_LITTLE_BYTES = 1 << 24


class Memo:
    """The last few values derived from one immutable object, by key.

    A key must name the function and everything else its value depends on. Values are shared: they
    must not be changed. Threads may share a memo; at worst two of them compute the same, and both
    get the first one's.

    Examples
    --------
    >>> memo = Memo()
    >>> memo.recall("answer", lambda: 42), memo.recall("answer", lambda: 7)
    (42, 42)
    """

    __slots__ = ("_bytes", "_lock", "_values")

    def __init__(self) -> None:
        self._lock = Lock()
        self._values: OrderedDict[Hashable, tuple[object, int]] = OrderedDict()
        self._bytes = 0

    def recall(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value under ``key``, made once; the one not asked for longest goes first."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key][0]  # type: ignore[return-value]
        made = make()
        size = array_bytes(made)
        with self._lock:
            if key in self._values:
                return self._values[key][0]  # type: ignore[return-value]
            self._values[key] = made, size
            self._bytes += size
            while len(self._values) > 1 and self._too_much():
                _, (_, gone) = self._values.popitem(last=False)
                self._bytes -= gone
        return made

    def _too_much(self) -> bool:
        largest = max(size for _, size in self._values.values())
        most = min(MOST_BYTES, max(LARGEST_TIMES * largest, _LITTLE_BYTES))
        return len(self._values) > KEPT or self._bytes > most

    def __reduce__(self) -> tuple[type[Memo], tuple[()]]:
        """Travel empty: what is derived can be derived again."""
        return Memo, ()


def array_bytes(value: object) -> int:
    """Bytes of the arrays in a value: in tuples, lists, mappings and dataclasses too.

    >>> array_bytes((np.zeros(3), {"more": np.zeros(2, dtype=np.int32)}, "text"))
    32
    """
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    if isinstance(value, tuple | list):
        named = bool(value) and isinstance(value[0], str)  # a million names hold no arrays
        return 0 if named else sum(array_bytes(item) for item in value)
    if isinstance(value, Mapping):
        return sum(array_bytes(item) for item in value.values())
    if is_dataclass(value) and not isinstance(value, type):
        return sum(array_bytes(getattr(value, field.name)) for field in fields(value))
    return 0
