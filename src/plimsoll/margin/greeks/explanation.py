"""One margin unit of the Greeks margin unfolded: losses on the grid, Euler contributions."""

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
from plimsoll.margin.greeks.grid_point import loss_at, losses_of_coin, shares_of_loss
from plimsoll.margin.joint.numeraire_exposures import BookExposures, HeldCurrencies
from plimsoll.margin.joint.single_contracts import StandaloneMargins
from plimsoll.margin.units.market_rows import MarketRows
from plimsoll.margin.units.stated_units import StatedUnits
from plimsoll.maths.quadratic_losses import MoveGrid, QuadraticForms, UnitForm, empty_form, sum_form
from plimsoll.maths.unit_losses import UnitExposures

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LOSS = "loss"
"""What contributions add up to: all terms but the floor."""

_VOL_WORDS = {1.0: "up", 0.0: "none", -1.0: "down"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GreeksExplainer:
    """Explains units by their maintenance margin; a position's share is that of Euler."""

    book: Book
    laid: BookExposures
    rows: MarketRows
    currencies: HeldCurrencies
    numeraire: str
    coins: tuple[str, ...]
    forms: QuadraticForms
    grid: MoveGrid
    currency_price: FloatArray
    standalone: StandaloneMargins
    factor: FloatArray
    terms: tuple[RequirementTerm, ...]
    binding: IntArray
    scenario_names: tuple[str, ...]

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
            numeraire=self.numeraire,
        )
        said = stated.stated(unit)
        if stated.lacks(unit):
            return said
        form = self._form(self._alone(unit))
        floor = next(t for t in said.terms if t.name == "floor")
        return replace(
            said,
            scenarios=self._scenarios(unit, form),
            contributions=self._contributions(unit, form),
            binding=self._binding(unit, floor.maintenance > 0.0),
            notes=(
                f"Contributions add up to the maintenance of all terms but the floor ({LOSS}).",
            ),
        )

    def _binding(self, unit: int, floored: bool) -> str:
        if floored:
            return "the floor"
        found = int(self.binding[unit])
        if found < 0:
            return "no scenario loses anything"
        name = self.scenario_names[found]
        if self.grid.offsets_allowed:
            return f"{name}, the others as correlated with it"
        return f"each underlying at its worst, most of it {name}"

    def _scenarios(self, unit: int, form: UnitForm) -> tuple[ScenarioLosses, ...]:
        points = self.grid.spot.size
        found = []
        for j, coin in enumerate(self.coins):
            if not form.own[j].any():
                continue
            at = int(self.binding[unit]) - j * points
            found.append(
                ScenarioLosses(
                    risk_unit=coin,
                    names=self.scenario_names[j * points : (j + 1) * points],
                    price_moves=self.grid.spot * self.grid.spot_range[j],
                    volatility=tuple(_VOL_WORDS[y] for y in self.grid.vol.tolist()),
                    losses=losses_of_coin(form, self.grid, j),
                    binding=at if 0 <= at < points else None,
                )
            )
        return tuple(found)

    def _contributions(self, unit: int, form: UnitForm) -> tuple[Contribution, ...]:
        held = self.laid.exposures
        point = loss_at(form, self.grid, int(self.binding[unit]))
        first, last = int(held.offsets[unit]), int(held.offsets[unit + 1])
        found = []
        for p in range(first, last):
            row, quantity = int(held.row[p]), float(held.quantity[p])
            value = float(self.laid.values.unrealised[self.laid.position[p]])
            found.append(
                Contribution(
                    market=self.rows.markets[row],
                    quantity=quantity,
                    value=value if self.rows.has_value[row] else 0.0,
                    standalone=float(
                        self.factor[unit]
                        * self.standalone.of(held.row[p : p + 1], held.quantity[p : p + 1])[0, 0]
                    ),
                    contribution=self._share(unit, shares_of_loss(point, self._position(p))),
                    of=LOSS,
                )
            )
        for c in np.flatnonzero(held.holdings[unit]).tolist():
            amount = float(held.holdings[unit, c])
            found.append(
                Contribution(
                    market=f"{self.currencies.names[c]} held",
                    quantity=amount,
                    value=amount * float(self.currency_price[c]),
                    standalone=float("nan"),
                    contribution=self._share(unit, shares_of_loss(point, self._holding(unit, c))),
                    of=LOSS,
                )
            )
        return tuple(found)

    def _share(self, unit: int, loss: float) -> float:
        return float(self.factor[unit]) * loss

    def _form(self, exposures: UnitExposures) -> UnitForm:
        form = empty_form(len(self.coins))
        sum_form(0, exposures, self.forms, form)
        return form

    def _alone(self, unit: int) -> UnitExposures:
        held = self.laid.exposures
        part = slice(int(held.offsets[unit]), int(held.offsets[unit + 1]))
        return _unit(held.row[part], held.quantity[part], held.holdings[unit])

    def _position(self, p: int) -> UnitForm:
        held = self.laid.exposures
        nothing = np.zeros(len(self.currencies.names))
        return self._form(_unit(held.row[p : p + 1], held.quantity[p : p + 1], nothing))

    def _holding(self, unit: int, c: int) -> UnitForm:
        amounts = np.zeros(len(self.currencies.names))
        amounts[c] = self.laid.exposures.holdings[unit, c]
        return self._form(_unit(np.zeros(0, dtype=np.int64), np.zeros(0), amounts))


def _unit(row: IntArray, quantity: FloatArray, holdings: FloatArray) -> UnitExposures:
    offsets = np.array([0, row.size], dtype=np.int64)
    return UnitExposures(
        offsets, np.array(row), np.array(quantity), np.ascontiguousarray(holdings[None, :])
    )
