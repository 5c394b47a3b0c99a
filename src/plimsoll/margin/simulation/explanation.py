"""One margin unit of the simulation margin unfolded: losses, tail, Euler contributions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.margin_explanation import (
    Contribution,
    ScenarioLosses,
    UnitExplanation,
)
from plimsoll.domain.requirement import RequirementTerm
from plimsoll.domain.scenario import FactorKind, ScenarioSet
from plimsoll.margin.joint.loss_measure import LossMeasure, tail_of
from plimsoll.margin.joint.numeraire_exposures import BookExposures
from plimsoll.margin.joint.numeraire_table import NumeraireTable
from plimsoll.margin.joint.single_contracts import StandaloneMargins
from plimsoll.margin.simulation.parameters import PORTFOLIO
from plimsoll.margin.units.stated_units import StatedUnits
from plimsoll.maths.unit_losses import ProfitRows, unit_loss
from plimsoll.measures.tail import tail_count

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NAMED = 5
"""Tail scenarios named in words."""

FEW = 10.0
"""Effective scenarios in a tail under which a note says so."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulationExplainer:
    """Explains units by their maintenance margin.

    Contributions are those of Euler: with ``p_s`` the share of a tail scenario in the measure, a
    position contributes ``sum of p_s`` times its own loss there. They add up to the measure, for
    every measure here is a weighted mean of losses.
    """

    book: Book
    laid: BookExposures
    table: NumeraireTable
    profits: ProfitRows
    measure: LossMeasure
    levels: tuple[float, float]
    standalone: StandaloneMargins
    terms: tuple[RequirementTerm, ...]

    def explanation(self, unit: int) -> UnitExplanation:
        """Unfold one margin unit; of one without a number, the reasons.

        Raises
        ------
        UsageError
            For a unit the book does not have.
        """
        stated = StatedUnits(
            book=self.book,
            layout=self.laid.layout,
            values=self.laid.values,
            terms=self.terms,
            numeraire=self.table.numeraire,
        )
        said = stated.stated(unit)
        if stated.lacks(unit):
            return said
        losses = np.empty(len(self.table.scenarios))
        unit_loss(unit, self.laid.exposures, self.profits, losses)
        scenarios, shares = tail_of(
            self.measure, self.levels[1], losses, self.table.scenarios.weights
        )
        floor = next(t for t in self.terms if t.name == "floor")
        floored = bool(floor.maintenance[unit] > 0.0)
        binding = int(scenarios[-1] if self._is_quantile else scenarios[0])
        return replace(
            said,
            scenarios=(self._losses(losses, None if floored else binding),),
            contributions=self._contributions(unit, scenarios, shares),
            binding=self._binding(scenarios, shares, losses, floored),
            would_change=_would_change(losses, scenarios, self.table.scenarios),
            notes=self._notes(losses),
        )

    @property
    def _is_quantile(self) -> bool:
        return self.measure is LossMeasure.VALUE_AT_RISK

    def _losses(self, losses: FloatArray, binding: int | None) -> ScenarioLosses:
        scenarios = self.table.scenarios
        moves = np.full(len(scenarios), np.nan)
        prices = [c for c, f in enumerate(scenarios.factors) if f.kind is FactorKind.PRICE]
        if len(prices) == 1:
            moves = np.array(scenarios.shocks[:, prices[0]])
        has_vol = any(f.kind.is_implied_vol for f in scenarios.factors)
        return ScenarioLosses(
            risk_unit=PORTFOLIO,
            names=scenarios.names,
            price_moves=moves,
            volatility=("with the scenario" if has_vol else "none",) * len(scenarios),
            losses=losses,
            binding=binding,
        )

    def _contributions(
        self, unit: int, scenarios: IntArray, shares: FloatArray
    ) -> tuple[Contribution, ...]:
        held, table = self.laid.exposures, self.table
        positions = slice(int(held.offsets[unit]), int(held.offsets[unit + 1]))
        rows, quantity = held.row[positions], held.quantity[positions]
        loss = -quantity * (self.profits.instrument[rows][:, scenarios] @ shares)
        alone = self.standalone.of(rows, quantity)[:, 1]
        value = self.laid.values.unrealised[self.laid.position[positions]]
        worth = np.where(table.rows.has_value[rows], value, 0.0)
        found = [
            self._contribution(table.rows.markets[row], q, v, a, c)
            for row, q, v, a, c in zip(rows, quantity, worth, alone, loss, strict=True)
        ]
        for c in np.flatnonzero(held.holdings[unit]).tolist():
            amount = float(held.holdings[unit, c])
            lost = -amount * float(self.profits.currency[c, scenarios] @ shares)
            worth_now = amount * float(table.currency_price[c])
            name = f"{table.currencies[c]} held"
            found.append(self._contribution(name, amount, worth_now, float("nan"), lost))
        return tuple(found)

    def _contribution(
        self, market: str, quantity: float, value: float, standalone: float, lost: float
    ) -> Contribution:
        return Contribution(
            market=market,
            quantity=float(quantity),
            value=float(value),
            standalone=float(standalone),
            contribution=float(lost),
            of=self.measure.value,
        )

    def _binding(
        self, scenarios: IntArray, shares: FloatArray, losses: FloatArray, floored: bool
    ) -> str:
        names = self.table.scenarios.names
        if floored:
            return "the floor"
        listed = [
            f"{names[s]} ({share:.1%} of the measure's weight, loss {losses[s]:,.2f})"
            for s, share in zip(scenarios[:NAMED], shares[:NAMED], strict=True)
        ]
        more = f" and {scenarios.size - NAMED} more" if scenarios.size > NAMED else ""
        return f"{self.measure.phrase} over {'; '.join(listed)}{more}"

    def _notes(self, losses: FloatArray) -> tuple[str, ...]:
        found = ["Contributions and binding scenario are those of the maintenance margin."]
        if self.measure in (LossMeasure.VALUE_AT_RISK, LossMeasure.EXPECTED_SHORTFALL):
            mass = np.array(self.table.scenarios.weights)[np.argsort(losses, kind="stable")]
            for name, level in zip(("initial", "maintenance"), self.levels, strict=True):
                count = float(tail_count(mass, float(mass.sum()), level))
                if count < FEW:
                    found.append(
                        f"The {name} tail holds {count:.1f} effective scenarios, fewer than "
                        f"{FEW:g}: the empirical measure should give way to a fitted tail."
                    )
        return tuple(found)


def _would_change(losses: FloatArray, tail: IntArray, scenarios: ScenarioSet) -> str:
    """Name the worst scenario outside the tail, and how far it is from entering it."""
    others = losses.copy()
    others[tail] = -np.inf
    following = int(np.argmax(others))
    if not np.isfinite(others[following]):
        return ""
    gap = float(losses[tail[-1]] - losses[following])
    return f"{scenarios.names[following]}, if it lost {gap:,.2f} more"
