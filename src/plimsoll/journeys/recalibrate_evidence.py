"""What stands behind a warm recalibration: what moved, which rules hold, and what it cannot say."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from plimsoll.calibration.risk_paths import SIDES
from plimsoll.calibration.set_evidence.dated_sets import dated_sets
from plimsoll.calibration.set_evidence.part import PlannedSet, planned_set
from plimsoll.calibration.set_plan import OrderPlan, RatesFor
from plimsoll.calibration.solve import MarketSolution
from plimsoll.calibration.warm_panel import WarmPanel
from plimsoll.calibration.warm_panel_order import merged_order
from plimsoll.calibration.warm_policy import MarketDays
from plimsoll.domain.evidence import Check, Evidence, Verdict
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.table import Cell, Column, ColumnKind, Table, iso_minute
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import UsageError
from plimsoll.journeys.recalibrate_bars import FollowingBars
from plimsoll.journeys.recalibrate_in_force import SetInForce
from plimsoll.journeys.recalibrate_set import Judged, other_tables
from plimsoll.journeys.recalibrate_state import WarmState

_FRACTION, _NUMBER = ColumnKind.FRACTION, ColumnKind.NUMBER


def warm_evidence(
    state: WarmState,
    panel: WarmPanel,
    days: MarketDays,
    bars: FollowingBars,
    solution: MarketSolution,
    standing: SetInForce,
    planned: PlannedSet | None,
    parameters: ParameterSet,
    digest: str,
    judged: Judged,
) -> Evidence:
    """Return the evidence of a proposal for one market."""
    market, parent = solution.spec.symbol, standing.parameters
    plan = None if planned is None else planned.part
    checks = [] if plan is None else _merged(plan.checks, panel, solution, parent)
    note = f"Loss = price move on {state.label}."
    return Evidence(
        parameter_set_id=parameters.id,
        label=state.label,
        checks=(_coverage(state), _has_number(solution), *checks),
        tables=(
            rates_table(solution, parent, note),
            moved_table(state, panel, days, market, note),
            *([] if plan is None else plan.tables),
        ),
        limits=(*limits(state, bars, judged), *([] if plan is None else plan.limits)),
        provenance=provenance(state, bars, market, digest, standing.id),
    )


def warm_plan(
    state: WarmState, bars: FollowingBars, solution: MarketSolution, parent_id: str
) -> PlannedSet | None:
    """Return what the venue's plan says of the market's tables and of the way to them."""
    problem = state.panel.problem
    if problem.plan is None:
        return None
    # The parent is of the same plan, and so are its rates.
    whole = problem.plan.tiers.rates is RatesFor.WHOLE
    return planned_set(
        problem,
        problem.plan,
        (solution,),
        incumbent=f"parameter set {parent_id[:12]}",
        announced_at_ns=bars.as_of_ns,
        price_note=f"Loss = price move on {state.label}.",
        whole=[table.need.key for table in solution.tables] if whole else (),
    )


def dated(
    state: WarmState, planned: PlannedSet | None, parameters: ParameterSet
) -> tuple[ParameterSet, ...]:
    """Return the sets that lead to the proposal under the step limits; the last is signed."""
    if planned is None or planned.path is None:
        return ()
    problem = state.panel.problem
    return dated_sets(parameters, planned.tables, planned.path, problem.structure, problem.owner)


def _merged(
    checks: Iterable[Check], panel: WarmPanel, solution: MarketSolution, parent: ParameterSet
) -> list[Check]:
    """Put the order of the whole set in the place of that of one market alone."""
    plan = panel.problem.plan
    if plan is None or plan.order == OrderPlan():
        return list(checks)
    standing = panel.standing(other_tables(parent, solution.spec.symbol))
    order = merged_order(solution, standing, plan.order)
    return [order if check.name == order.name else check for check in checks]


def _coverage(state: WarmState) -> Check:
    return Check(
        name="Evidence of the parent",
        verdict=Verdict(state.verdict),
        found=f"{state.verdict.replace('_', ' ')}, as of {iso_minute(_made_ns(state))[:10]}",
        demanded="holds; coverage is not judged anew between two calibrations",
    )


def _has_number(solution: MarketSolution) -> Check:
    return Check(
        name="Market speaks for itself",
        verdict=Verdict.HOLDS if solution.reason is None else Verdict.NOT_PROVEN,
        found="its own price risk" if solution.reason is None else solution.reason.value,
        demanded="no class floor, no peers in its place",
    )


def _made_ns(state: WarmState) -> int:
    return int(state.panel.paths.time_ns[-1])


def rates_table(solution: MarketSolution, parent: ParameterSet, note: str) -> Table:
    """Rates of every tier, old and new, with errors and what was frozen."""
    rows: list[tuple[Cell, ...]] = []
    for table in solution.tables:
        need, tiers = table.need, table.tiers
        old = _tiers_of(parent, need.market, need.prefix)
        for index, fitted in enumerate(tiers.tiers):
            new = fitted.tier
            was = old.tiers[index] if old is not None and index < len(old.tiers) else None
            frozen = (tiers.maintenance_frozen[index], tiers.initial_frozen[index])
            rows.append(
                (
                    need.market,
                    SIDES[1] if need.prefix else "",
                    index + 1,
                    None if new.cap_usd is None else float(new.cap_usd),
                    None if was is None else float(was.maintenance_rate),
                    float(new.maintenance_rate),
                    need.risk.price_error,
                    None if was is None else float(was.initial_rate),
                    float(new.initial_rate),
                    None if was is None else float(was.max_leverage),
                    float(new.max_leverage),
                    {(True, True): "MM, IM", (True, False): "MM", (False, True): "IM"}.get(
                        frozen, ""
                    ),
                )
            )
    return Table(
        name="rates",
        title=f"Rates of {solution.spec.symbol}, old and new",
        columns=(
            Column(name="market", title="Market"),
            Column(name="side", title="Side"),
            Column(name="tier", title="Tier", kind=ColumnKind.COUNT),
            Column(name="cap_usd", title="Cap", kind=_NUMBER, unit="USD", digits=0),
            Column(name="old_maintenance", title="MM old", kind=_FRACTION),
            Column(name="new_maintenance", title="MM new", kind=_FRACTION),
            Column(name="maintenance_error", title="MM s.e.", kind=_FRACTION),
            Column(name="old_initial", title="IM old", kind=_FRACTION),
            Column(name="new_initial", title="IM new", kind=_FRACTION),
            Column(name="old_leverage", title="Leverage old", kind=_NUMBER, unit="x", digits=0),
            Column(name="new_leverage", title="Leverage new", kind=_NUMBER, unit="x", digits=0),
            Column(name="frozen", title="Frozen", about="the change is noise"),
        ),
        rows=tuple(rows),
        notes=(note, "Tiers of one number need not end at the same cap in both sets."),
    )


def _tiers_of(parent: ParameterSet, market: str, prefix: str) -> TierTable | None:
    try:
        return parent.tiers(market, prefix)
    except (UsageError, KeyError):
        return None


def moved_table(
    state: WarmState, panel: WarmPanel, days: MarketDays, market: str, note: str
) -> Table:
    """What moved since the calibration: volatility, level, policy, and price risk as their sum."""
    column = panel.paths.markets.index(market)
    before, after = state.panel.day(column), panel.day(column, days)
    old, new = state.panel.forecast(column), panel.forecast(column)
    volatility = [float(one.volatility_daily[-1, 0]) for one in (before, after)]
    rows: list[tuple[Cell, ...]] = [("volatility of a day", *_both(*volatility))]
    legs = (("close-out", 0, "maintenance"), ("reaction", 1, "reaction"))
    for name, leg, field in legs:
        side = int(np.nanargmax(getattr(after, field)[-1, 0]))
        held = [float(getattr(one, field)[-1, 0, side]) for one in (before, after)]
        own = [float(one[leg, side]) for one in (old, new)]
        kind = SIDES[side]
        rows += [
            (f"{name}, {kind}: forecast over volatility", *_both(*_over(own, volatility))),
            (f"{name}, {kind}: forecast", *_both(*own)),
            (f"{name}, {kind}: in the margin", *_both(*held)),
        ]
    return Table(
        name="moved",
        title=f"What moved of {market} since {iso_minute(_made_ns(state))[:10]}",
        columns=(
            Column(name="figure", title="Figure"),
            Column(name="before", title="Before", kind=_NUMBER, digits=5),
            Column(name="after", title="After", kind=_NUMBER, digits=5),
            Column(name="change", title="Change", kind=_FRACTION),
        ),
        rows=tuple(rows),
        notes=(
            note,
            "Shares of notional. Forecast over volatility is the market's level and tail; in the "
            "margin are the policy in force and multipliers of outages.",
        ),
    )


def _over(own: list[float], volatility: list[float]) -> tuple[float, float]:
    return own[0] / volatility[0], own[1] / volatility[1]


def _both(before: float, after: float) -> tuple[Cell, Cell, Cell]:
    change = after / before - 1.0 if before > 0.0 else math.nan
    return before, after, change if math.isfinite(change) else None


def limits(state: WarmState, bars: FollowingBars, judged: Judged) -> tuple[str, ...]:
    """What a warm recalibration cannot say."""
    made, learnt = (iso_minute(ns)[:10] for ns in (_made_ns(state), state.weights_ns))
    return (
        f"Warm state of {made}, weights of the time scales of {learnt}; {bars.bars:,} bars were "
        "taken one by one, no model was fitted.",
        f"Coverage is that of the parent's walk-forward. {_judged(state, judged)}",
        "Standard errors are the parent's, in proportion to the margin.",
        "A young market, and one on its class's floor, keeps the number of the last calibration.",
        "Multipliers, limits, haircuts, add-ons but institutions' rates, and all other markets are "
        "the parent's.",
        "Of the past only the last two weeks before the state are held against what it saw; data "
        "checks look back 45 days.",
    )


def _judged(state: WarmState, judged: Judged) -> str:
    """What losses since the parent say of its rates, and what follows."""
    found = judged.found
    told = (
        "No loss since then is known"
        if found is None
        else f"Since then the parent's lowest rates broke {found.breaches:,} times of "
        f"{found.observations:,}: {'rejected' if judged.rejected else 'not rejected'}"
    )
    if judged.rejected:
        return f"{told}, tightenings go through."
    if state.coverage_rejected:
        return f"{told}; tightenings go through, as its published coverage was in breach."
    return f"{told}."


def provenance(
    state: WarmState, bars: FollowingBars, market: str, digest: str, parent_id: str
) -> dict[str, str]:
    """What makes the same proposal again."""
    return {
        "as_of": iso_minute(bars.as_of_ns).replace(" ", "T") + ":00Z",
        "market": market,
        "parent": parent_id,
        "warm state of": iso_minute(_made_ns(state))[:10],
        "weights of": iso_minute(state.weights_ns)[:10],
        "state digest": digest,
        "bars digest": bars.digest,
        "data digest of the parent": state.data_digest,
        "new bars": str(bars.bars),
    }
