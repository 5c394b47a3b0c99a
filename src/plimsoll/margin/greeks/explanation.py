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
from plimsoll.margin.greeks.grid_point import (
    LossPoint,
    loss_point,
    losses_of_coin,
    losses_of_shifts,
    parts_at,
)
from plimsoll.margin.greeks.terms import PART_TITLES
from plimsoll.margin.joint.numeraire_exposures import BookExposures, HeldCurrencies
from plimsoll.margin.joint.single_contracts import StandaloneMargins
from plimsoll.margin.units.market_rows import MarketRows
from plimsoll.margin.units.stated_units import StatedUnits
from plimsoll.maths.quadratic_forms import MoveGrid, QuadraticForms, UnitForm, empty_form, sum_form
from plimsoll.maths.unit_losses import UnitExposures

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TOGETHER = "all together"
"""What the losses of joint moves are of."""

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
    kept: UnitExposures
    terms: tuple[RequirementTerm, ...]
    binding: IntArray
    scenario_names: tuple[str, ...]
    point_names: tuple[str, ...]

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
        form, count = self._form(self._alone(self.laid.exposures, unit))
        point = loss_point(form, count, self.grid)
        floor = next(t for t in said.terms if t.name == "floor")
        return replace(
            said,
            scenarios=self._scenarios(unit, form, count),
            contributions=self._contributions(unit),
            binding=self._binding(unit, point, floor.maintenance > 0.0),
            notes=("Contributions are those of the maintenance margin, to each term by itself.",),
        )

    def _binding(self, unit: int, point: LossPoint, floored: bool) -> str:
        if floored:
            return "the floor"
        found = int(self.binding[unit])
        if found < 0:
            return "no scenario loses anything"
        name = self.scenario_names[found]
        if not self.grid.offsets_allowed:
            return f"each underlying at its worst, most of it {name}"
        moves = [f"{c} {x:+.1%}" for c, x in zip(self.coins, point.spot, strict=True) if x != 0.0]
        return f"{', '.join(moves)}; {name}" if moves else name

    def _scenarios(self, unit: int, form: UnitForm, count: int) -> tuple[ScenarioLosses, ...]:
        points, together = self.grid.spot.size, self.grid.offsets_allowed
        found = [self._joint(unit, form, count)] if together and count else []
        for j, coin in enumerate(self.coins):
            if not form.own[j].any():
                continue
            at = -1 if together else int(self.binding[unit]) - j * points
            found.append(
                ScenarioLosses(
                    risk_unit=coin,
                    names=self.point_names[j * points : (j + 1) * points],
                    price_moves=self.grid.spot * self.grid.spot_range[j],
                    volatility=tuple(_VOL_WORDS[y] for y in self.grid.vol.tolist()),
                    losses=losses_of_coin(form, self.grid, j),
                    binding=at if 0 <= at < points else None,
                )
            )
        return tuple(found)

    def _joint(self, unit: int, form: UnitForm, count: int) -> ScenarioLosses:
        losses, at = losses_of_shifts(form, count, self.grid), int(self.binding[unit])
        return ScenarioLosses(
            risk_unit=TOGETHER,
            names=self.scenario_names,
            price_moves=np.full(losses.size, np.nan),
            volatility=tuple(
                "none" if not shift.any() else "with the scenario" for shift in self.grid.vol_shifts
            ),
            losses=losses,
            binding=at if at >= 0 else None,
        )

    def _contributions(self, unit: int) -> tuple[Contribution, ...]:
        """Shares of the maintenance margin: of exposures times their factors."""
        held, kept = self.laid.exposures, self.kept
        point = loss_point(*self._form(self._alone(kept, unit)), self.grid)
        found = list[Contribution]()
        for p in range(int(held.offsets[unit]), int(held.offsets[unit + 1])):
            row = int(held.row[p])
            value = float(self.laid.values.unrealised[self.laid.position[p]])
            alone = self.standalone.of(kept.row[p : p + 1], kept.quantity[p : p + 1])[0, 0]
            named = Contribution(
                market=self.rows.markets[row],
                quantity=float(held.quantity[p]),
                value=value if self.rows.has_value[row] else 0.0,
                standalone=float(alone),
                contribution=0.0,
                of="",
            )
            found += self._by_term(named, point, self._position(p))
        for c in np.flatnonzero(held.holdings[unit]).tolist():
            amount = float(held.holdings[unit, c])
            named = Contribution(
                market=f"{self.currencies.names[c]} held",
                quantity=amount,
                value=amount * float(self.currency_price[c]),
                standalone=float("nan"),
                contribution=0.0,
                of="",
            )
            found += self._by_term(named, point, self._holding(unit, c))
        return tuple(found)

    def _by_term(self, named: Contribution, point: LossPoint, form: UnitForm) -> list[Contribution]:
        """What a position adds to each term; to delta even where it is nothing."""
        parts = parts_at(point, form)
        return [
            replace(named, contribution=part + 0.0, of=name)
            for name, part in zip(PART_TITLES, parts.tolist(), strict=True)
            if part != 0.0 or name == "delta"
        ]

    def _form(self, exposures: UnitExposures) -> tuple[UnitForm, int]:
        """Return a unit's form, and how many coins it touches."""
        form = empty_form(len(self.coins))
        count = int(sum_form(0, exposures, self.forms, form))
        return form, count

    def _alone(self, held: UnitExposures, unit: int) -> UnitExposures:
        part = slice(int(held.offsets[unit]), int(held.offsets[unit + 1]))
        return _unit(held.row[part], held.quantity[part], held.holdings[unit])

    def _position(self, p: int) -> UnitForm:
        held = self.kept
        nothing = np.zeros(len(self.currencies.names))
        return self._form(_unit(held.row[p : p + 1], held.quantity[p : p + 1], nothing))[0]

    def _holding(self, unit: int, c: int) -> UnitForm:
        amounts = np.zeros(len(self.currencies.names))
        amounts[c] = self.kept.holdings[unit, c]
        return self._form(_unit(np.zeros(0, dtype=np.int64), np.zeros(0), amounts))[0]


def _unit(row: IntArray, quantity: FloatArray, holdings: FloatArray) -> UnitExposures:
    offsets = np.array([0, row.size], dtype=np.int64)
    return UnitExposures(
        offsets, np.array(row), np.array(quantity), np.ascontiguousarray(holdings[None, :])
    )
