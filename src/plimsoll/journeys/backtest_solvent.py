"""``backtest solvent``: users closed out who would have been solvent at the next margin call."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from plimsoll.calibration.thresholds.equal_loss import lowest_level_within
from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.journeys.backtest_solvent_choice import (
    AccountOutcomes,
    IntArray,
    chosen_levels,
    merged,
    outcomes_of,
    weeks_of,
)
from plimsoll.journeys.backtest_solvent_levels import (
    HALF_STEPS,
    LEVELS,
    TERMS,
    called_terms,
    matched_multiples,
    opening_risk,
)
from plimsoll.journeys.backtest_solvent_margins import (
    DailyRisk,
    MarginTables,
    calibrated_tables,
    daily_risk,
    hourly_bars_2022,
    hourly_bars_2025,
    ladder_tables,
    published_ladders,
)
from plimsoll.journeys.backtest_solvent_prices import (
    five_minute_bars,
    mark_paths,
    minute_bars_2022,
)
from plimsoll.journeys.backtest_solvent_tables import (
    FIXED,
    HINDSIGHT,
    LABEL,
    LIVED,
    NOTES,
    SAME_MARGIN,
    Population,
    contract_table,
    frontier_table,
    lent_notes,
    solvent_checks,
    solvent_table,
)
from plimsoll.journeys.study_result import StudyResult
from plimsoll.validation.replay.accounts import (
    LAWS,
    LeverageLaw,
    ReplayPopulation,
    drawn_population,
)
from plimsoll.validation.replay.markets import MarkPaths
from plimsoll.validation.replay.replay import replay
from plimsoll.validation.replay.venue import CloseOutTerms, ReplayVenue

PAID_IN = 1.25
"""Margin that users pay in, over what they pay in under the fixed ladder."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Setting:
    """One data set: what all of its populations share."""

    name: str
    marks: MarkPaths
    risk: DailyRisk
    ladder: MarginTables
    accounts_per_market: int
    seed: int

    __repr__ = field_summary


def backtest_solvent(
    data: str | os.PathLike[str],
    *,
    per_market: int = 2000,
    seed: int = 1,
    progress: Progress = SILENT,
) -> StudyResult:
    """Replay three stated populations under a fixed ladder and under low maintenance.

    Parameters
    ----------
    data : path
        Folder of market data.
    per_market : int
        Accounts drawn for each market.
    seed : int
    progress : Progress

    Raises
    ------
    DataError, DataFormatError, UsageError
    """
    folder = Path(data)
    held: list[Population] = []
    notes: list[str] = []
    for name, read, hourly in (
        ("5 min, 2025-26", five_minute_bars, hourly_bars_2025),
        ("1 min, 2022", minute_bars_2022, hourly_bars_2022),
    ):
        progress.start(f"replay {name}", len(LAWS))
        bars = read(folder)
        marks, risk = mark_paths(bars), daily_risk(hourly(folder), tuple(bars))
        ladders, lent = published_ladders(folder, marks.markets)
        setting = _Setting(
            name=name,
            marks=marks,
            risk=risk,
            ladder=ladder_tables(ladders, marks),
            accounts_per_market=per_market,
            seed=seed,
        )
        for law in LAWS:
            held.append(_population(setting, law))
            progress.advance()
        progress.finish()
        notes += lent_notes(name, lent, risk)
    return StudyResult(
        name="solvent",
        title="Solvent users closed out",
        label=LABEL,
        tables=(solvent_table(held), frontier_table(held), contract_table(held)),
        checks=solvent_checks(held),
        notes=(*NOTES, *notes),
        headline=("solvent_users",),
    )


def _population(setting: _Setting, law: LeverageLaw) -> Population:
    marks = setting.marks
    accounts = drawn_population(law, marks, setting.accounts_per_market, seed=setting.seed)
    fixed = _outcomes(setting, setting.ladder, accounts, TERMS)
    terms = called_terms(marks, setting.ladder, accounts)
    tables = _tables(setting, accounts, fixed, PAID_IN)
    parts = [_outcomes(setting, one, accounts, terms) for one in tables]
    chosen = chosen_levels(parts, fixed, accounts, marks)
    scored, place = chosen >= 0, np.maximum(chosen, 0)
    limit = float(fixed.deficit[scored].sum())
    after = lowest_level_within([float(one.deficit[scored].sum()) for one in parts], limit)
    return Population(
        data=setting.name,
        law=law.name,
        markets=marks.markets,
        market=accounts.market,
        notional=accounts.amount * marks.close[accounts.entry_bar, accounts.market],
        scored=scored,
        weeks=weeks_of(marks, accounts),
        levels=LEVELS,
        parts=parts,
        chosen=place,
        call_level=terms.call_level,
        venues={
            FIXED: fixed,
            LIVED: merged(parts, place),
            **_ablations(setting, accounts, fixed, tables, place, terms),
            HINDSIGHT: parts[after],
        },
    )


def _ablations(
    setting: _Setting,
    accounts: ReplayPopulation,
    fixed: AccountOutcomes,
    tables: list[MarginTables],
    place: IntArray,
    terms: CloseOutTerms,
) -> dict[str, AccountOutcomes]:
    """One element of the design changed at a time."""

    def again(other: CloseOutTerms) -> AccountOutcomes:
        """The chosen levels under other terms; those never chosen are not replayed."""
        found = {k: _outcomes(setting, tables[k], accounts, other) for k in np.unique(place)}
        first = next(iter(found.values()))
        return merged([found.get(k, first) for k in range(len(tables))], place)

    plain = [
        _outcomes(setting, one, accounts, terms) for one in _tables(setting, accounts, fixed, 1.0)
    ]
    same_margin = np.maximum(chosen_levels(plain, fixed, accounts, setting.marks), 0)
    called = _outcomes(setting, setting.ladder, accounts, terms)
    return {
        "fixed ladder, called as low maintenance": called,
        "low maintenance, called at 1.25": again(TERMS),
        "low maintenance, in half steps": again(replace(terms, rule=HALF_STEPS)),
        SAME_MARGIN: merged(plain, same_margin),
    }


def _tables(
    setting: _Setting, accounts: ReplayPopulation, fixed: AccountOutcomes, paid_in: float
) -> list[MarginTables]:
    """Return one set of tables a level, users paying in a multiple of the ladder's margin."""
    marks, risk = setting.marks, setting.risk
    opening = opening_risk(risk, marks, accounts)
    return [
        calibrated_tables(
            risk,
            marks,
            level,
            matched_multiples(level, opening, fixed, accounts, marks, risk, paid_in),
        )
        for level in LEVELS
    ]


def _outcomes(
    setting: _Setting, tables: MarginTables, accounts: ReplayPopulation, terms: CloseOutTerms
) -> AccountOutcomes:
    venue = ReplayVenue(name="", tiers=tables.tiers, table=tables.table, terms=terms)
    return outcomes_of(replay(setting.marks, venue, accounts))
