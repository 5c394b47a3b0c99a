"""Explanations of Derive's portfolio margins: scenarios, basis contingency, what each part adds.

Within the binding scenario a group's result is linear in its positions once the sign of its
shocked value is known, so the shares are exact; the rounding of their sum goes into the largest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.margin_explanation import (
    Contribution,
    ExplainedTerm,
    ScenarioLosses,
    UnitExplanation,
)
from plimsoll.domain.requirement import RequirementTerm
from plimsoll.margin.derive.pmrm_book import PmrmBook, RiskUnitLosses
from plimsoll.margin.derive.pmrm_losses import scenario_losses
from plimsoll.margin.derive.pmrm_shares import BASIS, loss_shares
from plimsoll.margin.grids.grid_explanation import adding_up
from plimsoll.margin.units.cells import Cells, cells_of_holdings
from plimsoll.margin.units.stated_units import StatedUnits, left_to_right

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BASIS_NAME = "basis contingency"
LOSS_TERM = "scenario_loss"


def scenario_names(held: PmrmBook) -> tuple[str, ...]:
    """Return the scenarios of all risk units, each name once."""
    return tuple(dict.fromkeys(n for unit in held.units for n in unit.table.rule.names))


def binding_of(held: PmrmBook, names: Sequence[str]) -> IntArray:
    """(U,) scenario that binds in the unit's home; -1 for the basis contingency and for none."""
    out = np.full(len(held.layout), -1, dtype=np.int64)
    for index, unit in enumerate(held.units):
        place = np.array([names.index(name) for name in unit.table.rule.names], dtype=np.int64)
        cells, losses = unit.held.cells, unit.losses
        mine = (held.home[cells.unit] == index) & (losses.binding >= 0) & (losses.worst > 0.0)
        out[cells.unit[mine]] = place[losses.binding[mine]]
    return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PmrmExplainer:
    """Unfolds margin units (a `plimsoll.domain.requirement.UnitExplainer`).

    Parameters
    ----------
    held : PmrmBook
    terms : sequence of RequirementTerm
    assets : mapping of str to float
        Price in cash of each currency of the collateral.
    cash : str
    maintenance_factors : tuple of R float
        Of the worst loss: what the shares of `Contribution` are multiplied by.
    """

    held: PmrmBook
    terms: Sequence[RequirementTerm]
    assets: Mapping[str, float]
    cash: str
    maintenance_factors: tuple[float, ...]

    def explanation(self, unit: int) -> UnitExplanation:
        """Unfold one margin unit.

        Raises
        ------
        UsageError
            For a unit the book does not have.
        """
        stated = StatedUnits(
            book=self.held.book,
            layout=self.held.layout,
            values=self.held.values,
            terms=self.terms,
            numeraire=self.cash,
        )
        said = stated.stated(unit)
        if stated.lacks(unit):
            return said
        scenarios = self._scenarios(unit)
        return replace(
            said,
            scenarios=scenarios,
            contributions=self._contributions(unit, said.terms),
            binding=_binding(scenarios),
            would_change=_would_change(scenarios, self.cash),
        )

    def _scenarios(self, unit: int) -> tuple[ScenarioLosses, ...]:
        """Losses in every risk unit held; in the home unit of whoever holds nothing."""
        shown = [u for u in self.held.units if unit in u.held.cells.unit]
        shown = shown or [self.held.units[int(self.held.home[unit])]]
        return tuple(_losses_of(own, unit) for own in shown)

    def _contributions(
        self, unit: int, terms: tuple[ExplainedTerm, ...]
    ) -> tuple[Contribution, ...]:
        positions = np.flatnonzero(self.held.layout.unit_of_position == unit)
        shares, alone = dict.fromkeys(positions.tolist(), 0.0), dict[int, float]()
        assets = dict.fromkeys(range(len(self.held.book.currencies)), 0.0)
        for own, factor in zip(self.held.units, self.maintenance_factors, strict=True):
            found = loss_shares(own, unit)
            for position, currency, share, single in found:
                if position >= 0:
                    shares[position] += factor * share
                    alone[position] = factor * single
                else:
                    assets[currency] += factor * share
        return self._listed(unit, shares, alone, assets, terms)

    def _listed(
        self,
        unit: int,
        shares: dict[int, float],
        alone: dict[int, float],
        assets: dict[int, float],
        terms: tuple[ExplainedTerm, ...],
    ) -> tuple[Contribution, ...]:
        target = left_to_right([t.maintenance for t in terms if t.name == LOSS_TERM])
        of_assets = self._assets_of(unit)
        raw = [*shares.values(), *(assets[column] for column in of_assets)]
        exact = adding_up(np.array(raw, dtype=np.float64), target).tolist()
        book, values = self.held.book, self.held.values
        positions = [
            Contribution(
                market=book.markets[int(book.market[p])],
                quantity=float(book.quantity[p]),
                value=float(values.unrealised[p]),
                standalone=alone.get(p, 0.0),
                contribution=exact[place],
                of=LOSS_TERM,
            )
            for place, p in enumerate(shares)
        ]
        account = int(self.held.layout.account[unit])
        collateral = [
            Contribution(
                market=book.currencies[column],
                quantity=float(book.collateral[account, column]),
                value=float(book.collateral[account, column])
                * self.assets[book.currencies[column]],
                standalone=np.nan,
                contribution=exact[len(positions) + place],
                of=LOSS_TERM,
            )
            for place, column in enumerate(of_assets)
        ]
        return (*positions, *collateral)

    def _assets_of(self, unit: int) -> list[int]:
        """Columns of the collateral that a cross pool holds, but for the cash."""
        if int(self.held.layout.position[unit]) >= 0:
            return []
        book, account = self.held.book, int(self.held.layout.account[unit])
        return [
            column
            for column, currency in enumerate(book.currencies)
            if currency != self.cash and book.collateral[account, column] != 0.0
        ]


def _losses_of(own: RiskUnitLosses, unit: int) -> ScenarioLosses:
    """Losses of one margin unit in one risk unit, the basis contingency last."""
    rule, cells = own.table.rule, own.held.cells
    found = cells.of_unit(unit)
    losses, basis, binding = np.zeros(len(rule.scenarios)), 0.0, None
    if found:
        losses = scenario_losses(own.table, _only(own, unit))[0]
        basis = float(own.losses.basis[found[0]])
        place = int(own.losses.binding[found[0]])
        loses = float(own.losses.worst[found[0]]) > 0.0
        binding = (len(rule.scenarios) if place == BASIS else place) if loses else None
    return ScenarioLosses(
        risk_unit=own.name,
        names=(*rule.names, BASIS_NAME),
        price_moves=np.array([*(s.multiplier - 1.0 for s in rule.scenarios), np.nan]),
        volatility=(*(s.vol.value for s in rule.scenarios), "none"),
        losses=np.append(losses + 0.0, basis),
        binding=binding,
    )


def _only(own: RiskUnitLosses, unit: int) -> Cells:
    """The one cell of a margin unit."""
    cells = own.held.cells
    entries = cells.entries(cells.of_unit(unit)[0])
    row, quantity = cells.positions.row[entries], cells.positions.quantity[entries]
    return cells_of_holdings(
        np.zeros_like(row), row, quantity, group_of_row=own.table.group, units=1
    )


def _binding(scenarios: tuple[ScenarioLosses, ...]) -> str:
    return "; ".join(
        f"{s.risk_unit}: " + ("nothing loses" if s.binding is None else s.names[s.binding])
        for s in scenarios
    )


def _would_change(scenarios: tuple[ScenarioLosses, ...], cash: str) -> str:
    said = []
    for s in scenarios:
        second = s.runner_up
        if s.binding is not None and second is not None:
            gap = float(s.losses[s.binding] - s.losses[second])
            said.append(
                f"{s.risk_unit}: {s.names[second]} binds if it loses {gap:,.6g} {cash} more"
            )
    return "; ".join(said)
