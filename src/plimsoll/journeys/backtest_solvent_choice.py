"""Outcomes of accounts under each level of maintenance, and the level chosen before each month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.thresholds.equal_loss import lowest_level_within
from plimsoll.domain.field_summary import field_summary
from plimsoll.validation.replay.accounts import ReplayPopulation
from plimsoll.validation.replay.markets import MarkPaths
from plimsoll.validation.replay.result import EventKind, ReplayResult
from plimsoll.validation.replay.solvent_users import forced_liquidations

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

TRAINING_MONTHS = 2
_HOUR_NS = 3_600_000_000_000
_WEEK_NS = 7 * 24 * _HOUR_NS
_FORCED = (EventKind.PARTIAL, EventKind.LIQUIDATED, EventKind.BANKRUPT)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AccountOutcomes:
    """What became of each of A accounts under one venue.

    Parameters
    ----------
    deposit, deficit : (A,) float64
    forced, judged, solvent, restored : (A,) bool
    closed, closed_solvent : (A,) float64
        Notional closed by the venue, over all steps that can be judged; and of it what was closed
        when the account would have been solvent at the next margin call.
    day : (A,) int64
        Of the forced close-out, days since 1970; 0 where there was none.
    """

    deposit: FloatArray
    deficit: FloatArray
    forced: BoolArray
    judged: BoolArray
    solvent: BoolArray
    restored: BoolArray
    closed: FloatArray
    closed_solvent: FloatArray
    day: IntArray

    __repr__ = field_summary


def outcomes_of(result: ReplayResult) -> AccountOutcomes:
    """Lay a replay's forced close-outs beside its accounts."""
    found = forced_liquidations(result)
    count = result.deposited.size

    def spread(values: BoolArray | IntArray) -> NDArray[np.generic]:
        out = np.zeros(count, dtype=values.dtype)
        out[found.account] = values
        return out

    events = result.events
    rows = np.flatnonzero(events.of(*_FORCED) & np.isfinite(events.later_equity))
    of, notional = events.account[rows], events.notional[rows]
    sound = np.where(events.later_equity[rows] >= 0.0, notional, 0.0)
    return AccountOutcomes(
        deposit=result.deposited,
        deficit=result.account_deficit,
        forced=spread(np.ones(found.account.size, dtype=bool)),  # type: ignore[arg-type]
        judged=spread(found.judged),  # type: ignore[arg-type]
        solvent=spread(found.solvent),  # type: ignore[arg-type]
        restored=spread(found.restored),  # type: ignore[arg-type]
        closed=np.bincount(of, weights=notional, minlength=count).astype(np.float64),
        closed_solvent=np.bincount(of, weights=sound, minlength=count).astype(np.float64),
        day=spread(found.day),  # type: ignore[arg-type]
    )


def merged(parts: Sequence[AccountOutcomes], chosen: IntArray) -> AccountOutcomes:
    """Each account's outcome under the candidate that was chosen for it (A,)."""
    rows = np.arange(chosen.size)
    columns = {
        name: np.array([getattr(one, name) for one in parts])[chosen, rows]
        for name in AccountOutcomes.__dataclass_fields__
    }
    return AccountOutcomes(**columns)


def months_of(marks: MarkPaths, bars: IntArray) -> IntArray:
    """Months since 1970 of bars, those beyond the end counted on."""
    time_ns = marks.time_ns[0] + bars * marks.interval_ns
    months: IntArray = time_ns.astype("datetime64[ns]").astype("datetime64[M]").astype(np.int64)
    return months


def weeks_of(marks: MarkPaths, accounts: ReplayPopulation) -> IntArray:
    """(A,) weeks in which accounts open: the clusters of differences between venues."""
    weeks: IntArray = (marks.time_ns[0] + accounts.entry_bar * marks.interval_ns) // _WEEK_NS
    return weeks


def known_before(marks: MarkPaths, accounts: ReplayPopulation, month: int) -> FloatArray:
    """(A,) weights of the accounts whose story had ended before a month, each market counted alike.

    The story ends with the margin call after the user's own close. Listed markets get the same
    weight, so that a young one counts as it will in the month to come.
    """
    ended = months_of(marks, accounts.exit_bar + marks.bars_of(marks.call_hours)) < month
    held = np.bincount(accounts.market[ended], minlength=len(marks.markets))
    weights: FloatArray = np.where(ended, 1.0 / np.maximum(held, 1)[accounts.market], 0.0)
    return weights


def chosen_levels(
    parts: Sequence[AccountOutcomes],
    fixed: AccountOutcomes,
    accounts: ReplayPopulation,
    marks: MarkPaths,
    *,
    loss_share: float = 1.0,
) -> IntArray:
    """(A,) place of the level in force when each account opens; -1 in the months of training.

    Before each month, from the accounts whose story had ended by then: the lowest level with no
    more fund loss than ``loss_share`` of the fixed ladder's; the highest where there is none.
    ``parts`` go from the highest level to the lowest.
    """
    opened = months_of(marks, accounts.entry_bar)
    chosen = np.full(len(accounts), -1, dtype=np.int64)
    for month in range(int(opened.min()) + TRAINING_MONTHS, int(opened.max()) + 1):
        known = known_before(marks, accounts, month)
        losses = [float(known @ one.deficit) for one in parts]
        limit = loss_share * float(known @ fixed.deficit)
        chosen[opened == month] = lowest_level_within(losses, limit)
    return chosen


def solvent_share(one: AccountOutcomes, rows: BoolArray) -> float:
    """Share of judged forced liquidations among some accounts; 1 where there was none."""
    judged = one.judged & rows
    return float(one.solvent[judged].mean()) if bool(judged.any()) else 1.0


def share_difference_error(
    one: AccountOutcomes, other: AccountOutcomes, rows: BoolArray, cluster: IntArray
) -> float:
    """Standard error of the difference of two shares on the same accounts, by cluster.

    Each share is a ratio of sums; what a cluster adds to their difference is summed over its
    accounts, so that what the venues have in common drops out. NaN where a venue forced nobody.
    """
    score = np.zeros(int(rows.sum()))
    for sign, venue in ((1.0, one), (-1.0, other)):
        judged = venue.judged[rows]
        if not bool(judged.any()):
            return float("nan")
        score += sign * judged * (venue.solvent[rows] - solvent_share(venue, rows)) / judged.sum()
    return _clustered(score, cluster[rows])


def loss_difference_error(
    one: AccountOutcomes, other: AccountOutcomes, rows: BoolArray, cluster: IntArray
) -> float:
    """Standard error of the difference of two sums of deficits on the same accounts."""
    score = (one.deficit - other.deficit)[rows]
    return _clustered(score - score.mean(), cluster[rows])


def _clustered(score: FloatArray, cluster: IntArray) -> float:
    _, place = np.unique(cluster, return_inverse=True)
    sums = np.bincount(place, weights=score)
    if sums.size < 2:
        return float("nan")
    return float(np.sqrt(np.sum(sums**2) * sums.size / (sums.size - 1)))
