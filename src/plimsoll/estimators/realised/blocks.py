"""Blocks of bars: days, or any span of time, as ranges of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.market import DAY_NS
from plimsoll.errors import DataFormatError, ParameterError

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Blocks:
    """B stretches of rows, in time order.

    Parameters
    ----------
    first, last : (B,) int64
        Rows ``first`` to ``last - 1``.
    start_ns : (B,) int64
        Start of each block's span (UTC), whether or not its first bar is there.
    """

    first: IntArray
    last: IntArray
    start_ns: IntArray

    def __len__(self) -> int:
        return int(self.first.size)

    @property
    def rows(self) -> IntArray:
        """(B,) rows of each."""
        return self.last - self.first


def blocks_of(time_ns: ArrayLike, *, span_ns: int = DAY_NS) -> Blocks:
    """Group rows by multiples of ``span_ns`` since the epoch (UTC days by default).

    Spans without a row are no block.

    Parameters
    ----------
    time_ns : (n,) int64
        Rising; a row belongs to the span its time falls in. Give the OPEN times of bars where a
        return ends with its bar: the bar that ends at midnight then belongs to the day before.
    span_ns : int

    Raises
    ------
    DataFormatError, ParameterError

    Examples
    --------
    >>> blocks_of([0, 10, 25], span_ns=20).last
    array([2, 3])
    """
    time = np.array(time_ns, dtype=np.int64)
    if span_ns < 1:
        raise ParameterError("must be positive", found=span_ns, field="span_ns")
    if time.ndim != 1 or not time.size:
        raise DataFormatError("must hold at least one time", found=time.shape, field="time_ns")
    if bool(np.any(np.diff(time) <= 0)):
        row = int(np.flatnonzero(np.diff(time) <= 0)[0]) + 1
        raise DataFormatError("must rise", found=int(time[row]), field="time_ns", row=row)
    label = time // span_ns
    first = np.flatnonzero(np.diff(label, prepend=label[0] - 1)).astype(np.int64)
    last = np.append(first[1:], time.size).astype(np.int64)
    return Blocks(first=first, last=last, start_ns=label[first] * span_ns)
