"""An explanation of one margin unit as tables and as plain values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from plimsoll.domain.margin_explanation import ScenarioLosses, UnitExplanation
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.journeys.margin_contributions import contribution_table, term_tables
from plimsoll.journeys.margin_scenarios import change_table, scenario_table
from plimsoll.journeys.margin_units import digits_of, money
from plimsoll.presets import Preset

WORST_SHOWN = 6
"""Scenarios of each risk unit in the table; the document and the page have all."""
CHANGES_SHOWN = 8


def explained_tables(explained: UnitExplanation, preset: Preset) -> tuple[Table, ...]:
    """Return all that is known of a unit; under each table stand accuracy and source."""
    tables = _tables(explained, preset, WORST_SHOWN, CHANGES_SHOWN)
    return tuple(replace(t, notes=(*t.notes, accuracy_note(preset))) for t in tables)


def page_tables(explained: UnitExplanation, preset: Preset) -> tuple[Table, ...]:
    """Return the same with every scenario; titles name preset and accuracy, the page its source."""
    return _tables(explained, preset, None, None)


def accuracy_note(preset: Preset) -> str:
    """Say how near the preset comes to the venue, and where it is from."""
    sources = "; ".join(str(source) for source in preset.sources)
    own = preset.parameter_set_id
    of_set = "" if own is None else f" Constants of set {own[:12]}, not the venue's own."
    return f"Preset {preset.name}: {preset.accuracy.value}.{of_set} Source: {sources}."


def accuracy_label(preset: Preset) -> str:
    """Name preset, accuracy and the set of its constants, for titles.

    >>> from plimsoll import presets
    >>> accuracy_label(presets.load("okx"))
    'preset okx, partial'
    """
    return preset.label


def terms_table(explained: UnitExplanation) -> Table:
    """Return the terms of the requirement; they add up to it from top to bottom.

    Of a unit without a number the reasons come first.
    """
    unit, digits = explained.numeraire, digits_of(explained.numeraire)
    rows: list[tuple[Cell, ...]] = [
        (f"No number: {reason}", None, None, "") for reason in explained.reasons
    ]
    rows += [(term.title, term.initial, term.maintenance, term.about) for term in explained.terms]
    rows.append(("Requirement", explained.initial, explained.maintenance, "the sum of the above"))
    rows.append(("Equity", explained.equity, explained.equity, ""))
    told = set(explained.reasons)  # of whoever has no number, said once
    head = f"Margin of {_place(explained)} in {unit}"
    if explained.reasons:
        head = f"No margin of {_place(explained)} in {unit}: {_some(explained.reasons)}"
    return Table(
        name="margin_terms",
        title=head,
        columns=(
            Column(name="term", title="Term"),
            money("initial", "Initial margin", unit, digits),
            money("maintenance", "Maintenance margin", unit, digits),
            Column(name="about", title="What it is"),
        ),
        rows=tuple(rows),
        notes=(*_binding_notes(explained), *(n for n in explained.notes if n not in told)),
    )


def _tables(
    explained: UnitExplanation, preset: Preset, worst: int | None, changes: int | None
) -> tuple[Table, ...]:
    place = _place(explained)
    found = [terms_table(explained)]
    if explained.details is not None:
        found.append(_details(explained.details, explained.numeraire, place))
    found += [contribution_table(explained, place), *term_tables(explained, place)]
    found.append(change_table(explained, place, changes))
    found.append(scenario_table(explained, place, worst))
    label = accuracy_label(preset)
    return tuple(replace(table, title=f"{table.title} ({label})") for table in found if len(table))


def explanation_document(explained: UnitExplanation, preset: Preset) -> dict[str, Any]:
    """Return an explanation as plain values; losses of every scenario."""
    return {
        "account": explained.account,
        "unit": explained.unit,
        "currency": explained.numeraire,
        "preset": preset.name,
        "accuracy": preset.accuracy.value,
        "parameter_set_id": preset.parameter_set_id,
        "reasons": list(explained.reasons),
        "initial_margin": explained.initial,
        "maintenance_margin": explained.maintenance,
        "equity": explained.equity,
        "binding": explained.binding,
        "would_change": explained.would_change,
        "terms": [
            {
                "name": t.name,
                "title": t.title,
                "initial": t.initial,
                "maintenance": t.maintenance,
                "about": t.about,
            }
            for t in explained.terms
        ],
        "positions": _positions(explained),
        "not_of_positions": [
            {
                "name": t.name,
                "title": t.title,
                "initial": t.initial,
                "maintenance": t.maintenance,
                "why": t.why,
            }
            for t in explained.unspread
        ],
        "margined_by": [] if explained.details is None else [dict(r) for r in explained.details],
        "changes": _changes(explained),
        "scenarios": [_scenario_document(s) for s in explained.scenarios],
        "notes": list(explained.notes),
    }


def _positions(explained: UnitExplanation) -> list[dict[str, Any]]:
    return [
        {
            "market": c.market,
            "contracts": c.quantity,
            "value": c.value,
            "standalone": c.standalone,
            "initial_contribution": c.initial,
            "contribution": c.contribution,
            "of": c.of,
        }
        for c in explained.contributions
    ]


def _changes(explained: UnitExplanation) -> list[dict[str, Any]]:
    return [
        {
            "where": c.where,
            "now": c.now,
            "then": c.then,
            "gap": c.gap,
            "market": c.market,
            "contracts": c.contracts,
            "price": c.price,
        }
        for c in explained.changes
    ]


def _scenario_document(losses: ScenarioLosses) -> dict[str, Any]:
    binding, second, cap = losses.binding, losses.runner_up, losses.cap
    return {
        "risk_unit": losses.risk_unit,
        "binding": None if binding is None else losses.names[binding],
        "runner_up": None if second is None else losses.names[second],
        "capped_by": None if cap is None else losses.names[cap],
        "losses": [
            {
                "scenario": name,
                "price_move": float(move),
                "volatility": vol,
                "loss": float(loss) + 0.0,
            }
            for name, move, vol, loss in zip(
                losses.names, losses.price_moves, losses.volatility, losses.losses, strict=True
            )
        ],
    }


def _details(details: Table, numeraire: str, place: str) -> Table:
    digits = digits_of(numeraire)
    columns = tuple(
        replace(c, digits=digits) if c.kind is ColumnKind.MONEY else c for c in details.columns
    )
    return replace(details, title=f"{details.title}: {place}", columns=columns)


def _some(reasons: tuple[str, ...]) -> str:
    more = f"; and {len(reasons) - 3} more" if len(reasons) > 3 else ""
    return "; ".join(reasons[:3]) + more


def _place(explained: UnitExplanation) -> str:
    return (
        explained.account if explained.unit == "cross" else f"{explained.account}, {explained.unit}"
    )


def _binding_notes(explained: UnitExplanation) -> list[str]:
    if explained.reasons:
        return ["Without a number nothing binds and nothing adds up."]
    notes = []
    if explained.binding:
        notes.append(f"Binding: {explained.binding}.")
    if explained.would_change:
        notes.append(f"What would change it: {explained.would_change}.")
    return notes
