r"""Volatility by hour of the week: factors of variance with mean 1, robust and shrunk.

With :math:`x` the variance of an hour (a squared return, or the realised variance of finer bars),

1. sizes :math:`x^{p/2}` are taken over the mean of their own week, at most ``cap``: the level of
   volatility drops out, and a crash counts once;
2. their means by hour of the week, in logs, are split in a part of the hour of the day, a part of
   the day of the week, and the rest; each part is shrunk to zero by what its own noise explains
   (empirical Bayes: weight :math:`\tau^2 / (\tau^2 + s^2)`, :math:`\tau^2` the variance of the part
   less its mean squared error s^2);
3. factors are the 2/p-th power, scaled to mean 1.

p = 1 takes mean absolute moves, which a fat tail does not rule; p = 2 squares (Andersen and
Bollerslev, 1997, in spirit; power and trimmed versions: Boudt, Croux and Laurent, 2011). Only weeks
that are over count, so that a stream and a batch have one state, to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.market import HOUR_NS
from plimsoll.errors import DataFormatError, InsufficientDataError, ParameterError
from plimsoll.estimators.observations import read_only
from plimsoll.estimators.realised.blocks import blocks_of
from plimsoll.estimators.realised.seasonal_factors import SeasonalFactors, shrunk_factors
from plimsoll.estimators.realised.week_hours import WEEK_HOURS, checked_hours
from plimsoll.maths.realised_measures import VARIANCE, measure_table
from plimsoll.maths.realised_seasonality import COUNT, add_hours

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NEVER = -(2**62)


@dataclass(frozen=True, slots=True, kw_only=True)
class HourOfWeekSeasonality:
    """See the module text.

    Parameters
    ----------
    power : float
        p, in (0, 2].
    cap : float
        Largest size counted, in means of its week.
    least_hours : int
        Hours a week must have to count.
    least_weeks : int
        Weeks before there are factors; every hour must have been seen once.
    shrink : bool
        False for the means as they are.
    """

    power: float = 1.0
    cap: float = 10.0
    least_hours: int = 140
    least_weeks: int = 4
    shrink: bool = True

    def __post_init__(self) -> None:
        if not 0.0 < self.power <= 2.0:
            raise ParameterError("must lie in (0, 2]", found=self.power, field="power")
        if not self.cap > 1.0:
            raise ParameterError("must exceed 1", found=self.cap, field="cap")
        if not 1 <= self.least_hours <= WEEK_HOURS or self.least_weeks < 2:
            raise ParameterError(
                "must be 1 to 168 hours and at least 2 weeks",
                found=(self.least_hours, self.least_weeks),
                field="least_hours",
            )

    def fit(self, time_ns: ArrayLike, variance: ArrayLike) -> FittedSeasonality:
        """Take all hours of a past.

        Parameters
        ----------
        time_ns : (n,) int64
            Opens of hours, rising; hours may be missing.
        variance : (n,) float64
            Variance of each hour, not negative; NaN is a missing hour.

        Raises
        ------
        DataFormatError
        """
        state = FittedSeasonality(
            model=self,
            hour=NEVER,
            week=NEVER,
            open_week=read_only(np.full(WEEK_HOURS, np.nan)),
            sums=np.zeros((3, WEEK_HOURS)),
        )
        return state.update(time_ns, variance)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedSeasonality:
    """Sums by hour of the week; frozen. `factors` gives what they say.

    Parameters
    ----------
    model : HourOfWeekSeasonality
    hour, week : int
        Last hour taken (since Monday 1970-01-05) and the week it is in.
    open_week : (168,) float64
        Sizes of the week that is not over.
    sums : (3, 168) float64
    """

    model: HourOfWeekSeasonality
    hour: int
    week: int
    open_week: FloatArray
    sums: FloatArray

    @property
    def weeks(self) -> int:
        """Weeks that counted in the hour that has most."""
        return int(self.sums[COUNT].max())

    def update(self, time_ns: ArrayLike, variance: ArrayLike) -> Self:
        """Take further hours; arguments and errors as `HourOfWeekSeasonality.fit`."""
        hours = checked_hours(time_ns, None if self.hour == NEVER else self.hour)
        x = np.atleast_1d(np.array(variance, dtype=np.float64))
        if x.shape != hours.shape or np.isinf(x).any() or bool((x < 0.0).any()):
            raise DataFormatError(
                "must be one variance an hour, finite or NaN, not negative",
                found=x.shape,
                field="variance",
            )
        size = x ** (0.5 * self.model.power)
        open_week, sums = np.array(self.open_week), np.array(self.sums)
        week = np.array([self.week])
        add_hours(hours, size, self.model.least_hours, self.model.cap, open_week, week, sums)
        return replace(
            self,
            hour=int(hours[-1]),
            week=int(week[0]),
            open_week=read_only(open_week),
            sums=read_only(sums),
        )

    def factors(self) -> SeasonalFactors:
        """Factors from the weeks that are over.

        Raises
        ------
        InsufficientDataError
            Too few weeks, or an hour of the week that no week has.
        """
        if self.weeks < self.model.least_weeks or bool((self.sums[COUNT] < 2.0).any()):
            raise InsufficientDataError(
                f"at least {self.model.least_weeks} whole weeks are needed, and every hour twice",
                found=f"{self.weeks} weeks, {int((self.sums[COUNT] < 2.0).sum())} hours without",
                remedy="bring more weeks, or pool factors over markets",
                field="time_ns",
            )
        return shrunk_factors(self.sums, self.model.power, shrink=self.model.shrink)


def hourly_variance(time_ns: ArrayLike, returns: ArrayLike) -> tuple[IntArray, FloatArray]:
    """Opens of hours (m,) and their realised variance (m,) from bars of an hour or finer.

    Parameters
    ----------
    time_ns : (n,) int64
        Opens of the bars, rising.
    returns : (n,) float64
        Log return of each bar; NaN is a hole. An hour of holes alone is NaN.

    Raises
    ------
    DataFormatError
    """
    blocks = blocks_of(time_ns, span_ns=HOUR_NS)
    values = np.array(returns, dtype=np.float64)
    if values.shape != np.shape(time_ns) or np.isinf(values).any():
        raise DataFormatError(
            "must be one return a bar, finite or NaN", found=values.shape, field="returns"
        )
    table = measure_table(values[None, :], np.array(blocks.first), np.array(blocks.last))
    return blocks.start_ns, np.array(table[0, :, VARIANCE])
