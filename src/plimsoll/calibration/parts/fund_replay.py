"""What a stated population of accounts would have taken from the fund, day by day.

Accounts are replayed under the venue's own walk-forward margins: the rate published for each day
from the data before it. The open interest of each market is stated; the accounts that are drawn
stand for it in proportion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.parts.market_moves import as_of_ns
from plimsoll.calibration.problem import RiskClass
from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.market import DAY_NS
from plimsoll.margin.liquidation.rules import LiquidationRule, StepSize
from plimsoll.validation.replay.accounts import LeverageLaw, ReplayPopulation, drawn_population
from plimsoll.validation.replay.markets import MarkPaths
from plimsoll.validation.replay.replay import replay
from plimsoll.validation.replay.venue import CloseOutTerms, ReplayVenue, sized_tables

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CAPS_USD = (1e4, 1e5, 1e6, 1e7)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPopulation:
    """Who trades: stated, for no venue publishes it.

    Parameters
    ----------
    law : LeverageLaw
    open_interest_usd : mapping of str to float
        Of one side, by risk class, or by market where it has its own.
    accounts_per_market : int
        Drawn for each book; they are scaled to the open interest.
    books : int
        Draws of the population, each with accounts of its own.
    holder_shares : tuple of float
        Of the largest owners, of each market's open interest.
    """

    law: LeverageLaw
    open_interest_usd: Mapping[str, float]
    accounts_per_market: int = 5_000
    books: int = 4
    holder_shares: tuple[float, ...] = (0.1, 0.06, 0.04, 0.03, 0.02)

    def interest(self, market: str, risk_class: str) -> float:
        """Open interest of a market in dollars, one side."""
        own = self.open_interest_usd.get(market)
        return self.open_interest_usd[risk_class] if own is None else own


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FundDays:
    """Days of the replay.

    Parameters
    ----------
    markets : tuple of M str
        Columns of the history.
    time_ns : (D,) int64
        Midnights.
    losses_usd, fees_usd : (D, M) float64
        Deficits of accounts, and liquidation fees.
    """

    markets: tuple[str, ...]
    time_ns: IntArray
    losses_usd: FloatArray
    fees_usd: FloatArray

    __repr__ = field_summary


def fund_days(proof: Proof, population: StatedPopulation, *, seed: int) -> FundDays:
    """Replay the population from the first scored day to the day of the set.

    Class by class, for each has its own liquidation fee; a market's accounts do not depend on
    which others are replayed with it.
    """
    whole = _marks(proof)
    first = int(whole.time_ns[0]) // DAY_NS
    days = int(whole.time_ns[-1]) // DAY_NS - first + 1
    losses, fees = (np.zeros((days, len(whole.markets))) for _ in range(2))
    for risk_class in proof.problem.classes.values():
        columns = [j for j, m in enumerate(whole.markets) if proof.class_of[m] == risk_class.name]
        if columns and np.isfinite(whole.close[:, columns]).any():
            found = _of_class(proof, population, whole, columns, risk_class, seed)
            losses[:, columns], fees[:, columns] = found
    return FundDays(
        markets=whole.markets,
        time_ns=(first + np.arange(days, dtype=np.int64)) * DAY_NS,
        losses_usd=losses,
        fees_usd=fees,
    )


def fund_books(proof: Proof, population: StatedPopulation, *, seed: int) -> tuple[FundDays, ...]:
    """Replay every book: the same law and days, other accounts."""
    return tuple(fund_days(proof, population, seed=seed + k) for k in range(population.books))


def mean_days(books: Sequence[FundDays]) -> FundDays:
    """Return the days of all books together, each standing for its share of the open interest."""
    return replace(
        books[0],
        losses_usd=np.mean([one.losses_usd for one in books], axis=0),
        fees_usd=np.mean([one.fees_usd for one in books], axis=0),
    )


def _of_class(
    proof: Proof,
    population: StatedPopulation,
    whole: MarkPaths,
    columns: list[int],
    risk_class: RiskClass,
    seed: int,
) -> tuple[FloatArray, FloatArray]:
    """(D, M) deficits and fees of the markets of one class."""
    marks = replace(
        whole,
        markets=tuple(whole.markets[j] for j in columns),
        close=whole.close[:, columns],
        half_spread=whole.half_spread[:, columns],
        impact=whole.impact[:, columns],
    )
    accounts = drawn_population(population.law, marks, population.accounts_per_market, seed=seed)
    found = replay(marks, _venue(proof, marks, columns, risk_class), accounts)
    events = found.events
    scale = _scale(proof, population, marks, accounts)[events.account]
    first = int(marks.time_ns[0]) // DAY_NS
    day = marks.time_ns[events.bar] // DAY_NS - first
    days = int(marks.time_ns[-1]) // DAY_NS - first + 1
    place = day * len(columns) + accounts.market[events.account]

    def daily(amount: FloatArray) -> FloatArray:
        sums = np.bincount(place, weights=amount * scale, minlength=days * len(columns))
        return np.asarray(sums.reshape(days, -1))

    return daily(events.deficit), daily(events.fee)


def _marks(proof: Proof) -> MarkPaths:
    history = proof.history.before(as_of_ns(proof))
    first = int(np.searchsorted(history.time_ns, int(proof.maintenance.start_ns[0])))
    close = np.array(history.usable_close()[first:])
    time_ns = history.time_ns[first:]
    row = _rows(proof, time_ns)
    volatility = _carried(proof.paths.volatility_daily, 1.0)[row]
    volume = np.array([_volume(proof, m) for m in history.markets])
    cost = np.array([_class(proof, m).liquidation_cost for m in history.markets])
    return MarkPaths(
        markets=history.markets,
        time_ns=time_ns,
        close=close,
        half_spread=np.broadcast_to(cost, close.shape).copy(),
        impact=proof.problem.impact_coefficient * volatility / np.sqrt(volume),
        funding=None,
    )


def _class(proof: Proof, market: str) -> RiskClass:
    return proof.problem.classes[proof.class_of[market]]


def _volume(proof: Proof, market: str) -> float:
    spec = proof.specs.get(market)
    return float((spec.adv_usd if spec else None) or _class(proof, market).adv_usd)


def _rows(proof: Proof, time_ns: IntArray) -> IntArray:
    """Margins in force while each bar runs; those of the first day before there were any."""
    found = np.searchsorted(proof.paths.time_ns, time_ns, side="right") - 1
    return np.maximum(found, 0).astype(np.int64)


def _carried(values: FloatArray, before: float) -> FloatArray:
    """(D, N) with the last known value in place of none, and ``before`` where none was yet."""
    known = np.isfinite(values)
    rows = np.where(known, np.arange(values.shape[0])[:, None], -1)
    last = np.maximum.accumulate(rows, axis=0)
    held = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.where(last >= 0, held, before)


def _venue(
    proof: Proof, marks: MarkPaths, columns: list[int], risk_class: RiskClass
) -> ReplayVenue:
    """The published rate for the smallest size; what closing costs more, for larger ones."""
    paths, problem = proof.paths, proof.problem
    whole, reaction = published_by_side(proof, columns)
    volatility = _carried(paths.volatility_daily[:, columns], 1.0)
    volume = np.array([_volume(proof, m) for m in marks.markets])
    lowest = float(risk_class.tier_caps_usd[0])
    impact = problem.impact_coefficient * volatility / np.sqrt(volume)
    more = np.sqrt(np.array(CAPS_USD)) - np.sqrt(lowest)
    kept = whole[..., None] + impact[:, :, None, None] * np.maximum(more, 0.0)
    kept = np.minimum(1.0, kept)
    link = float(problem.structure.maintenance_initial_link)
    initial = np.minimum(1.0, np.maximum(kept / link, kept + reaction[..., None]))
    place = np.arange(whole.size, dtype=np.int64).reshape(whole.shape)
    place = np.repeat(place, 2 // whole.shape[2], axis=2)
    flat = (whole.size, len(CAPS_USD))
    fee = risk_class.liquidation_fee
    return ReplayVenue(
        name=problem.venue,
        tiers=sized_tables(CAPS_USD, kept.reshape(flat), initial.reshape(flat)),
        table=place[_rows(proof, marks.time_ns)],
        terms=CloseOutTerms(
            rule=LiquidationRule(name="whole", size=StepSize.WHOLE, fee_rate=Decimal(str(fee)))
        ),
    )


def published_by_side(proof: Proof, columns: Sequence[int]) -> tuple[FloatArray, FloatArray]:
    """(D, M, S) maintenance rates as published, and reaction risks; S is 1 for one table a market.

    Where sides are apart, one without a reaction risk takes the larger's, as in the set.
    """
    held = proof.published.whole[:, columns]
    shape = (*held.shape[:2], -1)
    whole = _carried(held.reshape(held.shape[0], -1), 1.0).reshape(shape)
    reaction = proof.paths.reaction[:, columns]
    most = np.max(np.nan_to_num(reaction, nan=0.0), axis=2, keepdims=True)
    if not proof.published.sides_apart:
        return whole, most
    return whole, np.where(np.isnan(reaction), most, reaction)


def _scale(
    proof: Proof, population: StatedPopulation, marks: MarkPaths, accounts: ReplayPopulation
) -> FloatArray:
    """(A,) dollars of stated open interest, both sides, that a dollar of each account stands for.

    Each account stands for the same open interest while it is open, so that what is stated lies
    evenly over the logarithm of size: few large accounts drawn by chance do not decide.
    """
    bars = marks.time_ns.size
    notional = accounts.amount * marks.close[accounts.entry_bar, accounts.market]
    held = np.minimum(accounts.exit_bar, bars) - accounts.entry_bar
    printed = np.maximum(np.isfinite(marks.close).sum(axis=0), 1)
    open_at_once = np.bincount(accounts.market, weights=held, minlength=len(marks.markets))
    mean = open_at_once / printed
    wanted = np.array([2.0 * population.interest(m, proof.class_of[m]) for m in marks.markets])
    each = np.where(mean > 0.0, wanted / np.where(mean > 0.0, mean, 1.0), 0.0)
    return np.asarray(each[accounts.market] / notional)
