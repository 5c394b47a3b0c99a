"""Revaluation: every instrument under every scenario, in one table.

The table holds the profit of one long contract in its settlement currency, signed. An account's
profit under a scenario is then a sum over its positions (`reference/methodology.md`, 1.10).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument, Option, Payoff
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.scenario import Factor, ScenarioSet
from plimsoll.errors import UsageError
from plimsoll.maths import payoffs

_CODES = {
    Payoff.LINEAR: payoffs.LINEAR,
    Payoff.INVERSE: payoffs.INVERSE,
    Payoff.QUANTO: payoffs.QUANTO,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScenarioTable:
    """Profit of one long contract of N markets under S scenarios.

    Parameters
    ----------
    markets, settle : tuple of N str
        Market, and the currency of its row.
    scenarios : ScenarioSet
    profit : (N, S) float64
        Signed, in settlement currency.
    """

    markets: tuple[str, ...]
    settle: tuple[str, ...]
    scenarios: ScenarioSet
    profit: NDArray[np.float64]

    def __post_init__(self) -> None:
        self.profit.setflags(write=False)

    def row(self, market: str) -> NDArray[np.float64]:
        """(S,) profits of one market."""
        if market not in self.markets:
            raise UsageError("must be one of the table's markets", found=market, field="market")
        profits: NDArray[np.float64] = self.profit[self.markets.index(market)]
        return profits


def revalue(
    instruments: Mapping[str, Instrument],
    snapshot: MarketSnapshot,
    scenarios: ScenarioSet,
    factors: Mapping[str, Factor] | None = None,
) -> ScenarioTable:
    """Return the table of ``instruments`` under ``scenarios``, from the snapshot's marks.

    Parameters
    ----------
    instruments : mapping of str to Instrument
        By market; each needs a quote and a contract size.
    factors : mapping of str to Factor, optional
        What moves each market. Default: the price factor of its base coin, so that spot,
        perpetual and futures of one coin move by one relative amount and the basis stands still.

    Raises
    ------
    UsageError
        For options, for a market without quote, positive mark or contract size, and for a factor
        the scenarios do not shock.
    """
    for market, instrument in instruments.items():
        if isinstance(instrument, Option):
            raise UsageError(
                "must be spot, a perpetual or a dated future",
                found="an option, whose value needs a volatility surface",
                field=f"instruments[{market}]",
                remedy="leave options out of this table",
            )
    marks = [_mark(snapshot, market) for market in instruments]
    moves = np.empty((len(instruments), len(scenarios)))
    for row, (market, instrument) in enumerate(instruments.items()):
        factor = _factor(market, instrument, factors)
        moves[row] = scenarios.shocks[:, scenarios.column(factor)]
    profit = payoffs.profit_table(
        np.array([_CODES[i.payoff] for i in instruments.values()], dtype=np.int64),
        np.array([float(i.required_contract_size()) for i in instruments.values()]),
        np.array(marks, dtype=np.float64),
        moves,
    )
    return ScenarioTable(
        markets=tuple(instruments),
        settle=tuple(i.settle for i in instruments.values()),
        scenarios=scenarios,
        profit=profit,
    )


def _factor(market: str, instrument: Instrument, factors: Mapping[str, Factor] | None) -> Factor:
    if factors is None:
        return Factor(subject=instrument.pair.base)
    if market not in factors:
        raise UsageError("must have a factor", found=market, field="factors")
    return factors[market]


def _mark(snapshot: MarketSnapshot, market: str) -> float:
    mark = snapshot.quote(market).mark
    if not (np.isfinite(mark) and mark > 0.0):
        raise UsageError(
            "must have a positive finite mark", found=mark, field=f"snapshot.quotes[{market}]"
        )
    return mark
