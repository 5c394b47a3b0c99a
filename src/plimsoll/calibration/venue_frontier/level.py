"""Levels: one scale a policy and close-out horizon, set at every New Year from earlier days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.venue_frontier.record import VenueRecord
from plimsoll.domain.field_summary import field_summary

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LEAST_DAYS = 90
"""Known days below which a level stays at one."""
KEPT_SHARE = 0.05
"""Of all ratios, the largest: those that a level or a scale can be."""


def rank_at_rate(count: int, rate: float) -> int:
    """Place from the top, 0 first, of the value that a share ``rate`` of ``count`` exceeds.

    >>> rank_at_rate(4, 0.25)
    1
    """
    return count - 1 - int(np.clip(np.ceil(count * (1.0 - rate)) - 1, 0, count - 1))


def scale_at_rate(ratio: FloatArray, rate: float) -> float:
    """Scale of margins at which a share ``rate`` of the finite ratios of loss to margin exceeds it.

    NaN of none.

    >>> scale_at_rate(np.array([0.1, 0.5, 1.2, 2.0, np.nan]), 0.25)
    1.2
    """
    found = ratio[np.isfinite(ratio)]
    if not found.size:
        return float("nan")
    place = found.size - 1 - rank_at_rate(found.size, rate)
    return float(np.partition(found, place)[place])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LossRatios:
    """Ratios of loss to margin of one policy; scales at small rates are read off the largest.

    Parameters
    ----------
    whole : (D, K, N, 2) float64
        NaN where nothing counts.
    counts : (D, N) int64
        How many there are.
    value : (R,) float64
        The largest of them.
    day, market : (R,) int64
        Where they stand.
    """

    whole: FloatArray
    counts: IntArray
    value: FloatArray
    day: IntArray
    market: IntArray

    __repr__ = field_summary

    def scale(
        self, rate: float, days: BoolArray, markets: BoolArray | slice = slice(None)
    ) -> float:
        """`scale_at_rate` on some days and markets."""
        mine = np.zeros(self.counts.shape[1], dtype=np.bool_)
        mine[markets] = True
        rank = rank_at_rate(int(self.counts[days][:, mine].sum()), rate)
        value = self.value[days[self.day] & mine[self.market]]
        if rank >= value.size:
            return scale_at_rate(self.whole[days][:, :, mine], rate)
        place = value.size - 1 - rank
        return float(np.partition(value, place)[place])


def loss_ratios(record: VenueRecord, margin: FloatArray) -> LossRatios:
    """Measure the ratios of a (D, N, 2) path of margins."""
    whole = record.ratios(margin)
    finite = np.isfinite(whole)
    total = int(finite.sum())
    bound = scale_at_rate(whole, KEPT_SHARE) if total else 0.0
    with np.errstate(invalid="ignore"):
        day, _, market, _ = np.nonzero(whole >= bound)
        value = whole[whole >= bound]
    return LossRatios(
        whole=whole,
        counts=finite.sum(axis=(1, 3)),
        value=value,
        day=day.astype(np.int64),
        market=market.astype(np.int64),
    )


def levels_at(record: VenueRecord, ratios: LossRatios, days: BoolArray, share: float) -> FloatArray:
    """(N,) scale of every market: that of its horizon, from the days given.

    The pooled breach rate of the markets of one horizon on those days becomes ``share`` of the
    target; 1 where there are fewer than 90 days.

    Parameters
    ----------
    ratios : LossRatios
        Of the policy.
    share : float
        See `VenueRecord.shares`.
    """
    out = np.ones(len(record.markets))
    for hours in np.unique(record.horizon_hours):
        mine = record.horizon_hours == hours
        if int((ratios.counts[days][:, mine] > 0).any(axis=1).sum()) >= LEAST_DAYS:
            scale = ratios.scale(share * record.target, days, mine)
            out[mine] = scale if scale > 0.0 else 1.0
    return out


def levels_in_force(record: VenueRecord, ratios: LossRatios) -> FloatArray:
    """(D, N) scale of every day, from what the last review before it knew; 1 before the first."""
    out = np.ones((record.days, len(record.markets)))
    for row, share in zip(record.reviews, record.shares, strict=True):
        out[row:] = levels_at(record, ratios, record.known(row), share)
    return out
