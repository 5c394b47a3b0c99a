"""Fitting the ladders of all contracts on one day, from data before it alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.tiers import Ladder, Requirement, TierGrid, at_once, cap_grid, fit_ladder
from plimsoll.calibration.tiers.grid import ONE_TWO_FIVE
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.journeys.backtest_ladders_contracts import LadderContract
from plimsoll.journeys.backtest_ladders_judged import (
    SMALLEST_USD,
    Judged,
    class_cost,
    size_distributions,
    tally,
)
from plimsoll.journeys.backtest_ladders_level import LevelFold, LevelRule, price_risk
from plimsoll.journeys.backtest_ladders_moves import (
    VOLATILITY_DAYS,
    Fold,
    fold_of,
    own_scale,
    scaled_tail,
)

FloatArray = NDArray[np.float64]

MANTISSAS = ONE_TWO_FIVE
LOWEST_CAP_USD = 5_000
RATE_STEP = Decimal("0.0005")
NODES = 40
BEAM = 4
"""Labels kept of each cap: good ladders in little time, not proven to be the cheapest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """How ladders are fitted; the defaults are the study's own.

    Parameters
    ----------
    name : str
    rule : LevelRule
    tiers : int or None
        None: as many as the venue's.
    with_cost : bool
        The requirement has the cost curve.
    with_pooled_tail : bool
        Else the quantile of the contract's own losses.
    """

    name: str
    rule: LevelRule
    tiers: int | None = None
    with_cost: bool = True
    with_pooled_tail: bool = True


def judged_contracts(
    contracts: Sequence[LadderContract], fold: Fold, hours: int, impact: float = 1.0
) -> tuple[Judged, ...]:
    """Return the contracts with enough history at a fit and losses after it."""
    found = []
    for contract in contracts:
        past = fold.past(contract, hours, VOLATILITY_DAYS)
        after = fold.after(contract, hours)
        scale = own_scale(fold.past(contract, hours))
        if not scale > 0.0 or not after.time_ns.size:
            continue
        volatility = float(np.log1p(past.loss[1]).std() * np.sqrt(24.0 / hours))
        sizes = size_distributions(contract)
        size = sizes[0].notional_usd
        found.append(
            Judged(
                contract=contract,
                sizes=sizes,
                cost=class_cost(contract, volatility, impact)(size),
                scale=scale,
                volatility_daily=volatility,
                after=after,
                venue=contract.ladder.rate_at(size),
            )
        )
    return tuple(found)


def level_fold(
    panel: ReturnsPanel,
    contracts: tuple[LadderContract, ...],
    spans: tuple[int, int],
    hours: int,
    name: str,
) -> LevelFold:
    """Return an earlier fold for the choice of the level."""
    fold = fold_of(panel, *spans)
    judged = judged_contracts(contracts, fold, hours)
    return LevelFold(
        name=name,
        judged=judged,
        tail=scaled_tail(contracts, fold, hours),
        venue=tally(judged, venue_rates(judged)),
    )


def venue_rates(judged: Sequence[Judged]) -> dict[str, FloatArray]:
    """Rates by size of the published ladders."""
    return {one.contract.name: one.venue for one in judged}


def fitted_ladders(
    judged: Sequence[Judged],
    variant: Variant,
    tail: FloatArray,
    past: Callable[[LadderContract], FloatArray],
    progress: Progress = SILENT,
) -> dict[str, Ladder]:
    """Fit every contract's ladder; contracts alike in all that matters share the search.

    Parameters
    ----------
    tail : (M,) float64
        Pooled, scaled.
    past : callable
        Losses of a contract before the fit, for the variant without the pooled tail.
    """
    progress.start(f"fit ladders: {variant.name}", len(judged))
    found = {}
    for one in judged:
        found[one.contract.name] = _ladder(one, variant, tail, past)
        progress.advance()
    progress.finish()
    return found


def rates_of(judged: Sequence[Judged], ladders: Mapping[str, Ladder]) -> dict[str, FloatArray]:
    """MM(N) / N of fitted ladders at the sizes of each contract."""
    return {one.contract.name: ladders[one.contract.name].rate_at(one.notional) for one in judged}


def _ladder(
    one: Judged, variant: Variant, tail: FloatArray, past: Callable[[LadderContract], FloatArray]
) -> Ladder:
    contract = one.contract
    caps = cap_grid(LOWEST_CAP_USD, contract.ladder.caps_usd[-1], MANTISSAS)
    grid = TierGrid(caps_usd=caps, rate_step=RATE_STEP)
    tiers = variant.tiers or len(contract.ladder.rates)
    needed = _requirement(one, variant, tail, past)
    return fit_ladder(needed, one.sizes[0], grid, tiers=tiers, proven=False, beam=BEAM).ladder


def _requirement(
    one: Judged, variant: Variant, tail: FloatArray, past: Callable[[LadderContract], FloatArray]
) -> Requirement:
    size = np.geomspace(SMALLEST_USD, one.contract.top_usd, NODES)
    if variant.with_pooled_tail:
        risk = price_risk(variant.rule, tail, one, size)
    else:
        risk = np.quantile(past(one.contract), 1.0 - variant.rule.tail(size))
    cost = class_cost(one.contract, one.volatility_daily, 1.0)
    return at_once(size, risk, cost if variant.with_cost else np.zeros_like)
