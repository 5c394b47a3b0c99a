"""The page of a margin result: what stands in it for each account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

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
    from plimsoll.journeys.margin_standing import Listing
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


def margin_html(
    result: ShownMargin,
    what_if: WhatIf | None = None,
    listings: Sequence[Listing[Any]] = (),
) -> str:
    """Return the page; of a large book its first accounts, which the page says.

    Parameters
    ----------
    result : ShownMargin
    what_if : WhatIf, optional
        Its tables come first in the section of its account, which is on the page in any case.
    listings : sequence of Listing
        Health, liquidation prices, calls, plans: what they say of an account stands in its section.
    """
    from plimsoll.report.margin_page import margin_page

    several = len(result.accounts) > 1
    shown = list(result.accounts[:MOST_ACCOUNTS])
    if what_if is not None and what_if.account not in shown:
        shown[-1] = what_if.account
    left = len(result.accounts) - len(shown)
    note = f"{left} more accounts are not on this page" if left else ""
    return margin_page(
        [
            *([_overview(result, shown)] if several else ()),
            *(_account(result, name, what_if, listings, units=not several) for name in shown),
        ],
        title=result.title,
        source=result.source,
        note=foot_line(result.run.setting.market.files, note),
    )


def _overview(result: ShownMargin, shown: Sequence[str]) -> AccountPage:
    """Accounts of the page in one table, which their own sections do not repeat."""
    from plimsoll.report.margin_page import AccountPage

    judged = [_verdict(result, name) for name in shown]
    units, here = result.table(), set(shown)
    counts = Counter(one.word for one in judged)
    worst = min(judged, key=lambda one: _WORST_FIRST.index(one.verdict))
    return AccountPage(
        name=f"{len(judged):,} accounts",
        verdict=worst.verdict,
        word=worst.word,
        meaning=", ".join(f"{count:,} {word}" for word, count in counts.items()) + ".",
        key_figures=(),
        explanations=(),
        preset=accuracy_label(result.preset),
        tables=(replace(units, rows=tuple(row for row in units.rows if row[0] in here)),),
    )


def _account(
    result: ShownMargin,
    name: str,
    what_if: WhatIf | None,
    listings: Sequence[Listing[Any]],
    *,
    units: bool,
) -> AccountPage:
    from plimsoll.report.margin_page import AccountPage

    explanations = result.explanations(name)
    stands = _verdict(result, name)
    accuracy = f"P{result.preset.label[1:]}"
    return AccountPage(
        name=name,
        verdict=stands.verdict,
        word=stands.word,
        meaning=f"{stands.about} {accuracy}: {result.preset.accuracy_about}",
        key_figures=_key_figures(result, name),
        explanations=explanations,
        preset=accuracy_label(result.preset),
        tables=(
            *((what_if.table(),) if what_if is not None and what_if.account == name else ()),
            *(table for listing in listings for table in listing.tables_of(name)),
            *_tables(result, name, units=units),
        ),
    )


def _tables(result: ShownMargin, name: str, *, units: bool) -> tuple[Table, ...]:
    """Explanations of an account, after its rows of the table of units where these are wanted."""
    tables = []
    if units:
        whole = result.table()
        tables.append(replace(whole, rows=tuple(row for row in whole.rows if row[0] == name)))
    explained = result.explanations(name)
    preset = result.preset
    for e in explained:
        tables += page_tables(e, preset)
    plain = () if explained else result.explain(name)
    return tuple(table for table in (*tables, *plain) if len(table))


class _Stands(NamedTuple):
    """How an account stands, in a word and in a sentence."""

    verdict: Verdict
    word: str
    about: str


_WORST_FIRST = (Verdict.BREACH, Verdict.NOT_PROVEN, Verdict.HOLDS)


def _verdict(result: ShownMargin, name: str) -> _Stands:
    if name in result.unknown:
        about = "A position or its collateral has no number; the table says why."
        return _Stands(Verdict.NOT_PROVEN, "NO NUMBER", about)
    if name not in result.run.setting.accounts.collateral:
        about = "No collateral was stated, so nothing is judged."
        return _Stands(Verdict.NOT_PROVEN, "NOT JUDGED", about)
    if name in result.under_maintenance:
        about = "Equity is under maintenance margin: to be liquidated."
        return _Stands(Verdict.BREACH, "BREACH", about)
    return _Stands(Verdict.HOLDS, "HOLDS", "Equity covers maintenance margin.")


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
