"""What touches the crises that are kept out to judge by: nothing of it is fitted on.

A window names the first and last start of a day, so its prices reach a day beyond the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import DAY_NS

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Item = TypeVar("Item")
Window = tuple[int, int]
"""First and last start of a crisis, UTC ns."""


def starts_within(start_ns: IntArray, windows: Sequence[Window]) -> BoolArray:
    """Whether each start lies within some window."""
    found = np.zeros(start_ns.size, dtype=np.bool_)
    for first, last in windows:
        found |= (start_ns >= first) & (start_ns <= last)
    return found


def touches(start_ns: IntArray, end_ns: IntArray, windows: Sequence[Window]) -> BoolArray:
    """Whether each span lies in, reaches into or straddles a window, to a day after its last start.

    Spans that end where a window begins, or begin where it is over, do not: of an instant, that
    it stands within.

    >>> day = DAY_NS
    >>> at = np.array([0, day, 3 * day, 4 * day])
    >>> touches(at, at + day, [(2 * day, 3 * day)]).tolist()
    [False, False, True, False]
    """
    found = np.zeros(start_ns.size, dtype=np.bool_)
    for first, last in windows:
        over = last + DAY_NS
        instant = start_ns == end_ns
        reaches = (start_ns < over) & (end_ns > first)
        found |= np.where(instant, (start_ns >= first) & (start_ns <= over), reaches)
    return found


def outside(at_ns: Sequence[int], items: Sequence[Item], windows: Sequence[Window]) -> list[Item]:
    """Items whose instant is in no window."""
    times = np.array(at_ns, dtype=np.int64)
    within = touches(times, times, windows).tolist()
    return [item for item, held in zip(items, within, strict=True) if not held]
