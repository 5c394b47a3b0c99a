"""``backtest solvent``: users closed out who would have been solvent at the next margin call."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.market import Bars
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.journeys.backtest_solvent_choice import (
    CANDIDATES,
    AccountOutcomes,
    best_candidate,
    chosen_candidates,
    merged,
    outcomes_of,
)
from plimsoll.journeys.backtest_solvent_margins import (
    FEE_RATE,
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
from plimsoll.journeys.study_result import StudyResult
from plimsoll.margin.liquidation.rules import LiquidationRule, StepSize
from plimsoll.validation.replay.accounts import (
    LAWS,
    LeverageLaw,
    ReplayPopulation,
    drawn_population,
)
from plimsoll.validation.replay.markets import MarkPaths
from plimsoll.validation.replay.replay import replay
from plimsoll.validation.replay.solvent_users import share_by_day
from plimsoll.validation.replay.venue import CloseOutTerms, ReplayVenue

LABEL = "last-trade closes of perpetuals standing in for marks; no funding"
FIXED, LIVED, HINDSIGHT = "fixed ladder", "calibrated", "calibrated, level of hindsight"
TERMS = CloseOutTerms(
    rule=LiquidationRule(name="whole", size=StepSize.WHOLE, fee_rate=Decimal(str(FEE_RATE)))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SolventRow:
    """One venue on one data set and population."""

    data: str
    population: str
    venue: str
    accounts: int
    forced: int
    solvent: float
    solvent_se: float
    restored: float
    loss: float
    margin: float

    @property
    def cells(self) -> tuple[Cell, ...]:
        """As in the table."""
        per_account = self.solvent * self.forced / max(1, self.accounts)
        return (
            self.data, self.population, self.venue, self.accounts, self.forced, self.solvent,
            self.solvent_se, per_account, self.restored, 1e4 * self.loss, self.margin,
        )  # fmt: skip


def backtest_solvent(
    data: str | os.PathLike[str],
    *,
    per_market: int = 1200,
    seed: int = 1,
    progress: Progress = SILENT,
) -> StudyResult:
    """Replay three stated populations under a fixed ladder and under the calibrated set.

    Parameters
    ----------
    data : path
        Folder of market data.
    per_market : int
        Accounts drawn for each market; half as many on minute bars.
    seed : int
    progress : Progress

    Raises
    ------
    DataError, DataFormatError, UsageError
    """
    folder = Path(data)
    rows: list[SolventRow] = []
    notes: list[str] = []
    for name, read, hourly, count in (
        ("5 min, 2025-26", five_minute_bars, hourly_bars_2025, per_market),
        ("1 min, 2022", minute_bars_2022, hourly_bars_2022, max(1, per_market // 2)),
    ):
        progress.start(f"replay {name}", len(LAWS) * len(CANDIDATES))
        bars = read(folder)
        risk = daily_risk(hourly(folder), tuple(bars))
        found, lent = _rows(name, folder, bars, risk, count, seed, progress)
        progress.finish()
        rows += found
        notes += _lent_notes(name, lent, risk)
    return StudyResult(
        name="solvent",
        title="Solvent users closed out",
        label=LABEL,
        tables=(_table(rows),),
        checks=tuple(_checks(rows)),
        notes=(*_NOTES, *notes),
    )


def _rows(
    name: str,
    folder: Path,
    bars: Mapping[str, Bars],
    risk: DailyRisk,
    count: int,
    seed: int,
    progress: Progress,
) -> tuple[list[SolventRow], list[str]]:
    marks = mark_paths(bars)
    ladders, lent = published_ladders(folder, marks.markets)
    fixed_tables = ladder_tables(ladders, marks)
    calibrated = [calibrated_tables(risk, marks, *levels) for levels in CANDIDATES]
    rows = []
    for law in LAWS:
        accounts = drawn_population(law, marks, count, seed=seed)
        fixed = _outcomes(marks, fixed_tables, accounts)
        parts = []
        for tables in calibrated:
            parts.append(_outcomes(marks, tables, accounts))
            progress.advance()
        rows += _of_population(name, law, marks, accounts, fixed, parts)
    return rows, lent


def _outcomes(
    marks: MarkPaths, tables: MarginTables, accounts: ReplayPopulation
) -> AccountOutcomes:
    venue = ReplayVenue(name="", tiers=tables.tiers, table=tables.table, terms=TERMS)
    return outcomes_of(replay(marks, venue, accounts))


def _of_population(
    name: str,
    law: LeverageLaw,
    marks: MarkPaths,
    accounts: ReplayPopulation,
    fixed: AccountOutcomes,
    parts: list[AccountOutcomes],
) -> list[SolventRow]:
    chosen = chosen_candidates(parts, fixed, accounts, marks)
    scored = chosen >= 0
    notional = accounts.amount * marks.close[accounts.entry_bar, accounts.market]
    after = best_candidate(parts, fixed, scored)
    venues = {FIXED: fixed, LIVED: merged(parts, np.maximum(chosen, 0)), HINDSIGHT: parts[after]}
    return [
        _row(name, law.name, venue, one, scored, float(notional[scored].sum()))
        for venue, one in venues.items()
    ]


def _row(
    data: str,
    law: str,
    venue: str,
    one: AccountOutcomes,
    scored: NDArray[np.bool_],
    notional: float,
) -> SolventRow:
    judged = one.judged & scored
    share, error = share_by_day(one.solvent[judged], one.day[judged])
    restored, _ = share_by_day(one.restored[judged], one.day[judged])
    return SolventRow(
        data=data,
        population=law,
        venue=venue,
        accounts=int(scored.sum()),
        forced=int((one.forced & scored).sum()),
        solvent=share,
        solvent_se=error,
        restored=restored,
        loss=float(one.deficit[scored].sum()) / notional,
        margin=float(one.deposit[scored].sum()) / notional,
    )


def _checks(rows: list[SolventRow]) -> list[Check]:
    return [
        _check(data, [row for row in rows if row.data == data])
        for data in dict.fromkeys(row.data for row in rows)
    ]


def _check(data: str, rows: list[SolventRow]) -> Check:
    """Lower in every population, with no more fund loss, as lived."""
    fixed = {row.population: row for row in rows if row.venue == FIXED}
    pairs = [(row, fixed[row.population]) for row in rows if row.venue == LIVED]
    holds = all(a.solvent < b.solvent and a.loss <= b.loss for a, b in pairs)
    found = "; ".join(
        f"{a.population}: {a.solvent:.1%} against {b.solvent:.1%} at fund losses of "
        f"{1e4 * a.loss:.2f} and {1e4 * b.loss:.2f} bp"
        for a, b in pairs
    )
    return Check(
        name=f"solvent users, {data}",
        verdict=Verdict.HOLDS if holds else Verdict.BREACH,
        found=found,
        demanded="share of forced liquidations below that of fixed tiers at no more fund loss, "
        "in each population",
    )


def _table(rows: list[SolventRow]) -> Table:
    share, number = ColumnKind.FRACTION, ColumnKind.COUNT
    return Table(
        name="solvent_users",
        title="Forced liquidations of users solvent at the next margin call",
        columns=(
            Column(name="data", title="Data"),
            Column(name="population", title="Population"),
            Column(name="venue", title="Margins"),
            Column(name="accounts", title="Accounts", kind=number),
            Column(name="forced", title="Closed out", kind=number),
            Column(name="solvent", title="Solvent, of those closed out", kind=share, digits=1),
            Column(name="solvent_se", title="s.e.", kind=share, digits=1),
            Column(name="per_account", title="Solvent, of all accounts", kind=share, digits=1),
            Column(name="restored", title="Above maintenance again", kind=share, digits=1),
            Column(name="loss", title="Fund loss", kind=ColumnKind.NUMBER, unit="bp of notional"),
            Column(name="margin", title="Margin paid in", kind=share, digits=1),
        ),
        rows=tuple(row.cells for row in rows),
        notes=_NOTES,
    )


def _lent_notes(name: str, lent: list[str], risk: DailyRisk) -> list[str]:
    notes = []
    if lent:
        names = ", ".join(lent)
        notes.append(f"{name}: no ladder of 2024-10 for {names}: the file's commonest stands in.")
    young = [m for m, one in zip(risk.markets, risk.lent.T, strict=True) if one.any()]
    if young:
        names = ", ".join(young)
        notes.append(f"{name}: before {names} had a forecast, the highest of the others stood in.")
    return notes


_NOTES = (
    "Accounts are drawn from stated laws (median leverage 5, 12 and 30; notional log-uniform from "
    "1,000 to 1,000,000 USD; a third of calls answered): a band, not an estimate.",
    "Fixed ladder: Binance 2024-10. Calibrated: level x (99 % of an hour's loss + cost + fee), "
    "initial margin at least that plus level x 95 % of eight hours; both levels chosen before each "
    "month from accounts that had ended: no more fund loss and no more margin than the ladder, "
    "then the lowest share of solvent users. Two months of training are not scored.",
    "Solvent: equity not negative at the next 8-hour call, had the position been left alone. "
    "Fund loss: deficits before fees. Standard errors are clustered by day.",
    "The engine closes at the first bar's close below maintenance, at the cost of the square-root "
    "law; close-outs do not move the mark.",
)
