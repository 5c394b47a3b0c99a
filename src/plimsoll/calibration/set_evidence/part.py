"""A venue's plan as a part of its calibration: limits, tables, checks, and the dated way."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from plimsoll.calibration.assembly.basis_rates import basis_table
from plimsoll.calibration.assembly.dated import DatedPath, dated_tables
from plimsoll.calibration.assembly.order import table_pairs
from plimsoll.calibration.part import CalibratedPart
from plimsoll.calibration.problem import CalibrationProblem
from plimsoll.calibration.set_evidence.checks import (
    change_check,
    conflict_check,
    order_check,
    schedule_check,
)
from plimsoll.calibration.set_evidence.ladder_table import fitted_ladders, ladder_table
from plimsoll.calibration.set_evidence.schedule_tables import schedule_tables
from plimsoll.calibration.set_plan import (
    CapsFrom,
    LimitPlan,
    OrderPlan,
    RatesFor,
    SetPlan,
)
from plimsoll.calibration.solve import MarketSolution, SolvedTable
from plimsoll.calibration.tiers.open_interest import LimitRules, MarketLimits, market_limits
from plimsoll.calibration.tiers.parameters import limit_parameters, tier_tables
from plimsoll.domain.table import Table
from plimsoll.domain.tiers import TierTable


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannedSet:
    """What the plan adds to a set.

    Parameters
    ----------
    part : CalibratedPart
    tables : tuple of SolvedTable
        Of all markets with a number.
    path : DatedPath or None
        None without step limits or without anything in force.
    """

    part: CalibratedPart
    tables: tuple[SolvedTable, ...]
    path: DatedPath | None


def planned_set(
    problem: CalibrationProblem,
    plan: SetPlan,
    solutions: Sequence[MarketSolution],
    *,
    incumbent: str,
    announced_at_ns: int,
    price_note: str,
    whole: Collection[str] = (),
) -> PlannedSet:
    """Return what a stated plan adds.

    Parameters
    ----------
    incumbent : str
        Name of what is in force, for print; empty where nothing is.
    announced_at_ns : int
        Day of the set, from which notice counts.
    whole : collection of str
        Tables in force whose maintenance rates hold for the whole position.
    """
    tables = tuple(table for solution in solutions for table in solution.tables)
    path = _path(problem, plan, tables, announced_at_ns) if incumbent else None
    limits = _limits(problem, plan.limits, solutions)
    ladders = fitted_ladders(tables, plan)
    first = {key: ladder for key, ladder in ladders.items() if "#" not in key}
    _, limit_table, split_table = tier_tables(first, limits)
    part = CalibratedPart(
        name="structure",
        parameters=tuple(
            parameter
            for market, found in limits.items()
            for parameter in limit_parameters(market, found, owner=problem.owner)
        ),
        tables=(
            ladder_table(tables, ladders, price_note, incumbent or "none given", whole),
            *((limit_table,) if limits else ()),
            *_basis_tables(problem, plan),
            split_table,
            *(() if path is None else schedule_tables(path, tables)),
        ),
        checks=(
            conflict_check(tables),
            *(() if plan.order == OrderPlan() else (order_check(tables, plan.order),)),
            change_check(tables, path),
            *(() if path is None else (schedule_check(path),)),
        ),
        limits=_stated(plan, path),
    )
    return PlannedSet(part=part, tables=tables, path=path)


def _path(
    problem: CalibrationProblem,
    plan: SetPlan,
    tables: Sequence[SolvedTable],
    announced_at_ns: int,
) -> DatedPath | None:
    old: dict[str, TierTable] = {
        t.need.key: t.need.incumbent for t in tables if t.need.incumbent is not None
    }
    if plan.steps is None or not old:
        return None
    new = {t.need.key: t.tiers.table for t in tables}
    return dated_tables(
        old,
        new,
        problem.structure,
        plan.steps,
        announced_at_ns,
        reaction={t.need.key: t.need.risk.reaction for t in tables},
        pairs=table_pairs(plan.order, [t.need for t in tables]),
    )


def _limits(
    problem: CalibrationProblem, plan: LimitPlan | None, solutions: Sequence[MarketSolution]
) -> dict[str, MarketLimits]:
    if plan is None:
        return {}
    rules = LimitRules(
        participation=plan.participation,
        free_days=plan.free_days,
        full_days=plan.full_days,
        position_days=plan.position_days,
    )
    return {
        s.spec.symbol: market_limits(
            s.spec.adv_usd or problem.risk_class(s.spec).adv_usd, rules=rules
        )
        for s in solutions
        if s.tables
    }


def _stated(plan: SetPlan, path: DatedPath | None) -> tuple[str, ...]:
    """Say what the evidence of a plan cannot."""
    stated = []
    if plan.tiers.caps is CapsFrom.GRID:
        stated.append(
            "The walk-forward publishes day by day the rate of a lowest tier that ends at its "
            "class's first cap; the set's own lowest tier may end elsewhere."
        )
    if plan.tiers.rates is RatesFor.WHOLE and path is not None:
        stated.append(
            "Maintenance rates hold for the whole notional; those in force are taken to do so too, "
            "in the freezing of noise, in the schedule and against its limits."
        )
    stated += _basis_told(plan)
    if path is not None and path.sets:
        stated.append(
            "The schedule starts from the rates in force; a smaller last cap holds from its first "
            "set on, without steps."
        )
    return tuple(stated)


def _basis_tables(problem: CalibrationProblem, plan: SetPlan) -> tuple[Table, ...]:
    asked = any(bucket.calibrated for listed in plan.expiry_buckets.values() for bucket in listed)
    return (basis_table(plan, problem.maintenance_level),) if asked else ()


def _basis_told(plan: SetPlan) -> Iterator[str]:
    """Say where basis rates are not estimates of this calibration."""
    buckets = [(name, b) for name, listed in plan.expiry_buckets.items() for b in listed]
    if any(not bucket.calibrated for _, bucket in buckets):
        yield (
            "The basis charge of dated futures is the venue file's, or a calibrated add-on's "
            "written there; dated futures have no prices of their own here."
        )
    for name, bucket in buckets:
        if bucket.reason is not None:
            yield (
                f"The basis rate of {name} futures up to {bucket.up_to_days} days is the stated "
                f"default, {bucket.basis_rate:f}: {bucket.reason.value}."
            )
