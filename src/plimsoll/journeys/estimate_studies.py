"""What is studied of one market beside its reference distribution: jumps, models, liquidity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from plimsoll.domain.market import MarketHistory
from plimsoll.domain.order_book import OrderBook
from plimsoll.domain.ports import SILENT, Executor, Progress
from plimsoll.domain.table import Table
from plimsoll.estimators.nightly.estimate import NightlyEstimate
from plimsoll.journeys.estimate_breaks import breaks_table
from plimsoll.journeys.estimate_holdings import holdings_table
from plimsoll.journeys.estimate_jumps import jump_tables
from plimsoll.journeys.estimate_manipulation import manipulation_table
from plimsoll.journeys.estimate_open_interest import OpenInterest
from plimsoll.journeys.estimate_returns import RecentReturns, recent_returns
from plimsoll.journeys.estimate_unwind import unwind_table
from plimsoll.journeys.estimate_volatility_models import Reference, model_tables


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fits:
    """One market's returns, and the reference beside which models are set."""

    recent: RecentReturns
    reference: Reference


def market_studies(
    found: NightlyEstimate,
    history: MarketHistory,
    markets: Sequence[str],
    *,
    books: Mapping[str, OrderBook] | None = None,
    open_interest: Mapping[str, OpenInterest] | None = None,
    executor: Executor,
    progress: Progress = SILENT,
) -> dict[str, tuple[Table, ...]]:
    """Return the studies of markets asked for by name, as tables; each with a Reason in place.

    Liquidity (unwind, open interest, manipulation), jumps (flags, laws, clustering), volatility
    (named alternatives, their parameters, breaks).

    Raises
    ------
    UsageError
        For a market that is not among them.
    """
    tasks = [
        _Fits(recent=recent_returns(history, found, m), reference=_reference(found, m))
        for m in markets
    ]
    fitted = executor.map(_fits, tasks, progress, label="jumps and models")
    rest = partial(_liquidity, found, books or {}, open_interest or {})
    return {m: (*rest(m), *tables) for m, tables in zip(markets, fitted, strict=True)}


def _fits(task: _Fits) -> tuple[Table, ...]:
    comparison, parameters = model_tables(task.recent, task.reference)
    return (comparison, breaks_table(task.recent), *jump_tables(task.recent), parameters)


def _liquidity(
    found: NightlyEstimate,
    books: Mapping[str, OrderBook],
    held: Mapping[str, OpenInterest],
    market: str,
) -> tuple[Table, ...]:
    estimate = found.liquidity.estimates.get(market)
    return (
        unwind_table(market, estimate, found.liquidity.reasons.get(market)),
        manipulation_table(market, held.get(market), estimate, books.get(market)),
        holdings_table(market, held.get(market), estimate),
    )


def _reference(found: NightlyEstimate, market: str) -> Reference:
    column, first = found.column(market), found.horizons[0]
    long, short = (float(v) for v in first.value_at_risk[column])
    annual = float(found.volatility_annual[column])
    return Reference(
        horizon_hours=first.horizon_hours,
        title=found.settings.blend.title,
        volatility_annual=annual if np.isfinite(annual) else None,
        long=long if np.isfinite(long) else None,
        short=short if np.isfinite(short) else None,
    )
