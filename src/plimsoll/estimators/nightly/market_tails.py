"""Pareto tails of one market's standardised returns, both sides, with errors, flags and reasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.finding import Reason
from plimsoll.errors import DataFormatError, EstimationError, InsufficientDataError
from plimsoll.estimators.tails.clusters import extremal_index
from plimsoll.estimators.tails.pareto_errors import quantile_slopes
from plimsoll.estimators.tails.peaks_over_threshold import FittedTail, PeaksOverThreshold

FloatArray = NDArray[np.float64]

_CLUSTERED_BELOW = 0.5


class TailFlag(StrEnum):
    """What to know before a tail is used."""

    INFINITE_VARIANCE = "infinite_variance"
    NO_MEAN = "no_mean"
    CLUSTERED = "clustered"
    BOUNDED = "bounded"
    NO_ERROR = "no_error"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SideTail:
    """One side; ``tail`` is None where there is a ``reason``.

    Parameters
    ----------
    tail : FittedTail or None
        Of standardised returns in one bar, positive.
    covariance : (3, 3) float64
        Of xi, beta and the share of exceedances: sandwich over clusters of bars; NaN where it
        could not be had.
    extremal_index : float
        Intervals estimate: one over the mean number of exceedances of a cluster.
    flags : tuple of TailFlag
    reason : Reason or None
    """

    tail: FittedTail | None
    covariance: FloatArray = field(default_factory=lambda: np.full((3, 3), np.nan))
    extremal_index: float = float("nan")
    flags: tuple[TailFlag, ...] = ()
    reason: Reason | None = None

    __repr__ = field_summary

    @property
    def xi_error(self) -> float:
        """Standard error of the shape."""
        return float(np.sqrt(self.covariance[0, 0]))

    @property
    def beta_error(self) -> float:
        """Standard error of the scale."""
        return float(np.sqrt(self.covariance[1, 1]))

    def quantile_error(self, confidence: float) -> float:
        """Delta-method standard error of the tail's quantile; NaN without a covariance."""
        if self.tail is None:
            return float("nan")
        law = np.array([self.tail.xi, self.tail.beta, self.tail.tail_share])
        slope = quantile_slopes(self.tail.threshold, law, confidence)
        return float(np.sqrt(slope @ self.covariance @ slope))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketTails:
    """Both sides of a market."""

    market: str
    falls: SideTail
    rises: SideTail

    __repr__ = field_summary


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TailTask:
    """Standardised returns (R,) of one market, NaN left out, and how they are fitted."""

    market: str
    residuals: FloatArray
    model: PeaksOverThreshold
    cluster_bars: int


def fit_market_tails(task: TailTask) -> MarketTails:
    """Fit both sides; never raises for what the data are."""
    sample = task.residuals[np.isfinite(task.residuals)]
    falls, rises = (_fit_side(sign * sample, task) for sign in (-1.0, 1.0))
    return MarketTails(market=task.market, falls=falls, rises=rises)


def _fit_side(losses: FloatArray, task: TailTask) -> SideTail:
    try:
        tail = task.model.fit(losses)
    except InsufficientDataError:
        return SideTail(tail=None, reason=Reason.TOO_SHORT_HISTORY)
    except (EstimationError, DataFormatError):
        still = bool(np.all(losses == losses[0]))
        return SideTail(tail=None, reason=Reason.CONSTANT_PRICE if still else Reason.FIT_FAILED)
    if not (tail.threshold > 0.0 and np.isfinite(tail.xi) and tail.beta > 0.0):
        return SideTail(tail=None, reason=Reason.FIT_FAILED)
    covariance = _covariance(tail, task.cluster_bars)
    xi_error = float(np.sqrt(covariance[0, 0]))
    index = extremal_index(losses, threshold=tail.threshold).value
    found = {
        TailFlag.NO_MEAN: tail.xi >= 1.0,
        TailFlag.INFINITE_VARIANCE: tail.variance_is_infinite,
        TailFlag.BOUNDED: tail.xi + 2.0 * xi_error < 0.0,
        TailFlag.CLUSTERED: index < _CLUSTERED_BELOW,
        TailFlag.NO_ERROR: not np.isfinite(xi_error),
    }
    return SideTail(
        tail=tail,
        covariance=covariance,
        extremal_index=index,
        flags=tuple(flag for flag, holds in found.items() if holds),
    )


def _covariance(tail: FittedTail, cluster_bars: int) -> FloatArray:
    block = max(1, min(cluster_bars, tail.observations // 2))
    try:
        found = tail.covariance("sandwich", block_length=block)
    except EstimationError:
        return np.full((3, 3), np.nan)
    return found if bool(np.all(np.diag(found) >= 0.0)) else np.full((3, 3), np.nan)
