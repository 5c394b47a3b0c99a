"""What was derived from something that never changes, kept for the next who asks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar

T = TypeVar("T")

KEPT = 8


class Memo:
    """The last few values derived from one immutable object, by key.

    A key must name the function and everything else its value depends on. Values are shared: they
    must not be changed. Threads may share a memo; at worst two of them compute the same.

    Examples
    --------
    >>> memo = Memo()
    >>> memo.recall("answer", lambda: 42), memo.recall("answer", lambda: 7)
    (42, 42)
    """

    __slots__ = ("_lock", "_values")

    def __init__(self) -> None:
        self._lock = Lock()
        self._values: OrderedDict[Hashable, object] = OrderedDict()

    def recall(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value under ``key``, made once; the one not asked for longest goes first."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]  # type: ignore[return-value]
        made = make()
        with self._lock:
            self._values[key] = made
            while len(self._values) > KEPT:
                self._values.popitem(last=False)
        return made

    def __reduce__(self) -> tuple[type[Memo], tuple[()]]:
        """Travel empty: what is derived can be derived again."""
        return Memo, ()
