"""Thresholds by objective: fund loss, solvent users and cost of a replay, on training folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import UsageError
from plimsoll.validation.replay.accounts import ReplayPopulation
from plimsoll.validation.replay.markets import MarkPaths
from plimsoll.validation.replay.replay import replay
from plimsoll.validation.replay.result import ReplayResult
from plimsoll.validation.replay.solvent_users import forced_liquidations
from plimsoll.validation.replay.venue import CloseOutTerms, ReplayVenue

FloatArray = NDArray[np.float64]
DAY_NS = 86_400_000_000_000
DRAWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdWeights:
    """What each term counts, per unit of notional opened.

    Parameters
    ----------
    fund_loss, cost : float
        Of a dollar of deficit, and of closing cost and fee paid by users.
    solvent_user : float
        Of a dollar of notional closed out of an account that would have been solvent at the next
        margin call.
    """

    fund_loss: float = 1.0
    cost: float = 1.0
    solvent_user: float = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredThresholds:
    """One candidate on the training folds; terms are shares of notional opened.

    ``standard_error`` is of the objective, by bootstrap over days of opening.
    """

    terms: CloseOutTerms
    fund_loss: float
    cost: float
    solvent_users: float
    objective: float
    standard_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdSearch:
    """All candidates in the order given, and the row of the best."""

    scored: tuple[ScoredThresholds, ...]
    best: int

    @property
    def chosen(self) -> ScoredThresholds:
        """The candidate with the lowest objective; of equals the first."""
        return self.scored[self.best]


def search_thresholds(
    marks: MarkPaths,
    venue: ReplayVenue,
    accounts: ReplayPopulation,
    candidates: Sequence[CloseOutTerms],
    *,
    train_until: int,
    weights: ThresholdWeights | None = None,
    seed: int = 0,
) -> ThresholdSearch:
    """Replay accounts under each candidate, on the bars before ``train_until`` alone.

    Parameters
    ----------
    marks, venue, accounts
        The venue's terms are replaced by each candidate's. Accounts that open later, or leave
        later, are left out.
    candidates : sequence of CloseOutTerms
    train_until : int
        First bar that is not training.
    weights : ThresholdWeights, optional
    seed : int
        Of the bootstrap.

    Raises
    ------
    UsageError
        For no candidate, or no account in training.
    """
    if not candidates:
        raise UsageError("must be at least one", found=0, field="candidates")
    train = accounts.take(accounts.exit_bar < train_until)
    if not len(train):
        raise UsageError("must hold an account that has ended", found=0, field="train_until")
    seen = _before(marks, train_until)
    here = replace(venue, table=venue.table[:train_until])
    counted = weights or ThresholdWeights()
    scored = tuple(
        _score(terms, replay(seen, replace(here, terms=terms), train), train, seen, counted, seed)
        for terms in candidates
    )
    best = int(np.argmin([one.objective for one in scored]))
    return ThresholdSearch(scored=scored, best=best)


def _before(marks: MarkPaths, stop: int) -> MarkPaths:
    columns = {
        name: None if getattr(marks, name) is None else getattr(marks, name)[:stop]
        for name in ("time_ns", "close", "low", "high", "funding", "half_spread", "impact")
    }
    return replace(marks, **columns)  # type: ignore[arg-type]


def _score(
    terms: CloseOutTerms,
    result: ReplayResult,
    accounts: ReplayPopulation,
    marks: MarkPaths,
    weights: ThresholdWeights,
    seed: int,
) -> ScoredThresholds:
    entry = marks.close[accounts.entry_bar, accounts.market]
    notional = accounts.amount if marks.inverse else accounts.amount * np.nan_to_num(entry)
    unit = 1.0 / np.nan_to_num(entry, nan=1.0) if marks.inverse else np.ones(len(accounts))
    events, count = result.events, len(accounts)
    paid = np.bincount(events.account, weights=events.cost + events.fee, minlength=count)
    found = forced_liquidations(result)
    users = np.zeros(count)
    users[found.account] = np.where(found.solvent, found.notional, 0.0)
    columns = np.stack([result.account_deficit / unit, paid / unit, users, notional])
    day = marks.time_ns[accounts.entry_bar] // DAY_NS
    _, place = np.unique(day, return_inverse=True)
    daily = np.stack([np.bincount(place, weights=one) for one in columns]).astype(np.float64)
    terms_of = daily[:3].sum(axis=1) / daily[3].sum()
    factors = np.array([weights.fund_loss, weights.cost, weights.solvent_user])
    return ScoredThresholds(
        terms=terms,
        fund_loss=float(terms_of[0]),
        cost=float(terms_of[1]),
        solvent_users=float(terms_of[2]),
        objective=float(factors @ terms_of),
        standard_error=_error(daily, factors, seed),
    )


def _error(daily: FloatArray, factors: FloatArray, seed: int) -> float:
    draw = np.random.Generator(np.random.PCG64(seed))
    days = daily.shape[1]
    if days < 2:
        return float("nan")
    rows = draw.integers(0, days, (DRAWS, days))
    sums = daily[:, rows].sum(axis=2)
    return float(np.std(factors @ sums[:3] / sums[3], ddof=1))
