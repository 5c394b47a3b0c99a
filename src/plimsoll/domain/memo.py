"""What was derived from something that never changes, kept for the next who asks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import count
from typing import TypeVar

import numpy as np

T = TypeVar("T")

KEPT = 128
MOST_BYTES = 1 << 30
"""Arrays of all values together, as far as there are several."""
LARGEST_TIMES = 8
"""How many of the largest value's size all together may have: stale ones must not pile up."""
_LITTLE_BYTES = 1 << 24


class _Kept:
    """A value, the bytes of its arrays, and when it was asked for last."""

    __slots__ = ("size", "turn", "value")

    def __init__(self, value: object, size: int) -> None:
        self.value, self.size, self.turn = value, size, 0


class Memo:
    """The last few values derived from one immutable object, by key.

    A key must name the function and everything else its value depends on. Values are shared: they
    must not be changed. Threads may share a memo: each step on its dictionary is one of the
    interpreter's own, so at worst two of them compute the same, and both get the first one's.

    Examples
    --------
    >>> memo = Memo()
    >>> memo.recall("answer", lambda: 42), memo.recall("answer", lambda: 7)
    (42, 42)
    """

    __slots__ = ("_turns", "_values")

    def __init__(self) -> None:
        self._values: dict[Hashable, _Kept] = {}
        self._turns = count(1)

    def recall(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value under ``key``, made once; the one not asked for longest goes first."""
        kept = self._values.get(key)
        if kept is not None:
            kept.turn = next(self._turns)
            return kept.value  # type: ignore[return-value]
        made = make()
        fresh = _Kept(made, array_bytes(made))
        fresh.turn = next(self._turns)
        kept = self._values.setdefault(key, fresh)
        if kept is fresh:
            self._forget()
        return kept.value  # type: ignore[return-value]

    def _forget(self) -> None:
        """Let go of what was not asked for longest until the rest is few and small enough."""
        held = sorted(self._values.copy().items(), key=lambda item: item[1].turn)
        for place, (key, _) in enumerate(held[:-1]):
            if _fit([kept.size for _, kept in held[place:]]):
                return
            self._values.pop(key, None)

    def __reduce__(self) -> tuple[type[Memo], tuple[()]]:
        """Travel empty: what is derived can be derived again."""
        return Memo, ()


def _fit(sizes: Sequence[int]) -> bool:
    """Whether values of these sizes may be kept together."""
    most = min(MOST_BYTES, max(LARGEST_TIMES * max(sizes), _LITTLE_BYTES))
    return len(sizes) <= KEPT and sum(sizes) <= most


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
