"""Forced liquidations of users who would have been solvent at the next margin call.

An account is counted once, at its first forced close-out (partial or whole). Had its position been
left alone, with the same collateral, then at the next margin call after it the account's equity
would have been

- **solvent**: not negative: nobody would have lost anything;
- **restored**: at or above maintenance: it would not have been closed out then either.

Close-outs whose next call lies beyond the record are left out of the shares, and counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.validation.replay.result import EventKind, ReplayResult

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
DAY_NS = 86_400_000_000_000
FORCED = (EventKind.PARTIAL, EventKind.LIQUIDATED, EventKind.BANKRUPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SolventUsers:
    """Shares of forced liquidations.

    Parameters
    ----------
    accounts, forced, unjudged : int
        Accounts in all, forced into liquidation, and of those without a later call on record.
    solvent, restored : float
        Shares of those judged; NaN where none was.
    solvent_se, restored_se : float
        Clustered by day of the close-out; NaN for fewer than two days.
    solvent_by_notional : float
        Weighted by what was closed first.
    """

    accounts: int
    forced: int
    unjudged: int
    solvent: float
    solvent_se: float
    restored: float
    restored_se: float
    solvent_by_notional: float

    @property
    def solvent_accounts(self) -> int:
        """Solvent users closed out."""
        judged = self.forced - self.unjudged
        return round(self.solvent * judged) if judged else 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForcedLiquidations:
    """First forced close-out of each account that had one, in the order of accounts.

    Parameters
    ----------
    account, day : (L,) int64
        ``day`` counts from 1970.
    notional : (L,) float64
    judged, solvent, restored : (L,) bool
    """

    account: IntArray
    day: IntArray
    notional: FloatArray
    judged: BoolArray
    solvent: BoolArray
    restored: BoolArray


def forced_liquidations(result: ReplayResult) -> ForcedLiquidations:
    """Return the first forced close-out of each account, and what would have become of it."""
    events = result.events
    rows = np.flatnonzero(events.of(*FORCED))
    account, first = np.unique(events.account[rows], return_index=True)
    rows = rows[first]
    later, needed = events.later_equity[rows], events.later_maintenance[rows]
    judged = np.isfinite(later)
    return ForcedLiquidations(
        account=account,
        day=result.time_ns[events.bar[rows]] // DAY_NS,
        notional=events.notional[rows],
        judged=judged,
        solvent=judged & (later >= 0.0),
        restored=judged & (later >= needed),
    )


def solvent_users(found: ForcedLiquidations, accounts: int) -> SolventUsers:
    """Return the shares among forced liquidations of ``accounts`` accounts."""
    kept, weight = found.judged, np.where(found.judged, found.notional, 0.0)
    solvent, solvent_se = share_by_day(found.solvent[kept], found.day[kept])
    restored, restored_se = share_by_day(found.restored[kept], found.day[kept])
    whole = float(weight.sum())
    by_notional = float(weight[found.solvent].sum()) / whole if whole else float("nan")
    return SolventUsers(
        accounts=accounts,
        forced=int(found.account.size),
        unjudged=int((~kept).sum()),
        solvent=solvent,
        solvent_se=solvent_se,
        restored=restored,
        restored_se=restored_se,
        solvent_by_notional=by_notional,
    )


def share_by_day(hit: BoolArray, day: IntArray) -> tuple[float, float]:
    """Share of hits and its standard error, clustered by day (a ratio of day sums).

    Two days, one of them all hits:

    >>> share_by_day(np.array([True, True, False, False]), np.array([1, 1, 2, 2]))
    (0.5, 0.5)
    """
    if not hit.size:
        return float("nan"), float("nan")
    share = float(hit.mean())
    _, place = np.unique(day, return_inverse=True)
    sums = np.bincount(place, weights=hit - share)
    days = sums.size
    if days < 2:
        return share, float("nan")
    variance = float(np.sum(sums**2)) * days / (days - 1)
    return share, variance**0.5 / hit.size
