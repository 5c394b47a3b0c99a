"""The parent's set as a recalibration reads it, and the set that supersedes it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from plimsoll.calibration.assembly.needs import table_key
from plimsoll.calibration.parts.counterparties import RATE_STEP
from plimsoll.calibration.publication import market_parameters
from plimsoll.calibration.rounding import rate_up
from plimsoll.calibration.solve import MarketSolution
from plimsoll.calibration.warm_panel_losses import DailyVolatilities, coverage_since
from plimsoll.calibration.warm_panel_order import Place
from plimsoll.domain.canonical import content_id
from plimsoll.domain.parameters import Parameter, ParameterSet, parameter_set
from plimsoll.domain.table import iso_minute
from plimsoll.domain.tiers import TierTable
from plimsoll.journeys.recalibrate_bars import FollowingBars
from plimsoll.journeys.recalibrate_in_force import SetInForce
from plimsoll.journeys.recalibrate_state import WarmState
from plimsoll.journeys.versions import CODE_VERSION
from plimsoll.margin.add_ons.counterparty import RATE_PREFIX
from plimsoll.margin.sided_tiers import SHORT_PREFIX
from plimsoll.validation.pooled import PooledCoverage

_LOWEST = "tier[0].maintenance_rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The parent's lowest rates on the losses since: coverage, None without a loss; rejected."""

    found: PooledCoverage | None
    rejected: bool


def judged_since(
    state: WarmState, bars: FollowingBars, volatilities: DailyVolatilities, parent: ParameterSet
) -> Judged:
    """Judge the rates of the parent as a full calibration judges an incumbent."""
    lowest = {p.key: float(p.value) for p in parent if p.name.endswith(_LOWEST)}
    rates = []
    for market in state.panel.paths.markets:
        longs = lowest.get(f"{market}/{_LOWEST}", math.nan)
        rates.append((longs, lowest.get(f"{market}/{SHORT_PREFIX}{_LOWEST}", longs)))
    found = coverage_since(state.panel, bars.history, bars.columns, volatilities, np.array(rates))
    significance = state.panel.problem.gate.significance
    return Judged(found=found, rejected=found is not None and found.p_too_many < significance)


def tables_of(parent: ParameterSet, market: str) -> dict[str, TierTable]:
    """Return the tables of a market and of its dated futures, by key."""
    return {table_key(*place): table for place, table in _tables(parent, market, own=True)}


def other_tables(parent: ParameterSet, market: str) -> dict[Place, TierTable]:
    """Return the tables of all other markets, by market and prefix."""
    return dict(_tables(parent, market, own=False))


def _tables(parent: ParameterSet, market: str, *, own: bool) -> Iterator[tuple[Place, TierTable]]:
    lowest = {p.key for p in parent if p.name.endswith(_LOWEST)}
    for one in parent.markets:
        if (one.partition("#")[0] == market) is not own:
            continue
        for prefix in ("", SHORT_PREFIX):
            if f"{one}/{prefix}{_LOWEST}" in lowest:
                yield (one, prefix), parent.tiers(one, prefix)


def superseding(
    state: WarmState,
    standing: SetInForce,
    solution: MarketSolution,
    bars: FollowingBars,
    digest: str,
) -> ParameterSet:
    """Return the parent with the market's parameters of tiers and risks in place of its own.

    So are what institutions bear of them on top: multipliers stay.
    """
    parent = standing.parameters
    own = market_parameters(state.panel.problem, solution)
    new = {one.key: one for one in (*own, *institution_rates(parent, solution))}
    mine = {table.need.market for table in solution.tables}
    gone = {
        one.key
        for one in parent
        if one.market in mine and ("tier[" in one.name or one.name.startswith("price_risk."))
    }
    kept = [one for one in parent if one.key not in gone and one.key not in new]
    return parameter_set(
        venue=parent.venue,
        valid_from=iso_minute(bars.as_of_ns).replace(" ", "T") + ":00Z",
        parameters=(*kept, *new.values()),
        seed=parent.seed,
        data_digest=content_id({"state": digest, "bars": bars.digest}),
        problem_digest=parent.problem_digest,
        code_version=CODE_VERSION,
        label=parent.label,
        parent=standing.id,
    )


def institution_rates(parent: ParameterSet, solution: MarketSolution) -> Iterator[Parameter]:
    """Yield what institutions bear on top of the new price risk, by the set's own multipliers."""
    for name, old in parent.of(solution.spec.symbol).items():
        if not name.startswith(RATE_PREFIX):
            continue
        who = f"counterparty:{name.removeprefix(RATE_PREFIX)}"
        multiplier = parent.get(who, f"margin_multiplier.{solution.spec.risk_class}")
        added = float(multiplier.value - 1)
        error = multiplier.standard_error
        noise = math.hypot(
            added * solution.price_risk_error,
            solution.price_risk * (math.nan if error is None else float(error)),
        )
        yield replace(
            old,
            value=rate_up(added * solution.price_risk, old.grid or RATE_STEP),
            standard_error=Decimal(f"{noise:.6f}") if math.isfinite(noise) else None,
        )
