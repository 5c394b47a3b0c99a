"""Levels: one scale a policy and close-out horizon, set at every New Year from earlier days."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.venue_frontier.record import VenueRecord

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LEAST_DAYS = 90
"""Known days below which a level stays at one."""


def scale_at_rate(ratio: FloatArray, rate: float) -> float:
    """Scale of margins at which a share ``rate`` of the finite ratios of loss to margin exceeds it.

    >>> scale_at_rate(np.array([0.1, 0.5, 1.2, 2.0, np.nan]), 0.25)
    1.2
    """
    found = ratio[np.isfinite(ratio)]
    place = int(np.clip(np.ceil(found.size * (1.0 - rate)) - 1, 0, found.size - 1))
    return float(np.partition(found, place)[place])


def levels_at(record: VenueRecord, ratio: FloatArray, days: BoolArray, share: float) -> FloatArray:
    """(N,) scale of every market: that of its horizon, from the days given.

    The pooled breach rate of the markets of one horizon on those days becomes ``share`` of the
    target; 1 where there are fewer than 90 days.

    Parameters
    ----------
    ratio : (D, K, N, 2) float64
        Of the policy, `VenueRecord.ratios`.
    share : float
        See `VenueRecord.shares`.
    """
    out = np.ones(len(record.markets))
    wanted = share * record.target
    for hours in np.unique(record.horizon_hours):
        mine = record.horizon_hours == hours
        held = ratio[days][:, :, mine]
        if int(np.isfinite(held).any(axis=(1, 2, 3)).sum()) >= LEAST_DAYS:
            scale = scale_at_rate(held, wanted)
            out[mine] = scale if scale > 0.0 else 1.0
    return out


def levels_in_force(record: VenueRecord, ratio: FloatArray) -> FloatArray:
    """(D, N) scale of every day, from what the last review before it knew; 1 before the first."""
    out = np.ones((record.days, len(record.markets)))
    for row, share in zip(record.reviews, record.shares, strict=True):
        out[row:] = levels_at(record, ratio, record.known(row), share)
    return out
