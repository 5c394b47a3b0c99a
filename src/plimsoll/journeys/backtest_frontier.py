"""``backtest frontier``: coverage, capital and procyclicality of margin policies, walk-forward."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from plimsoll.adapters.files.output_folder import OutputFolder, open_output
from plimsoll.domain.market import PriceKind
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.estimators.reference.panel import returns_panel
from plimsoll.journeys.as_of import Day
from plimsoll.journeys.backtest_frontier_checks import frontier_checks, stretch_table
from plimsoll.journeys.backtest_frontier_run import FrontierRun, frontier_run
from plimsoll.journeys.backtest_frontier_tables import all_tables
from plimsoll.journeys.compare import compared_history
from plimsoll.journeys.compare_options import known_price_kind, starts_between
from plimsoll.journeys.study_result import StudyResult

NAME, TITLE = "frontier", "The price of safety"
PAGE, MARKDOWN = "frontier.html", "frontier.md"
NOTES = (
    "Hold-out: each year from 2022 is judged with what was chosen before it; even and odd markets "
    "apart. The grid of policies was designed on these years.",
    "A cost line holds only where the margin as lived and the margin at B's coverage both do, on "
    "both halves.",
)


def backtest_frontier(
    prices: Any,
    *,
    since: Day | None = "2022-01-01",
    until: Day | None = "2025-06-12",
    price_kind: PriceKind | str = PriceKind.SPOT_CLOSE,
    scored_days: int = 250,
    workers: int = 2,
    out: str | os.PathLike[str] | None = None,
    progress: Progress = SILENT,
) -> StudyResult:
    """Choose margin policies at every New Year by stated appetite, and judge them after it.

    Parameters
    ----------
    prices : path, frame, or mapping of str to Bars
        As for `plimsoll.journeys.compare.compare`: hourly bars of many markets.
    since, until : date, datetime or str
        First and last day that is judged; the first is a New Year.
    price_kind : PriceKind or str
    scored_days : int
        Fewest scored days of a market.
    workers : int
        Threads; the result does not depend on them.
    out : path, optional
        Folder for the page, the Markdown and the CSV tables.
    progress : Progress

    Raises
    ------
    DataError, DataFormatError, InsufficientDataError, StorageError, UsageError
    """
    claimed = nullcontext() if out is None else open_output(out, (PAGE, MARKDOWN))
    with claimed as output:
        kind = known_price_kind(price_kind)
        history, names, _ = compared_history(prices, price_kind=kind, progress=progress)
        panel = returns_panel(history, markets=names, every_hours=24)
        from_ns, until_ns = starts_between(since, until, panel.time_ns)
        run = frontier_run(
            history,
            panel,
            from_ns=from_ns,
            until_ns=until_ns,
            scored_days=scored_days,
            workers=workers,
            progress=progress,
        )
        result = StudyResult(
            name=NAME,
            title=TITLE,
            label=history.price_kind.label,
            tables=(stretch_table(run), *all_tables(run)),
            checks=frontier_checks(run),
            notes=NOTES,
            headline=("frontier_stretch", "frontier_points"),
        )
        if output is None:
            return result
        return replace(result, files=_write(result, run, output))


def _write(result: StudyResult, run: FrontierRun, output: OutputFolder) -> tuple[Any, ...]:
    from plimsoll.report.comparison_csv import table_csv
    from plimsoll.report.frontier_page import frontier_page

    tables = (result.check_table, *result.tables)
    output.write(PAGE, frontier_page(run.baselines, run.policies, run.points, tables, result.label))
    output.write(MARKDOWN, result.markdown())
    for table in tables:
        output.write(f"tables/{table.name}.csv", table_csv(table, result.label))
    return tuple(output.folder / name for name in output.names)
