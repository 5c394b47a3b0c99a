"""The page of a margin result: what stands in it for each account."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from plimsoll.domain.evidence import Verdict
from plimsoll.domain.margin_explanation import UnitExplanation
from plimsoll.domain.table import Table
from plimsoll.journeys.margin_explained import accuracy_label, page_tables
from plimsoll.journeys.margin_run import MarginRun
from plimsoll.journeys.margin_summary import account_summaries
from plimsoll.journeys.margin_units import digits_of
from plimsoll.journeys.surface_source import foot_line
from plimsoll.presets import Preset

if TYPE_CHECKING:
    from plimsoll.journeys.margin_what_if import WhatIf
    from plimsoll.report.key_figures import KeyFigure
    from plimsoll.report.margin_page import AccountPage

MOST_ACCOUNTS = 40
"""Accounts on a page; more would be too much for a browser, and for a reader."""

_KEYS = (
    ("initial_margin", "Initial margin", "net, of the portfolio"),
    ("maintenance_margin", "Maintenance margin", "net, of the portfolio"),
    ("gross_maintenance_margin", "Maintenance, gross", "sum of positions by themselves"),
    ("margin_balance", "Margin balance", "what stands against it"),
    ("available_funds", "Available funds", "margin balance less initial margin"),
)


class ShownMargin(Protocol):
    """What a page asks of a result (`plimsoll.PresetMargin`)."""

    @property
    def run(self) -> MarginRun: ...
    @property
    def preset(self) -> Preset: ...
    @property
    def accounts(self) -> tuple[str, ...]: ...
    @property
    def title(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def unknown(self) -> tuple[str, ...]: ...
    @property
    def under_maintenance(self) -> tuple[str, ...]: ...
    def table(self) -> Table: ...
    def explanations(self, account: str | None = None) -> tuple[UnitExplanation, ...]: ...
    def explain(self, account: str | None = None) -> tuple[Table, ...]: ...


def margin_html(result: ShownMargin, what_if: WhatIf | None = None) -> str:
    """Return the page; of a large book its first accounts, which the page says.

    Parameters
    ----------
    result : ShownMargin
    what_if : WhatIf, optional
        Its tables come first in the section of its account, which is on the page in any case.
    """
    from plimsoll.report.margin_page import margin_page

    shown = list(result.accounts[:MOST_ACCOUNTS])
    if what_if is not None and what_if.account not in shown:
        shown[-1] = what_if.account
    left = len(result.accounts) - len(shown)
    note = f"{left} more accounts are not on this page" if left else ""
    return margin_page(
        [_account(result, name, what_if) for name in shown],
        title=result.title,
        source=result.source,
        note=foot_line(result.run.setting.market.files, note),
    )


def _account(result: ShownMargin, name: str, what_if: WhatIf | None) -> AccountPage:
    from plimsoll.report.margin_page import AccountPage

    explanations = result.explanations(name)
    verdict, words = _verdict(result, name)
    accuracy = f"Preset {result.preset.name}, {result.preset.accuracy.value}"
    return AccountPage(
        name=name,
        verdict=verdict,
        meaning=f"{words} {accuracy}: {result.preset.accuracy_about}",
        key_figures=_key_figures(result, name),
        explanations=explanations,
        preset=accuracy_label(result.preset),
        tables=(
            *((what_if.table(),) if what_if is not None and what_if.account == name else ()),
            *_tables(result, name),
        ),
    )


def _tables(result: ShownMargin, name: str) -> tuple[Table, ...]:
    units = result.table()
    own = replace(units, rows=tuple(row for row in units.rows if row[0] == name))
    explained = result.explanations(name)
    preset = result.preset
    tables = [own]
    for e in explained:
        tables += page_tables(e, preset)
    plain = () if explained else result.explain(name)
    return tuple(table for table in (*tables, *plain) if len(table))


def _verdict(result: ShownMargin, name: str) -> tuple[Verdict, str]:
    if name in result.unknown:
        return Verdict.NOT_PROVEN, "A position has no number; the table says why."
    if name not in result.run.setting.accounts.collateral:
        return Verdict.NOT_PROVEN, "No collateral was stated, so nothing is judged."
    if name in result.under_maintenance:
        return Verdict.BREACH, "Equity is under maintenance margin: to be liquidated."
    return Verdict.HOLDS, "Equity covers maintenance margin."


def _key_figures(result: ShownMargin, name: str) -> tuple[KeyFigure, ...]:
    from plimsoll.report.key_figures import KeyFigure

    found = account_summaries(result.run, name)
    shown = [
        KeyFigure(
            title=title if len(found) == 1 else f"{title}, {currency}",
            **_key_amount(summary[key], currency),
            about=about,
        )
        for currency, summary in found.items()
        for key, title, about in _KEYS
    ]
    accuracy = KeyFigure(
        title="Accuracy of the preset",
        value=result.preset.accuracy.value,
        unit="",
        about=_dates(result.preset),
    )
    return (*shown, accuracy)


def _key_amount(amount: float | None, currency: str) -> dict[str, str]:
    """Value and unit, short enough for its box; the tables have every digit."""
    if amount is None:
        return {"value": "–", "unit": currency}
    if abs(amount) >= 1e7:
        return {"value": f"{amount / 1e6:,.2f}", "unit": f"m {currency}"}
    digits = 0 if abs(amount) >= 1e4 else min(digits_of(currency), 4)
    return {"value": f"{amount:,.{digits}f}", "unit": currency}


def _dates(preset: Preset) -> str:
    """When the sources are from; the tables name them."""
    dates = sorted(source.date for source in preset.sources)
    if not dates:
        return "no source stated"
    told = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    return f"sources of {told}, named under the tables"
