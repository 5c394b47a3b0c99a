"""Order between the tables of one market that may move and those of the others, which stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from plimsoll.calibration.assembly.joint import as_fitted, solve_tables
from plimsoll.calibration.assembly.ladders import Candidate
from plimsoll.calibration.assembly.needs import SideRisk, TableNeed
from plimsoll.calibration.assembly.order import table_pairs
from plimsoll.calibration.problem import CalibrationProblem, MarketSpec
from plimsoll.calibration.set_evidence.checks import order_check
from plimsoll.calibration.set_plan import NO_PLAN, OrderPlan
from plimsoll.calibration.solve import MarketSolution, SolvedTable
from plimsoll.calibration.tier_fit import FittedTier, SizeCost
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.tiers import TierTable

Place = tuple[str, str]
"""Market, and prefix of a side."""
_STANDS = SideRisk(price=0.0, price_error=0.0, reaction=0.0, reaction_error=0.0)


def standing(
    problem: CalibrationProblem,
    specs: Mapping[str, MarketSpec],
    others: Mapping[Place, TierTable],
) -> tuple[SolvedTable, ...]:
    """Return the tables of a set that stay as they are, as parties to an order.

    Parameters
    ----------
    specs : mapping of str to MarketSpec
        Of split tickers' parts; others are found in the problem.
    """
    return tuple(
        SolvedTable(found=found, tiers=as_fitted(found.tiers))
        for found in _candidates(problem, specs, others)
    )


def _candidates(
    problem: CalibrationProblem,
    specs: Mapping[str, MarketSpec],
    others: Mapping[Place, TierTable],
) -> Iterator[Candidate]:
    plan = problem.plan or NO_PLAN
    known = {**{spec.symbol: spec for spec in problem.markets}, **specs}
    for (market, prefix), table in others.items():
        underlying, dated, label = market.partition("#")
        spec = known.get(underlying)
        if spec is None:
            continue
        buckets = plan.expiry_buckets.get(spec.risk_class, ())
        bucket = next((one for one in buckets if one.label == f"#{label}"), None)
        if dated and bucket is None:
            continue
        risk_class = problem.risk_class(spec)
        need = TableNeed(
            market=market,
            prefix=prefix,
            risk=_STANDS,
            cost=SizeCost(cost=0.0, fee=0.0, impact=0.0, volatility_daily=0.0, adv_usd=1.0),
            caps_usd=risk_class.tier_caps_usd,
            horizon_hours=risk_class.maintenance_horizon_hours,
            risk_class=spec.risk_class,
            bucket=bucket,
            incumbent=table,
        )
        # Bound, so that the joint programme leaves them as they stand.
        tiers = tuple(
            FittedTier(
                tier=tier,
                reaction_risk=0.0,
                maintenance_bound=True,
                initial_bound=True,
                link_binds=False,
            )
            for tier in table.tiers
        )
        yield Candidate(need=need, tiers=tiers)


def ordered(
    problem: CalibrationProblem,
    solution: MarketSolution,
    others: Sequence[SolvedTable],
    *,
    coverage_rejected: bool,
) -> MarketSolution:
    """Solve a market's tables again, not below the safer ones that stay."""
    plan = problem.plan or NO_PLAN
    found = [table.found for table in (*solution.tables, *others)]
    solved = solve_tables(
        found,
        problem.structure,
        standard_errors=problem.freeze_standard_errors,
        coverage_rejected=coverage_rejected,
        largest_step=plan.tiers.largest_step if plan.tiers.is_searched else None,
        pairs=table_pairs(plan.order, [one.need for one in found]),
    )
    tables = tuple(replace(one, tiers=solved[one.need.key]) for one in solution.tables)
    return replace(solution, tables=tables)


def merged_order(solution: MarketSolution, others: Sequence[SolvedTable], plan: OrderPlan) -> Check:
    """Hold the market's new tables and the others' against every pair that the venue orders."""
    tables = (*solution.tables, *others)
    check = order_check(tables, plan)
    if not table_pairs(plan, [table.need for table in tables]):
        return replace(check, verdict=Verdict.NOT_PROVEN, found="no two tables to be compared")
    if check.verdict is not Verdict.BREACH:
        return check
    market = solution.spec.symbol
    return replace(
        check,
        found=f"{check.found}; only {market} may move here: run `plimsoll calibrate`",
    )
