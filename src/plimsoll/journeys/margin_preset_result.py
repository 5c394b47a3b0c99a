"""What a margin run under a preset returns: tables, explanations, pictures, a page, what-ifs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from plimsoll.domain.margin_explanation import UnitExplanation
from plimsoll.domain.requirement import Requirements
from plimsoll.domain.table import Cell, Column, Table
from plimsoll.errors import UsageError
from plimsoll.journeys.margin_market import when
from plimsoll.journeys.margin_reasons import run_reasons
from plimsoll.journeys.margin_run import CurrencyRun, MarginRun
from plimsoll.journeys.margin_units import (
    MarginStatus,
    digits_of,
    unit_columns,
    unit_rows,
    unit_status,
)
from plimsoll.journeys.mark_age import WORTH_A_NOTE_NS, exact_iso, oldest_ns, span_text
from plimsoll.journeys.surface_source import source_document
from plimsoll.presets import Preset

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from plimsoll.journeys.margin_call_list import ListedCall
    from plimsoll.journeys.margin_health import UnitHealth
    from plimsoll.journeys.margin_liquidation import LiquidationLine
    from plimsoll.journeys.margin_plan import UnitPlan
    from plimsoll.journeys.margin_standing import Listing, Standing
    from plimsoll.journeys.margin_what_if import WhatIf
    from plimsoll.margin.liquidation import LiquidationRule

    Listings = Sequence[Listing[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PresetMargin:
    """Margin of every account under a venue's preset; one row per margin unit and currency.

    Parameters
    ----------
    run : MarginRun
    """

    run: MarginRun

    @property
    def preset(self) -> Preset:
        """The preset with its source and accuracy."""
        return self.run.setting.preset

    @property
    def source(self) -> str:
        """Where the prices are from."""
        return self.run.setting.market.source

    @property
    def title(self) -> str:
        """Preset and time of the market."""
        return f"{self.preset.title}, {when(self.run.setting.market)}, {self._age_words()}"

    @property
    def mark_age_ns(self) -> int | None:
        """Age of the oldest price at the market's time; None where none says when it was seen."""
        snapshot = self.run.priced.snapshot
        seen_ns = oldest_ns(snapshot)
        return None if seen_ns is None else snapshot.at_ns - seen_ns

    def _age_words(self) -> str:
        age = self.mark_age_ns
        return "marks of no stated age" if age is None else f"marks {span_text(age)} old"

    @property
    def accounts(self) -> tuple[str, ...]:
        """Accounts in the order of the book."""
        return self.run.setting.accounts.names

    @property
    def currencies(self) -> tuple[str, ...]:
        """Currencies in which requirements are told."""
        return tuple(run.currency for run in self.run.runs)

    def requirements(self, currency: str | None = None) -> Requirements:
        """Return the columns behind the table, in one currency where there are several.

        Raises
        ------
        UsageError
            For a currency that is none of them, or none where there are several.
        """
        known = ", ".join(self.currencies)
        if currency is None and len(self.run.runs) == 1:
            return self.run.runs[0].requirements
        for run in self.run.runs:
            if run.currency == currency:
                return run.requirements
        raise UsageError(f"must be one of {known}", found=currency, field="currency")

    @property
    def under_maintenance(self) -> tuple[str, ...]:
        """Accounts with a unit under its maintenance margin."""
        return self._with(MarginStatus.UNDER_MAINTENANCE)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Accounts with a unit that has no number."""
        return self._with(MarginStatus.UNKNOWN)

    @property
    def notes(self) -> tuple[str, ...]:
        """Accuracy and source of the preset, market, what was taken for granted."""
        bare = [n for n in self.accounts if n not in self.run.setting.accounts.collateral]
        unstated = (
            ("No collateral was stated, so nothing is judged; 0 may be stated.",) if bare else ()
        )
        return (*self.preset.notes(), *self._market_notes, *self.run.notes, *unstated)

    @property
    def _market_notes(self) -> tuple[str, ...]:
        """What the prices are and how old, and what stands in for those that nobody stated."""
        market = self.run.setting.market
        told: tuple[str, ...] = (
            f"Prices of {market.source}, {when(market)}, {self._age_words()}.",
        )
        most = market.max_age_ns
        if most is not None and (self.mark_age_ns or 0) > most:
            told += (
                f"Marks older than {span_text(most)} are stale, and margin nothing: take later "
                "ones, or admit older ones (--max-age, max_age).",
            )
        elif (self.mark_age_ns or 0) > WORTH_A_NOTE_NS:
            told += (
                f"Marks are {span_text(self.mark_age_ns or 0)} older than the time asked for: "
                "--max-age 1h (max_age) would margin nothing on them.",
            )
        return (*told, *self.run.priced.notes)

    def table(self) -> Table:
        """Every margin unit that holds a position or collateral, account by account."""
        several = len(self.run.runs) > 1
        rows = [
            (row[:1] + ((run.currency,) if several else ()) + row[1:])
            for run in self.run.runs
            for row in _rows(self.run, run)
        ]
        order = {name: place for place, name in enumerate(self.accounts)}
        rows.sort(key=lambda row: order[str(row[0])])
        currency = "" if several or not self.run.runs else self.run.runs[0].currency
        columns = unit_columns(currency, 6 if several else digits_of(currency))
        if several:
            columns = (columns[0], Column(name="currency", title="Currency"), *columns[1:])
        count = len(self.accounts)
        return Table(
            name="margin",
            title=f"Margin of {count:,} account{'' if count == 1 else 's'}: {self.title}",
            columns=columns,
            rows=tuple(rows),
            notes=self.notes,
        )

    def explanations(self, account: str | None = None) -> tuple[UnitExplanation, ...]:
        """Unfold the units of one account: terms, scenarios, contributions, what binds.

        Empty for models that explain by position only (`explain`).

        Raises
        ------
        UsageError
            For an account the book does not have, or none where there are several.
        """
        name = self.run.account(account)
        return tuple(
            explanation
            for run in self.run.runs
            if name in run.held.book.accounts and run.requirements.unit_explainer is not None
            for explanation in run.explanations(name)
        )

    def explain(self, account: str | None = None) -> tuple[Table, ...]:
        """Return the tables that unfold one account: terms that add up, positions, scenarios.

        Raises
        ------
        UsageError
            As in `explanations`.
        """
        from plimsoll.journeys.margin_explained import explained_tables

        name = self.run.account(account)
        found = [t for e in self.explanations(name) for t in explained_tables(e, self.preset)]
        plain = [
            run.requirements.explain(name)
            for run in self.run.runs
            if name in run.held.book.accounts and run.requirements.unit_explainer is None
        ]
        tables = (*found, *plain)
        return tuple(
            replace(table, notes=(*table.notes, *(() if place else self._market_notes)))
            for place, table in enumerate(tables)
        )

    def figures(self, account: str | None = None) -> Mapping[str, Figure]:
        """Return the heat maps of one account as plotly figures: loss by price and volatility.

        Raises
        ------
        UsageError
            As in `explanations`, and where plotly is not installed.
        """
        from plimsoll.journeys.margin_explained import accuracy_label
        from plimsoll.report.margin_figures import loss_plots

        label = accuracy_label(self.preset)
        return loss_plots(self.explanations(account), self.source, label)

    def standing(self) -> Standing:
        """Return what answers for health, liquidation prices, calls and plans."""
        from plimsoll.journeys.margin_explained import accuracy_label, accuracy_note
        from plimsoll.journeys.margin_standing import Standing
        from plimsoll.journeys.margined_book import margined_books

        return Standing(
            books=margined_books(self.run),
            accounts=self.accounts,
            notes=(accuracy_note(self.preset),),
            label=accuracy_label(self.preset),
        )

    def health(self) -> Listing[UnitHealth]:
        """Return how each margin unit stands: maintenance over equity, excess, state, call."""
        return self.standing().health()

    def liquidation(self, account: str | None = None, **options: Any) -> Listing[LiquidationLine]:
        """Return the marks at which units are liquidated, down and up, by market and by coin.

        Parameters
        ----------
        account : str, optional
            This one only; a large book takes long.
        **options
            ``fee_rate``, ``funding_payments`` (`plimsoll.margin.liquidation.ClosingCosts`),
            ``volatility`` (yearly fraction by coin, over what the market shows),
            ``horizon_hours`` of a standard deviation (24), ``progress``.

        Raises
        ------
        UsageError
        """
        return self.standing().liquidation(account, **options)

    def calls(self) -> Listing[ListedCall]:
        """Return the margin calls with their reasons, and what would cure each."""
        return self.standing().calls()

    def plan(
        self, account: str | None = None, *, rule: LiquidationRule | None = None
    ) -> Listing[UnitPlan]:
        """Return the step-by-step liquidation of an account, one plan per margin unit.

        Parameters
        ----------
        account : str, optional
            The only one, where there is one.
        rule : LiquidationRule, optional
            By default the venue's (`plimsoll.journeys.venue_rules`).

        Raises
        ------
        UsageError
        """
        return self.standing().plan(self.run.account(account), rule=rule)

    def what_if(self, request: Mapping[str, Any] | None = None, **changes: Any) -> WhatIf:
        """Return the margin of one account under changed positions, prices or volatilities.

        Parameters
        ----------
        request : mapping, optional
            Shaped after Deribit's ``simulate_portfolio``; see
            `plimsoll.journeys.margin_what_if.WhatIfRequest`.
        **changes
            The same keys as arguments.

        Raises
        ------
        UsageError, DataError
        """
        from plimsoll.journeys.margin_what_if import what_if

        if not isinstance(request, Mapping | None):
            raise UsageError("must be an object", found=type(request).__name__, field="what-if")
        return what_if(self.run, {**(request or {}), **changes})

    @overload
    def to_html(
        self, path: None = None, *, what_if: WhatIf | None = None, listings: Listings = ()
    ) -> str: ...
    @overload
    def to_html(
        self,
        path: str | os.PathLike[str],
        *,
        what_if: WhatIf | None = None,
        listings: Listings = (),
    ) -> Path: ...
    def to_html(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        what_if: WhatIf | None = None,
        listings: Listings = (),
    ) -> str | Path:
        """Return the page with tables and heat maps; where a path is given, write it whole.

        Parameters
        ----------
        path : path, optional
        what_if : WhatIf, optional
            Its tables stand in the section of its account.
        listings : sequence of Listing
            What `health`, `liquidation`, `calls` and `plan` returned, by account too.

        Raises
        ------
        UsageError
            The path is that of another format.
        StorageError
            It could not be written; what stood there before is untouched.
        """
        from plimsoll.journeys.margin_page_file import margin_html
        from plimsoll.journeys.surface_page_file import page_path, write_page

        if path is None:
            return margin_html(self, what_if, listings)
        return write_page(page_path(path), margin_html(self, what_if, listings))

    def document(self) -> dict[str, Any]:
        """Return the result as plain values: preset with accuracy, market, units, notes."""
        market = self.run.setting.market
        return {
            "preset": self.preset.document(),
            "market": {**self._times(), "source": market.source, **source_document(market.files)},
            "units": [self._unit(dict(row)) for row in self.table()],
            "under_maintenance": list(self.under_maintenance),
            "unknown": list(self.unknown),
            "notes": list(self.notes),
        }

    def _unit(self, row: dict[str, Any]) -> dict[str, Any]:
        """Name the currency of a row also where all rows have the same, which the title names."""
        only = self.currencies[0] if len(self.currencies) == 1 else None
        return {"account": row["account"], "currency": row.get("currency", only), **row}

    def _times(self) -> dict[str, Any]:
        market, age = self.run.setting.market, self.mark_age_ns
        most = market.max_age_ns
        return {
            "at": exact_iso(market.at_ns),
            "oldest_mark_at": exact_iso(oldest_ns(self.run.priced.snapshot)),
            "mark_age_s": None if age is None else age / 1e9,
            "max_age_s": None if most is None else most / 1e9,
        }

    def _with(self, status: MarginStatus) -> tuple[str, ...]:
        found = {
            run.held.book.accounts[int(run.requirements.account[unit])]
            for run in self.run.runs
            for unit, own in enumerate(run_status(run))
            if own is status
        }
        return tuple(name for name in self.accounts if name in found)

    def __repr__(self) -> str:
        return f"<PresetMargin {self.title}: {len(self.accounts)} accounts, {self.source}>"

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def run_status(run: CurrencyRun) -> tuple[MarginStatus, ...]:
    """Return how each margin unit of a run stands."""
    return unit_status(run.requirements, run.held.has_collateral)


def _rows(whole: MarginRun, run: CurrencyRun) -> list[tuple[Cell, ...]]:
    return unit_rows(run.requirements, run_status(run), run_reasons(whole, run))
