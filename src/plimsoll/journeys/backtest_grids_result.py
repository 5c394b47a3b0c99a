"""Tables, checks and notes of the study of scenario grids, put together once all is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from plimsoll.calibration.grids.grid_backtest import LibraryBacktest
from plimsoll.calibration.grids.grid_fit import GridFit
from plimsoll.calibration.grids.grid_objective import GridTarget
from plimsoll.calibration.grids.grid_realised import (
    realised_check,
    realised_families,
    realised_worst,
)
from plimsoll.calibration.grids.grid_result import grid_tables, worst_portfolios
from plimsoll.calibration.grids.listed_chain import ListedChain
from plimsoll.domain.table import Table
from plimsoll.journeys.backtest_grids_data import span
from plimsoll.journeys.backtest_grids_limits import settling_note
from plimsoll.journeys.backtest_grids_rests import kept_out_note, rests_table
from plimsoll.journeys.backtest_grids_tables import (
    CALIBRATED,
    ablation_table,
    crisis_table,
    family_table,
    grid_checks,
    scatter_table,
)
from plimsoll.journeys.study_result import StudyResult

PRICES = (
    "Loss: options and futures of Deribit mark to mark, perpetuals on the index; no funding. "
    "Reference: spot closes of Binance, the volatility index of BTC, chains before the cut-off."
)
LABEL = "Deribit chains 2025-12 to 2026-08; Binance spot closes; DVOL of BTC"
HEADLINE = (
    "grids_judged",
    "grids_rests",
    "grids_limits",
    "coverage_families",
    "grids_families",
)
"""Tables beside the verdict; limits and families are there where ablations were asked for."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JudgedFits:
    """What the study found.

    Parameters
    ----------
    fit : GridFit
    others : mapping of str to GridFit
        With one thing left out; empty where none was asked for.
    judged : LibraryBacktest
        From one day to the next, after the cut-off.
    crises : mapping of str to LibraryBacktest
        ``fitted on`` and ``kept out``.
    beside : sequence of Table
        Of further fits: limits, families of models.
    """

    fit: GridFit
    others: Mapping[str, GridFit]
    judged: LibraryBacktest
    crises: Mapping[str, LibraryBacktest]
    beside: Sequence[Table] = field(default=())


def judged_note(days: Sequence[Sequence[ListedChain]]) -> str:
    """Say which days were judged."""
    return f"Judged: {len(days)} days, {span(days)}: one calm regime, no crash day."


def grid_study_result(found: JudgedFits, window_note: str, findings: str) -> StudyResult:
    """Put the study together; the headline names the tables that there are."""
    fit, judged, breach = found.fit, found.judged, GridTarget().breach
    tables: list[Table] = [
        family_table(judged, PRICES, window_note),
        rests_table(judged, found.crises, PRICES, window_note),
        *found.beside,
        realised_families(judged, breach, "judged window", PRICES),
        realised_worst(judged, "judged window", PRICES),
        *grid_tables(fit, note=PRICES),
        worst_portfolios(fit, PRICES),
        crisis_table(found.crises, PRICES),
        ablation_table(judged, found.crises, {CALIBRATED: fit, **found.others}, PRICES),
        scatter_table(judged, PRICES),
    ]
    present = {table.name for table in tables}
    return StudyResult(
        name="grids",
        title="Scenario grid from the distribution, Deribit-shaped",
        label=LABEL,
        tables=tuple(tables),
        checks=(*grid_checks(judged, fit), realised_check(judged, breach, "days judged")),
        notes=_notes(found, window_note, findings),
        headline=tuple(name for name in HEADLINE if name in present),
    )


def _notes(found: JudgedFits, window_note: str, findings: str) -> tuple[str, ...]:
    """What a reader must know; figures are those of the tables."""
    level = found.fit.target.breach / GridTarget().breach
    return (
        PRICES,
        f"Limits at {level:g} of 1 %, chosen on the days before the cut-off.",
        window_note,
        findings,
        "Standard errors are clustered by day.",
        "Crises kept out are in no scenario, snapshot, day of surfaces, or day that the level of "
        "the limits is chosen on. Coverage of the judged window proves little of the tail: see the "
        "crises. " + kept_out_note(found.crises["kept out"]),
        "That the level of the limits is chosen on earlier days, and the demand that hedged and "
        "directional portfolios each be covered in the stressed leg, came after one look at the "
        "judged window and at the crises kept out. The ablations without that demand say what it "
        "costs hedged portfolios. So did the library's options that settle within the period and "
        "those of a year: that they were missing showed in the judged window.",
        _settling(found),
        "Portfolios hedged by what settles early in the period, and calendars against it, were "
        "left out after fits on the reference.",
        "The published offset of BTC is printed as 0 in a response of June 2024, that of ETH as "
        "0.6 in one of February 2026: two dates, perhaps not two rules.",
        "Cross margin in dollars with the constants of the published segregated preset; "
        "perpetuals stand at the index.",
    )


def _settling(found: JudgedFits) -> str:
    """The weaker limit on what settles, why it is there, and what it costs where that is known."""
    target = found.fit.target
    told = [settling_note(table) for table in found.beside if table.name == "grids_limits"]
    return (
        f"A single portfolio is covered {_percent(target.portfolio_breach)}, one whose options "
        f"settle within the period {_percent(target.settling_breach)}: a straddle that was bought "
        "loses all that was paid where the price ends at its strike, and between two price points "
        "no shock of volatility reaches that. The weaker limit was set after the judged window had "
        f"been seen. {' '.join(told) or 'Its cost is in the table of limits, with ablations.'}"
    )


def _percent(breach: float) -> str:
    return f"{100.0 * (1.0 - breach):g} %"
