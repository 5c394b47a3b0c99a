"""What moves between a table in force and the next one, and what holds on the way.

Tables of other caps are laid on the caps of both, which changes no requirement: a marginal rate
holds for its slice and an initial rate for the tier that a position reaches, wherever a cap is
added. Sizes that were not allowed start at the tighter of the last rate in force and the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from plimsoll.calibration.assembly.joint import initial_choices
from plimsoll.calibration.problem import Structure
from plimsoll.calibration.rounding import leverage_down
from plimsoll.calibration.set_plan import StepPlan
from plimsoll.calibration.structure.diagnosis import decimal_of
from plimsoll.calibration.structure.market_rules import ordered_pair
from plimsoll.calibration.structure.rules import LinearRule, Sense
from plimsoll.calibration.structure.scheduling import DatedSet
from plimsoll.calibration.structure.tier_rules import link_rule, reaction_rule, rising, tier_key
from plimsoll.calibration.structure.variables import GovernedVariable, StepLimits
from plimsoll.calibration.tier_fit import initial_floor
from plimsoll.domain.parameters import Unit
from plimsoll.domain.tiers import Tier, TierTable

RATES = ("maintenance_rate", "initial_rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableWay:
    """One table's rates between those in force and the next.

    Parameters
    ----------
    key : str
    caps : tuple of Decimal
        Of both tables.
    variables : tuple of GovernedVariable
    target : mapping of str to Decimal
    rules : tuple of LinearRule
        Order, link, IM >= MM and cover of the reaction time.
    """

    key: str
    caps: tuple[Decimal, ...]
    variables: tuple[GovernedVariable, ...]
    target: Mapping[str, Decimal]
    rules: tuple[LinearRule, ...]

    @property
    def slices(self) -> tuple[tuple[Decimal, Decimal], ...]:
        """Lower and upper end of each tier."""
        return tuple(zip((Decimal(0), *self.caps), self.caps, strict=False))


def table_way(
    key: str,
    old: TierTable,
    new: TierTable,
    structure: Structure,
    steps: StepPlan,
    reaction: float | None = None,
) -> TableWay:
    """Return what moves and what holds between two tables.

    Parameters
    ----------
    reaction : float or None
        Quantile over the user's reaction time, share of notional: IM should cover it above MM.
    """
    laid = slices(old, new)
    choices = initial_choices(structure)
    variables, target = [], {}
    for index, (_, now, then) in enumerate(laid):
        for name in RATES:
            place = tier_key(key, index, name)
            target[place] = getattr(then, name)
            variables.append(
                _variable(place, getattr(now, name), target[place], structure, choices, steps)
            )
    return TableWay(
        key=key,
        caps=tuple(cap for cap, _, _ in laid),
        variables=tuple(variables),
        target=target,
        rules=_rules(key, len(laid), structure, reaction),
    )


def slices(old: TierTable, new: TierTable) -> tuple[tuple[Decimal, Tier, Tier], ...]:
    """Return, up to each cap of either table, the tier in force there and the next one."""
    ends = [tier.cap_usd for table in (old, new) for tier in table.tiers]
    top = new.tiers[-1].cap_usd
    assert top is not None  # tables that are calibrated end somewhere
    caps = sorted({cap for cap in ends if cap is not None and cap <= top})
    return tuple((cap, _tier_at(old, cap, new), _tier_at(new, cap, new)) for cap in caps)


def missed_link(table: TierTable, structure: Structure) -> Decimal:
    """Return by how much the maintenance rates exceed the link times the initial ones, at most."""
    link = structure.maintenance_initial_link
    over = (tier.maintenance_rate - link * tier.initial_rate for tier in table.tiers)
    return max(Decimal(0), *over)


def held_as_at_the_end(
    rules: Sequence[LinearRule], target: Mapping[str, Decimal]
) -> tuple[LinearRule, ...]:
    """Return the rules with the bound that the target keeps: a bound of the venue may break one."""
    kept = []
    for rule in rules:
        missed = rule.shortfall(target)
        if missed:
            more = decimal_of(missed)
            at_most = rule.sense is Sense.AT_MOST
            kept.append(replace(rule, bound=rule.bound + (more if at_most else -more)))
        else:
            kept.append(rule)
    return tuple(kept)


def table_of(way: TableWay, dated: DatedSet, structure: Structure) -> TierTable:
    """Return the table of a dated set, slices of equal rates put together."""
    tiers: list[Tier] = []
    for index, cap in enumerate(way.caps):
        mm, im = (dated.values[tier_key(way.key, index, name)] for name in RATES)
        tier = Tier(
            cap_usd=cap,
            maintenance_rate=mm,
            initial_rate=im,
            max_leverage=leverage_down(im, structure.leverage_grid),
        )
        if tiers and (tiers[-1].maintenance_rate, tiers[-1].initial_rate) == (mm, im):
            tiers.pop()
        tiers.append(tier)
    return TierTable(tuple(tiers))


def _tier_at(table: TierTable, cap: Decimal, new: TierTable) -> Tier:
    for tier in table.tiers:
        if tier.cap_usd is None or cap <= tier.cap_usd:
            return tier
    last, then = table.tiers[-1], _tier_at(new, cap, new)
    return Tier(
        cap_usd=cap,
        maintenance_rate=max(last.maintenance_rate, then.maintenance_rate),
        initial_rate=max(last.initial_rate, then.initial_rate),
        max_leverage=min(last.max_leverage, then.max_leverage),
    )


def _variable(
    place: str,
    now: Decimal,
    then: Decimal,
    structure: Structure,
    choices: Sequence[Decimal],
    steps: StepPlan,
) -> GovernedVariable:
    """Return a rate between its value in force and the next; its grid holds the next value too."""
    low, high, step = min(now, then), max(now, then), structure.maintenance_rate_step
    maintenance = place.endswith(RATES[0])
    on_grid = maintenance and then % step == 0
    if maintenance and not on_grid:
        first, last = (int(-(-low // step)), int(high // step))
        choices = [k * step for k in range(first, last + 1)]
    listed = () if on_grid else tuple(sorted({then, *(v for v in choices if low <= v <= high)}))
    return GovernedVariable(
        key=place,
        unit=Unit.FRACTION,
        lower=low,
        upper=high,
        step=step if on_grid else None,
        values=listed,
        current=now,
        limits=_limits(steps, next_always=not maintenance),
    )


def _limits(steps: StepPlan, *, next_always: bool) -> StepLimits:
    """Return the limits; an initial rate may always go to the next leverage offered."""
    return StepLimits(
        rise=steps.rise,
        fall=steps.fall,
        rise_relative=steps.rise_relative,
        fall_relative=steps.fall_relative,
        notice_tightening_hours=steps.notice_tightening_hours,
        notice_loosening_hours=steps.notice_loosening_hours,
        next_always=next_always,
    )


def _rules(
    key: str, count: int, structure: Structure, reaction: float | None
) -> tuple[LinearRule, ...]:
    maintenance, initial = ([tier_key(key, i, name) for i in range(count)] for name in RATES)
    out = [*rising(maintenance), *rising(initial)]
    for mm, im in zip(maintenance, initial, strict=True):
        out += [link_rule(mm, im, structure.maintenance_initial_link), ordered_pair(mm, im)]
        if reaction is not None:
            cover = reaction_rule(mm, im, initial_floor(Decimal(0), reaction))
            out.append(replace(cover, standard_error=Decimal(0)))  # a need, not structure
    return tuple(out)
