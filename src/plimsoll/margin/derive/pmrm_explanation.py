"""Explanations of Derive's portfolio margins: scenarios, basis contingency, what each part adds.

Within the binding scenario a group's result is linear in its positions once the sign of its
shocked value is known, so the shares are exact; the rounding of their sum goes into the largest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

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
from plimsoll.margin.derive.pmrm_losses import basis_contingency, scenario_losses
from plimsoll.margin.derive.pmrm_shares import BASIS, loss_shares
from plimsoll.margin.grids.binding_changes import HeldMarket, binding_changes, would_change
from plimsoll.margin.grids.grid_explanation import adding_up
from plimsoll.margin.units.cell_sums import cell_sums
from plimsoll.margin.units.cells import Cells, cells_of_holdings
from plimsoll.margin.units.stated_units import StatedUnits, left_to_right

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BASIS_NAME = "basis contingency"
LOSS_TERM = "scenario_loss"
ABOUT = (
    (LOSS_TERM, "larger of the worst scenario and the basis contingency, of each risk unit"),
    ("peg_loss", "the loss again, times how far the cash is below its peg"),
    ("perpetuals", "notional of perpetuals at the spot price, at a rate"),
    ("perpetuals_extra", "the same, at the rate that initial margin adds"),
    ("short_options", "notional of short options that nothing pairs up with, at a rate"),
    ("short_options_extra", "the same, at the rate that initial margin adds"),
    ("base", "coins of the underlying held as collateral, at a rate"),
    ("collateral", "value of the collateral beyond the cash, at its haircut"),
    ("collateral_extra", "the same, at what initial margin adds to the haircut"),
    ("oracle_confidence", "notional whose prices lack confidence, times what is lacking"),
)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LossFactors:
    """(R,) what the worst loss of each risk unit counts for."""

    initial: tuple[float, ...]
    maintenance: tuple[float, ...]


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
    factors : LossFactors
        What the shares of `Contribution` are multiplied by.
    """

    held: PmrmBook
    terms: Sequence[RequirementTerm]
    assets: Mapping[str, float]
    cash: str
    factors: LossFactors

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
            about=ABOUT,
        )
        said = stated.stated(unit)
        if stated.lacks(unit):
            return said
        shown = self._shown(unit)
        scenarios = tuple(_losses_of(own, unit) for own in shown)
        changes = tuple(
            change
            for own, losses in zip(shown, scenarios, strict=True)
            for change in binding_changes(losses, self._held(own, unit))
        )
        return replace(
            said,
            scenarios=scenarios,
            contributions=self._contributions(unit, said.terms),
            binding=_binding(scenarios),
            would_change=would_change(changes, self.cash),
            changes=changes,
        )

    def _shown(self, unit: int) -> list[RiskUnitLosses]:
        """Every risk unit held; the home unit of whoever holds nothing."""
        shown = [u for u in self.held.units if unit in u.held.cells.unit]
        return shown or [self.held.units[int(self.held.home[unit])]]

    def _held(self, own: RiskUnitLosses, unit: int) -> list[HeldMarket]:
        """Positions of a risk unit, with the losses after a trade in each."""
        cells, book = own.held.cells, self.held.book
        found = cells.of_unit(unit)
        if not found:
            return []
        entries = cells.entries(found[0])
        return [
            HeldMarket(
                market=book.markets[int(book.market[position])],
                quantity=float(cells.positions.quantity[entries.start + place]),
                losses_after=partial(_losses_after, own, entries, place),
            )
            for place, position in enumerate(own.held.position[entries].tolist())
            if position >= 0  # collateral is moved, not traded
        ]

    def _contributions(
        self, unit: int, terms: tuple[ExplainedTerm, ...]
    ) -> tuple[Contribution, ...]:
        found = self._holdings(unit)
        for own, maintenance, initial in zip(
            self.held.units, self.factors.maintenance, self.factors.initial, strict=True
        ):
            for position, currency, share, single in loss_shares(own, unit):
                one = found[position, -1] if position >= 0 else found[-1, currency]
                alone = maintenance * single if position >= 0 else np.nan
                found[position, currency] = replace(
                    one,
                    contribution=one.contribution + maintenance * share,
                    initial=one.initial + initial * share,
                    standalone=alone,
                )
        return _exactly(tuple(found.values()), terms)

    def _holdings(self, unit: int) -> dict[tuple[int, int], Contribution]:
        """Positions and assets of a unit by position and currency, -1 for the other; no shares."""
        book, values = self.held.book, self.held.values
        positions = np.flatnonzero(self.held.layout.unit_of_position == unit).tolist()
        account = int(self.held.layout.account[unit])
        found = {
            (p, -1): Contribution(
                market=book.markets[int(book.market[p])],
                quantity=float(book.quantity[p]),
                value=float(values.unrealised[p]),
                standalone=0.0,
                contribution=0.0,
                initial=0.0,
                of=LOSS_TERM,
            )
            for p in positions
        }
        for column in self._assets_of(unit):
            amount = float(book.collateral[account, column])
            found[-1, column] = Contribution(
                market=book.currencies[column],
                quantity=amount,
                value=amount * self.assets[book.currencies[column]],
                standalone=np.nan,
                contribution=0.0,
                initial=0.0,
                of=LOSS_TERM,
            )
        return found

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
        losses = scenario_losses(own.table, _only(own, cells.entries(found[0])))[0]
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


def _only(own: RiskUnitLosses, entries: slice, trade: FloatArray | float = 0.0) -> Cells:
    """The one cell of a margin unit, after a trade (E,) in its entries."""
    cells = own.held.cells
    row, quantity = cells.positions.row[entries], cells.positions.quantity[entries]
    return cells_of_holdings(
        np.zeros_like(row), row, quantity + trade, group_of_row=own.table.group, units=1
    )


def _losses_after(own: RiskUnitLosses, entries: slice, place: int, contracts: float) -> FloatArray:
    """(S + 1,) losses after a trade in one entry of a cell, the basis contingency last."""
    trade = np.zeros(entries.stop - entries.start)
    trade[place] = contracts
    after = _only(own, entries, trade)
    basis = basis_contingency(own.table, after, cell_sums(after))
    return np.append(scenario_losses(own.table, after)[0], basis)


def _binding(scenarios: tuple[ScenarioLosses, ...]) -> str:
    return "; ".join(
        f"{s.risk_unit}: " + ("nothing loses" if s.binding is None else s.names[s.binding])
        for s in scenarios
    )


def _exactly(
    found: tuple[Contribution, ...], terms: tuple[ExplainedTerm, ...]
) -> tuple[Contribution, ...]:
    """Put the rounding of the sums into one share each."""
    own = [term for term in terms if term.name == LOSS_TERM]
    shares = np.array([(c.contribution, c.initial) for c in found]).reshape(-1, 2)
    maintenance = adding_up(shares[:, 0], left_to_right(t.maintenance for t in own)).tolist()
    initial = adding_up(shares[:, 1], left_to_right(t.initial for t in own)).tolist()
    return tuple(
        replace(one, contribution=low, initial=high)
        for one, low, high in zip(found, maintenance, initial, strict=True)
    )
