"""Order-flow imbalance of the best quotes (Cont, Kukanov and Stoikov, 2014).

Each change of the best quotes adds
``e = q_b [b >= b'] - q_b' [b <= b'] - q_a [a <= a'] + q_a' [a >= a']`` (primes: before), sizes in
the venue's unit; over an interval the mid moves by ``beta`` times their sum, and with depth ``D``
at the best quotes, ``beta`` is near one tick over ``2 D``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.order_book import BestQuotes, BookSamples, BookStatus
from plimsoll.errors import EstimationError, UsageError
from plimsoll.estimators.liquidity.arguments import check_positive, paired
from plimsoll.estimators.liquidity.impact import MINIMUM_INTERVALS
from plimsoll.estimators.liquidity.spreads import mid_at, quote_mid
from plimsoll.maths.impact_regression import hac_regression

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFlowFit:
    """Slope of the mid on order-flow imbalance.

    Parameters
    ----------
    beta, beta_se : float
        Ticks per unit of size; Newey-West.
    r_squared : float
    mean_depth : float
        Mean size at a best quote.
    intervals : int
    """

    beta: float
    beta_se: float
    r_squared: float
    mean_depth: float
    intervals: int

    @property
    def depth_times_beta(self) -> float:
        """``2 D beta``, 1 in the stylised book."""
        return 2.0 * self.mean_depth * self.beta


def best_of_samples(samples: BookSamples) -> BestQuotes:
    """Return the best levels of sampled books as quotes; books that are not good have none."""
    good = samples.status == BookStatus.GOOD
    nothing, none = np.full(len(samples), np.nan), np.zeros(len(samples))
    return BestQuotes(
        market=samples.market,
        terms=samples.terms,
        time_ns=samples.time_ns,
        exchange_ns=np.full(len(samples), -1, dtype=np.int64),
        bid_price=np.where(good, samples.bid_price[:, 0], nothing),
        bid_size=np.where(good, samples.bid_size[:, 0], none),
        ask_price=np.where(good, samples.ask_price[:, 0], nothing),
        ask_size=np.where(good, samples.ask_size[:, 0], none),
    )


def order_flow_events(quotes: BestQuotes) -> FloatArray:
    """(N,) contribution of each quote; 0 for the first, and next to a quote that is not good.

    A hole in the recording is no flow: what happened in it is unknown.
    """
    good = np.isfinite(quote_mid(quotes))
    b, a, qb, qa = quotes.bid_price, quotes.ask_price, quotes.bid_size, quotes.ask_size
    bid = np.where(b[1:] >= b[:-1], qb[1:], 0.0) - np.where(b[1:] <= b[:-1], qb[:-1], 0.0)
    ask = np.where(a[1:] <= a[:-1], qa[1:], 0.0) - np.where(a[1:] >= a[:-1], qa[:-1], 0.0)
    events = np.zeros(len(quotes))
    events[1:] = np.where(good[1:] & good[:-1], bid - ask, 0.0)
    return events


def fit_order_flow(
    quotes: BestQuotes, grid_ns: ArrayLike, *, tick: float, lags: int | None = None
) -> OrderFlowFit:
    """Regress changes of mid on order-flow imbalance over the intervals of a grid.

    Parameters
    ----------
    quotes : BestQuotes
    grid_ns : (K + 1,) int64
        Rising; at least 20 intervals with a mid at both ends.
    tick : float
    lags : int, optional

    Raises
    ------
    UsageError, ParameterError, InsufficientDataError
    EstimationError
        Quotes that never change.
    """
    check_positive(tick, "tick")
    grid = np.asarray(grid_ns, dtype=np.int64)
    if grid.ndim != 1 or grid.size < 2 or np.any(np.diff(grid) <= 0):
        raise UsageError("must rise, and hold two times", found=grid.shape, field="grid_ns")
    mid = mid_at(quotes, grid)
    place = np.searchsorted(grid, quotes.time_ns, side="left") - 1
    inside = (place >= 0) & (place < grid.size - 1)
    events = order_flow_events(quotes)[inside]
    flow = np.bincount(place[inside], weights=events, minlength=grid.size - 1)
    good = np.isfinite(mid[1:]) & np.isfinite(mid[:-1])
    change = (np.diff(mid) / tick)[good]
    y, x = paired(change, flow[good], minimum=MINIMUM_INTERVALS, names="mid, order flow")
    if np.all(x == x[0]):
        raise EstimationError(
            "order flow must vary", found=f"{x.size} times {x[0]:g}", field=quotes.market
        )
    fit = hac_regression(x, y, lags=lags)
    whole = np.isfinite(quote_mid(quotes))
    depth = 0.5 * (quotes.bid_size[whole] + quotes.ask_size[whole])
    return OrderFlowFit(
        beta=fit.slope,
        beta_se=fit.slope_se,
        r_squared=fit.r_squared,
        mean_depth=float(depth.mean()),
        intervals=fit.observations,
    )
