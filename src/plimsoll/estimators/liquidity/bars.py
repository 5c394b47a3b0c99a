"""Liquidity of many markets at once from bars alone: an estimate of what nobody saw.

Relative spreads from bars, whole spreads as fractions of price:

- `SpreadMeasure.ABDI_RANALDO` (2017): ``s^2 = 4 E[(c - m)(c - m')]``, ``c`` log close, ``m`` and
  ``m'`` the middle of log high and low of this bar and the next;
- `SpreadMeasure.CORWIN_SCHULTZ` (2012): from ranges of one and of two bars, negative pairs as 0;
- `SpreadMeasure.ROLL` (1984): ``s^2 = -4 cov(r, r')`` of neighbouring returns; needs closes only.

Where the moment under the root is not positive, the spread is below what such bars resolve: it is
reported as 0 with its upper bound, and the bound is what a margin may use. The bound is counted
from 0 there: prices that trend push the moment below 0, which says nothing of a spread. Bars of one
price (high is low) tell no range, and are left out of both range measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.finding import Reason
from plimsoll.errors import DataFormatError
from plimsoll.estimators.liquidity.arguments import check_positive
from plimsoll.maths.impact_regression import newey_west_lags

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MINIMUM_BARS = 30
_SCHULTZ = 3.0 - 2.0 * np.sqrt(2.0)


class SpreadMeasure(StrEnum):
    """Which estimator the spread is of; see the module text."""

    ABDI_RANALDO = "abdi_ranaldo"
    CORWIN_SCHULTZ = "corwin_schultz"
    ROLL = "roll"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BarLiquidity:
    """What bars say of N markets; NaN in rows with a reason.

    Parameters
    ----------
    markets : tuple of str
    measure : SpreadMeasure
    relative_spread, spread_low, spread_high : (N,) float64
        Point and two standard errors to either side, of the squared spread.
    daily_volatility : (N,) float64
        Root mean square of log returns, of a day of 24 hours.
    daily_volume : (N,) float64
        Mean turnover a day.
    amihud : (N,) float64
        Mean of ``|r|`` over turnover, of bars that traded.
    bars : (N,) int64
        That have a price.
    reasons : tuple of Reason or None
    """

    markets: tuple[str, ...]
    measure: SpreadMeasure
    relative_spread: FloatArray
    spread_low: FloatArray
    spread_high: FloatArray
    daily_volatility: FloatArray
    daily_volume: FloatArray
    amihud: FloatArray
    bars: NDArray[np.int64]
    reasons: tuple[Reason | None, ...]


def bar_liquidity(
    markets: Sequence[str],
    close: ArrayLike,
    turnover: ArrayLike,
    *,
    bars_per_day: float,
    high: ArrayLike | None = None,
    low: ArrayLike | None = None,
    measure: SpreadMeasure | str | None = None,
) -> BarLiquidity:
    """Estimate spread, volatility, turnover and illiquidity of N markets.

    Parameters
    ----------
    markets : sequence of str
    close : (T, N) float64
        In time order; NaN: no price.
    turnover : (T, N) float64
        Of each bar, in the quote currency or dollars; a bar without any tells no spread.
    bars_per_day : float
    high, low : (T, N) float64, optional
    measure : SpreadMeasure, optional
        None: Abdi and Ranaldo with highs and lows, else Roll.

    Returns
    -------
    BarLiquidity
        Reasons: fewer than 30 bars, no turnover at all, a constant price.

    Raises
    ------
    DataFormatError
        Arrays of other shapes, prices or turnover that are negative, a high below a low.
    """
    check_positive(bars_per_day, "bars_per_day")
    has_range = high is not None and low is not None
    chosen = SpreadMeasure(measure or ("abdi_ranaldo" if has_range else "roll"))
    prices = _columns(close, markets, "close", positive=True)
    volume = _columns(turnover, markets, "turnover", positive=False)
    if chosen is not SpreadMeasure.ROLL and not has_range:
        raise DataFormatError(f"{chosen.value} needs highs and lows", field="high, low")
    ranges = None
    if has_range:
        tops, bottoms = (_columns(v, markets, "high, low", positive=True) for v in (high, low))
        if np.any(tops < bottoms):
            raise DataFormatError("a high must not be below its low", field="high, low")
        ranges = np.log(tops), np.log(bottoms)
    return _estimated(tuple(markets), np.log(prices), volume, ranges, bars_per_day, chosen)


def _estimated(
    markets: tuple[str, ...],
    close: FloatArray,
    volume: FloatArray,
    ranges: tuple[FloatArray, FloatArray] | None,
    bars_per_day: float,
    measure: SpreadMeasure,
) -> BarLiquidity:
    bars = np.isfinite(close).sum(axis=0)
    moves = np.diff(close, axis=0)
    traded = (volume > 0.0) & np.isfinite(close)
    with np.errstate(invalid="ignore", divide="ignore"):
        squared, error = _squared_spread(close, ranges, traded, measure)
        variance = _mean(moves**2, np.isfinite(moves))
        days = np.isfinite(volume).sum(axis=0) / bars_per_day
        daily_volume = np.where(np.isfinite(volume), volume, 0.0).sum(axis=0) / days
        ratio = np.abs(moves) / volume[1:]
        amihud = _mean(ratio, np.isfinite(ratio))
    reasons = tuple(_reason(*row) for row in zip(bars, variance, daily_volume, error, strict=True))
    blank = np.array([1.0 if reason is None else np.nan for reason in reasons])
    return BarLiquidity(
        markets=markets,
        measure=measure,
        relative_spread=blank * _root(squared),
        spread_low=blank * _root(squared - 2.0 * error),
        spread_high=blank * _root(np.maximum(squared, 0.0) + 2.0 * error),
        daily_volatility=blank * np.sqrt(variance * bars_per_day),
        daily_volume=blank * daily_volume,
        amihud=blank * amihud,
        bars=bars,
        reasons=reasons,
    )


def _reason(bars: int, variance: float, volume: float, error: float) -> Reason | None:
    if bars == 0:
        return Reason.NO_DATA
    if bars < MINIMUM_BARS:
        return Reason.TOO_SHORT_HISTORY
    if not variance > 0.0:
        return Reason.CONSTANT_PRICE
    if not volume > 0.0:
        return Reason.NO_DATA
    return None if np.isfinite(error) else Reason.TOO_SHORT_HISTORY


def _squared_spread(
    close: FloatArray,
    ranges: tuple[FloatArray, FloatArray] | None,
    traded: BoolArray,
    measure: SpreadMeasure,
) -> tuple[FloatArray, FloatArray]:
    """Squared spread (N,) and its standard error."""
    if ranges is None or measure is SpreadMeasure.ROLL:
        moves = np.diff(close, axis=0)
        good = traded[2:] & traded[1:-1] & traded[:-2] & np.isfinite(moves[1:] * moves[:-1])
        means = (_mean(part, good) for part in (moves[1:], moves[:-1]))
        first, second = means
        return _mean_and_error(-4.0 * (moves[1:] - first) * (moves[:-1] - second), good)
    high, low = ranges
    wide = traded & (high > low)
    both = wide[1:] & wide[:-1]
    if measure is SpreadMeasure.ABDI_RANALDO:
        middle = 0.5 * (high + low)
        terms = 4.0 * (close[:-1] - middle[:-1]) * (close[:-1] - middle[1:])
        return _mean_and_error(terms, both & np.isfinite(terms))
    spreads = _corwin_schultz(high, low)
    mean, error = _mean_and_error(spreads, both & np.isfinite(spreads))
    return mean**2, 2.0 * mean * error + error**2


def _corwin_schultz(high: FloatArray, low: FloatArray) -> FloatArray:
    """(T - 1, N) spreads of pairs of bars, negative ones as 0."""
    single = (high - low) ** 2
    beta = single[1:] + single[:-1]
    gamma = (np.maximum(high[1:], high[:-1]) - np.minimum(low[1:], low[:-1])) ** 2
    alpha = (np.sqrt(2.0 * beta) - np.sqrt(beta)) / _SCHULTZ - np.sqrt(gamma / _SCHULTZ)
    spread = 2.0 * np.expm1(alpha) / (1.0 + np.exp(alpha))
    return np.where(spread < 0.0, 0.0, spread)


def _mean(values: FloatArray, good: BoolArray) -> FloatArray:
    return np.asarray(np.where(good, values, 0.0).sum(axis=0) / good.sum(axis=0))


def _mean_and_error(values: FloatArray, good: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Mean (N,) and its Newey-West standard error; what is not good counts in neither."""
    mean, count = _mean(values, good), good.sum(axis=0)
    centred = np.where(good, values - mean, 0.0)
    total = (centred**2).sum(axis=0)
    lags = newey_west_lags(max(values.shape[0], 1))
    for lag in range(1, min(lags, values.shape[0] - 1) + 1):
        total = total + 2.0 * (1.0 - lag / (lags + 1.0)) * (centred[lag:] * centred[:-lag]).sum(0)
    return mean, np.where(count > 1, np.sqrt(np.maximum(total, 0.0)) / count, np.nan)


def _root(values: FloatArray) -> FloatArray:
    return np.sqrt(np.maximum(values, 0.0))


def _columns(
    values: ArrayLike | None, markets: Sequence[str], name: str, *, positive: bool
) -> FloatArray:
    array = np.array(values, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != len(markets):
        raise DataFormatError(
            f"must have a column for each of {len(markets)} markets", found=array.shape, field=name
        )
    bad = (array <= 0.0) if positive else (array < 0.0)
    bad |= np.isinf(array)
    if bad.any():
        row, column = (int(place[0]) for place in np.nonzero(bad))
        raise DataFormatError(
            "must be positive, or NaN where unknown" if positive else "must not be negative",
            found=float(array[row, column]),
            field=f"{name}[{markets[column]}]",
            row=row,
        )
    return array
