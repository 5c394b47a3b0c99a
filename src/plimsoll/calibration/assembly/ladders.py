"""The tiers of one table before those in force are looked at: least rates at the best caps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from plimsoll.calibration.assembly.needs import TableNeed, requirement_of, sizes_of
from plimsoll.calibration.problem import Structure
from plimsoll.calibration.set_plan import CapsFrom, CloseOut, RatesFor, TierPlan
from plimsoll.calibration.tier_fit import FittedTier, fit_tier, fit_tiers
from plimsoll.calibration.tiers.fit import fit_chosen_count, fit_ladder
from plimsoll.calibration.tiers.grid import TierGrid, cap_grid
from plimsoll.calibration.tiers.ladder import Ladder, RateKind
from plimsoll.calibration.tiers.requirement import Requirement
from plimsoll.errors import EstimationError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """Tiers that cover a table's need.

    Parameters
    ----------
    need : TableNeed
    tiers : tuple of FittedTier
    requirement : Requirement or None
        What they cover, where a plan asks more than `SizeCost.requirement` says.
    refusal : str
        Why the ladder asked for does not exist; empty where it does.
    kind : RateKind
        What the maintenance rates hold for.
    """

    need: TableNeed
    tiers: tuple[FittedTier, ...]
    requirement: Requirement | None = None
    refusal: str = ""
    kind: RateKind = RateKind.MARGINAL

    @property
    def caps_usd(self) -> tuple[Decimal, ...]:
        """Upper ends."""
        return tuple(t.tier.cap_usd for t in self.tiers if t.tier.cap_usd is not None)

    def promised_usd(self, notional_usd: float) -> float:
        """R(N) that the tiers cover."""
        if self.requirement is None:
            return self.need.cost.requirement(self.need.price_risk, notional_usd)
        return float(self.requirement.at(notional_usd))


def candidate(need: TableNeed, plan: TierPlan, structure: Structure) -> Candidate:
    """Return the cheapest tiers that cover a need on the venue's grid.

    At the caps of the class they are chords of R; else breakpoints are searched. Caps in force
    that the grid admits stay, where others would not save ``least_gain`` of mean margin.
    """
    if plan == TierPlan():
        tiers = fit_tiers(need.price_risk, need.risk.reaction, need.cost, need.caps_usd, structure)
        return Candidate(need=need, tiers=tiers)
    requirement = requirement_of(need, plan)
    if not plan.is_searched:
        return _at(need, requirement, need.caps_usd, plan, structure)
    try:
        return _searched(need, requirement, plan, structure)
    except EstimationError as refusal:
        found = _at(need, requirement, need.caps_usd, plan, structure)
        return replace(found, refusal=str(refusal))


def cap_choices(need: TableNeed, plan: TierPlan) -> tuple[Decimal, ...]:
    """Return the caps at which tiers may end."""
    if plan.caps is CapsFrom.CLASS:
        return need.caps_usd
    top = need.caps_usd[-1]
    return cap_grid(min(plan.lowest_cap_usd, top), top)


def rate_kind(plan: TierPlan) -> RateKind:
    """Return the kind of rates in the words of ladders."""
    return RateKind.WHOLE if plan.rates is RatesFor.WHOLE else RateKind.MARGINAL


def _searched(
    need: TableNeed, requirement: Requirement, plan: TierPlan, structure: Structure
) -> Candidate:
    kind, sizes = rate_kind(plan), sizes_of(need, plan)
    grid = TierGrid(
        caps_usd=cap_choices(need, plan),
        rate_step=structure.maintenance_rate_step,
        maximum_rate=structure.maximum_rate,
        maximum_step=max(plan.largest_step, structure.maintenance_rate_step),
    )
    if plan.count is not None:
        fitted = fit_ladder(requirement, sizes, grid, tiers=plan.count, kind=kind, proven=False)
    else:
        fitted = fit_chosen_count(
            requirement, sizes, grid, most_tiers=plan.most_tiers, least_gain=plan.least_gain,
            kind=kind,
        )  # fmt: skip
    kept = _kept_caps(need, grid)
    if kept:
        same = _at(need, requirement, kept, plan, structure)
        mean = Ladder(
            caps_usd=kept, rates=tuple(t.tier.maintenance_rate for t in same.tiers), kind=kind
        ).mean(sizes)
        enough = plan.count is None or len(kept) <= plan.count
        if enough and mean * (1.0 - plan.least_gain) <= fitted.mean and _steps(same, grid):
            return same
    tiers = fitted.ladder.with_initial(need.risk.reaction, structure)
    return Candidate(need=need, tiers=tiers, requirement=requirement, kind=kind)


def _kept_caps(need: TableNeed, grid: TierGrid) -> tuple[Decimal, ...]:
    """Return the caps in force where all are admissible; else nothing."""
    if need.incumbent is None:
        return ()
    caps = tuple(tier.cap_usd for tier in need.incumbent.tiers if tier.cap_usd is not None)
    inside = set(caps) <= set(grid.caps_usd) and caps[-1:] == grid.caps_usd[-1:]
    return caps if inside and len(caps) == len(need.incumbent.tiers) else ()


def _steps(found: Candidate, grid: TierGrid) -> bool:
    rates = [t.tier.maintenance_rate for t in found.tiers]
    bound = any(t.maintenance_bound for t in found.tiers)
    return not bound and all(b - a <= grid.maximum_step for a, b in pairwise(rates))


def _at(
    need: TableNeed,
    requirement: Requirement,
    caps_usd: Sequence[Decimal],
    plan: TierPlan,
    structure: Structure,
) -> Candidate:
    """Return least rates at given caps: chords, or the largest R(N) / N of whole-notional tiers."""
    lower, paid, least, tiers = 0.0, 0.0, 0.0, []
    whole = plan.rates is RatesFor.WHOLE
    for cap in caps_usd:
        top = float(cap)
        points = requirement.notional_usd[
            (requirement.notional_usd > lower) & (requirement.notional_usd <= top)
        ]
        ends = [*points.tolist(), top]
        needed = [float(requirement.at(size)) for size in ends]
        if whole:
            rate = max(amount / size for amount, size in zip(needed, ends, strict=True))
        else:
            rate = max((a - paid) / (s - lower) for a, s in zip(needed, ends, strict=True))
        least = max(least, rate)  # a way out that gets cheaper with size leaves no tier cheaper
        tiers.append(fit_tier(least, need.risk.reaction, cap, structure))
        paid = needed[-1] if plan.close_out is CloseOut.AT_ONCE else paid + least * (top - lower)
        lower = top
    if plan.stated_step is not None:
        tiers = within_step(tiers, plan.stated_step, structure)
    return Candidate(need=need, tiers=tuple(tiers), requirement=requirement, kind=rate_kind(plan))


def within_step(
    tiers: Sequence[FittedTier], largest: Decimal, structure: Structure
) -> list[FittedTier]:
    """Return the least rates at which no tier's lies more than ``largest`` below the next one's."""
    out = list(tiers[-1:])
    for fitted in reversed(tiers[:-1]):
        least = out[0].tier.maintenance_rate - largest
        if fitted.tier.maintenance_rate < least:
            risk, cap = fitted.reaction_risk, fitted.tier.cap_usd
            fitted = fit_tier(float(least), risk, cap, structure)
        out.insert(0, fitted)
    return out
