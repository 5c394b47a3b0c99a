"""One price from many: weighted median or mean, with what is done about sources far off.

The bound is a distance from the weighted median of all live sources. Clamping to it changes no
median: the median of the clamped prices is the median. It does bound a mean. Sorting is by price
and weight, and sums are exact before rounding, so that the order of the sources decides no bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from plimsoll.marketdata.index.reasons import IndexReason, SourceStatus
from plimsoll.marketdata.index.rule import Aggregation, IndexRule, OutlierRule

_TIE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What the live sources say.

    Parameters
    ----------
    price : float
        NaN without agreement.
    reason : IndexReason
    median : float
        Weighted, of all live sources.
    statuses : tuple of SourceStatus
        In the order of the prices.
    agreeing_weight : float
        Of the sources within the bound from the median.
    half_width : float
        Weighted median of the distances from the median, as fractions of it.
    """

    price: float
    reason: IndexReason
    median: float
    statuses: tuple[SourceStatus, ...]
    agreeing_weight: float
    half_width: float


def weighted_median(prices: Sequence[float], weights: Sequence[float]) -> float:
    """Return the price with at most half of the weight on either side of it.

    Where weights tie, every price between two neighbours is such a one, and their mean is taken.

    Parameters
    ----------
    prices, weights : sequences of float
        At least one; weights positive.

    Examples
    --------
    >>> weighted_median([1.0, 2.0, 9.0], [1.0, 1.0, 1.0])
    2.0
    >>> weighted_median([1.0, 2.0], [1.0, 1.0])
    1.5
    >>> weighted_median([1.0, 2.0, 9.0], [1.0, 1.0, 3.0])
    9.0
    """
    order = sorted(zip(prices, weights, strict=True))
    half = 0.5 * math.fsum(weights)
    reached = 0.0
    for place, (price, weight) in enumerate(order):
        reached += weight
        if reached >= half * (1.0 - _TIE):
            is_tie = reached <= half * (1.0 + _TIE) and place + 1 < len(order)
            return 0.5 * price + 0.5 * order[place + 1][0] if is_tie else price
    return order[-1][0]


def weighted_mean(prices: Sequence[float], weights: Sequence[float]) -> float:
    """Return the mean, never outside the prices by rounding; no price is too large for it.

    >>> weighted_mean([1e308, 1e308, 1e308], [1.0, 2.0, 3.0])
    1e+308
    """
    top = max(prices)
    parts = (price / top * weight for price, weight in zip(prices, weights, strict=True))
    mean = top * (math.fsum(parts) / math.fsum(weights))
    return min(max(mean, min(prices)), top)


def compose(prices: Sequence[float], weights: Sequence[float], rule: IndexRule) -> Composition:
    """Return what live sources say by a rule; quorums of numbers and weight are the caller's.

    Parameters
    ----------
    prices : sequence of float
        Finite, positive, in USD; at least one.
    weights : sequence of float
    rule : IndexRule
    """
    median = weighted_median(prices, weights)
    low, high = median * (1.0 - rule.outlier_bound), median * (1.0 + rule.outlier_bound)
    inside = [low <= price <= high for price in prices]
    agreeing = math.fsum(w for w, near in zip(weights, inside, strict=True) if near)
    distances = [abs(price / median - 1.0) for price in prices]
    nobody = rule.outlier_rule is OutlierRule.ZERO_WEIGHT and agreeing == 0.0
    agreed = not nobody and agreeing >= rule.least_agreement * math.fsum(weights) * (1.0 - _TIE)
    return Composition(
        price=_price(prices, weights, inside, median, rule) if agreed else math.nan,
        reason=IndexReason.NONE if agreed else IndexReason.NO_CONSENSUS,
        median=median,
        statuses=tuple(_status(near, rule.outlier_rule) for near in inside),
        agreeing_weight=agreeing,
        half_width=weighted_median(distances, weights),
    )


def _price(
    prices: Sequence[float],
    weights: Sequence[float],
    inside: Sequence[bool],
    median: float,
    rule: IndexRule,
) -> float:
    """Price of sources of which enough agree."""
    kept, kept_weights = list(prices), list(weights)
    if rule.outlier_rule is OutlierRule.CLAMP:
        low, high = median * (1.0 - rule.outlier_bound), median * (1.0 + rule.outlier_bound)
        kept = [min(max(price, low), high) for price in prices]
    elif rule.outlier_rule is OutlierRule.ZERO_WEIGHT:
        kept = [price for price, near in zip(prices, inside, strict=True) if near]
        kept_weights = [weight for weight, near in zip(weights, inside, strict=True) if near]
    outliers = len(inside) - sum(inside)
    many = rule.median_from_outliers
    if rule.aggregation is Aggregation.MEAN and (many is None or outliers < many):
        return weighted_mean(kept, kept_weights)
    if rule.outlier_rule is OutlierRule.CLAMP:
        return median
    return weighted_median(kept, kept_weights)


def _status(inside: bool, outlier_rule: OutlierRule) -> SourceStatus:
    if inside or outlier_rule is OutlierRule.KEEP:
        return SourceStatus.LIVE
    clamps = outlier_rule is OutlierRule.CLAMP
    return SourceStatus.CLAMPED if clamps else SourceStatus.OUTLIER
