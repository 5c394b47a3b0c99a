"""Solve the problem on one day: tables of every market, jointly, frozen where change is noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plimsoll.calibration.assembly.class_default import Donor, class_default
from plimsoll.calibration.assembly.conflicts import conflict_of
from plimsoll.calibration.assembly.joint import FrozenTiers, solve_tables
from plimsoll.calibration.assembly.ladders import Candidate, candidate
from plimsoll.calibration.assembly.needs import SideRisk, TableNeed, table_key
from plimsoll.calibration.assembly.order import table_pairs
from plimsoll.calibration.problem import CalibrationProblem, MarketSpec
from plimsoll.calibration.risk_paths import RiskPaths
from plimsoll.calibration.set_plan import NO_PLAN, SidesName
from plimsoll.calibration.tier_fit import SizeCost
from plimsoll.domain.finding import Reason
from plimsoll.domain.tiers import TierTable
from plimsoll.margin.sided_tiers import SHORT_PREFIX, SidedTiers

LONG, SHORT = 0, 1
DEFAULTED = (Reason.NO_DATA, Reason.NOT_LISTED)
"""Reasons why a market takes its class's default; the dead and the refused take nothing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SolvedTable:
    """One table of tiers of a market: of both sides or one, of a perpetual or an expiry bucket.

    Parameters
    ----------
    found : Candidate
        What it had to cover, before those in force were looked at.
    tiers : FrozenTiers
    conflict : str
        What the venue's structure excludes, with the smallest relaxation; empty where nothing.
    """

    found: Candidate
    tiers: FrozenTiers
    conflict: str = ""

    @property
    def need(self) -> TableNeed:
        """What it covers."""
        return self.found.need


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketSolution:
    """What one market gets, or why it gets nothing.

    Parameters
    ----------
    spec : MarketSpec
    reason : Reason or None
        Why there are no tiers, or why they are not the market's own; None where they are.
    tables : tuple of SolvedTable
        The perpetual's first, of longs where sides are apart; then its shorts', then dated
        futures. Empty without a number.
    price_risk, reaction_risk : float
        Larger of the two sides, share of notional; NaN without a number.
    price_risk_error, reaction_risk_error : float
        Standard errors.
    volatility_daily : float
    pooled : bool
        The price risk is a young market's, made with its peers' behaviour and tail.
    """

    spec: MarketSpec
    reason: Reason | None
    tables: tuple[SolvedTable, ...] = ()
    price_risk: float = float("nan")
    reaction_risk: float = float("nan")
    price_risk_error: float = float("nan")
    reaction_risk_error: float = float("nan")
    volatility_daily: float = float("nan")
    pooled: bool = False

    @property
    def defaulted(self) -> bool:
        """Whether the numbers, if any, are its class's default for want of data."""
        return self.reason in DEFAULTED

    @property
    def risk(self) -> SideRisk:
        """The larger risks of both sides."""
        return SideRisk(
            price=self.price_risk,
            price_error=self.price_risk_error,
            reaction=self.reaction_risk,
            reaction_error=self.reaction_risk_error,
        )

    @property
    def frozen(self) -> FrozenTiers | None:
        """Tiers of the first table, where there is one."""
        return self.tables[0].tiers if self.tables else None

    @property
    def tiers(self) -> TierTable | None:
        """The first tier table, where there is one; of longs where sides are apart."""
        return self.tables[0].tiers.table if self.tables else None

    @property
    def sided(self) -> SidedTiers | None:
        """The perpetual's tables of longs and of shorts; one table twice where sides share it."""
        own = {t.need.prefix: t.tiers.table for t in self.tables if t.need.bucket is None}
        return SidedTiers(long=own[""], short=own.get(SHORT_PREFIX, own[""])) if own else None


def solve(
    problem: CalibrationProblem,
    paths: RiskPaths,
    absent: Mapping[str, Reason],
    incumbent: Mapping[str, TierTable],
    *,
    coverage_rejected: bool,
) -> tuple[MarketSolution, ...]:
    """Solve every market of the problem on the last day of ``paths``.

    Parameters
    ----------
    absent : mapping of str to Reason
        Markets without a column in ``paths``, or no longer listed. Those without data or not yet
        listed take their class's default, where anybody can lend.
    incumbent : mapping of str to TierTable
        Tier tables in force, by `assembly.needs.table_key`: the symbol, for most.
    coverage_rejected : bool
        The incumbent's pooled coverage is rejected: tightenings are not frozen.
    """
    plan = problem.plan or NO_PLAN
    own = [_market_risk(paths, spec, absent) for spec in problem.markets]
    donors = _donors(own)
    risks = [_or_default(problem, one, donors) for one in own]
    found = {
        solution.spec.symbol: [
            candidate(need, plan.tiers, problem.structure)
            for need in _needs(problem, paths, solution, incumbent)
        ]
        for solution in risks
        if np.isfinite(solution.price_risk)
    }
    candidates = [one for listed in found.values() for one in listed]
    solved = solve_tables(
        candidates,
        problem.structure,
        standard_errors=problem.freeze_standard_errors,
        coverage_rejected=coverage_rejected,
        largest_step=plan.tiers.step_limit,
        pairs=table_pairs(plan.order, [one.need for one in candidates]),
    )
    return tuple(
        replace(
            solution,
            tables=tuple(
                SolvedTable(
                    found=one,
                    tiers=solved[one.need.key],
                    conflict=conflict_of(one, problem.structure, plan.tiers.step_limit),
                )
                for one in found.get(solution.spec.symbol, ())
            ),
        )
        for solution in risks
    )


def _market_risk(
    paths: RiskPaths,
    spec: MarketSpec,
    absent: Mapping[str, Reason],
) -> MarketSolution:
    """Return the market's risks on the last day, or why there are none."""
    if spec.symbol in absent:
        return MarketSolution(spec=spec, reason=absent[spec.symbol])
    column = paths.markets.index(spec.symbol)
    risk = larger_side(paths, column)
    volatility = float(paths.volatility_daily[-1, column])
    figures = [risk.price, risk.price_error, risk.reaction, risk.reaction_error, volatility]
    if not np.isfinite(figures).all():
        return MarketSolution(spec=spec, reason=_reason(paths, column))
    return MarketSolution(
        spec=spec,
        reason=Reason.TOO_SHORT_HISTORY if paths.floored[-1, column] else None,
        price_risk=risk.price,
        reaction_risk=risk.reaction,
        price_risk_error=risk.price_error,
        reaction_risk_error=risk.reaction_error,
        volatility_daily=volatility,
        pooled=paths.pooled is not None and bool(paths.pooled[-1, column]),
    )


def _donors(solutions: Sequence[MarketSolution]) -> tuple[Donor, ...]:
    """Return the risks of mature markets: all their own, no class's and no peers'."""
    return tuple(
        Donor(risk_class=s.spec.risk_class, risk=s.risk, volatility_daily=s.volatility_daily)
        for s in solutions
        if s.reason is None and not s.pooled
    )


def _or_default(
    problem: CalibrationProblem, solution: MarketSolution, donors: Sequence[Donor]
) -> MarketSolution:
    """Return a market with its own risks, or with its class's where it has no data."""
    if not solution.defaulted:
        return solution
    lent = class_default(donors, solution.spec.risk_class, problem.short_history)
    if lent is None:
        return solution
    return replace(
        solution,
        price_risk=lent.risk.price,
        reaction_risk=lent.risk.reaction,
        price_risk_error=lent.risk.price_error,
        reaction_risk_error=lent.risk.reaction_error,
        volatility_daily=lent.volatility_daily,
    )


def larger_side(paths: RiskPaths, column: int) -> SideRisk:
    """Return the larger price risk and the larger reaction risk, each with its own error."""
    price = int(np.nanargmax(np.nan_to_num(paths.maintenance[-1, column], nan=-1.0)))
    if paths.maintenance[-1, column, LONG] == paths.maintenance[-1, column, SHORT]:
        price = SHORT  # as the published path has it
    reaction = int(np.nanargmax(np.nan_to_num(paths.reaction[-1, column], nan=-1.0)))
    return _side(paths, column, price, reaction)


def _side(paths: RiskPaths, column: int, price: int, reaction: int) -> SideRisk:
    return SideRisk(
        price=float(paths.maintenance[-1, column, price]),
        price_error=float(paths.maintenance_error[-1, column, price]),
        reaction=float(paths.reaction[-1, column, reaction]),
        reaction_error=float(paths.reaction_error[-1, column, reaction]),
    )


def _needs(
    problem: CalibrationProblem,
    paths: RiskPaths,
    solution: MarketSolution,
    incumbent: Mapping[str, TierTable],
) -> Iterator[TableNeed]:
    """Yield what each table of a market must cover."""
    spec, plan = solution.spec, problem.plan or NO_PLAN
    risk_class = problem.risk_class(spec)
    for prefix, risk in _sides(paths, solution, plan.sides):
        need = TableNeed(
            market=spec.symbol,
            prefix=prefix,
            risk=risk,
            cost=SizeCost(
                cost=risk_class.liquidation_cost,
                fee=risk_class.liquidation_fee,
                impact=problem.impact_coefficient,
                volatility_daily=solution.volatility_daily,
                adv_usd=spec.adv_usd or risk_class.adv_usd,
            ),
            caps_usd=risk_class.tier_caps_usd,
            horizon_hours=risk_class.maintenance_horizon_hours,
            risk_class=spec.risk_class,
            incumbent=incumbent.get(table_key(spec.symbol, prefix)),
        )
        yield need
        for bucket in plan.expiry_buckets.get(spec.risk_class, ()):
            key = table_key(spec.symbol + bucket.label, prefix)
            yield need.in_bucket(bucket, incumbent.get(key))


def _sides(
    paths: RiskPaths, solution: MarketSolution, sides: SidesName
) -> Iterator[tuple[str, SideRisk]]:
    """Yield one table, or two; a side without a number takes the larger's, which is the other's."""
    larger = solution.risk
    if sides is SidesName.ONE:
        yield "", larger
        return
    if solution.defaulted:
        yield from (("", larger), (SHORT_PREFIX, larger))
        return
    column = paths.markets.index(solution.spec.symbol)
    for prefix, side in (("", LONG), (SHORT_PREFIX, SHORT)):
        own = _side(paths, column, side, side)
        figures = [own.price, own.price_error, own.reaction, own.reaction_error]
        yield prefix, own if np.isfinite(figures).all() else larger


def _reason(paths: RiskPaths, column: int) -> Reason:
    """Why a listed market has no number."""
    if not paths.mature[-1, column]:
        return Reason.TOO_SHORT_HISTORY
    moved = np.isfinite(paths.volatility_daily[:, column]).any()
    return Reason.FIT_FAILED if moved else Reason.CONSTANT_PRICE
