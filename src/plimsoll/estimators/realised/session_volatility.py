r"""Volatility of an asset with closed hours: open hours, closed hours and the re-opening apart.

.. math:: V(t, t+H) = \sigma^2 \Big( \sum_{open} f_s + k_c\, n_{closed} + \sum_{reopen} k_i \Big)

:math:`\sigma^2`, the variance of an open bar, is an EWMA that ticks in open hours only: weekends of
zeros do not average it down. k_c and k_i are the mean squares of closed bars and of the i-th bar
of a re-opening over the level in force. Re-opening bars are the first ``reopening_bars`` open ones
after the closed stretch (a few, because its end is known to a few hours only), each with its own
ratio: the gap counts in the bar in which it falls, and is past for what begins after that. Where
closed bars are missing the return of the first spans the stretch. There is one re-opening a week,
so k_i is shrunk to a prior (1, and of the first bar ``gap_prior_days`` open days' variance on top,
of the weight of ``gap_prior_weeks`` re-openings) and its error is told. French and Roll (Journal
of Financial Economics 17, 1986) found the two extra days of a weekend to add about a tenth of a
trading day's variance in stocks; the default, a quarter, is a choice on the cautious side.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.market import DAY_NS
from plimsoll.errors import DataFormatError, EstimationError, ParameterError
from plimsoll.estimators.observations import read_only
from plimsoll.estimators.realised.trading_hours import TradingHours
from plimsoll.maths.realised_sessions import (
    BARS,
    CLOSED,
    COUNT,
    LEVEL,
    OPEN,
    REOPENING,
    SQUARES,
    SUM,
    take_bars,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NEVER = -(2**62)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionForecast:
    """Variance of the return over a horizon, by part.

    Parameters
    ----------
    open_variance, closed_variance, gap_variance : float
        Of open bars, of closed ones, and of re-openings inside the horizon.
    standard_error : float
        Of their sum, from the errors of k_c and of the k_i, which may err together; the level's
        own is not in it.
    reopenings : int
        Inside the horizon.
    """

    open_variance: float
    closed_variance: float
    gap_variance: float
    standard_error: float
    reopenings: int

    @property
    def variance(self) -> float:
        """Of the whole horizon."""
        return self.open_variance + self.closed_variance + self.gap_variance

    @property
    def volatility(self) -> float:
        """Its root."""
        return float(np.sqrt(self.variance))


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionVolatility:
    """See the module text.

    Parameters
    ----------
    hours : TradingHours
        Bars are one slot long; a market that never closes has no second and third part.
    half_life : float
        Of the level, in open bars.
    factors : (S,) float64, optional
        Seasonal factors of the open slots, positive; by default 1.
    reopening_bars : int, optional
        By default 4 of hours and 1 of days.
    gap_prior_days, gap_prior_weeks : float
        Prior variance of a re-opening in open days, and its weight in re-openings.
    warm_up : int
        Open bars before there is a number.
    """

    hours: TradingHours
    half_life: float = 72.0
    factors: FloatArray | None = None
    reopening_bars: int | None = None
    gap_prior_days: float = 0.25
    gap_prior_weeks: float = 4.0
    warm_up: int = 20

    def __post_init__(self) -> None:
        positive = (self.half_life, self.gap_prior_days, self.gap_prior_weeks, self.warm_up)
        if not min(positive) > 0.0:
            raise ParameterError("must be positive", found=positive, field="half_life")
        if not 1 <= self.bars_of_reopening <= max(1, int(self.hours.open.sum())):
            raise ParameterError(
                "must be at least 1, and not more than are open",
                found=self.reopening_bars,
                field="reopening_bars",
            )
        shape = self.hours.open.shape
        if self.factors is not None and (
            self.factors.shape != shape or not bool(np.all(self.factors[self.hours.open] > 0.0))
        ):
            raise ParameterError(
                f"must be {shape[0]} numbers, positive in open slots",
                found=self.factors.shape,
                field="factors",
            )

    def fit(self, time_ns: ArrayLike, returns: ArrayLike) -> FittedSessionVolatility:
        """Take all bars of a past.

        Parameters
        ----------
        time_ns : (n,) int64
            Opens of the bars, each a slot long, rising; bars may be missing.
        returns : (n,) float64
            Log return of each from the close of the bar before it; NaN is no print.

        Raises
        ------
        DataFormatError
        """
        state = FittedSessionVolatility(
            model=self,
            time_ns=NEVER,
            reopenings=NEVER,
            level=np.zeros(2),
            ratios=np.zeros((REOPENING + self.bars_of_reopening, 3)),
        )
        return state.update(time_ns, returns)

    @property
    def bars_of_reopening(self) -> int:
        """``reopening_bars``, or its default."""
        if self.reopening_bars is not None:
            return self.reopening_bars
        return 1 if self.hours.slot_ns == DAY_NS else 4

    @property
    def slot_kinds(self) -> IntArray:
        """(S,) kind of the bars of each slot; of the i-th bar of a re-opening REOPENING + i."""
        kinds = np.where(self.hours.open, OPEN, CLOSED).astype(np.int64)
        if self.hours.flagged:
            after = np.arange(self.bars_of_reopening)
            kinds[(self.hours.reopening_slot + after) % kinds.size] = REOPENING + after
        return kinds

    @property
    def slot_factors(self) -> FloatArray:
        """(S,) factors of the open slots, 1 in closed ones."""
        if self.factors is None:
            return np.ones(self.hours.open.size)
        return np.where(self.hours.open, self.factors, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedSessionVolatility:
    """State after some bars; frozen.

    Parameters
    ----------
    model : SessionVolatility
    time_ns : int
        Open of the last bar.
    reopenings : int
        Counted at the last bar that was open.
    level : (2,) float64
        Variance of an open bar of factor 1, and open bars seen.
    ratios : (2 + b, 3) float64
        Count, sum and sum of squares of squared returns over the level, by kind of bar: open,
        closed, and each of the b of a re-opening.
    """

    model: SessionVolatility
    time_ns: int
    reopenings: int
    level: FloatArray
    ratios: FloatArray

    @property
    def closed_ratio(self) -> tuple[float, float]:
        """k_c and its standard error; without a closed bar so far 0 and 0."""
        count = float(self.ratios[CLOSED, COUNT])
        if count < 1.0:
            return 0.0, 0.0
        return _mean_and_error(self.ratios[CLOSED], 0.0, 0.0)

    @property
    def reopening_ratios(self) -> tuple[FloatArray, FloatArray]:
        """(b,) k_i of the bars of a re-opening, shrunk to their prior, and their standard errors.

        The spread of squares counts as at least that of a normal law.
        """
        model = self.model
        prior = np.ones(model.bars_of_reopening)
        prior[0] += model.gap_prior_days * DAY_NS / model.hours.slot_ns
        rows = zip(self.ratios[REOPENING:], prior.tolist(), strict=True)
        found = [_mean_and_error(row, usual, model.gap_prior_weeks) for row, usual in rows]
        mean, error = np.array(found).T
        return mean, error

    @property
    def gap_ratio(self) -> tuple[float, float]:
        """k_g, the mean of the ratios of a re-opening's bars, and its standard error.

        The bars of one re-opening may err together.
        """
        mean, error = self.reopening_ratios
        return float(mean.mean()), float(error.mean())

    def update(self, time_ns: ArrayLike, returns: ArrayLike) -> Self:
        """Take further bars; arguments and errors as `SessionVolatility.fit`.

        One at a time or all at once is the same state, to the last bit.
        """
        time = np.atleast_1d(np.array(time_ns, dtype=np.int64))
        r = np.atleast_1d(np.array(returns, dtype=np.float64))
        if time.shape != r.shape or time.ndim != 1 or not time.size or np.isinf(r).any():
            raise DataFormatError(
                "must be one return, finite or NaN, for each time", found=r.shape, field="returns"
            )
        if bool(np.any(np.diff(time, prepend=self.time_ns) <= 0)):
            raise DataFormatError("must rise", found="a time that does not", field="time_ns")
        kind, reopenings = self._kinds(time, r)
        slots = self.model.hours.slot(time)
        level, ratios = np.array(self.level), np.array(self.ratios)
        take_bars(
            r,
            kind,
            self.model.slot_factors[slots],
            0.5 ** (1.0 / self.model.half_life),
            float(self.model.warm_up),
            level,
            ratios,
        )
        return replace(
            self,
            time_ns=int(time[-1]),
            reopenings=reopenings,
            level=read_only(level),
            ratios=read_only(ratios),
        )

    def forecast(self, start_ns: int, bars: int, *, reopened: bool = True) -> SessionForecast:
        """Variance of the return over the ``bars`` slots that begin at ``start_ns``.

        Parameters
        ----------
        start_ns : int
            Start of a slot after the last bar; the level is held until then.
        bars : int
        reopened : bool
            False: no bar has printed since the last re-opening, and the first that is open spans
            it, whenever it comes.

        Raises
        ------
        ParameterError
        EstimationError
            Too few open bars so far, or none that moved.
        """
        if bars < 1 or start_ns <= self.time_ns:
            raise ParameterError(
                "must be at least one bar, after the last one seen",
                found=(start_ns, bars),
                field="start_ns",
            )
        if self.level[BARS] < self.model.warm_up or not self.level[LEVEL] > 0.0:
            raise EstimationError(
                f"at least {self.model.warm_up} open bars that move are needed",
                found=f"{self.level[BARS]:.0f} bars, variance {self.level[LEVEL]:g}",
                field="returns",
            )
        hours = self.model.hours
        time = start_ns + hours.slot_ns * np.arange(bars, dtype=np.int64)
        slots = hours.slot(time)
        kinds = self.model.slot_kinds[slots]
        late = not reopened and hours.flagged and bool(hours.is_open(time[:1])[0])
        if late:
            kinds[0] = REOPENING
        variance, closed = float(self.level[LEVEL]), int((kinds == CLOSED).sum())
        (k_closed, closed_error), (k_gap, gap_errors) = self.closed_ratio, self.reopening_ratios
        gaps = kinds[kinds >= REOPENING] - REOPENING
        gap_error = float(gap_errors[gaps].sum())
        began = slots == hours.reopening_slot
        return SessionForecast(
            open_variance=variance * float(self.model.slot_factors[slots][kinds == OPEN].sum()),
            closed_variance=variance * k_closed * closed,
            gap_variance=variance * float(k_gap[gaps].sum()),
            standard_error=variance * float(np.hypot(closed_error * closed, gap_error)),
            reopenings=int(began.sum()) + int(late and not began[0]),
        )

    def _kinds(self, time: IntArray, returns: FloatArray) -> tuple[IntArray, int]:
        """Kind of each bar, and the re-openings counted at the last open one that printed."""
        hours = self.model.hours
        counted = hours.reopenings_before(time)
        opened = hours.is_open(time) & np.isfinite(returns)
        kind = self.model.slot_kinds[hours.slot(time)]
        at = np.flatnonzero(opened)
        if not at.size:
            return kind, self.reopenings
        before = np.concatenate([[self.reopenings], counted[at[:-1]]])
        first = (counted[at] > before) & (before != NEVER)
        kind[at[first]] = REOPENING
        return kind, int(counted[at[-1]])


def _mean_and_error(sums: FloatArray, prior: float, weight: float) -> tuple[float, float]:
    """Mean of ratios and its error; a prior of some weight."""
    count = float(sums[COUNT])
    mean = (float(sums[SUM]) + weight * prior) / (count + weight)
    spread = 2.0 * mean * mean
    if count > 1.0:
        own = float(sums[SUM]) / count
        spread = max(spread, (float(sums[SQUARES]) - count * own * own) / (count - 1.0))
    return mean, float(np.sqrt(spread / (count + weight)))
