"""Revaluation: every instrument under every scenario, in one table.

The table holds the profit of one long contract in its settlement currency, signed. An account's
profit under a scenario is then a sum over its positions.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument, Option, Payoff, Spot
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.scenario import Factor, FactorKind, ScenarioSet
from plimsoll.errors import UsageError
from plimsoll.maths import payoffs
from plimsoll.scenarios.option_revaluation import revalue_options
from plimsoll.scenarios.option_rules import DEFAULT_RULES, OptionRules
from plimsoll.scenarios.scenario_table import RevaluationReason, ScenarioTable
from plimsoll.scenarios.settlement_share import floating_shares

__all__ = ["OptionRules", "RevaluationReason", "ScenarioTable", "revalue"]

FloatArray = NDArray[np.float64]

_CODES = {
    Payoff.LINEAR: payoffs.LINEAR,
    Payoff.INVERSE: payoffs.INVERSE,
    Payoff.QUANTO: payoffs.QUANTO,
}


def revalue(
    instruments: Mapping[str, Instrument],
    snapshot: MarketSnapshot,
    scenarios: ScenarioSet,
    factors: Mapping[str, Factor] | None = None,
    option_rules: OptionRules = DEFAULT_RULES,
) -> ScenarioTable:
    """Return the table of ``instruments`` under ``scenarios``.

    Spot, perpetuals and futures start from the snapshot's marks, options from its surfaces
    (`plimsoll.scenarios.option_revaluation`). Of what expires within its settlement window only
    the share that still floats moves (`plimsoll.scenarios.settlement_share`). An option without
    surface, or that its surface does not reach, has a reason in the table instead of numbers.

    Parameters
    ----------
    instruments : mapping of str to Instrument
        By market; each needs a contract size, and a quote unless it is an option. An option's
        mark is its price in settlement currency, per unit of what its strike is of.
    factors : mapping of str to Factor, optional
        What moves each market. Default: the price factor of its base coin, so that spot,
        perpetual, futures and forwards of one coin move by one relative amount and the basis
        stands still.
    option_rules : OptionRules

    Raises
    ------
    UsageError
        For a market without contract size, a delta-one market without quote or positive mark, a
        factor the scenarios do not shock, a quanto option, a surface later than the snapshot, and
        a settlement average that is no number.
    """
    _check_averages(instruments, snapshot)
    options = {m: i for m, i in instruments.items() if isinstance(i, Option)}
    others = {m: i for m, i in instruments.items() if not isinstance(i, Option)}
    is_option = np.array([isinstance(i, Option) for i in instruments.values()], dtype=np.bool_)
    count = len(instruments)
    profit, value, at_mark = np.empty((count, len(scenarios))), np.empty(count), np.empty(count)
    if others:
        rows = ~is_option
        profit[rows], at_mark[rows] = _delta_one(others, snapshot, scenarios, factors)
        value[rows] = at_mark[rows]
    reasons: dict[str, RevaluationReason] = {}
    if options:
        rows_of = np.flatnonzero(is_option)
        reasons = revalue_options(
            options,
            snapshot,
            scenarios,
            factors,
            option_rules,
            rows=rows_of,
            value=value,
            at_mark=at_mark,
            profit=profit,
        )
    return ScenarioTable(
        markets=tuple(instruments),
        settle=tuple(i.settle for i in instruments.values()),
        scenarios=scenarios,
        profit=profit,
        base_value=value,
        mark_value=at_mark,
        reasons=reasons,
    )


def _delta_one(
    instruments: Mapping[str, Instrument],
    snapshot: MarketSnapshot,
    scenarios: ScenarioSet,
    factors: Mapping[str, Factor] | None,
) -> tuple[FloatArray, FloatArray]:
    """Profits (N, S) of delta-one markets, and values (N,) at their marks."""
    marks = np.array([_mark(snapshot, market) for market in instruments], dtype=np.float64)
    moves = np.empty((len(instruments), len(scenarios)))
    for row, (market, instrument) in enumerate(instruments.items()):
        factor = _factor(market, instrument, factors)
        moves[row] = scenarios.shocks[:, scenarios.column(factor)]
    moves *= floating_shares(instruments, snapshot)[:, None]
    profit = payoffs.profit_table(
        np.array([_CODES[i.payoff] for i in instruments.values()], dtype=np.int64),
        np.array([float(i.required_contract_size()) for i in instruments.values()]),
        marks,
        moves,
    )
    is_spot = np.array([isinstance(i, Spot) for i in instruments.values()], dtype=np.bool_)
    return profit, np.where(is_spot, marks, 0.0)


def _check_averages(instruments: Mapping[str, Instrument], snapshot: MarketSnapshot) -> None:
    unknown = np.flatnonzero(np.isnan(floating_shares(instruments, snapshot)))
    if unknown.size:
        raise UsageError(
            "must have a known settlement average",
            found=list(instruments)[unknown[0]],
            field="snapshot.expiries",
            remedy="leave the contract out, or state what is fixed of its expiry",
        )


def _factor(market: str, instrument: Instrument, factors: Mapping[str, Factor] | None) -> Factor:
    if factors is None:
        return Factor(subject=instrument.pair.base)
    if market not in factors:
        raise UsageError("must have a factor", found=market, field="factors")
    if factors[market].kind is not FactorKind.PRICE:
        raise UsageError("must be a price factor", found=factors[market].label, field="factors")
    return factors[market]


def _mark(snapshot: MarketSnapshot, market: str) -> float:
    mark = snapshot.quote(market).mark
    if not (np.isfinite(mark) and mark > 0.0):
        raise UsageError(
            "must have a positive finite mark", found=mark, field=f"snapshot.quotes[{market}]"
        )
    return mark
