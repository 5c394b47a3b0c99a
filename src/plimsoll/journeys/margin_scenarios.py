"""Losses by scenario, and what would make another one bind, as tables."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.margin_explanation import BindingChange, ScenarioLosses, UnitExplanation
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.journeys.margin_units import digits_of, money

_CAPPED = (
    "Of each expiry the smaller of two is asked: the largest loss over settlement prices, and the "
    "isolated margin."
)
_TRADES = (
    "A trade is signed, in contracts, of that market alone; a price is that of the mark, the "
    "positions as they are."
)


def scenario_table(explained: UnitExplanation, place: str, most: int | None = None) -> Table:
    """Return losses by scenario, what binds first, then the worst; ``most`` of each unit."""
    unit, digits = explained.numeraire, digits_of(explained.numeraire)
    rows = [row for s in explained.scenarios for row in _scenario_rows(s, most)]
    total = sum(len(s.names) for s in explained.scenarios)
    left = total - len(rows)
    capped = any(s.cap is not None for s in explained.scenarios)
    return Table(
        name="margin_scenarios",
        title=f"Losses of {place} by scenario",
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
            *([_CAPPED] if capped else []),
            *([f"{left} of {total} scenarios are not shown."] if left else []),
        ),
    )


def change_table(explained: UnitExplanation, place: str, most: int | None = None) -> Table:
    """Return what would make something else bind: by how much, by which trade, at which price."""
    unit, digits = explained.numeraire, digits_of(explained.numeraire)
    shown = explained.changes[:most]
    left = len(explained.changes) - len(shown)
    columns = (
        Column(name="where", title="Where"),
        Column(name="now", title="Binds now"),
        Column(name="then", title="Would bind"),
        money("gap", "Loses less by", unit, digits),
        Column(name="market", title="Smallest trade in"),
        Column(name="contracts", title="Contracts", kind=ColumnKind.NUMBER, digits=4),
        Column(name="price", title="At a mark of", kind=ColumnKind.NUMBER, digits=2),
    )
    rows = [_change_row(change) for change in shown]
    said = [any(not _empty(row[i]) for row in rows) for i in range(len(columns))]
    return Table(
        name="margin_changes",
        title=f"What would change what binds for {place}",
        columns=tuple(c for c, says in zip(columns, said, strict=True) if says),
        rows=tuple(
            tuple(cell for cell, says in zip(row, said, strict=True) if says) for row in rows
        ),
        notes=(
            *([_TRADES] if any(change.market for change in shown) else []),
            *([_CAPPED] if any(s.cap is not None for s in explained.scenarios) else []),
            *([f"{left} more are not shown."] if left else []),
        ),
    )


def _change_row(change: BindingChange) -> tuple[Cell, ...]:
    return (
        change.where,
        change.now,
        change.then,
        change.gap,
        change.market,
        change.contracts,
        change.price,
    )


def _empty(cell: Cell) -> bool:
    return cell == "" or cell != cell


def _scenario_rows(losses: ScenarioLosses, most: int | None) -> list[tuple[Cell, ...]]:
    order = np.argsort(-losses.losses, kind="stable").tolist()
    first = [place for place in (losses.binding, losses.cap) if place is not None]
    order = list(dict.fromkeys((*first, *order)))  # of equals, the one that binds first
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
    if losses.cap is None:
        if place == losses.binding:
            return "binds"
        return "runner-up" if place == losses.runner_up else ""
    if place == losses.binding:
        return "binds: the smaller of two"
    if place == losses.cap or (losses.binding == losses.cap and place == losses.runner_up):
        return "the larger of two, not asked"
    return "runner-up" if place == losses.runner_up else ""
