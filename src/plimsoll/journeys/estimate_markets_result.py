"""What an estimate of all markets returns: tables, the deep view, scenarios, page and document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from plimsoll.adapters.files.output_folder import OutputFolder
from plimsoll.domain.finding import Reason
from plimsoll.domain.market import MarketHistory
from plimsoll.domain.table import Table
from plimsoll.estimators.nightly.estimate import NightlyEstimate
from plimsoll.journeys.estimate_bayes_check import BayesCheck
from plimsoll.journeys.estimate_deep_view import deep_tables
from plimsoll.journeys.estimate_document import estimates_document
from plimsoll.journeys.estimate_night_data import (
    finding_counts,
    findings_table,
    liquidation_table,
)
from plimsoll.journeys.estimate_night_document import add_night
from plimsoll.journeys.estimate_night_tables import night_tables
from plimsoll.journeys.estimate_open_interest import OpenInterest
from plimsoll.journeys.estimate_scenarios import estimate_scenarios
from plimsoll.journeys.estimate_tables import market_tables
from plimsoll.journeys.estimate_thresholds import Both
from plimsoll.scenarios.joint_history import JointScenarios, Marginals

PAGE, DOCUMENT = "estimate.html", "estimate.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class MarketEstimates:
    """The reference distribution of all markets; shows itself as tables.

    Parameters
    ----------
    found : NightlyEstimate
        The numbers; `update` of it carries them through the day.
    history : MarketHistory
        As known at the night.
    refused : mapping of str to Reason
        Markets that the checks left out.
    excluded : tuple of str
        Left out because they are held to a currency or to another coin, or by name.
    notes : tuple of str
        Names in the files of classes and open interest that the prices do not have.
    shown : tuple of str
        Markets in depth.
    stability : mapping of str to two ThresholdStability or None
        Of those.
    studies : mapping of str to tuple of Table
        Jumps, models and liquidity of the markets asked for by name.
    held : mapping of str to OpenInterest
        Of the markets that a file of open interest knew.
    bayes : BayesCheck or None
        Where the pooled levels were checked.
    files : tuple of Path
        What was written.
    """

    found: NightlyEstimate
    history: MarketHistory
    refused: Mapping[str, Reason] = field(default_factory=dict)
    excluded: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    stability: Mapping[str, Both] = field(default_factory=dict)
    studies: Mapping[str, tuple[Table, ...]] = field(default_factory=dict)
    held: Mapping[str, OpenInterest] = field(default_factory=dict)
    bayes: BayesCheck | None = None
    files: tuple[Path, ...] = ()

    @property
    def tables(self) -> tuple[Table, ...]:
        """Risk by horizon, tails and costs: a row for every market; then what the night found."""
        checked = () if self.bayes is None else (self.bayes.table(),)
        return (*market_tables(self.found, self.refused), *self._night(), *checked)

    def _night(self) -> tuple[Table, ...]:
        counts = finding_counts(self.history.findings)
        named = (*self.found.markets, *self.refused)
        return (
            *night_tables(self.found),
            liquidation_table(self.found, self.held),
            findings_table(named, counts),
        )

    def market(self, name: str) -> tuple[Table, ...]:
        """Return the deep view of one market.

        Raises
        ------
        UsageError
            For a market that is not among them.
        """
        both = self.stability.get(name, (None, None))
        night = (_of_market(table, name) for table in self._night() if table.name != "liquidation")
        return (
            *deep_tables(self.found, name, both),
            *self.studies.get(name, ()),
            *(table for table in night if table.rows),
            *(() if self.bayes is None else (self.bayes.table(),)),
        )

    def scenarios(
        self,
        *,
        horizon_hours: int = 8,
        count: int = 1_000,
        seed: int = 0,
        marginals: Marginals | str = Marginals.FORECAST,
    ) -> JointScenarios:
        """Draw joint scenarios of the markets with a number.

        Parameters
        ----------
        horizon_hours, count, seed
            As for `plimsoll.journeys.estimate_scenarios.estimate_scenarios`.
        marginals : Marginals or str
            ``forecast``: each market's distribution is the one published; ``history``: its own
            past moves at a volatility of seven days.

        Raises
        ------
        InsufficientDataError, ParameterError, UsageError
        """
        return estimate_scenarios(
            self.history,
            self.found,
            horizon_hours=horizon_hours,
            count=count,
            seed=seed,
            marginals=marginals,
        )

    def document(self) -> dict[str, Any]:
        """Everything in plain form, for JSON."""
        found = estimates_document(
            self.found, self.tables, self.stability, self.excluded, self.studies
        )
        add_night(found, self.found, finding_counts(self.history.findings))
        found["notes"] = list(self.notes)
        found["bayes_check"] = None if self.bayes is None else self.bayes.document()
        return found

    def _repr_html_(self) -> str:
        return "".join(table._repr_html_() for table in self.tables)

    def __repr__(self) -> str:
        numbers = sum(reason is None for reason in self.found.reasons)
        return f"<MarketEstimates {len(self.found.markets)} markets, {numbers} with a number>"

    def __str__(self) -> str:
        return "\n\n".join(str(table) for table in self.tables)


def _of_market(table: Table, name: str) -> Table:
    """The rows of one market."""
    return replace(table, rows=tuple(row for row in table.rows if row[0] == name))


def write_estimates(result: MarketEstimates, output: OutputFolder) -> tuple[Path, ...]:
    """Write page and document into a claimed folder."""
    from plimsoll.report.estimate_page import estimate_page

    page = estimate_page(
        result.found,
        result.tables,
        result.stability,
        label=result.found.price_kind.label,
        shown=result.shown,
        studies=result.studies,
    )
    output.write(PAGE, page)
    text = json.dumps(result.document(), allow_nan=False, indent=1, ensure_ascii=False)
    output.write(DOCUMENT, text + "\n")
    return tuple(output.folder / name for name in output.names)
