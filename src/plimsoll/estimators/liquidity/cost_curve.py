"""Depth, and the cost of closing a size against the books that were there: c(Q).

``Q`` is a position's value at mid in quote currency. c(Q) is the relative loss against mid (in the
settlement currency) of one order of that size, half the spread included. Where a book does not
hold the size, what it holds is walked and the rest follows a law, labelled in the result:

- `Extrapolation.SQUARE_ROOT`: ``c(D) + Y sigma sqrt((Q - D) / V)``, D the visible depth. The
  add-on's own form; continuous at D and never falling.
- `Extrapolation.DEPTH_ONLY`: ``c(D) sqrt(Q / D)``, where volatility or turnover is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.order_book import BookSamples, BookStatus
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.liquidity.arguments import check_positive, rising_positive
from plimsoll.estimators.liquidity.worst_cases import (
    Resampling,
    bootstrap_errors,
    upper_quantile,
)
from plimsoll.maths.book_walk import Walked, side_notional, walk_books

FloatArray = NDArray[np.float64]

DEFAULT_NOTIONAL = (1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7)


class Side(StrEnum):
    """What the liquidator does: a long is closed by selling into the bids."""

    BUY = "buy"
    SELL = "sell"


class Extrapolation(StrEnum):
    """How sizes beyond the visible book are costed; see the module text."""

    SQUARE_ROOT = "square_root"
    DEPTH_ONLY = "depth_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactLaw:
    """Figures of the square-root law beyond the book.

    Parameters
    ----------
    daily_volatility : float
    daily_volume : float
        Quote currency.
    impact : float
        Y; 1 is the prior, 0.5 to 1.5 its range.
    """

    daily_volatility: float
    daily_volume: float
    impact: float = 1.0

    def __post_init__(self) -> None:
        for name in ("daily_volatility", "daily_volume", "impact"):
            check_positive(getattr(self, name), name)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CostCurve:
    """Cost of K sizes over the good snapshots of a sample.

    Parameters
    ----------
    market : str
    notional : (K,) float64
    mean : (K,) float64
        Mean over snapshots of the dearer side's cost.
    mean_se, worst_se : (K,) float64
        By circular block bootstrap over snapshots; NaN for fewer than 10.
    worst : (K,) float64
        Cost that the share ``worst_confidence`` of snapshots does not exceed.
    buy, sell : (K,) float64
        Mean of each side.
    extrapolated : (K,) float64
        Share of snapshots, over both sides, that did not hold the size.
    extrapolation : Extrapolation
    depth_factor, worst_confidence : float
    snapshots : int
    """

    market: str
    notional: FloatArray
    mean: FloatArray
    mean_se: FloatArray
    worst: FloatArray
    worst_se: FloatArray
    buy: FloatArray
    sell: FloatArray
    extrapolated: FloatArray
    extrapolation: Extrapolation
    depth_factor: float
    worst_confidence: float
    snapshots: int


def good_rows(samples: BookSamples) -> NDArray[np.int64]:
    """Return the rows with a good book.

    Raises
    ------
    InsufficientDataError
        Where there is none.
    """
    rows = np.flatnonzero(samples.status == BookStatus.GOOD)
    if not rows.size:
        names = {
            status.name.lower(): int((samples.status == status).sum()) for status in BookStatus
        }
        raise InsufficientDataError(
            "at least one sampled book must be good, with both sides and not crossed",
            found={name: count for name, count in names.items() if count},
            field=samples.market,
            remedy="see the findings of the samples; estimate from bars instead",
        )
    return rows


def depth_within(samples: BookSamples, side: Side | str, *, within_bps: float) -> FloatArray:
    """(T,) quote currency (at mid) of the levels at most ``within_bps`` from mid.

    Parameters
    ----------
    samples : BookSamples
    side : Side
        ``sell``: the bids, ``buy``: the asks.
    within_bps : float

    Returns
    -------
    float64
        NaN where there is no good book.
    """
    check_positive(within_bps, "within_bps")
    price, size = _side(samples, Side(side))
    terms, mid = samples.terms, samples.mid
    inverse, contract = terms.is_inverse, terms.contract_size
    found = side_notional(
        price, size, mid, within=within_bps * 1e-4, contract=contract, inverse=inverse
    )
    return np.where(np.isfinite(mid), found, np.nan)


def walk_samples(
    samples: BookSamples, side: Side | str, notional: ArrayLike, *, depth_factor: float = 1.0
) -> Walked:
    """Walk one side of each sampled book; see `plimsoll.maths.book_walk`.

    Parameters
    ----------
    samples : BookSamples
    side : Side
    notional : (K,) float64
        Quote currency at mid, rising.
    depth_factor : float
        Share of each level that is there, 0.1 to 0.3 in a cascade; ``c(Q)`` becomes ``c(Q / f)``.
    """
    if not 0.0 < depth_factor <= 1.0:
        raise ParameterError("must lie in (0, 1]", found=depth_factor, field="depth_factor")
    sizes = rising_positive(notional, "notional")
    price, size = _side(samples, Side(side))
    contract = samples.terms.contract_size * depth_factor
    inverse = samples.terms.is_inverse
    return walk_books(price, size, samples.mid, sizes, contract=contract, inverse=inverse)


def extrapolated_costs(walked: Walked, notional: FloatArray, law: ImpactLaw | None) -> FloatArray:
    """(T, K) costs with what a book lacks by the law; without a law by its own depth."""
    filled = np.where(walked.filled > 0.0, walked.filled, np.nan)
    if law is None:
        return np.where(filled < 1.0, walked.cost / np.sqrt(filled), walked.cost)
    beyond = np.sqrt(np.clip(1.0 - filled, 0.0, None) * notional / law.daily_volume)
    return np.asarray(walked.cost + law.impact * law.daily_volatility * beyond)


def book_cost_curve(
    samples: BookSamples,
    notional: ArrayLike = DEFAULT_NOTIONAL,
    *,
    law: ImpactLaw | None = None,
    depth_factor: float = 1.0,
    worst_confidence: float = 0.99,
    resampling: Resampling | None = None,
) -> CostCurve:
    """Estimate c(Q) from sampled books.

    Parameters
    ----------
    samples : BookSamples
    notional : (K,) float64
        Quote currency, positive, rising.
    law : ImpactLaw, optional
        Beyond the visible book; None: the book's own depth.
    depth_factor : float
        Stress: the share of displayed size that is there.
    worst_confidence : float
        0.99: the cost that 1 % of snapshots exceed.
    resampling : Resampling, optional

    Raises
    ------
    InsufficientDataError
        No good book among the samples.
    ParameterError, UsageError
        Arguments out of their bounds; sizes of unknown worth.
    """
    if not 0.0 < worst_confidence < 1.0:
        raise ParameterError("must lie in (0, 1)", found=worst_confidence, field="worst_confidence")
    sizes, rows = rising_positive(notional, "notional"), good_rows(samples)
    walks = [walk_samples(samples, side, sizes, depth_factor=depth_factor) for side in Side]
    buy, sell = (extrapolated_costs(walk, sizes, law)[rows] for walk in walks)
    short = np.mean([walk.filled[rows] < 1.0 - 1e-12 for walk in walks], axis=(0, 1))
    return curve_of_costs(
        samples.market,
        sizes,
        buy,
        sell,
        short,
        has_law=law is not None,
        depth_factor=depth_factor,
        worst_confidence=worst_confidence,
        resampling=resampling or Resampling(),
    )


def curve_of_costs(
    market: str,
    notional: FloatArray,
    buy: FloatArray,
    sell: FloatArray,
    short: FloatArray,
    *,
    has_law: bool,
    depth_factor: float,
    worst_confidence: float,
    resampling: Resampling,
) -> CostCurve:
    """Summarise (T, K) costs of both sides; the dearer side of each snapshot counts."""
    dearer = np.maximum(buy, sell)
    mean_se, worst_se = bootstrap_errors(dearer, worst_confidence, resampling)
    return CostCurve(
        market=market,
        notional=notional,
        mean=dearer.mean(axis=0),
        mean_se=mean_se,
        worst=upper_quantile(dearer, worst_confidence),
        worst_se=worst_se,
        buy=buy.mean(axis=0),
        sell=sell.mean(axis=0),
        extrapolated=short,
        extrapolation=Extrapolation.SQUARE_ROOT if has_law else Extrapolation.DEPTH_ONLY,
        depth_factor=depth_factor,
        worst_confidence=worst_confidence,
        snapshots=int(dearer.shape[0]),
    )


def _side(samples: BookSamples, side: Side) -> tuple[FloatArray, FloatArray]:
    if samples.bid_price.ndim != 2:
        raise UsageError("levels must be a matrix", found=samples.bid_price.shape, field="samples")
    if side is Side.SELL:
        return samples.bid_price, samples.bid_size
    return samples.ask_price, samples.ask_size
