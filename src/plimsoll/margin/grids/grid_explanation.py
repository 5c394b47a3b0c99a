"""Explanations of grid models: losses by scenario, what binds, what each position adds.

The model says what it sums (`plimsoll.margin.grids.grid_parts`) and what its terms are;
everything else is the same for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.margin_explanation import (
    Contribution,
    ExplainedTerm,
    ScenarioLosses,
    UnitExplanation,
)
from plimsoll.domain.requirement import RequirementTerm
from plimsoll.margin.grids.binding_changes import HeldMarket, binding_changes, would_change
from plimsoll.margin.grids.grid_parts import GridPart, RiskUnitGrid
from plimsoll.margin.units.cells import UnitLayout
from plimsoll.margin.units.market_rows import BookValues
from plimsoll.margin.units.stated_units import StatedUnits, left_to_right

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

GridsOfUnit = Callable[[int], tuple[RiskUnitGrid, ...]]
"""The risk units of one margin unit; what is not margined by scenarios is left out."""

SCENARIO_LOSS = "scenario_loss"
"""Name of the term that holds the risk units' largest losses, not below 0 each."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridExplainer:
    """Unfolds margin units of a grid model (a `plimsoll.domain.requirement.UnitExplainer`).

    Parameters
    ----------
    book : Book
    layout : UnitLayout
    values : BookValues
    terms : sequence of RequirementTerm
        (U,) columns as handed to `plimsoll.margin.units.assembly.assemble`.
    numeraire : str
    grids_of_unit : callable
    loss_term : str
        Name of the term that the contributions add up to: both its columns, to the bit.
    about : tuple of (str, str)
        What each term is, by its name.
    notes : tuple of str
        Accuracy of the preset, what was assumed.
    holdings : Book or None
        The book whose positions the parts name, where that is not ``book``: with collateral as
        positions, for instance. It has the accounts of ``book``.
    """

    book: Book
    layout: UnitLayout
    values: BookValues
    terms: Sequence[RequirementTerm]
    numeraire: str
    grids_of_unit: GridsOfUnit
    loss_term: str = SCENARIO_LOSS
    about: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    holdings: Book | None = None

    def explanation(self, unit: int) -> UnitExplanation:
        """Unfold one margin unit.

        Raises
        ------
        UsageError
            For a unit the book does not have.
        """
        stated = StatedUnits(
            book=self.book,
            layout=self.layout,
            values=self.values,
            terms=self.terms,
            numeraire=self.numeraire,
            about=self.about,
        )
        said = stated.stated(unit)
        grids = () if stated.lacks(unit) else self.grids_of_unit(unit)
        scenarios = tuple(_scenario_losses(grid) for grid in grids)
        changes = tuple(
            change
            for grid, losses in zip(grids, scenarios, strict=True)
            for change in binding_changes(losses, self._held(grid))
        )
        return replace(
            said,
            scenarios=scenarios,
            contributions=self._contributions(grids, said.terms),
            binding=_binding(scenarios),
            would_change=would_change(changes, self.numeraire),
            changes=changes,
            notes=(*self.notes, *said.notes),
        )

    def _held(self, grid: RiskUnitGrid) -> list[HeldMarket]:
        """Positions of a risk unit, with the losses after a trade in each."""
        return [
            HeldMarket(
                market=self._market(int(position)),
                quantity=float(part.quantity[place]),
                losses_after=partial(grid.losses_after, number, place),
            )
            for number, part in enumerate(grid.parts)
            for place, position in enumerate(part.positions)
        ]

    def _market(self, position: int) -> str:
        held = self.holdings or self.book
        return held.markets[int(held.market[position])]

    def _contributions(
        self, grids: tuple[RiskUnitGrid, ...], terms: tuple[ExplainedTerm, ...]
    ) -> tuple[Contribution, ...]:
        columns = _columns_of(grids)
        if not columns.positions.size:
            return ()
        own = [term for term in terms if term.name == self.loss_term]
        shares = adding_up(columns.maintenance, left_to_right(t.maintenance for t in own))
        initial = adding_up(columns.initial, left_to_right(t.initial for t in own))
        held = self.holdings or self.book
        return tuple(
            Contribution(
                market=self._market(int(position)),
                quantity=float(held.quantity[position]),
                value=float(columns.value[place]),
                standalone=float(columns.standalone[place]),
                contribution=float(shares[place]),
                initial=float(initial[place]),
                of=self.loss_term,
            )
            for place, position in enumerate(columns.positions)
        )


def adding_up(shares: FloatArray, total: float) -> FloatArray:
    """Return ``shares`` with the rounding of their sum put into one of them, left to right.

    The shares are those of ``total`` but for rounding; afterwards they add up to it exactly, or,
    where they cancel so that no number in between exists, to the last bit of the largest.

    Examples
    --------
    >>> shares = adding_up(np.array([0.1, 0.2, 0.3]), 0.6)
    >>> float(shares[0]) + float(shares[1]) + float(shares[2])
    0.6
    """
    given = np.array(shares, dtype=np.float64)
    if not given.size or left_to_right(given.tolist()) == total:
        return given
    nearest, least = given, np.inf
    for place in np.argsort(-np.abs(given), kind="stable"):
        adjusted = given.copy()
        for step in _STEPS:
            adjusted[place] += step * (total - left_to_right(adjusted.tolist()))
            gap = abs(total - left_to_right(adjusted.tolist()))
            if gap < least:
                nearest, least = adjusted.copy(), gap
            if gap == 0.0:
                return nearest
    return nearest


_STEPS = (1.0, 1.0, 0.5, 0.5, 0.75, 0.25)
"""Shares of the gap: a sum that rounds to either side of the total needs less than all of it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Columns:
    """(P,) columns of the positions of all parts, in the book's order."""

    positions: IntArray
    value: FloatArray
    standalone: FloatArray
    maintenance: FloatArray
    initial: FloatArray


def _columns_of(grids: tuple[RiskUnitGrid, ...]) -> _Columns:
    found = [_columns_of_part(grid, part) for grid in grids for part in grid.parts]
    none = np.empty((0, 5))
    columns = np.concatenate([none, *found])
    columns = columns[np.argsort(columns[:, 0], kind="stable")]
    return _Columns(
        positions=columns[:, 0].astype(np.int64),
        value=columns[:, 1],
        standalone=columns[:, 2],
        maintenance=columns[:, 3],
        initial=columns[:, 4],
    )


def _columns_of_part(grid: RiskUnitGrid, part: GridPart) -> FloatArray:
    losses = grid.losses()
    worst = int(np.argmax(losses))
    shares = part.shares(worst) if losses[worst] > 0.0 else np.zeros(part.row.size)
    scale = grid.maintenance_scale
    return np.column_stack(
        [
            part.positions.astype(np.float64),
            part.values,
            scale * part.standalone(),
            scale * shares + 0.0,
            grid.initial_scale * shares + 0.0,
        ]
    )


def _scenario_losses(grid: RiskUnitGrid) -> ScenarioLosses:
    losses = grid.losses()
    worst = int(np.argmax(losses))
    return ScenarioLosses(
        risk_unit=grid.name,
        names=grid.grid.names,
        price_moves=grid.grid.price_moves,
        volatility=tuple(move.value for move in grid.grid.vol_moves),
        losses=losses,
        binding=worst if losses[worst] > 0.0 else None,
    )


def _binding(scenarios: tuple[ScenarioLosses, ...]) -> str:
    said = [
        f"{s.risk_unit}: "
        + ("no scenario loses" if s.binding is None else f"scenario {s.names[s.binding]}")
        for s in scenarios
    ]
    return "; ".join(said)
