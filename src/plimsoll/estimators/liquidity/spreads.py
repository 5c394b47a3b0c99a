"""Quoted, effective and realised spreads; the exogenous cost of liquidity.

All relative to mid, whole spreads (twice the distance from mid): effective ``2 s (p - m) / m`` of
a trade at ``p`` with sign ``s`` against the mid ``m`` before it; realised ``2 s (p - m') / m``
against the mid ``m'`` some time after it; what is between is the trade's lasting impact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.order_book import BestQuotes, BookSamples, TradePrints
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.observations import as_observations

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TradedSpread:
    """Spreads that trades paid, weighted by size; fractions of mid.

    Parameters
    ----------
    effective, realised, impact : float
        Effective is realised plus impact, over the trades that have all three.
    median_effective : float
        Of trades, not weighted: few sweeps through a book weigh much in the mean.
    trades, dropped : int
        With and without a mid before and after them.
    """

    effective: float
    realised: float
    impact: float
    median_effective: float
    trades: int
    dropped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExogenousCost:
    """Half of a bad spread (Bangia, Diebold, Schuermann and Stroughair, 1999).

    Parameters
    ----------
    cost : float
        ``(mean + scale sd) / 2``, a fraction of price: added to a loss, never scaled by time.
    mean, standard_deviation, scale : float
    """

    cost: float
    mean: float
    standard_deviation: float
    scale: float


def quoted_spread(samples: BookSamples) -> FloatArray:
    """(T,) best ask less best bid over mid; NaN where there is no good book."""
    mid = samples.mid
    return np.where(
        np.isfinite(mid), (samples.ask_price[:, 0] - samples.bid_price[:, 0]) / mid, mid
    )


def traded_spread(
    trades: TradePrints, quotes: BestQuotes, *, realised_after_ns: int = 5_000_000_000
) -> TradedSpread:
    """Return what trades paid for the spread.

    Parameters
    ----------
    trades : TradePrints
    quotes : BestQuotes
        The last one strictly before a trade counts as the one it met: before by the venue's own
        time where both have one, else by receipt (streams may overtake each other on the way, so
        spreads by receipt are rough).
    realised_after_ns : int
        Positive.

    Raises
    ------
    InsufficientDataError
        No trade with a mid before it and one after it.
    UsageError
    """
    if realised_after_ns <= 0:
        raise UsageError("must be positive", found=realised_after_ns, field="realised_after_ns")
    stamped = bool(np.all(quotes.exchange_ns >= 0) and np.all(trades.exchange_ns >= 0))
    quoted = np.maximum.accumulate(quotes.exchange_ns) if stamped else quotes.time_ns
    traded = trades.exchange_ns if stamped else trades.time_ns
    mid, later = quote_mid(quotes), traded + realised_after_ns
    before = _last(quoted, mid, traded, side="left")
    after = _last(quoted, mid, later, side="right")
    ended = later > quoted[-1] if len(quotes) else np.ones(len(trades), dtype=np.bool_)
    good = np.isfinite(before) & np.isfinite(after) & ~ended
    if not good.any():
        raise InsufficientDataError(
            "at least one trade must have quotes before it and after it",
            found=f"{len(trades)} trades, {len(quotes)} quotes",
            field=trades.market,
            remedy="record longer than realised_after_ns",
        )
    price, sign, weight = trades.price[good], trades.taker_sign[good], trades.size[good]
    m, later_m = before[good], after[good]
    paid = 2.0 * sign * (price - m) / m
    effective = float(np.average(paid, weights=weight))
    realised = float(np.average(2.0 * sign * (price - later_m) / m, weights=weight))
    count = int(good.sum())
    return TradedSpread(
        effective=effective,
        realised=realised,
        impact=effective - realised,
        median_effective=float(np.median(paid)),
        trades=count,
        dropped=len(trades) - count,
    )


def quote_mid(quotes: BestQuotes) -> FloatArray:
    """(N,) mids of quotes; NaN where a side is missing or they cross."""
    good = quotes.bid_price < quotes.ask_price
    return np.where(good, 0.5 * (quotes.bid_price + quotes.ask_price), np.nan)


def _last(time_ns: IntArray, values: FloatArray, at_ns: IntArray, *, side: str) -> FloatArray:
    place = np.searchsorted(time_ns, at_ns, side="left" if side == "left" else "right") - 1
    if not time_ns.size:
        return np.full(at_ns.size, np.nan)
    return np.where(place >= 0, values[np.maximum(place, 0)], np.nan)


def mid_at(quotes: BestQuotes, at_ns: ArrayLike) -> FloatArray:
    """(T,) mid known at each time: of the last quote received at or before it; NaN: none was."""
    return _last(quotes.time_ns, quote_mid(quotes), np.asarray(at_ns, dtype=np.int64), side="right")


def exogenous_cost(
    spreads: ArrayLike, *, confidence: float = 0.99, scale: float | None = None
) -> ExogenousCost:
    """Return half the spread that a bad moment shows.

    Parameters
    ----------
    spreads : (T,) float64
        Relative spreads, at least 20; a constant spread is its own bad moment.
    confidence : float
    scale : float, optional
        Standard deviations above the mean; None: those at which the empirical quantile lies.

    Raises
    ------
    DataFormatError, InsufficientDataError, ParameterError
    """
    if not 0.0 < confidence < 1.0:
        raise ParameterError("must lie in (0, 1)", found=confidence, field="confidence")
    array = np.asarray(spreads, dtype=np.float64)
    if array.ndim == 1 and array.size >= 20 and array[0] > 0.0 and np.all(array == array[0]):
        level = float(array[0])
        return ExogenousCost(
            cost=level / 2.0, mean=level, standard_deviation=0.0, scale=scale or 0.0
        )
    values = as_observations(array, minimum=20, name="spreads")
    mean, deviation = float(values.mean()), float(values.std(ddof=1))
    if scale is None:
        bad = float(np.quantile(values, confidence, method="inverted_cdf"))
        scale = (bad - mean) / deviation
    cost = 0.5 * (mean + scale * deviation)
    return ExogenousCost(cost=cost, mean=mean, standard_deviation=deviation, scale=scale)
