"""Outage-extended margin period: what the venue cannot close while it, or its prices, are down.

Outages come with rate ``lambda`` and last ``D``. A liquidation that begins at a random time meets
one with ``p = 1 - exp(-lambda h)`` (begun within its horizon) plus the share of time that is down;
then its horizon is longer by the rest of the outage. The loss is a mixture::

    P(loss > x) = (1 - p) P(L_h > x) + sum over outages of p_k P(L_(h + d_k) > x)

whose quantile is solved exactly on the samples of moves over both horizons, as a weighted quantile.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import InsufficientDataError, ParameterError, UsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HOURS_A_YEAR = 8760.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageRecord:
    """Outages seen over a period.

    Parameters
    ----------
    hours : tuple of float
        How long each lasted.
    watched_hours : float
    stress : float
        Times the frequency in the hours in which liquidations happen: venues fail under load.
    """

    hours: tuple[float, ...]
    watched_hours: float
    stress: float = 1.0

    def __post_init__(self) -> None:
        if any(not h > 0.0 for h in self.hours) or not self.watched_hours > sum(self.hours):
            raise ParameterError(
                "must be positive, and shorter together than the period",
                found=(self.hours, self.watched_hours),
                field="hours",
            )
        if not self.stress >= 1.0:
            raise ParameterError("must be at least 1", found=self.stress, field="stress")

    @property
    def frequency_annual(self) -> float:
        """Outages a year, stress left out."""
        return len(self.hours) / self.watched_hours * HOURS_A_YEAR

    def probability(self, horizon_hours: float) -> float:
        """Chance that a liquidation over a horizon meets an outage (stressed), at most 1."""
        rate = self.stress * len(self.hours) / self.watched_hours
        down = self.stress * sum(self.hours) / self.watched_hours
        return min(1.0, down + (1.0 - min(down, 1.0)) * -math.expm1(-rate * horizon_hours))


def common_outages(
    price: FloatArray, *, interval_hours: float, least_share: float = 0.9
) -> tuple[float, ...]:
    """Return how long holes lasted that most running series of a venue had together.

    Parameters
    ----------
    price : (N, T) float64
        NaN without a print.
    least_share : float
        Of the series that had a print before and have one after.
    """
    known = np.isfinite(price)
    before = np.maximum.accumulate(known, axis=1)
    after = np.maximum.accumulate(known[:, ::-1], axis=1)[:, ::-1]
    running = before & after
    count = running.sum(axis=0)
    missing = (running & ~known).sum(axis=0)
    down = (count > 0) & (missing >= least_share * count)
    edges = np.diff(np.concatenate([[0], down.astype(np.int64), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return tuple(float(e - s) * interval_hours for s, e in zip(starts, ends, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedLevel:
    """Quantile with and without outages, and the chance of one."""

    level: float
    without: float
    probability: float

    @property
    def ratio(self) -> float:
        """With over without."""
        return self.level / self.without if self.without > 0.0 else math.inf


def outage_extended_level(
    losses: FloatArray,
    extended: Sequence[FloatArray],
    record: OutageRecord,
    *,
    horizon_hours: float,
    confidence: float = 0.99,
) -> ExtendedLevel:
    """Return the quantile of the mixture of horizons.

    Parameters
    ----------
    losses : (n,) float64
        Over the horizon alone, positive = loss.
    extended : sequence of (m,) float64
        Over the horizon and each outage of the record, in its order.

    Raises
    ------
    UsageError, InsufficientDataError
    """
    if len(extended) != len(record.hours):
        raise UsageError(
            f"must be one sample an outage ({len(record.hours)})",
            found=len(extended),
            field="extended",
        )
    samples = [one[np.isfinite(one)] for one in (losses, *extended)]
    if any(not one.size for one in samples):
        raise InsufficientDataError("must hold a loss", found=0, field="losses")
    chance = record.probability(horizon_hours) if record.hours else 0.0
    shares = [1.0 - chance, *(chance / len(record.hours) for _ in record.hours)]
    weight = np.concatenate(
        [np.full(one.size, share / one.size) for one, share in zip(samples, shares, strict=True)]
    )
    values = np.concatenate(samples)
    even = np.full(samples[0].size, 1.0 / samples[0].size)
    return ExtendedLevel(
        level=mixture_quantile(values, weight, confidence),
        without=mixture_quantile(samples[0], even, confidence),
        probability=chance,
    )


def mixture_quantile(values: FloatArray, weight: FloatArray, confidence: float) -> float:
    """Return the least value that weighted losses exceed with at most ``1 - confidence``.

    >>> mixture_quantile(np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.495, 0.005]), 0.99)
    2.0
    """
    order = np.argsort(values)[::-1]
    beyond = np.cumsum(weight[order])
    # Relative slack for sums of weights: an exact tail counts as within.
    within = int(np.searchsorted(beyond, (1.0 - confidence) * (1.0 + 1e-9), side="right"))
    return float(values[order][min(within, values.size - 1)])


def losses_over(log_price: FloatArray, bars: int, side: int) -> FloatArray:
    """Return simple losses of a long (side 0) or a short (1) over so many bars from every bar."""
    move = log_price[bars:] - log_price[:-bars]
    return np.asarray(-np.expm1(move) if side == 0 else np.expm1(move))
