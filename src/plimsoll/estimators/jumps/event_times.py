"""Events of a point process: checked times, and large moves as events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import DataFormatError, InsufficientDataError, ParameterError
from plimsoll.estimators.observations import read_only
from plimsoll.maths.counter_random import random_unit

Vector = NDArray[np.float64]
Index = NDArray[np.int64]

LEAST_EVENTS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EventTimes:
    """Events of one or more components on the window from 0 to ``horizon``.

    Parameters
    ----------
    time : (n,) float64
        Rising, in any unit of time, in [0, horizon]; events may share an instant.
    mark : (n,) int64
        Component of each event, 0 .. components - 1.
    components : int
    horizon : float
        End of the window that was watched, in the unit of ``time``.
    """

    time: Vector
    mark: Index
    components: int
    horizon: float

    def __post_init__(self) -> None:
        if self.time.ndim != 1 or self.time.shape != self.mark.shape:
            raise DataFormatError(
                "must have one mark per time",
                found=(self.time.shape, self.mark.shape),
                field="time",
            )
        if not (0.0 < self.horizon < np.inf and np.isfinite(self.time).all()):
            raise DataFormatError("times and horizon must be finite", field="time")
        if self.time.size and not (self.time.min() >= 0.0 and self.time.max() <= self.horizon):
            raise DataFormatError(
                f"must lie in [0, {self.horizon:g}], the window watched",
                found=(float(self.time.min()), float(self.time.max())),
                remedy="count time from the start of the window, and pass its end as horizon",
                field="time",
            )
        steps = np.diff(self.time)
        if np.any(steps < 0.0):
            row = int(np.argmax(steps < 0.0)) + 1
            raise DataFormatError(
                "must not fall", found=float(self.time[row]), field="time", row=row
            )
        if self.mark.size and not 0 <= self.mark.min() <= self.mark.max() < self.components:
            raise DataFormatError(f"must lie in 0 .. {self.components - 1}", field="mark")

    @classmethod
    def of(cls, times: ArrayLike | Sequence[ArrayLike], *, horizon: float) -> Self:
        """Events from times of one component, or a sequence of times by component."""
        lists = _by_component(times)
        time = np.concatenate(lists)
        mark = np.repeat(np.arange(len(lists)), [v.size for v in lists]).astype(np.int64)
        order = np.argsort(time, kind="stable")
        return cls(
            time=read_only(np.ascontiguousarray(time[order])),
            mark=np.ascontiguousarray(mark[order]),
            components=len(lists),
            horizon=float(horizon),
        )

    @property
    def counts(self) -> Index:
        """Events of each component."""
        return np.bincount(self.mark, minlength=self.components).astype(np.int64)

    @property
    def tied(self) -> int:
        """Events at the instant of the event before them."""
        return int(np.sum(np.diff(self.time) == 0.0))

    def require(self, least: int = LEAST_EVENTS) -> None:
        """Raise :class:`InsufficientDataError` where a component has fewer events."""
        counts = self.counts
        if counts.min() < least:
            raise InsufficientDataError(
                f"each component must have at least {least} events",
                found=int(counts.min()),
                remedy="lower the threshold of events or watch longer",
                field="times",
                row=int(np.argmin(counts)),
            )

    def spread_within(self, bar: float, *, seed: int) -> EventTimes:
        """Events moved back by a uniform part of ``bar``, from the seed.

        Events known only by their bar all lie on a grid, and waiting times on a grid are no
        exponentials to a residual test. Events of one bar part; their order within it is chance.
        """
        if not 0.0 < bar < np.inf:
            raise ParameterError("must be positive and finite", found=bar, field="bar")
        shift = np.array([random_unit(seed, k) for k in range(self.time.size)])
        moved = np.maximum(self.time - bar * shift, 0.0)
        lists = [np.sort(moved[self.mark == i]) for i in range(self.components)]
        return EventTimes.of(lists, horizon=self.horizon)


def large_moves(returns: ArrayLike, *, multiple: float = 1.5) -> EventTimes:
    """Bars whose return exceeds ``multiple`` standard deviations (ddof 0), at time row + 1.

    Parameters
    ----------
    returns : array_like, shape (n,) or (components, n)
        NaN where there is no bar. The horizon is n, time is counted in bars.

    Raises
    ------
    ParameterError, DataFormatError
    """
    if not 0.0 < multiple < np.inf:
        raise ParameterError("must be positive and finite", found=multiple, field="multiple")
    table = np.atleast_2d(np.asarray(returns, dtype=np.float64))
    if table.ndim != 2 or not table.size or np.isinf(table).any():
        raise DataFormatError("must be finite returns, (n,) or (components, n)", field="returns")
    lists = []
    for row in table:
        known = row[np.isfinite(row)]
        deviation = float(known.std()) if known.size else 0.0
        with np.errstate(invalid="ignore"):
            large = np.abs(row) > multiple * deviation
        lists.append(np.flatnonzero(large & (deviation > 0.0)) + 1.0)
    return EventTimes.of(lists, horizon=float(table.shape[1]))


def _by_component(times: ArrayLike | Sequence[ArrayLike]) -> list[Vector]:
    nested = isinstance(times, (list, tuple)) and bool(times) and not np.isscalar(times[0])
    lists = [np.array(v, dtype=np.float64) for v in (times if nested else [times])]  # type: ignore[union-attr]
    if any(v.ndim != 1 for v in lists):
        raise DataFormatError("must be one-dimensional times by component", field="times")
    return lists
