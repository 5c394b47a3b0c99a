"""Losses since a calibration against the rates in force: may tightenings go through?

The test is that of a full calibration with the state's set as incumbent
(`plimsoll.calibration.evidence.incumbent_table.incumbent_rejected`): all calibrated markets, each
side's lowest rate less cost, fee and impact, pooled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.evidence.coverage_tables import pool
from plimsoll.calibration.evidence.proof import extra_of
from plimsoll.calibration.scored import (
    ScoredLosses,
    horizons,
    margins_in_force,
    scored_losses,
)
from plimsoll.calibration.warm_panel import WarmPanel
from plimsoll.domain.market import MarketHistory
from plimsoll.errors import InsufficientDataError
from plimsoll.validation.pooled import PooledCoverage

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DailyVolatilities:
    """Volatilities of the calibrated markets: on the day of the state, and each midnight since.

    Parameters
    ----------
    time_ns : (D,) int64
    daily : (D, N) float64
        Of a day; markets without a number of their own have that of the state.
    """

    time_ns: IntArray
    daily: FloatArray


def coverage_since(
    state: WarmPanel,
    history: MarketHistory,
    columns: Mapping[str, int],
    volatilities: DailyVolatilities,
    rates: FloatArray,
) -> PooledCoverage | None:
    """Pooled coverage of rates in force since the state; None where there is no loss yet.

    Parameters
    ----------
    state : WarmPanel
        As the calibration left it.
    history : MarketHistory
        To the day of the proposal, as known then.
    columns : mapping of str to int
        Column in the history of each market of the pool that has one.
    rates : (N, 2) float64
        Lowest maintenance rates of longs and shorts, by calibrated market; NaN where none.
    """
    since = int(state.paths.time_ns[-1])
    scored = _scored(state, history, columns, since)
    if scored is None:
        return None
    whole = np.where(np.isfinite(scored.loss), rates[None], np.nan)
    paths = replace(state.paths, time_ns=volatilities.time_ns, volatility_daily=volatilities.daily)
    problem = state.problem
    specs = {spec.symbol: spec for spec in problem.markets}
    extra = extra_of(problem, paths, class_of(state), specs)
    net = whole - margins_in_force(extra, volatilities.time_ns, scored)
    return pool(net, scored, 1.0 - problem.maintenance_level)


def class_of(state: WarmPanel) -> dict[str, str]:
    """Return the class of each calibrated column."""
    return {market: state.specs[market].risk_class for market in state.paths.markets}


def _scored(
    state: WarmPanel, history: MarketHistory, columns: Mapping[str, int], since_ns: int
) -> ScoredLosses | None:
    """Losses of the calibrated markets, in the state's order; what only informs is not scored."""
    markets = state.paths.markets
    hours, _ = horizons(markets, state.problem, class_of(state))
    payoffs = [state.specs[market].payoff for market in markets]
    # Columns of no calibrated market are measured like the first, and left out.
    of_column = np.full(len(history.markets), hours[0], dtype=np.int64)
    payoff_of = [payoffs[0]] * len(history.markets)
    known = [(j, columns[market]) for j, market in enumerate(markets) if market in columns]
    for j, column in known:
        of_column[column], payoff_of[column] = hours[j], payoffs[j]
    try:
        found = scored_losses(history, of_column, payoff_of, since_ns)
    except InsufficientDataError:
        return None
    loss = np.full((found.start_ns.size, len(markets), 2), np.nan)
    lost = np.zeros(len(markets), dtype=np.int64)
    for j, column in known:
        loss[:, j], lost[j] = found.loss[:, column], found.lost[column]
    return ScoredLosses(start_ns=found.start_ns, loss=loss, horizon_hours=hours, lost=lost)
