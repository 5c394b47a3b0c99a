"""Factors of variance by hour of the week: made from sums, applied to returns and horizons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.market import HOUR_NS
from plimsoll.errors import DataFormatError, ParameterError
from plimsoll.estimators.observations import read_only
from plimsoll.estimators.realised.week_hours import (
    MONDAY_NS,
    WEEK_HOURS,
    WEEK_NS,
    hour_of_week,
)
from plimsoll.maths.realised_seasonality import COUNT, SQUARES, SUM

FloatArray = NDArray[np.float64]

DAYS, DAY_HOURS = 7, 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeasonalFactors:
    """Variance of an hour of the week over that of the mean hour.

    Parameters
    ----------
    factor : (168,) float64
        Mean 1; Monday 00:00 UTC first. 0 where an hour never moved.
    standard_error : (168,) float64
        Of the factor as shrunk; 0 where an hour never moved.
    weeks : (168,) float64
        Weeks behind each.
    """

    factor: FloatArray
    standard_error: FloatArray
    weeks: FloatArray

    def __post_init__(self) -> None:
        if self.factor.shape != (WEEK_HOURS,) or not bool(np.all(self.factor >= 0.0)):
            raise DataFormatError(
                "must be 168 numbers, not negative", found=self.factor.shape, field="factor"
            )

    def at(self, time_ns: ArrayLike) -> FloatArray:
        """Factor in force at each time."""
        return self.factor[hour_of_week(time_ns)]

    def deseasonalise(self, time_ns: ArrayLike, returns: ArrayLike) -> FloatArray:
        """Returns of bars (opens ``time_ns``) over the root of their factors; NaN where that is 0.

        Bars are of an hour or less, or of whole weeks; others straddle factors: use `over`.
        """
        factor = self.at(time_ns)
        root = np.sqrt(np.where(factor > 0.0, factor, np.nan))
        return np.asarray(np.asarray(returns, dtype=np.float64) / root)

    def reseasonalise(self, time_ns: ArrayLike, returns: ArrayLike) -> FloatArray:
        """The inverse of `deseasonalise`."""
        return np.asarray(np.asarray(returns, dtype=np.float64) * np.sqrt(self.at(time_ns)))

    def over(self, start_ns: ArrayLike, hours: float) -> FloatArray:
        """Mean factor of the ``hours`` after each time: the horizon's own.

        Raises
        ------
        ParameterError

        Examples
        --------
        >>> flat = SeasonalFactors(factor=np.ones(168), standard_error=np.zeros(168),
        ...                        weeks=np.ones(168))
        >>> flat.over([0], 8.5)
        array([1.])
        """
        if not hours > 0.0:
            raise ParameterError("must be positive", found=hours, field="hours")
        start = np.asarray(start_ns, dtype=np.int64)
        end = start + round(hours * HOUR_NS)
        return np.asarray((self._sum_until(end) - self._sum_until(start)) / hours)

    def _sum_until(self, time_ns: NDArray[np.int64]) -> FloatArray:
        """Factor-hours from a fixed Monday on, linear within an hour."""
        weeks, rest = np.divmod(time_ns - MONDAY_NS, WEEK_NS)
        inside = np.concatenate([[0.0], np.cumsum(self.factor)])
        week = np.interp(rest / HOUR_NS, np.arange(WEEK_HOURS + 1.0), inside)
        return np.asarray(weeks * inside[-1] + week)


def flat_factors() -> SeasonalFactors:
    """No seasonality."""
    return SeasonalFactors(
        factor=read_only(np.ones(WEEK_HOURS)),
        standard_error=read_only(np.zeros(WEEK_HOURS)),
        weeks=read_only(np.zeros(WEEK_HOURS)),
    )


def shrunk_factors(sums: FloatArray, power: float, *, shrink: bool) -> SeasonalFactors:
    """Factors from sums (3, 168) of sizes, ``power`` that of the sizes."""
    count = sums[COUNT]
    mean = sums[SUM] / count
    spread = np.maximum(sums[SQUARES] / count - mean**2, 0.0) / np.maximum(count - 1.0, 1.0)
    moved = mean > 0.0
    log_mean = np.log(np.where(moved, mean, 1.0))
    noise = np.where(moved, spread / np.where(moved, mean, 1.0) ** 2, 0.0)
    if shrink:
        log_mean, noise = _shrunk(log_mean, noise, moved)
    raw = np.where(moved, np.exp(2.0 / power * log_mean), 0.0)
    factor = raw / raw.mean()
    error = factor * (2.0 / power) * np.sqrt(noise)
    return SeasonalFactors(
        factor=read_only(factor), standard_error=read_only(error), weeks=read_only(count.copy())
    )


def _shrunk(
    log_mean: FloatArray, noise: FloatArray, moved: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Sum of the shrunk parts (168,) and its sampling variance; hours that never moved are out."""
    table = np.where(moved, log_mean, np.nan).reshape(DAYS, DAY_HOURS)
    noise_table = np.where(moved, noise, np.nan).reshape(DAYS, DAY_HOURS)
    centre = float(np.nanmean(table))
    parts, variances = np.full(table.shape, centre), np.zeros(table.shape)
    rest = table - centre
    for axis in (0, 1, None):
        part = rest if axis is None else _mean(rest, axis)
        error = noise_table if axis is None else _mean(noise_table, axis) / _counted(rest, axis)
        weight = _credible(part, error)
        parts = parts + weight * np.nan_to_num(part)
        variances = variances + weight**2 * np.nan_to_num(error)
        rest = rest - part
    return parts.ravel(), variances.ravel()


def _credible(part: FloatArray, error: FloatArray) -> FloatArray:
    """Weight of each element of a part: its share that is not noise."""
    known = np.isfinite(part) & np.isfinite(error)
    if not known.any():
        return np.zeros(part.shape)
    signal = float(np.mean(part[known] ** 2)) - float(np.mean(error[known]))
    if signal <= 0.0:
        return np.zeros(part.shape)
    return np.asarray(signal / (signal + np.where(known, error, 0.0)))


def _mean(table: FloatArray, axis: int) -> FloatArray:
    total = np.nansum(table, axis=axis, keepdims=True)
    return np.asarray(total / _counted(table, axis))


def _counted(table: FloatArray, axis: int) -> FloatArray:
    known = np.isfinite(table).sum(axis=axis, keepdims=True)
    return np.asarray(np.maximum(known, 1), dtype=np.float64)
