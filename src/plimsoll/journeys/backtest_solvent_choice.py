"""Candidate levels of the calibrated set, and the choice among them made before each month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.validation.replay.accounts import ReplayPopulation
from plimsoll.validation.replay.markets import MarkPaths
from plimsoll.validation.replay.result import ReplayResult
from plimsoll.validation.replay.solvent_users import forced_liquidations

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LEVELS = (0.12, 0.17, 0.25, 0.38, 0.5)
INITIAL_LEVELS = (0.7, 1.0, 2.0, 2.5, 3.0)
CANDIDATES = tuple((level, initial) for level in LEVELS for initial in INITIAL_LEVELS)
TRAINING_MONTHS = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AccountOutcomes:
    """What became of each of A accounts under one venue.

    Parameters
    ----------
    deposit, deficit : (A,) float64
    forced, judged, solvent, restored : (A,) bool
    day : (A,) int64
        Of the forced close-out, days since 1970; 0 where there was none.
    """

    deposit: FloatArray
    deficit: FloatArray
    forced: BoolArray
    judged: BoolArray
    solvent: BoolArray
    restored: BoolArray
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

    return AccountOutcomes(
        deposit=result.deposited,
        deficit=result.account_deficit,
        forced=spread(np.ones(found.account.size, dtype=bool)),  # type: ignore[arg-type]
        judged=spread(found.judged),  # type: ignore[arg-type]
        solvent=spread(found.solvent),  # type: ignore[arg-type]
        restored=spread(found.restored),  # type: ignore[arg-type]
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


def chosen_candidates(
    parts: Sequence[AccountOutcomes],
    fixed: AccountOutcomes,
    accounts: ReplayPopulation,
    marks: MarkPaths,
) -> IntArray:
    """(A,) candidate in force when each account opens; -1 in the months of training.

    Before each month, from the accounts whose story had ended by then: among the candidates with
    no more fund loss and no more margin than the fixed ladder, the one with the lowest share of
    solvent users; where there is none, the one that comes nearest to both.
    """
    opened = months_of(marks, accounts.entry_bar)
    ended = months_of(marks, accounts.exit_bar + marks.bars_of(marks.call_hours))
    chosen = np.full(len(accounts), -1, dtype=np.int64)
    for month in range(int(opened.min()) + TRAINING_MONTHS, int(opened.max()) + 1):
        chosen[opened == month] = best_candidate(parts, fixed, ended < month)
    return chosen


def best_candidate(
    parts: Sequence[AccountOutcomes], fixed: AccountOutcomes, known: BoolArray
) -> int:
    """Index of the choice from some accounts; see `chosen_candidates`."""
    loss = np.array([one.deficit[known].sum() for one in parts])
    margin = np.array([one.deposit[known].sum() for one in parts])
    share = np.array([solvent_share(one, known) for one in parts])
    excess = np.maximum(
        _over(loss, float(fixed.deficit[known].sum())),
        _over(margin, float(fixed.deposit[known].sum())),
    )
    if bool(np.any(excess <= 1.0)):
        return int(np.argmin(np.where(excess <= 1.0, share, np.inf)))
    return int(np.argmin(excess))


def solvent_share(one: AccountOutcomes, rows: BoolArray) -> float:
    """Share of judged forced liquidations among some accounts; 1 where there was none."""
    judged = one.judged & rows
    return float(one.solvent[judged].mean()) if bool(judged.any()) else 1.0


def _over(values: FloatArray, limit: float) -> FloatArray:
    return values / limit if limit > 0.0 else np.where(values > 0.0, np.inf, 1.0)
