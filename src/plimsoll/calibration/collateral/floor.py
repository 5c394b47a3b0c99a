r"""The floor of haircuts: what a class has lost counts for what is not known of the asset itself.

No haircut lies below a share of the worst that its class has lost over a sale. For an asset with a
long record and a deep market that says nothing: its own forecast would never speak. So with the
floor ``pooled`` the class counts by the weight that partial pooling gives it,

.. math:: B_i = \frac{v_i}{v_i + \tau^2}, \qquad F_i = B_i\, s\, W_c, \qquad
    \ln q_i' = \ln q_i + B_i\, (\ln m_c - \ln q_i)^+,

with :math:`v` the sampling variance of the logarithm of the asset's own quantile :math:`q`,
:math:`\tau` the spread of assets around what their class says, :math:`m_c` the class's level,
:math:`W_c` its worst loss and :math:`s` the venue's share (`plimsoll.estimators.pooling` shrinks
young markets by the same weights). The young, the illiquid, and whatever nobody knows bear all of
the class's floor, as all do with the floor ``class``.

The sampling variance is that of an empirical quantile with a Pareto tail of index :math:`\alpha`
over so many days: :math:`v = p / ((1 - p)\, n\, \alpha^2)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import ParameterError, UsageError
from plimsoll.estimators.pooling.covariates import MarketCovariates
from plimsoll.estimators.pooling.hierarchy import MINIMUM_MARKETS, HierarchicalLevels

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

REVIEW_DAYS = 7
"""Days between two fits of the population along a history."""


class FloorPolicy(StrEnum):
    """For whom the class's floor holds in full."""

    CLASS = "class"  # for every asset
    POOLED = "pooled"  # for the young and illiquid; for others by what is not known of them


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorRule:
    """What the venue sets.

    Parameters
    ----------
    policy : FloorPolicy
    own_history_days : float
        With fewer an asset is young: its class's floor holds in full.
    own_adv_usd : float
        With less turnover a day it is illiquid, likewise.
    tail_index : float
        Of the falls, for the sampling variance.
    """

    policy: FloorPolicy = FloorPolicy.CLASS
    own_history_days: float = 365.0
    own_adv_usd: float = 50e6
    tail_index: float = 3.0

    def __post_init__(self) -> None:
        for name in ("own_history_days", "own_adv_usd"):
            if not getattr(self, name) >= 0.0:
                raise ParameterError("must not be negative", found=getattr(self, name), field=name)
        if not self.tail_index > 0.0:
            raise ParameterError("must be positive", found=self.tail_index, field="tail_index")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassShare:
    """(N,) how far the class speaks for each asset.

    Parameters
    ----------
    weight : (N,) float64
        In [0, 1]: of the class's worst loss, and of its level.
    log_risk : (N,) float64
        Own log fall, raised to its class by that weight; never below the own. NaN without one.
    """

    weight: FloatArray
    log_risk: FloatArray


def sampling_variance(days: ArrayLike, confidence: float, tail_index: float) -> FloatArray:
    """Return the variance of the log of an empirical quantile of so many days.

    >>> round(float(sampling_variance(330.0, 0.99, 3.0)) ** 0.5, 6)
    0.182574
    """
    seen = np.maximum(np.asarray(days, dtype=np.float64), 1.0)
    return np.asarray(confidence / ((1.0 - confidence) * seen * tail_index**2))


def class_share(
    log_risk: ArrayLike,
    history_days: ArrayLike,
    adv_usd: ArrayLike,
    classes: Sequence[str],
    rule: FloorRule,
    *,
    confidence: float = 0.99,
) -> ClassShare:
    """Return how far the class speaks for each asset at one instant.

    Parameters
    ----------
    log_risk, history_days, adv_usd : (N,) array_like
        Own log fall over the sale, days of it, and turnover a day; NaN: unknown, so that the class
        speaks in full.
    classes : sequence of N str
    """
    risk, days, adv = (np.asarray(a, dtype=np.float64) for a in (log_risk, history_days, adv_usd))
    if not risk.shape == days.shape == adv.shape == (len(classes),):
        raise UsageError(
            "must be one value an asset", found=(risk.shape, len(classes)), field="log_risk"
        )
    weight = np.ones(risk.size)
    known = np.isfinite(risk) & (risk > 0.0) & np.isfinite(days)
    spoken = known & (days >= rule.own_history_days) & (adv >= rule.own_adv_usd)
    if rule.policy is FloorPolicy.CLASS or int(known.sum()) < MINIMUM_MARKETS:
        return ClassShare(weight=weight, log_risk=risk)
    held = np.flatnonzero(known)
    fitted = HierarchicalLevels().fit(
        np.log(risk[held]),
        sampling_variance(days[held], confidence, rule.tail_index),
        MarketCovariates(market_class=tuple(classes[i] for i in held.tolist())),
    )
    weight[held] = np.where(spoken[held], 1.0 - fitted.weight, 1.0)
    level = fitted.matrix @ fitted.coefficients
    own = np.log(risk[held])
    raised = risk.copy()
    raised[held] = np.exp(own + weight[held] * np.maximum(level - own, 0.0))
    return ClassShare(weight=weight, log_risk=raised)


def class_share_path(
    log_risk: FloatArray,
    history_days: FloatArray,
    adv_usd: ArrayLike,
    classes: Sequence[str],
    rule: FloorRule,
    *,
    confidence: float = 0.99,
) -> ClassShare:
    """Return (D, N) shares day by day; the weights are those of the last review, own risk today's.

    Parameters
    ----------
    log_risk, history_days : (D, N) float64
        As known on each day.
    adv_usd : (N,) array_like
    """
    weight, raised = np.ones(log_risk.shape), log_risk.copy()
    for first in range(0, log_risk.shape[0], REVIEW_DAYS):
        rows = slice(first, first + REVIEW_DAYS)
        found = class_share(
            log_risk[first], history_days[first], adv_usd, classes, rule, confidence=confidence
        )
        # Nothing to raise: no number, or no risk at all at the review.
        own = log_risk[first] > 0.0
        factor = np.divide(found.log_risk, log_risk[first], out=np.ones(own.size), where=own)
        weight[rows] = found.weight
        raised[rows] = log_risk[rows] * factor
    return ClassShare(weight=weight, log_risk=raised)


def worst_of_class(worst: FloatArray, classes: Sequence[str]) -> FloatArray:
    """Return (..., N) the worst that any asset of the class had lost, from each asset's own."""
    names = np.array(classes)
    found = np.zeros(worst.shape)
    for name in dict.fromkeys(classes):
        alike = names == name
        found[..., alike] = np.max(np.nan_to_num(worst[..., alike]), axis=-1, keepdims=True)
    return found
