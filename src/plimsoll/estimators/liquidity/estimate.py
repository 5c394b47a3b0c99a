"""One market's liquidity as margin takes it: the cost curve c(Q), how sure it is, where it is from.

All amounts in dollars. `Source.BOOKS`: walked books; `Source.BARS`: half the spread that bars imply
plus the square-root law with Y at its prior, 1 between 0.5 and 1.5; `Source.CLASS`: nothing but
closes is known of the market, and spread and turnover are those of its class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.finding import Reason
from plimsoll.domain.order_book import BookSamples
from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.estimators.liquidity.arguments import check_positive, rising_positive
from plimsoll.estimators.liquidity.bars import BarLiquidity
from plimsoll.estimators.liquidity.cost_curve import (
    DEFAULT_NOTIONAL,
    ImpactLaw,
    Side,
    book_cost_curve,
    depth_within,
    good_rows,
)
from plimsoll.estimators.liquidity.spreads import quoted_spread
from plimsoll.estimators.liquidity.worst_cases import Resampling, upper_quantile
from plimsoll.maths.impact_laws import square_root_impact

FloatArray = NDArray[np.float64]

PRIOR_IMPACT, PRIOR_IMPACT_LOW, PRIOR_IMPACT_HIGH = 1.0, 0.5, 1.5
"""Y of the square-root law where nothing was fitted: point and range."""


class Source(StrEnum):
    """What an estimate is made of; shown wherever it is shown."""

    BOOKS = "books"
    BARS = "bars"
    CLASS = "class"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiquidityEstimate:
    """Liquidity of one market.

    Parameters
    ----------
    market : str
    source : Source
    at_ns : int
        Time of the last observation in it.
    observations : int
        Good books, or bars, or markets of the class.
    relative_spread, spread_low, spread_high : float
        Whole spread over mid; of books mean and the bad quantile, of bars see `bars`.
    daily_volatility, daily_volume_usd : float
        NaN where unknown (books alone).
    impact, impact_low, impact_high : float
        Y.
    depth_usd : float
        Mean over books of the thinner side within ``depth_bps``; NaN without books.
    depth_bps : float
    notional_usd : (K,) float64
    cost, cost_low, cost_high : (K,) float64
        c(Q), and two standard errors (books) or the ends of the ranges of spread and Y (others).
        Fewer than ten books have no error: then ``cost_low`` and ``cost_high`` are NaN.
    cost_worst : (K,) float64
        Of the bad quantile of books; ``cost_high`` without books.
    extrapolated : (K,) float64
        Share of books and sides that did not hold the size; 1 without books.
    """

    market: str
    source: Source
    at_ns: int
    observations: int
    relative_spread: float
    spread_low: float
    spread_high: float
    daily_volatility: float
    daily_volume_usd: float
    impact: float
    impact_low: float
    impact_high: float
    depth_usd: float
    depth_bps: float
    notional_usd: FloatArray
    cost: FloatArray
    cost_low: FloatArray
    cost_high: FloatArray
    cost_worst: FloatArray
    extrapolated: FloatArray

    def cost_at(self, size_usd: ArrayLike, *, worst: bool = False) -> FloatArray:
        """Relative cost c(Q) of closing any size at once.

        Parameters
        ----------
        size_usd : array_like
            Not negative; 0 costs half the spread.
        worst : bool
            Of a bad moment instead of the mean.

        Notes
        -----
        Between sizes of the curve the money ``Q c(Q)`` is interpolated, which is exact between
        levels of one book, and not too low for the mean of books that hold the size. Beyond the
        last one the square-root law goes on from there, or without volatility and turnover ``c``
        grows as the root of the size.
        """
        size = np.asarray(size_usd, dtype=np.float64)
        if np.any(size < 0.0) or np.isnan(size).any():
            raise UsageError("must not be negative", found=size_usd, field="size_usd")
        if self.source is not Source.BOOKS:
            return self._by_law(size, worst=worst)
        curve, last = (self.cost_worst if worst else self.cost), float(self.notional_usd[-1])
        known = np.concatenate([[0.0], self.notional_usd])
        paid = np.interp(np.minimum(size, last), known, np.concatenate([[0.0], known[1:] * curve]))
        safe = np.where(size > 0.0, np.minimum(size, last), 1.0)
        inside = np.where(size > 0.0, paid / safe, curve[0])
        beyond = np.maximum(size - last, 0.0)
        if np.isnan(self.daily_volume_usd * self.daily_volatility):
            return np.asarray(inside * np.sqrt(np.maximum(size / last, 1.0)))
        return np.asarray(inside + self._impact(beyond, self.impact))

    def _by_law(self, size: FloatArray, *, worst: bool) -> FloatArray:
        spread = self.spread_high if worst else self.relative_spread
        impact = self.impact_high if worst else self.impact
        return np.asarray(0.5 * spread + self._impact(size, impact))

    def _impact(self, size: FloatArray, impact: float) -> FloatArray:
        volume, volatility = self.daily_volume_usd, self.daily_volatility
        return square_root_impact(size, volume=volume, volatility=volatility, impact=impact)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidityRows:
    """Estimates of many markets, and why others have none."""

    estimates: Mapping[str, LiquidityEstimate]
    reasons: Mapping[str, Reason]


def book_estimate(
    samples: BookSamples,
    notional_usd: ArrayLike = DEFAULT_NOTIONAL,
    *,
    law: ImpactLaw | None = None,
    impact_se: float | None = None,
    quote_price_usd: float = 1.0,
    depth_bps: float = 10.0,
    depth_factor: float = 1.0,
    worst_confidence: float = 0.99,
    resampling: Resampling | None = None,
) -> LiquidityEstimate:
    """Estimate a market's liquidity from its books.

    Parameters
    ----------
    samples : BookSamples
    notional_usd : (K,) float64
    law : ImpactLaw, optional
        Volatility and turnover (quote currency) of a day, and Y: beyond the visible book.
    impact_se : float, optional
        Of a fitted Y; None: Y is the prior.
    quote_price_usd : float
        Dollars of one unit of quote currency.
    depth_bps, depth_factor, worst_confidence, resampling
        See `cost_curve`.

    Raises
    ------
    InsufficientDataError
        No good book.
    """
    check_positive(quote_price_usd, "quote_price_usd")
    usd, rows = rising_positive(notional_usd, "notional_usd"), good_rows(samples)
    curve = book_cost_curve(
        samples,
        usd / quote_price_usd,
        law=law,
        depth_factor=depth_factor,
        worst_confidence=worst_confidence,
        resampling=resampling,
    )
    spread = quoted_spread(samples)[rows]
    sides = [depth_within(samples, side, within_bps=depth_bps)[rows] for side in Side]
    impact = law.impact if law else PRIOR_IMPACT
    low, high = _impact_range(impact, impact_se)
    return LiquidityEstimate(
        market=samples.market,
        source=Source.BOOKS,
        at_ns=int(samples.time_ns[rows[-1]]),
        observations=int(rows.size),
        relative_spread=float(spread.mean()),
        spread_low=float(spread.min()),
        spread_high=float(upper_quantile(spread[:, None], worst_confidence)[0]),
        daily_volatility=law.daily_volatility if law else float("nan"),
        daily_volume_usd=law.daily_volume * quote_price_usd if law else float("nan"),
        impact=impact,
        impact_low=low,
        impact_high=high,
        depth_usd=float(np.minimum(*sides).mean()) * depth_factor * quote_price_usd,
        depth_bps=depth_bps,
        notional_usd=usd,
        cost=curve.mean,
        cost_low=np.maximum(curve.mean - 2.0 * curve.mean_se, 0.0),
        cost_high=curve.mean + 2.0 * curve.mean_se,
        cost_worst=curve.worst,
        extrapolated=curve.extrapolated,
    )


def bar_estimates(
    bars: BarLiquidity, notional_usd: ArrayLike = DEFAULT_NOTIONAL, *, at_ns: int
) -> LiquidityRows:
    """Return the estimate, or the reason, of each market that only bars are known of.

    Parameters
    ----------
    bars : BarLiquidity
        Turnover in dollars.
    notional_usd : (K,) float64
    at_ns : int
        Time at which the last bar was known.
    """
    usd = rising_positive(notional_usd, "notional_usd")
    reasons = {m: r for m, r in zip(bars.markets, bars.reasons, strict=True) if r is not None}
    estimates = {
        market: _by_law(
            market,
            Source.BARS,
            at_ns,
            int(bars.bars[n]),
            (float(bars.relative_spread[n]), float(bars.spread_low[n]), float(bars.spread_high[n])),
            float(bars.daily_volatility[n]),
            (float(bars.daily_volume[n]),) * 3,
            usd,
        )
        for n, market in enumerate(bars.markets)
        if market not in reasons
    }
    return LiquidityRows(estimates=estimates, reasons=reasons)


def class_estimate(
    market: str,
    members: Sequence[LiquidityEstimate],
    *,
    daily_volatility: float,
    at_ns: int,
    notional_usd: ArrayLike = DEFAULT_NOTIONAL,
) -> LiquidityEstimate:
    """Return the liquidity of a market of which only closes are known: its class's.

    The spread scales with volatility (median of spread over volatility in the class), turnover is
    the class's lower quartile; the range runs over the quartiles of both and the range of Y.

    Parameters
    ----------
    market : str
    members : sequence of LiquidityEstimate
        Of its class, without itself, with volatility and turnover; at least 3.
    daily_volatility : float
        The market's own.
    at_ns : int
    notional_usd : (K,) float64

    Raises
    ------
    InsufficientDataError, ParameterError, UsageError
    """
    check_positive(daily_volatility, "daily_volatility")
    if any(member.market == market for member in members):
        raise UsageError("a class must not hold the market itself", found=market, field="members")
    known = [m for m in members if m.daily_volume_usd > 0.0 and m.daily_volatility > 0.0]
    if len(known) < 3:
        raise InsufficientDataError(
            "at least 3 members with volatility and turnover are needed",
            found=len(known),
            field="members",
            remedy="take a wider class",
        )
    ratios = np.array([m.relative_spread / m.daily_volatility for m in known])
    volumes = np.array([m.daily_volume_usd for m in known])
    low, mid, high = (float(q) * daily_volatility for q in np.quantile(ratios, (0.25, 0.5, 0.75)))
    thin, usual = (float(q) for q in np.quantile(volumes, (0.25, 0.75)))
    least = float(volumes.min())
    return _by_law(
        market,
        Source.CLASS,
        at_ns,
        len(known),
        (mid, low, high),
        daily_volatility,
        (thin, usual, least),
        rising_positive(notional_usd, "notional_usd"),
    )


def _impact_range(impact: float, error: float | None) -> tuple[float, float]:
    if error is None:
        return impact * PRIOR_IMPACT_LOW, impact * PRIOR_IMPACT_HIGH
    return max(impact - 2.0 * error, 0.0), impact + 2.0 * error


def _by_law(
    market: str,
    source: Source,
    at_ns: int,
    observations: int,
    spreads: tuple[float, float, float],
    volatility: float,
    volumes: tuple[float, float, float],
    usd: FloatArray,
) -> LiquidityEstimate:
    """Half the spread plus the square-root law; (point, low cost, high cost) of each figure."""
    impacts = PRIOR_IMPACT, PRIOR_IMPACT_LOW, PRIOR_IMPACT_HIGH
    cost, low, high = (
        0.5 * spread + square_root_impact(usd, volume=volume, volatility=volatility, impact=impact)
        for spread, volume, impact in zip(spreads, volumes, impacts, strict=True)
    )
    return LiquidityEstimate(
        market=market,
        source=source,
        at_ns=at_ns,
        observations=observations,
        relative_spread=spreads[0],
        spread_low=spreads[1],
        spread_high=spreads[2],
        daily_volatility=volatility,
        daily_volume_usd=volumes[0],
        impact=PRIOR_IMPACT,
        impact_low=PRIOR_IMPACT_LOW,
        impact_high=PRIOR_IMPACT_HIGH,
        depth_usd=float("nan"),
        depth_bps=float("nan"),
        notional_usd=usd,
        cost=cost,
        cost_low=low,
        cost_high=high,
        cost_worst=high,
        extrapolated=np.ones(usd.size),
    )
