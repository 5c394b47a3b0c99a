"""The gate: what the evidence must show before a set may be proposed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.evidence.coverage_lines import line_checks
from plimsoll.calibration.evidence.coverage_tables import flat, pool
from plimsoll.calibration.evidence.engine_check import engine_check
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.rounding import RATE_DIGITS, initial_rate_of
from plimsoll.calibration.scored import ScoredLosses
from plimsoll.calibration.set_evidence.checks import change_check
from plimsoll.calibration.solve import SolvedTable
from plimsoll.calibration.tier_fit import initial_floor
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.finding import Reason
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.parameters import Origin, ParameterSet
from plimsoll.domain.tiers import Tier
from plimsoll.validation.panel import panel_coverage
from plimsoll.validation.traffic_light import Zone

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
MOST_NAMED = 5


def checks(proof: Proof, parameters: ParameterSet) -> tuple[Check, ...]:
    """Every line of the verdict."""
    problem = proof.problem
    return (
        _enough_days(proof),
        _pooled_check(
            proof,
            "Maintenance coverage, model",
            proof.margin(),
            proof.maintenance,
            problem.maintenance_level,
        ),
        _pooled_check(
            proof,
            "Maintenance coverage, as published",
            proof.published_margin(),
            proof.maintenance,
            problem.maintenance_level,
        ),
        _pooled_check(
            proof,
            "Reaction-time coverage (IM - MM)",
            proof.reaction_margin(),
            proof.reaction,
            problem.reaction_level,
        ),
        _market_by_market(proof),
        *line_checks(proof),
        _numbers(proof),
        _bounds(proof, parameters),
        _structure(proof, parameters),
        *_changes(proof),
        engine_check(proof, parameters),
    )


def _enough_days(proof: Proof) -> Check:
    margin = proof.margin()
    scored = np.isfinite(margin).any(axis=(1, 2))
    days = int(np.unique(proof.maintenance.start_ns[scored] // DAY_NS).size)
    wanted = proof.problem.gate.minimum_scored_days
    return Check(
        name="Length of the walk-forward",
        verdict=Verdict.HOLDS if days >= wanted else Verdict.NOT_PROVEN,
        found=f"{days:,} scored days",
        demanded=f"at least {wanted:,} days",
    )


def _pooled_check(
    proof: Proof, name: str, margin: FloatArray, scored: ScoredLosses, level: float
) -> Check:
    significance = proof.problem.gate.significance
    demanded = f"{1.0 - level:.2%} breaches, not rejected at {significance:.0%}"
    found = pool(margin, scored, 1.0 - level)
    if found is None:
        return Check(
            name=name, verdict=Verdict.NOT_PROVEN, found="nothing scored", demanded=demanded
        )
    holds = found.p_too_many >= significance
    return Check(
        name=name,
        verdict=Verdict.HOLDS if holds else Verdict.BREACH,
        found=(
            f"{found.breach_rate:.2%} (s.e. {found.standard_error:.2%}) of {found.observations:,} "
            f"horizons, p = {found.p_too_many:.3f}"
        ),
        demanded=demanded,
    )


def _market_by_market(proof: Proof) -> Check:
    """No market's coverage is rejected on its own, days clustered, many tests allowed for.

    Markets with fewer scored days than a walk-forward must have say nothing alone; they are
    tested together, as one.
    """
    margin, scored = proof.margin(), proof.maintenance
    target = 1.0 - proof.problem.maintenance_level
    groups = _tested_groups(proof, margin)
    found = {name: pool(margin, scored, target, columns) for name, columns in groups.items()}
    p_values = {name: one.p_too_many for name, one in found.items() if one is not None}
    significance = proof.problem.gate.significance
    rejected = holm_rejected(p_values, significance)
    verdict = Verdict.BREACH if rejected else Verdict.HOLDS
    return Check(
        name="Maintenance coverage, market by market",
        verdict=verdict if p_values else Verdict.NOT_PROVEN,
        found=f"rejected: {', '.join(rejected)}"
        if rejected
        else f"none of {len(p_values)} rejected; {_zone_tally(proof)}",
        demanded=f"no market rejected at {significance:.0%} (clustered by day, Holm's correction; "
        f"those under {proof.problem.gate.minimum_scored_days} scored days together)",
    )


def _tested_groups(proof: Proof, margin: FloatArray) -> dict[str, BoolArray]:
    """Columns to test: each market of enough scored days alone, the others as one."""
    day = proof.maintenance.start_ns // DAY_NS
    held: BoolArray = np.logical_or.reduce(np.isfinite(margin), axis=2)
    days = np.array([np.unique(day[held[:, j]]).size for j in range(held.shape[1])])
    enough = days >= proof.problem.gate.minimum_scored_days
    groups = {
        market: np.arange(days.size) == j for j, market in enumerate(proof.markets) if enough[j]
    }
    short = (days > 0) & ~enough
    return {**groups, f"the {int(short.sum())} with few days": short} if short.any() else groups


def holm_rejected(p_values: Mapping[str, float], significance: float) -> list[str]:
    """Names rejected by Holm's step-down procedure: the family-wise error stays at the level.

    >>> holm_rejected({"a": 0.001, "b": 0.02, "c": 0.03, "d": 0.5}, 0.05)
    ['a']
    """
    rejected: list[str] = []
    ordered = sorted(p_values.items(), key=lambda item: item[1])
    for rank, (name, p_value) in enumerate(ordered):
        if p_value >= significance / (len(ordered) - rank):
            break
        rejected.append(name)
    return rejected


def _zone_tally(proof: Proof) -> str:
    found = panel_coverage(
        flat(proof.margin()),
        flat(proof.maintenance.loss),
        proof.maintenance.start_ns,
        1.0 - proof.problem.maintenance_level,
    )
    known = [zone for zone in found.zones if zone is not None]
    tally = ", ".join(f"{sum(z is zone for z in known)} {zone.value}" for zone in Zone)
    return f"traffic lights by side: {tally}"


_DECIDED = (Reason.DELISTED, Reason.NOT_LISTED, Reason.REFUSED_BY_POLICY)


def _numbers(proof: Proof) -> Check:
    """Every market has a number, or none by decision: delisted, not yet listed, refused."""
    without = [s for s in proof.solutions if s.frozen is None]
    owed = [s for s in without if s.reason not in _DECIDED]
    told = [f"{s.spec.symbol} ({s.reason.value if s.reason else ''})" for s in without]
    lent = [
        f"{s.spec.symbol} ({s.reason.value})"
        for s in proof.solutions
        if s.tables and s.defaulted and s.reason
    ]
    count = len(proof.solutions) - len(without)
    return Check(
        name="Markets with a number",
        verdict=Verdict.HOLDS if count and not owed else Verdict.NOT_PROVEN,
        found=f"{count} of {len(proof.solutions)}"
        + (f"; at their class's default: {', '.join(lent)}" if lent else "")
        + (f"; without: {', '.join(told)}" if told else ""),
        demanded="all but the delisted, the not yet listed and the refused",
    )


def _changes(proof: Proof) -> tuple[Check, ...]:
    """Hold the rates against those in force; where a plan is stated, its part does."""
    if proof.problem.plan is not None or proof.incumbent is None:
        return ()
    return (change_check([table for s in proof.solutions for table in s.tables], None),)


def _bounds(proof: Proof, parameters: ParameterSet) -> Check:
    """Say which bounds bind, and the smallest way out where no plan's own line does."""
    bound = sorted({p.market for p in parameters if p.origin is Origin.BOUND})
    told = [f"binding for {', '.join(bound)}"]
    if proof.problem.plan is None:
        told += [t.conflict for s in proof.solutions for t in s.tables if t.conflict][:MOST_NAMED]
    return Check(
        name="Bounds of the venue",
        verdict=Verdict.BREACH if bound else Verdict.HOLDS,
        found="; ".join(told) if bound else "none binds",
        demanded="no rate is cut by a bound",
    )


def _structure(proof: Proof, parameters: ParameterSet) -> Check:
    """Hold the tiers as the set publishes them against the venue's rules."""
    tables = [table for solution in proof.solutions for table in solution.tables]
    link = proof.problem.structure.maintenance_initial_link
    step = None if proof.problem.plan is None else proof.problem.plan.tiers.stated_step
    faults = [fault for table in tables for fault in _table_faults(table, parameters, link, step)]
    verdict = Verdict.HOLDS if tables else Verdict.NOT_PROVEN
    return Check(
        name="Structure of the tiers",
        verdict=Verdict.BREACH if faults else verdict,
        found="; ".join(faults) if faults else "every tier" if tables else "no tier",
        demanded="rates rise with size; MM / IM at most the link; IM at least MM plus the "
        "reaction time where neither frozen nor cut by a bound; leverage is 1 / IM (IM rounded up "
        "to a millionth binds)"
        + ("" if step is None else f"; MM rises by at most {step:f} from tier to tier"),
    )


def _table_faults(
    table: SolvedTable, parameters: ParameterSet, link: Decimal, step: Decimal | None = None
) -> Iterator[str]:
    key, published = table.need.key, published_tiers(table, parameters)
    for index, (lower, upper) in enumerate(pairwise(published), start=2):
        yield from (f"{key} tier {index}: {text}" for text in _order_faults(lower, upper))
        if step is not None and upper.maintenance_rate - lower.maintenance_rate > step:
            yield f"{key} tier {index}: MM more than {step:f} above the tier before"
    for index, (fitted, tier) in enumerate(zip(table.tiers.tiers, published, strict=True)):
        name = f"{key} tier {index + 1}"
        if tier.maintenance_rate > link * tier.initial_rate:
            yield f"{name}: MM / IM above {link}"
        # A bound that cuts a rate leaves the reaction time uncovered: told under the bounds.
        ours = not (fitted.initial_bound or table.tiers.initial_frozen[index])
        if ours and tier.initial_rate < initial_floor(tier.maintenance_rate, fitted.reaction_risk):
            yield f"{name}: IM below MM + reaction time"
        yield from _leverage_faults(name, tier)


def published_tiers(table: SolvedTable, parameters: ParameterSet) -> tuple[Tier, ...]:
    """Return the tiers that the set publishes of a table, whatever their order is."""
    held, prefix = parameters.of(table.need.market), table.need.prefix

    def tier(index: int) -> Tier:
        own = f"{prefix}tier[{index}]."
        cap = held.get(f"{own}cap_usd")
        return Tier(
            cap_usd=None if cap is None else cap.value,
            maintenance_rate=held[f"{own}maintenance_rate"].value,
            initial_rate=held[f"{own}initial_rate"].value,
            max_leverage=held[f"{own}max_leverage"].value,
        )

    return tuple(tier(index) for index in range(len(table.tiers.tiers)))


def _order_faults(lower: Tier, upper: Tier) -> Iterator[str]:
    """Caps must rise, and rates not fall."""
    if lower.cap_usd is None or (upper.cap_usd is not None and upper.cap_usd <= lower.cap_usd):
        yield "cap not above the one before"
    if upper.maintenance_rate < lower.maintenance_rate:
        yield "MM below the tier before"
    if upper.initial_rate < lower.initial_rate:
        yield "IM below the tier before"


def _leverage_faults(name: str, tier: Tier) -> Iterator[str]:
    """Hold a leverage against its initial rate, both ways; a millionth of rounding is allowed."""
    leverage, rate = tier.max_leverage, tier.initial_rate
    if float(leverage * rate) > 1.0 + 1e-4:
        yield f"{name}: leverage x IM above 1 ({leverage:f}x at {rate:f})"
    elif initial_rate_of(leverage) > rate + RATE_DIGITS:
        yield f"{name}: leverage asks more than IM ({leverage:f}x at {rate:f})"
