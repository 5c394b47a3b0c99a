"""Explanations of the standard margin: settlement prices of expiries, and what each part adds.

Of each expiry the smaller of two losses is asked: the largest one over settlement prices, and the
sum of the short options' isolated margins. So the isolated margin caps the others.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from plimsoll.domain.table import iso_minute
from plimsoll.margin.derive.srm_holdings import SrmHoldings
from plimsoll.margin.derive.srm_markets import SrmMarkets
from plimsoll.margin.derive.srm_options import OptionTerms, isolated_levels
from plimsoll.margin.grids.binding_changes import HeldMarket, binding_changes, would_change
from plimsoll.margin.grids.grid_explanation import adding_up
from plimsoll.margin.units.stated_units import StatedUnits, left_to_right

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ISOLATED = "isolated margin"
ABOUT = (
    ("perpetuals", "notional at the mark, at a rate"),
    ("perpetuals_peg", "notional at the spot price, times how far the cash is below its peg"),
    ("perpetuals_oracle", "notional at the spot price, times what confidence is lacking"),
    ("options", "value beyond what each expiry counts: the smaller of its two losses"),
    ("options_peg", "notional of shorts, times how far the cash is below its peg"),
    ("options_oracle", "notional of shorts, times what confidence is lacking"),
    ("coins", "value of coins held beyond what they count as collateral"),
    ("coins_oracle", "value of coins held, times what confidence is lacking"),
    ("floor", "a requirement is not below 0"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SrmExplainer:
    """Unfolds margin units (a `plimsoll.domain.requirement.UnitExplainer`).

    Parameters
    ----------
    held : SrmHoldings
    markets : SrmMarkets
    terms : sequence of RequirementTerm
    """

    held: SrmHoldings
    markets: SrmMarkets
    terms: Sequence[RequirementTerm]

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
            numeraire=self.markets.pricing.numeraire,
            about=ABOUT,
        )
        said = stated.stated(unit)
        if stated.lacks(unit):
            return said
        segments = self._segments(unit)
        scenarios = tuple(self._expiry(segment) for segment in segments)
        changes = tuple(
            change
            for segment, losses in zip(segments, scenarios, strict=True)
            for change in binding_changes(losses, self._held(segment))
        )
        return replace(
            said,
            scenarios=scenarios,
            contributions=self._contributions(unit, said.terms),
            binding="; ".join(_binding(losses) for losses in scenarios),
            would_change=would_change(changes, self.markets.pricing.numeraire),
            changes=changes,
        )

    def _segments(self, unit: int) -> list[int]:
        of_segment = self.held.cells.unit[self.held.sums.cell_of_segment]
        return np.flatnonzero(of_segment == unit).tolist()

    def _entries(self, segment: int) -> slice:
        first, last = self.held.cells.positions.segment_offsets[segment : segment + 2].tolist()
        return slice(first, last)

    def _expiry(self, segment: int) -> ScenarioLosses:
        """Losses by settlement price, with the charge on net short calls, and isolated margin."""
        entries = self._entries(segment)
        row = self.held.cells.positions.row[entries]
        quantity = self.held.cells.positions.quantity[entries]
        strikes = _settlements(self.markets.options, row)
        losses = _expiry_losses(self.markets.options, row, quantity)
        forward = float(self.markets.options.forward[row[0]])
        alone = bool(self.held.levels.by_isolation[segment])
        return ScenarioLosses(
            risk_unit=self._expiry_name(int(row[0])),
            names=(*(f"settles at {strike:,g}" for strike in strikes), ISOLATED),
            price_moves=np.append(
                strikes / forward - 1.0 if forward > 0.0 else strikes * np.nan, np.nan
            ),
            volatility=("none",) * (strikes.size + 1),
            losses=losses,
            binding=strikes.size if alone else int(np.argmax(losses[:-1])),
            cap=strikes.size,
        )

    def _held(self, segment: int) -> list[HeldMarket]:
        """Options of an expiry, with the losses after a trade in each."""
        entries, book = self._entries(segment), self.held.book
        row = self.held.cells.positions.row[entries]
        quantity = self.held.cells.positions.quantity[entries]
        return [
            HeldMarket(
                market=book.markets[int(book.market[position])],
                quantity=float(quantity[place]),
                losses_after=partial(_losses_after, self.markets.options, row, quantity, place),
            )
            for place, position in enumerate(self.held.option_position[entries].tolist())
        ]

    def _expiry_name(self, option: int) -> str:
        rows = np.flatnonzero(self.markets.markets.option_at == option)
        instrument = self.markets.markets.rows.instruments[int(rows[0])]
        day = iso_minute(int(getattr(instrument, "expiry_ns", 0))).split(" ")[0]
        return f"{instrument.pair.base} {day}"

    def _contributions(
        self, unit: int, terms: tuple[ExplainedTerm, ...]
    ) -> tuple[Contribution, ...]:
        positions = np.flatnonzero(self.held.layout.unit_of_position == unit)
        shares = {p: np.zeros(2) for p in positions.tolist()}
        for segment in self._segments(unit):
            held = self.held.option_position[self._entries(segment)].tolist()
            shares.update(zip(held, self._option_shares(segment), strict=True))
        for position in self.held.perpetual_position.tolist():
            if position in shares:
                shares[position] = self._perpetual_share(position)
        options = [p for p in shares if self.markets.markets.option_at[self.held.row[p]] >= 0]
        others = [p for p in shares if p not in options]
        return (
            *self._listed(options, shares, "options", terms),
            *self._listed(others, shares, "perpetuals", terms),
        )

    def _option_shares(self, segment: int) -> FloatArray:
        """(E, 2) value of each option beyond what it counts in the better level.

        The first column is of maintenance, the second of initial margin.
        """
        entries, levels = self._entries(segment), self.held.levels
        row = self.held.cells.positions.row[entries]
        options = self.markets.options
        amount = self.held.cells.positions.quantity[entries] * options.units[row]
        found = []
        for isolated, rate in (
            (levels.isolated_maintenance, options.rates.unpaired_maintenance),
            (levels.isolated_initial, options.rates.unpaired_initial),
        ):
            calls = np.where(options.is_call[row], amount, 0.0)
            naked = calls if levels.net_calls[segment] < 0.0 else np.zeros(row.size)
            together = self._settled(segment) + naked * rate[row] * options.forward[row]
            alone = isolated[entries]
            found.append(alone if float(alone.sum()) >= float(together.sum()) else together)
        return levels.value[entries][:, None] - np.column_stack(found)

    def _settled(self, segment: int) -> FloatArray:
        """(E,) payoff of each option where the expiry pays least; 0 where it pays nothing."""
        row = self.held.cells.positions.row[self._entries(segment)]
        options, settlement = self.markets.options, float(self.held.levels.settlement[segment])
        if np.isnan(settlement):
            return np.zeros(row.size)
        quantity = self.held.cells.positions.quantity[self._entries(segment)]
        gap = np.where(options.is_call[row], 1.0, -1.0) * (settlement - options.strike[row])
        return np.asarray(quantity * options.units[row] * np.maximum(gap, 0.0), dtype=np.float64)

    def _perpetual_share(self, position: int) -> FloatArray:
        """(2,) of maintenance and initial margin."""
        row = int(self.held.row[position])
        rows, risk = self.markets.markets.rows, int(self.markets.markets.unit_of_row[row])
        size = abs(float(self.held.book.quantity[position])) * float(rows.size[row])
        rates = [self.markets.of(f"perpetual_{x}")[risk] for x in ("maintenance", "initial")]
        return size * float(rows.mark[row]) * np.array(rates, dtype=np.float64)

    def _listed(
        self,
        positions: list[int],
        shares: dict[int, FloatArray],
        of: str,
        terms: tuple[ExplainedTerm, ...],
    ) -> tuple[Contribution, ...]:
        own = [term for term in terms if term.name == of]
        given = np.array([shares[p] for p in positions], dtype=np.float64).reshape(-1, 2)
        exact = adding_up(given[:, 0], left_to_right(t.maintenance for t in own))
        initial = adding_up(given[:, 1], left_to_right(t.initial for t in own))
        book, values = self.held.book, self.held.values
        return tuple(
            Contribution(
                market=book.markets[int(book.market[p])],
                quantity=float(book.quantity[p]),
                value=float(values.unrealised[p]),
                standalone=np.nan,
                contribution=float(exact[place]),
                initial=float(initial[place]),
                of=of,
            )
            for place, p in enumerate(positions)
        )


def _binding(losses: ScenarioLosses) -> str:
    """Say which of the two is the smaller, and what the other is."""
    binding, cap = losses.binding, losses.cap
    assert binding is not None
    assert cap is not None
    other = losses.runner_up if binding == cap else cap
    name, amount = losses.names[binding], losses.losses[binding]
    if other is None:
        return f"{losses.risk_unit}: {name} {amount:,.2f}"
    more = f"{losses.names[other]} {losses.losses[other]:,.2f}"
    return f"{losses.risk_unit}: {name} {amount:,.2f}, the smaller of it and {more}"


def _settlements(options: OptionTerms, row: IntArray) -> FloatArray:
    return np.unique(np.append(options.strike[row], 0.0))


def _expiry_losses(options: OptionTerms, row: IntArray, quantity: FloatArray) -> FloatArray:
    """(K + 1,) maintenance losses by settlement price, and the isolated margin last."""
    amount, is_call = quantity * options.units[row], options.is_call[row]
    payoffs = _payoffs(_settlements(options, row), options.strike[row], amount, is_call)
    net_calls = min(float(amount[is_call].sum()), 0.0)
    rate = float(options.rates.unpaired_maintenance[row[0]]) * float(options.forward[row[0]])
    _, isolated = isolated_levels(options, row, amount)
    return np.append(-(np.minimum(payoffs, 0.0) + net_calls * rate), -isolated.sum()) + 0.0


def _losses_after(
    options: OptionTerms, row: IntArray, quantity: FloatArray, place: int, contracts: float
) -> FloatArray:
    """(K + 1,) `_expiry_losses` after a trade in one option."""
    traded = quantity.copy()
    traded[place] += contracts
    return _expiry_losses(options, row, traded)


def _payoffs(
    settlements: FloatArray, strike: FloatArray, amount: FloatArray, is_call: NDArray[np.bool_]
) -> FloatArray:
    """(K,) payoff of a portfolio at settlement prices (K,)."""
    side = np.where(is_call, 1.0, -1.0)
    gap = side * (settlements[:, None] - strike)
    return np.asarray(np.maximum(gap, 0.0) @ amount, dtype=np.float64)
