"""What an estimate of all markets returns: tables, the deep view, scenarios, page and document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plimsoll.adapters.files.output_folder import OutputFolder
from plimsoll.domain.finding import Reason
from plimsoll.domain.market import MarketHistory
from plimsoll.domain.table import Table
from plimsoll.estimators.nightly.estimate import NightlyEstimate
from plimsoll.journeys.estimate_deep_view import deep_tables
from plimsoll.journeys.estimate_document import estimates_document
from plimsoll.journeys.estimate_scenarios import estimate_scenarios
from plimsoll.journeys.estimate_tables import market_tables
from plimsoll.journeys.estimate_thresholds import Both
from plimsoll.scenarios.joint_history import JointScenarios

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
    shown : tuple of str
        Markets in depth.
    stability : mapping of str to two ThresholdStability or None
        Of those.
    studies : mapping of str to tuple of Table
        Jumps, models and liquidity of the markets asked for by name.
    files : tuple of Path
        What was written.
    """

    found: NightlyEstimate
    history: MarketHistory
    refused: Mapping[str, Reason] = field(default_factory=dict)
    excluded: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    stability: Mapping[str, Both] = field(default_factory=dict)
    studies: Mapping[str, tuple[Table, ...]] = field(default_factory=dict)
    files: tuple[Path, ...] = ()

    @property
    def tables(self) -> tuple[Table, ...]:
        """Risk by horizon, tails and costs: a row for every market."""
        return market_tables(self.found, self.refused)

    def market(self, name: str) -> tuple[Table, ...]:
        """Return the deep view of one market.

        Raises
        ------
        UsageError
            For a market that is not among them.
        """
        both = self.stability.get(name, (None, None))
        return (*deep_tables(self.found, name, both), *self.studies.get(name, ()))

    def scenarios(
        self, *, horizon_hours: int = 8, count: int = 1_000, seed: int = 0
    ) -> JointScenarios:
        """Draw joint scenarios of the markets with a number (`estimate_scenarios`)."""
        return estimate_scenarios(
            self.history, self.found, horizon_hours=horizon_hours, count=count, seed=seed
        )

    def document(self) -> dict[str, Any]:
        """Everything in plain form, for JSON."""
        return estimates_document(
            self.found, self.tables, self.stability, self.excluded, self.studies
        )

    def _repr_html_(self) -> str:
        return "".join(table._repr_html_() for table in self.tables)

    def __repr__(self) -> str:
        numbers = sum(reason is None for reason in self.found.reasons)
        return f"<MarketEstimates {len(self.found.markets)} markets, {numbers} with a number>"

    def __str__(self) -> str:
        return "\n\n".join(str(table) for table in self.tables)


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
