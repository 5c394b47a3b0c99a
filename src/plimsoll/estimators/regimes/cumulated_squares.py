"""Changes of the variance by cumulated squares: Inclan and Tiao, robust as Sanso et al. made it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import kolmogi, kolmogorov

from plimsoll.errors import ParameterError
from plimsoll.estimators.observations import as_observations
from plimsoll.estimators.regimes.break_interval import BreakDate, dated_breaks
from plimsoll.estimators.volatility.garch_options import check_choice
from plimsoll.maths.break_dates import bartlett_variance, largest_bridge, newey_west_bandwidth

Vector = NDArray[np.float64]
CusumKind = Literal["inclan_tiao", "kappa1", "kappa2"]

LEAST_STRETCH = 30
_ROUNDS = 20


class CusumTest(NamedTuple):
    """One test: ``statistic`` is the supremum of a bridge, ``p_value`` its Kolmogorov tail."""

    statistic: float
    p_value: float
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceBreaks:
    """Result of :func:`variance_breaks`: a flag on the level, not a correction of it.

    ``breaks`` hold the first row of each new level with its interval; ``level`` is the standard
    deviation of each stretch, one more than breaks; ``whole`` is the test of the whole sample.
    """

    breaks: tuple[BreakDate, ...]
    level: tuple[float, ...]
    whole: CusumTest
    kind: CusumKind
    alpha: float

    @property
    def current_from(self) -> int:
        """First row of the present level: what a window should not reach behind."""
        return self.breaks[-1].row if self.breaks else 0


def cusum_of_squares(values: ArrayLike, *, kind: CusumKind = "kappa2") -> CusumTest:
    """Test one change of variance at an unknown row.

    ``sup |C_k - k / n C_n| / sqrt(n w)`` with C the cumulated squares about the mean and w their
    (long-run) variance: twice the squared variance for ``inclan_tiao`` (independent normal
    returns only; it rejects almost surely under fat tails), the plain variance of the squares for
    ``kappa1`` (any kurtosis), Bartlett's with Newey and West's bandwidth for ``kappa2`` (volatility
    clustering too). The limit is the supremum of a Brownian bridge, 1.358 at 5 %.

    Raises
    ------
    DataFormatError, InsufficientDataError, EstimationError
    """
    check_choice(kind, CusumKind, field="kind")
    sample = as_observations(values, minimum=2 * LEAST_STRETCH, name="values")
    return _test((sample - sample.mean()) ** 2, kind)


def variance_breaks(
    values: ArrayLike,
    *,
    kind: CusumKind = "kappa2",
    alpha: float = 0.05,
    least_stretch: int = LEAST_STRETCH,
    confidence: float = 0.95,
) -> VarianceBreaks:
    """Iterated cumulated sums of squares (ICSS): split at breaks until none is significant.

    Every break found is then tested again between its neighbours, and moved or dropped, until
    nothing changes (Inclan and Tiao, 1994, step 3).

    Parameters
    ----------
    values : array_like, shape (n,)
        Finite returns in time order.
    kind : {"inclan_tiao", "kappa1", "kappa2"}
        As in :func:`cusum_of_squares`.
    alpha : float
        Level of each test, below 0.5; the iteration as a whole errs more often.
    least_stretch : int
        Fewest rows of a level.
    confidence : float
        Of the intervals of the dates (Bai, 1997), on squares.

    Raises
    ------
    ParameterError, DataFormatError, InsufficientDataError, EstimationError
    """
    check_choice(kind, CusumKind, field="kind")
    if not 0.0 < alpha < 0.5:
        raise ParameterError("must lie in (0, 0.5)", found=alpha, field="alpha")
    if least_stretch < 10:
        raise ParameterError("must be at least 10", found=least_stretch, field="least_stretch")
    sample = as_observations(values, minimum=2 * least_stretch, name="values")
    squares = (sample - sample.mean()) ** 2
    rows = _settled(squares, kind, float(kolmogi(alpha)), least_stretch)
    ends = [0, *rows, sample.size]
    return VarianceBreaks(
        breaks=dated_breaks(squares, rows, confidence),
        level=tuple(math.sqrt(float(squares[a:b].mean())) for a, b in pairwise(ends)),
        whole=_test(squares, kind),
        kind=kind,
        alpha=alpha,
    )


def _test(squares: Vector, kind: CusumKind) -> CusumTest:
    supremum, row = largest_bridge(squares)
    if kind == "kappa2":
        variance = bartlett_variance(squares, newey_west_bandwidth(squares))
    elif kind == "kappa1":
        variance = float(np.var(squares))
    else:
        variance = 2.0 * float(squares.mean()) ** 2
    statistic = supremum / math.sqrt(variance) if variance > 0.0 else 0.0
    return CusumTest(statistic, float(kolmogorov(statistic)), int(row))


def _break_within(
    squares: Vector, first: int, last: int, kind: CusumKind, critical: float, least: int
) -> int | None:
    """Row of a significant break of rows ``first .. last - 1``."""
    if last - first < 2 * least:
        return None
    found = _test(np.ascontiguousarray(squares[first:last]), kind)
    if found.statistic <= critical or not least <= found.row <= last - first - least:
        return None
    return first + found.row


def _settled(squares: Vector, kind: CusumKind, critical: float, least: int) -> list[int]:
    rows = _split(squares, 0, squares.size, kind, critical, least)
    for _ in range(_ROUNDS):
        ends = [0, *rows, squares.size]
        tested = [
            _break_within(squares, a, b, kind, critical, least)
            for a, b in zip(ends, ends[2:], strict=False)
        ]
        kept = sorted({row for row in tested if row is not None})
        if kept == rows:
            break
        rows = kept
    return rows


def _split(
    squares: Vector, first: int, last: int, kind: CusumKind, critical: float, least: int
) -> list[int]:
    """Breaks by binary segmentation, stretch by stretch."""
    waiting, rows = [(first, last)], []
    while waiting:
        a, b = waiting.pop()
        row = _break_within(squares, a, b, kind, critical, least)
        if row is not None:
            rows.append(row)
            waiting += [(a, row), (row, b)]
    return sorted(rows)
