"""Explanations of the standard margin: settlement prices of expiries, and what each part adds."""

from __future__ import annotations

from collections.abc import Sequence
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
from plimsoll.margin.derive.srm_holdings import SrmHoldings
from plimsoll.margin.derive.srm_markets import SrmMarkets
from plimsoll.margin.grids.grid_explanation import adding_up
from plimsoll.margin.units.stated_units import StatedUnits, left_to_right

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ISOLATED = "isolated margin"


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
        )
        said = stated.stated(unit)
        if stated.lacks(unit):
            return said
        scenarios = tuple(self._expiry(segment) for segment in self._segments(unit))
        return replace(
            said,
            scenarios=scenarios,
            contributions=self._contributions(unit, said.terms),
            binding="; ".join(
                f"{s.risk_unit}: {s.names[s.binding]}" for s in scenarios if s.binding is not None
            ),
        )

    def _segments(self, unit: int) -> list[int]:
        of_segment = self.held.cells.unit[self.held.sums.cell_of_segment]
        return np.flatnonzero(of_segment == unit).tolist()

    def _entries(self, segment: int) -> slice:
        first, last = self.held.cells.positions.segment_offsets[segment : segment + 2].tolist()
        return slice(first, last)

    def _expiry(self, segment: int) -> ScenarioLosses:
        """Losses by settlement price, with the charge on net short calls, and isolated margin."""
        entries, levels = self._entries(segment), self.held.levels
        row = self.held.cells.positions.row[entries]
        options = self.markets.options
        strikes = np.unique(np.append(options.strike[row], 0.0))
        amount = self.held.cells.positions.quantity[entries] * options.units[row]
        payoffs = _payoffs(strikes, options.strike[row], amount, options.is_call[row])
        forward = float(options.forward[row[0]])
        charge = float(levels.net_calls[segment]) * forward
        unpaired = charge * float(options.rates.unpaired_maintenance[row[0]])
        losses = -(np.minimum(payoffs, 0.0) + unpaired)
        isolated = -float(levels.isolated_maintenance[entries].sum())
        alone = bool(levels.by_isolation[segment])
        names = [f"settles at {strike:g}" for strike in strikes]
        return ScenarioLosses(
            risk_unit=self._expiry_name(int(row[0])),
            names=(*names, ISOLATED),
            price_moves=np.append(
                strikes / forward - 1.0 if forward > 0.0 else strikes * np.nan, np.nan
            ),
            volatility=("none",) * (strikes.size + 1),
            losses=np.append(losses, isolated) + 0.0,
            binding=strikes.size if alone else int(np.argmax(losses)),
        )

    def _expiry_name(self, option: int) -> str:
        rows = np.flatnonzero(self.markets.markets.option_at == option)
        instrument = self.markets.markets.rows.instruments[int(rows[0])]
        seconds = getattr(instrument, "expiry_ns", 0) // 1_000_000_000
        return f"{instrument.pair.base} {seconds}"

    def _contributions(
        self, unit: int, terms: tuple[ExplainedTerm, ...]
    ) -> tuple[Contribution, ...]:
        positions = np.flatnonzero(self.held.layout.unit_of_position == unit)
        shares = dict.fromkeys(positions.tolist(), 0.0)
        for segment in self._segments(unit):
            entries = self._entries(segment)
            held = self.held.option_position[entries].tolist()
            shares.update(zip(held, self._option_shares(segment).tolist(), strict=True))
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
        """Value of each option beyond what it counts in the better level; maintenance."""
        entries, levels = self._entries(segment), self.held.levels
        value = levels.value[entries]
        if levels.by_isolation[segment]:
            return value - levels.isolated_maintenance[entries]
        row = self.held.cells.positions.row[entries]
        options, settlement = self.markets.options, float(levels.settlement[segment])
        amount = self.held.cells.positions.quantity[entries] * options.units[row]
        payoff = np.zeros(row.size)
        if not np.isnan(settlement):
            gap = np.where(options.is_call[row], 1.0, -1.0) * (settlement - options.strike[row])
            payoff = amount * np.maximum(gap, 0.0)
        if levels.net_calls[segment] < 0.0:
            rate = options.rates.unpaired_maintenance[row] * options.forward[row]
            payoff = payoff + np.where(options.is_call[row], amount * rate, 0.0)
        return np.asarray(value - payoff, dtype=np.float64)

    def _perpetual_share(self, position: int) -> float:
        row = int(self.held.row[position])
        rows, risk = self.markets.markets.rows, int(self.markets.markets.unit_of_row[row])
        size = abs(float(self.held.book.quantity[position])) * float(rows.size[row])
        rate = float(self.markets.of("perpetual_maintenance")[risk])
        return size * float(rows.mark[row]) * rate

    def _listed(
        self,
        positions: list[int],
        shares: dict[int, float],
        of: str,
        terms: tuple[ExplainedTerm, ...],
    ) -> tuple[Contribution, ...]:
        target = left_to_right([t.maintenance for t in terms if t.name == of])
        exact = adding_up(np.array([shares[p] for p in positions], dtype=np.float64), target)
        book, values = self.held.book, self.held.values
        return tuple(
            Contribution(
                market=book.markets[int(book.market[p])],
                quantity=float(book.quantity[p]),
                value=float(values.unrealised[p]),
                standalone=np.nan,
                contribution=float(share),
                of=of,
            )
            for p, share in zip(positions, exact, strict=True)
        )


def _payoffs(
    settlements: FloatArray, strike: FloatArray, amount: FloatArray, is_call: NDArray[np.bool_]
) -> FloatArray:
    """(K,) payoff of a portfolio at settlement prices (K,)."""
    side = np.where(is_call, 1.0, -1.0)
    gap = side * (settlements[:, None] - strike)
    return np.asarray(np.maximum(gap, 0.0) @ amount, dtype=np.float64)
