"""``backtest crash``: 10 October 2025, part by part; no claim of coverage."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.domain.table import Table
from plimsoll.journeys.backtest_crash_data import OPEN_INTEREST_DAYS, eve_bars, turnover_before
from plimsoll.journeys.backtest_crash_owners import owner_table
from plimsoll.journeys.backtest_crash_parts import STRESSED_DEPTH, worst_paths
from plimsoll.journeys.backtest_crash_set import EveSet, eve_set
from plimsoll.journeys.backtest_crash_tables import (
    fall_table,
    fund_of_eve_table,
    path_rows,
    path_table,
    set_table,
)
from plimsoll.journeys.backtest_crash_waterfall import crash_waterfall
from plimsoll.journeys.backtest_solvent_prices import five_minute_bars, mark_paths
from plimsoll.journeys.study_result import StudyResult
from plimsoll.validation.replay.markets import MarkPaths

SEEDS = 3
LABEL = "last-trade bars of perpetuals, lows and highs included; no funding"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashEvent:
    """Window of starts; margins are those of the midnight at which it opens."""

    key: str
    title: str
    since: str
    until: str

    @property
    def span_ns(self) -> tuple[int, int]:
        """First and last (not included) instant."""
        first, last = (
            np.datetime64(day, "ns").astype(np.int64) for day in (self.since, self.until)
        )
        return int(first), int(last)


_SHOWN = ("crash_paths_", "crash_waterfall_")
EVENTS = (
    CrashEvent(
        key="2025_10", title="10 October 2025", since="2025-10-10T00:00", until="2025-10-11T12:00"
    ),
    CrashEvent(
        key="2026_02", title="5-6 February 2026", since="2026-02-05T00:00", until="2026-02-07T00:00"
    ),
)


def backtest_crash(
    data: str | os.PathLike[str],
    *,
    per_market: int = 2000,
    seed: int = 1,
    progress: Progress = SILENT,
) -> StudyResult:
    """State how much of two crashes each part of the calibrated set absorbs, and what is left.

    Parameters
    ----------
    data : path
        Folder of market data.
    per_market : int
        Accounts drawn for each market of the replay.
    seed : int
    progress : Progress

    Raises
    ------
    DataError, DataFormatError, UsageError
    """
    folder = Path(data)
    progress.start("read prices")
    bars, hourly = five_minute_bars(folder), eve_bars(folder)
    marks = mark_paths(bars, extremes=True, depth=STRESSED_DEPTH)
    progress.finish()
    tables: list[Table] = []
    checks: list[Check] = []
    for event in EVENTS:
        progress.start(f"calibrate the eve of {event.title}")
        since, _ = event.span_ns
        turnover = {name: turnover_before(one, since) for name, one in bars.items()}
        eve = eve_set(hourly, turnover, OPEN_INTEREST_DAYS, since)
        progress.finish()
        found = event_tables(event, eve, marks, per_market=per_market, seed=seed)
        tables += found[0]
        checks.append(found[1])
    return StudyResult(
        name="crash",
        title="Crashes, part by part",
        label=LABEL,
        tables=tuple(tables),
        checks=tuple(checks),
        notes=_NOTES,
        headline=tuple(t.name for t in tables if t.name.startswith(_SHOWN)),
    )


def event_tables(
    event: CrashEvent, eve: EveSet, marks: MarkPaths, *, per_market: int, seed: int
) -> tuple[list[Table], Check]:
    """Hold the set of the eve against one event: its tables, and the check of the arithmetic."""
    first, last = (int(np.searchsorted(marks.time_ns, at)) for at in event.span_ns)
    falls = [
        crash_waterfall(marks, eve, first=first, last=last, per_market=per_market, seed=seed + k)
        for k in range(SEEDS)
    ]
    rows, gap = path_rows(marks, eve, worst_paths(marks, first, last))
    gap = max(gap, *(one.imbalance for one in falls))
    fall, fund = falls[0], fund_of_eve_table(event, eve)
    check = Check(
        name=f"{event.title}: arithmetic alone, parts add up to the loss",
        verdict=Verdict.HOLDS if gap <= 1e-9 else Verdict.BREACH,
        found=f"largest relative difference {gap:.1e}; left for ADL "
        f"{fall.left.sum() / 1e6:,.1f} of {fall.loss.sum() / 1e6:,.1f} million USD, after "
        f"{fall.fund.sum() / 1e6:,.1f} of the fund",
        demanded="exactly (1e-9), so that the tables leave nothing of the loss out; what each part "
        "absorbs and what is left is stated, no coverage is claimed",
    )
    return [
        set_table(event, eve),
        *(() if fund is None else (fund,)),
        path_table(event, rows),
        fall_table(event, eve, falls),
        owner_table(event, eve, marks, (first, last), float((fall.fund + fall.left).sum())),
    ], check


_NOTES = (
    "No coverage is claimed: 10 October 2025 broke every historical, buffered and filtered 99 % "
    "margin on all eight contracts.",
    "Every number of a set is calibrated on what was known at the midnight at which the window "
    "opens, by what calibrate runs: ladders with the stressed leg, add-ons, fund. Open interest, "
    "accounts and incident ladders of the fund are stated.",
)
