"""An explanation of one margin unit as tables and as plain values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from plimsoll.domain.margin_explanation import ScenarioLosses, UnitExplanation
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.journeys.margin_units import digits_of, money
from plimsoll.presets import Preset

WORST_SHOWN = 6
"""Scenarios of each risk unit in the table; the document and the page have all."""


def explained_tables(explained: UnitExplanation, preset: Preset) -> tuple[Table, ...]:
    """Return terms that add up, contributions of positions, and the worst scenarios."""
    tables = (
        terms_table(explained, preset),
        contribution_table(explained, preset),
        scenario_table(explained, preset, WORST_SHOWN),
    )
    return tuple(table for table in tables if len(table))


def terms_table(explained: UnitExplanation, preset: Preset) -> Table:
    """Return the terms of the requirement; they add up to it from top to bottom."""
    unit, digits = explained.numeraire, digits_of(explained.numeraire)
    rows: list[tuple[Cell, ...]] = [
        (term.title, term.initial, term.maintenance, term.about) for term in explained.terms
    ]
    rows.append(("Requirement", explained.initial, explained.maintenance, "the sum of the above"))
    rows.append(("Equity", explained.equity, explained.equity, ""))
    return Table(
        name="margin_terms",
        title=f"Margin of {_place(explained)} in {unit}",
        columns=(
            Column(name="term", title="Term"),
            money("initial", "Initial margin", unit, digits),
            money("maintenance", "Maintenance margin", unit, digits),
            Column(name="about", title="What it is"),
        ),
        rows=tuple(rows),
        notes=(*_binding_notes(explained), *explained.notes, accuracy_note(preset)),
    )


def contribution_table(explained: UnitExplanation, preset: Preset) -> Table:
    """Return what each position adds, beside what it would ask by itself."""
    unit, digits = explained.numeraire, digits_of(explained.numeraire)
    titles = {term.name: term.title for term in explained.terms}
    several = len({c.of for c in explained.contributions}) > 1
    return Table(
        name="margin_positions",
        title=f"Positions of {_place(explained)}",
        columns=(
            Column(name="market", title="Market"),
            Column(name="quantity", title="Contracts", kind=ColumnKind.NUMBER, digits=4),
            money("value", "Value now", unit, digits),
            money("standalone", "Alone, maintenance", unit, digits),
            money("contribution", "Contribution, maintenance", unit, digits),
            *([Column(name="of", title="To")] if several else []),
        ),
        rows=tuple(
            (c.market, c.quantity, c.value, c.standalone, c.contribution, titles.get(c.of, c.of))[
                : 6 if several else 5
            ]
            for c in explained.contributions
        ),
        notes=(
            *_contribution_notes(explained),
            "Futures of coins count dollars, options and linear contracts coins.",
            accuracy_note(preset),
        ),
    )


def scenario_table(explained: UnitExplanation, preset: Preset, most: int | None = None) -> Table:
    """Return losses by scenario, the worst first; ``most`` of each risk unit."""
    unit, digits = explained.numeraire, digits_of(explained.numeraire)
    rows = [row for s in explained.scenarios for row in _scenario_rows(s, most)]
    total = sum(len(s.names) for s in explained.scenarios)
    left = total - len(rows)
    return Table(
        name="margin_scenarios",
        title=f"Losses of {_place(explained)} by scenario, the worst first",
        columns=(
            Column(name="risk_unit", title="Risk unit"),
            Column(name="scenario", title="Scenario"),
            Column(name="price_move", title="Price", kind=ColumnKind.FRACTION, digits=1),
            Column(name="volatility", title="Volatility"),
            money("loss", "Loss", unit, digits),
            Column(name="role", title="Role"),
        ),
        rows=tuple(rows),
        notes=(
            "Losses are positive, as the model counts them: weighted, dampened, offset.",
            *([f"{left} of {total} scenarios are not shown."] if left else []),
            accuracy_note(preset),
        ),
    )


def accuracy_note(preset: Preset) -> str:
    """Say how near the preset comes to the venue, and where it is from."""
    sources = "; ".join(str(source) for source in preset.sources)
    return f"Preset {preset.name}: {preset.accuracy.value}. Source: {sources}."


def explanation_document(explained: UnitExplanation, preset: Preset) -> dict[str, Any]:
    """Return an explanation as plain values; losses of every scenario."""
    return {
        "account": explained.account,
        "unit": explained.unit,
        "currency": explained.numeraire,
        "accuracy": preset.accuracy.value,
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
        "positions": [
            {
                "market": c.market,
                "contracts": c.quantity,
                "value": c.value,
                "standalone": c.standalone,
                "contribution": c.contribution,
                "of": c.of,
            }
            for c in explained.contributions
        ],
        "scenarios": [_scenario_document(s) for s in explained.scenarios],
        "notes": list(explained.notes),
    }


def _scenario_document(losses: ScenarioLosses) -> dict[str, Any]:
    binding, second = losses.binding, losses.runner_up
    return {
        "risk_unit": losses.risk_unit,
        "binding": None if binding is None else losses.names[binding],
        "runner_up": None if second is None else losses.names[second],
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


def _scenario_rows(losses: ScenarioLosses, most: int | None) -> list[tuple[Cell, ...]]:
    order = np.argsort(-losses.losses, kind="stable").tolist()
    if losses.binding is not None:  # of equals, the one that binds first
        order = [losses.binding, *(i for i in order if i != losses.binding)]
    return [
        (
            losses.risk_unit,
            losses.names[i],
            float(losses.price_moves[i]),
            losses.volatility[i],
            float(losses.losses[i]) + 0.0,  # no loss is 0, not -0
            _role(losses, i),
        )
        for i in order[:most]
    ]


def _role(losses: ScenarioLosses, place: int) -> str:
    if place == losses.binding:
        return "binds"
    return "runner-up" if place == losses.runner_up else ""


def _place(explained: UnitExplanation) -> str:
    return (
        explained.account if explained.unit == "cross" else f"{explained.account}, {explained.unit}"
    )


def _binding_notes(explained: UnitExplanation) -> list[str]:
    notes = []
    if explained.binding:
        notes.append(f"Binding: {explained.binding}.")
    if explained.would_change:
        notes.append(f"What would change it: {explained.would_change}.")
    return notes


def _contribution_notes(explained: UnitExplanation) -> list[str]:
    if not explained.contributions:
        return []
    titles = {term.name: term.title for term in explained.terms}
    digits = digits_of(explained.numeraire)
    sums, alone = dict[str, float](), dict[tuple[str, float], float]()
    for c in explained.contributions:
        sums[c.of] = sums.get(c.of, 0.0) + c.contribution
        alone[c.market, c.quantity] = c.standalone  # of several terms it is said with each
    net = ", ".join(f"{titles.get(of, of)}, {x + 0.0:,.{digits}f}" for of, x in sums.items())
    gross = math.fsum(alone.values())
    asked = f"; alone the positions would ask {gross:,.{digits}f} {explained.numeraire}"
    known = "" if math.isnan(gross) else asked  # not every model says it of collateral
    return [f"Contributions add up to {net}{known}."]
