"""The moves that policies are judged on, beside the yardstick, and what of them was known when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.market import DAY_NS
from plimsoll.errors import InsufficientDataError
from plimsoll.validation.comparison.sample import SCORED_DAYS, ComparisonSample
from plimsoll.validation.comparison.selection import new_years

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JudgedMoves:
    """One horizon.

    Parameters
    ----------
    sample : ComparisonSample
        From the first start that may be learnt from.
    yardstick : (D, N, 2) float64
        Margins that costs and coverage are measured against.
    earlier : (S, N) bool
        Pairs that may be learnt from once their moves have ended.
    scored : (S, N) bool
        Pairs that are judged, the same for every method.
    reviews_ns : tuple of int
        New Years at which policy and level are chosen; the first is the first that is judged.
    columns : (M,) int64
        Markets that are judged.
    """

    sample: ComparisonSample
    yardstick: FloatArray
    earlier: BoolArray
    scored: BoolArray
    reviews_ns: tuple[int, ...]
    columns: IntArray

    __repr__ = field_summary

    @property
    def horizon_hours(self) -> int:
        """Horizon in hours."""
        return self.sample.horizon_hours

    def known(self, review_ns: int) -> BoolArray:
        """(S, N) earlier pairs whose moves had ended by a review."""
        ended = self.sample.time_ns + self.sample.horizon_ns <= review_ns
        return np.asarray(self.earlier & ended[:, None])

    def days(self, pairs: BoolArray) -> int:
        """Days on which a move of such a pair began."""
        return int(np.unique(self.sample.time_ns[pairs.any(axis=1)] // DAY_NS).size)

    def in_force(self, values: FloatArray, time_ns: IntArray) -> FloatArray:
        """(T,) of values by review: what was in force at each time; NaN before the first."""
        place = np.searchsorted(np.array(self.reviews_ns), time_ns, side="right") - 1
        return np.where(place >= 0, values[np.maximum(place, 0)], np.nan)

    def between_reviews(self, review: int) -> BoolArray:
        """(S,) starts from a review until the next."""
        ends = (*self.reviews_ns[1:], np.iinfo(np.int64).max)
        time = self.sample.time_ns
        return np.asarray((time >= self.reviews_ns[review]) & (time < ends[review]))


def judged_moves(
    sample: ComparisonSample,
    yardstick: FloatArray,
    others: Iterable[FloatArray],
    *,
    from_ns: int,
    until_ns: int,
    scored_days: int = SCORED_DAYS,
) -> JudgedMoves:
    """Find the pairs on which every method has a number.

    Parameters
    ----------
    sample : ComparisonSample
    yardstick : (D, N, 2) float64
    others : iterable of (D, N, 2) float64
        Margins of the methods beside it; the first is a policy's, whose numbers earlier pairs need.
    from_ns, until_ns : int
        First and last start that is judged; the first is a New Year, and the first review.
    scored_days : int
        A market with fewer is left out, for all methods alike.

    Raises
    ------
    InsufficientDataError
        Where no market is left.
    """
    usable = sample.seasoned & np.isfinite(sample.loss).all(axis=-1)
    usable &= np.isfinite(sample.at_starts(yardstick)).all(axis=-1)
    earlier, scored = usable.copy(), usable.copy()
    for place, margin in enumerate(others):
        numbers = np.isfinite(sample.at_starts(margin)).all(axis=-1)
        scored &= numbers
        if place == 0:
            earlier &= numbers
    time = sample.time_ns
    scored &= ((time >= from_ns) & (time <= until_ns))[:, None]
    day = time // DAY_NS
    first = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    scored &= np.logical_or.reduceat(scored, first, axis=0).sum(axis=0) >= scored_days
    if not scored.any():
        raise InsufficientDataError(
            f"must leave a market with {scored_days} scored days", found=0, field="scored_days"
        )
    later = tuple(t for t in new_years(time) if from_ns < t <= until_ns)
    return JudgedMoves(
        sample=sample,
        yardstick=yardstick,
        earlier=earlier,
        scored=scored,
        reviews_ns=(from_ns, *later),
        columns=np.flatnonzero(scored.any(axis=0)).astype(np.int64),
    )
