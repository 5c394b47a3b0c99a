"""How prices answer flow: Kyle's lambda, and Y of the square-root law, with standard errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.order_book import BestQuotes, TradePrints
from plimsoll.errors import EstimationError, UsageError
from plimsoll.estimators.liquidity.arguments import check_positive, paired
from plimsoll.estimators.liquidity.spreads import mid_at
from plimsoll.maths.impact_regression import Regression, hac_regression

FloatArray = NDArray[np.float64]

MINIMUM_INTERVALS = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlowIntervals:
    """Price change and signed flow of K intervals between times of a grid.

    Parameters
    ----------
    log_return, price_change : (K,) float64
        Of the mid.
    signed_volume, volume : (K,) float64
        Quote currency; bought less sold by takers, and all.
    """

    log_return: FloatArray
    price_change: FloatArray
    signed_volume: FloatArray
    volume: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class SquareRootFit:
    """Y of ``r = Y sigma sign(q) sqrt(|q| / V)``.

    Parameters
    ----------
    impact, impact_se : float
        Newey-West.
    r_squared : float
        About zero.
    observations : int
    """

    impact: float
    impact_se: float
    r_squared: float
    observations: int


def flow_intervals(trades: TradePrints, quotes: BestQuotes, grid_ns: ArrayLike) -> FlowIntervals:
    """Gather trades between the times of a grid, and the change of mid over each interval.

    Parameters
    ----------
    trades : TradePrints
    quotes : BestQuotes
    grid_ns : (K + 1,) int64
        Rising. An interval holds what was received after its start up to its end. Intervals
        without a mid at either end are left out.
    """
    grid = np.asarray(grid_ns, dtype=np.int64)
    if grid.ndim != 1 or grid.size < 2 or np.any(np.diff(grid) <= 0):
        raise UsageError("must rise, and hold two times", found=grid.shape, field="grid_ns")
    mid = mid_at(quotes, grid)
    worth = trades.terms.notional(trades.size, trades.price)
    place = np.searchsorted(grid, trades.time_ns, side="left") - 1
    inside = (place >= 0) & (place < grid.size - 1)
    place, worth, sign = place[inside], worth[inside], trades.taker_sign[inside]
    flow = _sums(place, worth * sign, grid.size - 1)
    volume = _sums(place, worth, grid.size - 1)
    good = np.isfinite(mid[1:]) & np.isfinite(mid[:-1])
    return FlowIntervals(
        log_return=np.diff(np.log(mid))[good],
        price_change=np.diff(mid)[good],
        signed_volume=flow[good],
        volume=volume[good],
    )


def kyle_lambda(
    price_change: ArrayLike, signed_volume: ArrayLike, *, lags: int | None = None
) -> Regression:
    """Regress price changes on signed volume (Kyle, 1985): the slope is lambda.

    Parameters
    ----------
    price_change, signed_volume : (n,) float64
        Of the same intervals, in any unit; lambda is price per unit of volume. n at least 20.
    lags : int, optional
        Of the Newey-West standard error.

    Raises
    ------
    DataFormatError, InsufficientDataError
    EstimationError
        Flow that does not vary.
    """
    y, x = paired(
        price_change,
        signed_volume,
        minimum=MINIMUM_INTERVALS,
        names="price_change, signed_volume",
    )
    _must_vary(x, "signed_volume")
    return hac_regression(x, y, lags=lags)


def fit_square_root(
    log_return: ArrayLike,
    signed_volume: ArrayLike,
    *,
    volatility: float,
    volume: float,
    lags: int | None = None,
) -> SquareRootFit:
    """Fit Y to returns and signed volumes, through the origin.

    Parameters
    ----------
    log_return, signed_volume : (n,) float64
        Of the same orders or intervals; n at least 20.
    volatility, volume : float
        Of one and the same length of time, whatever it is: ``sigma sqrt(q / V)`` is the same for
        a minute and for a day. Volume in the unit of the flow.
    lags : int, optional

    Raises
    ------
    DataFormatError, InsufficientDataError, ParameterError
    EstimationError
        No flow at all.
    """
    check_positive(volatility, "volatility")
    check_positive(volume, "volume")
    y, q = paired(
        log_return, signed_volume, minimum=MINIMUM_INTERVALS, names="log_return, signed_volume"
    )
    x = volatility * np.sign(q) * np.sqrt(np.abs(q) / volume)
    if not np.any(x):
        _must_vary(np.zeros(2), "signed_volume")
    fit = hac_regression(x, y, intercept=False, lags=lags)
    return SquareRootFit(
        impact=fit.slope,
        impact_se=fit.slope_se,
        r_squared=fit.r_squared,
        observations=fit.observations,
    )


def _sums(place: NDArray[np.int64], values: FloatArray, count: int) -> FloatArray:
    return np.asarray(np.bincount(place, weights=values, minlength=count), dtype=np.float64)


def _must_vary(values: FloatArray, name: str) -> None:
    if np.all(values == values[0]):
        raise EstimationError(
            "flow must vary",
            found=f"{values.size} times {float(values[0])!r}",
            field=name,
            remedy="take longer intervals, or a market that trades",
        )
