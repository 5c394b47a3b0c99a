"""The tables between those in force and the next ones: dated, feasible, within step limits.

Tables of other caps are laid on the caps of both, which changes no requirement: a marginal rate
holds for its slice and an initial rate for the tier that a position reaches, wherever a cap is
added. Sizes that were not allowed start at the tighter of the last rate in force and the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from plimsoll.calibration.assembly.joint import initial_choices
from plimsoll.calibration.problem import Structure
from plimsoll.calibration.rounding import leverage_down
from plimsoll.calibration.set_plan import StepPlan
from plimsoll.calibration.structure.exact import violated
from plimsoll.calibration.structure.infeasible import InfeasibleProblemError
from plimsoll.calibration.structure.market_rules import ordered_pair
from plimsoll.calibration.structure.rules import Rule
from plimsoll.calibration.structure.scheduling import DatedSet, ScheduleTerms, schedule
from plimsoll.calibration.structure.tier_rules import link_rule, rising, tier_key
from plimsoll.calibration.structure.variables import GovernedVariable, StepLimits
from plimsoll.domain.parameters import Unit
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import UsageError

NANOSECONDS_PER_HOUR = 3_600_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedTables:
    """The tables that hold from a time on.

    Parameters
    ----------
    effective_at_ns : int
    tables : mapping of str to TierTable
        Of every table of the set, by key.
    changed : tuple of str
        Keys of tables that differ from the set before.
    """

    effective_at_ns: int
    tables: Mapping[str, TierTable]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedPath:
    """The way to the next set.

    Parameters
    ----------
    sets : tuple of DatedTables
    unmended : tuple of str
        Tables whose rates in force break the structure, which no first step mends within the
        limits: there the broken rules hold from the last set on.
    refused : mapping of str to str
        Tables to which no path leads, with the reason. With any, ``sets`` is empty: a set that
        jumps over the limits is no schedule.
    """

    sets: tuple[DatedTables, ...]
    unmended: tuple[str, ...]
    refused: Mapping[str, str]


def dated_tables(
    old: Mapping[str, TierTable],
    new: Mapping[str, TierTable],
    structure: Structure,
    steps: StepPlan,
    announced_at_ns: int,
) -> DatedPath:
    """Return the dated tables from ``old`` to ``new``, each table by its own path.

    Tables that were not in force come with the first set. Every set is whole, and satisfies order
    and link.
    """
    terms = ScheduleTerms(
        announced_at_ns=announced_at_ns,
        interval_hours=steps.interval_hours,
        urgent=steps.urgent,
        urgent_factor=steps.urgent_factor,
        urgent_notice_hours=steps.urgent_notice_hours,
        most_steps=steps.most_steps,
    )
    paths: dict[str, dict[int, TierTable]] = {}
    unmended, refused = [], {}
    for key, table in new.items():
        if key not in old:
            continue
        try:
            dated, mended = _path(key, old[key], table, structure, steps, terms)
        except UsageError as refusal:
            refused[key] = str(refusal)
            continue
        paths[key] = dated
        if not mended:
            unmended.append(key)
    first = announced_at_ns + NANOSECONDS_PER_HOUR * min(
        steps.notice_tightening_hours, steps.notice_loosening_hours
    )
    paths = _on_common_dates(paths, NANOSECONDS_PER_HOUR * steps.interval_hours)
    times = sorted({time for path in paths.values() for time in path}) or [first]
    return DatedPath(
        sets=() if refused else _joined(times, old, new, paths),
        unmended=tuple(unmended),
        refused=refused,
    )


def _on_common_dates(
    paths: Mapping[str, Mapping[int, TierTable]], interval_ns: int
) -> dict[str, dict[int, TierTable]]:
    """Return the paths with each date moved to the next common one: never before its notice."""
    first = min((time for path in paths.values() for time in path), default=0)
    return {
        key: {first - (first - time) // interval_ns * interval_ns: t for time, t in path.items()}
        for key, path in paths.items()
    }


def _joined(
    times: Sequence[int],
    old: Mapping[str, TierTable],
    new: Mapping[str, TierTable],
    paths: Mapping[str, Mapping[int, TierTable]],
) -> tuple[DatedTables, ...]:
    """Return whole sets at the times of any change."""
    held = {key: old.get(key, table) for key, table in new.items()}
    before, sets = {key: old[key] for key in new if key in old}, []
    for time in times:
        for key, path in paths.items():
            held[key] = path.get(time, held[key])
        if time == times[-1]:
            held = dict(new)
        changed = tuple(key for key in new if before.get(key) != held[key])
        sets.append(DatedTables(effective_at_ns=time, tables=dict(held), changed=changed))
        before = dict(held)
    return tuple(sets)


def _path(
    key: str,
    old: TierTable,
    new: TierTable,
    structure: Structure,
    steps: StepPlan,
    terms: ScheduleTerms,
) -> tuple[dict[int, TierTable], bool]:
    """Return one table's dated values, and whether they keep every rule from the first set on."""
    caps = _caps_of_both(old, new)
    current, target = _laid(old, caps, new), _laid(new, caps, new)
    variables, wanted = [], {}
    for index, (now, then) in enumerate(zip(current, target, strict=True)):
        for name in ("maintenance_rate", "initial_rate"):
            place = tier_key(key, index, name)
            wanted[place] = getattr(then, name)
            variables.append(
                _variable(place, getattr(now, name), wanted[place], structure, steps, name)
            )
    start = {v.key: v.current for v in variables if v.current is not None}
    rules = _rules(key, len(caps), structure, wanted)
    try:
        dated, mended = schedule(variables, wanted, rules, terms), True
    except InfeasibleProblemError:
        broken = {v.name for v in violated(rules, start)}
        kept = [rule for rule in rules if rule.name not in broken]
        dated, mended = schedule(variables, wanted, kept, terms), False
    out = {d.effective_at_ns: _table(key, caps, d, structure) for d in dated}
    if out:
        out[max(out)] = new
    return out, mended


def slices(old: TierTable, new: TierTable) -> tuple[tuple[Decimal, Tier, Tier], ...]:
    """Return, up to each cap of either table, the tier in force there and the next one."""
    caps = _caps_of_both(old, new)
    return tuple(zip(caps, _laid(old, caps, new), _laid(new, caps, new), strict=True))


def _caps_of_both(old: TierTable, new: TierTable) -> tuple[Decimal, ...]:
    """Return all caps up to the last of the next table."""
    ends = [tier.cap_usd for table in (old, new) for tier in table.tiers]
    top = new.tiers[-1].cap_usd
    assert top is not None  # tables that are calibrated end somewhere
    return tuple(sorted({cap for cap in ends if cap is not None and cap <= top}))


def _laid(table: TierTable, caps: Sequence[Decimal], new: TierTable) -> tuple[Tier, ...]:
    """Return the tier of a table that each slice up to a cap lies in."""
    return tuple(_tier_at(table, cap, new) for cap in caps)


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
    place: str, now: Decimal, then: Decimal, structure: Structure, steps: StepPlan, name: str
) -> GovernedVariable:
    """Return a rate between its value in force and the next; its grid holds the next value too."""
    maintenance = name == "maintenance_rate"
    step = structure.maintenance_rate_step
    choices = tuple(sorted({*initial_choices(structure), then}))
    on_grid = maintenance and then % step == 0
    listed = () if on_grid else (then,) if maintenance else choices
    return GovernedVariable(
        key=place,
        unit=Unit.FRACTION,
        lower=min(now, then),
        upper=max(now, then),
        step=step if on_grid else None,
        values=listed,
        current=now,
        limits=_limits(now, then, listed, steps, maintenance=maintenance),
    )


def _limits(
    now: Decimal, then: Decimal, values: Sequence[Decimal], steps: StepPlan, *, maintenance: bool
) -> StepLimits:
    """Return the limits, of initial rates at least as wide as the grid between both values."""
    rise, fall = steps.rise, steps.fall
    rise_relative, fall_relative = steps.rise_relative, steps.fall_relative
    if not maintenance or values:
        way = sorted({now, then, *(v for v in values if min(now, then) < v < max(now, then))})
        gaps = list(pairwise(way))
        if gaps:
            widest = max(high - low for low, high in gaps)
            rise, fall = (None if x is None else max(x, widest) for x in (rise, fall))
            up = max((high - low) / low for low, high in gaps)
            down = max((high - low) / high for low, high in gaps)
            rise_relative = None if rise_relative is None else max(rise_relative, _up(up))
            fall_relative = None if fall_relative is None else max(fall_relative, _up(down))
    return StepLimits(
        rise=rise,
        fall=fall,
        rise_relative=rise_relative,
        fall_relative=fall_relative,
        notice_tightening_hours=steps.notice_tightening_hours,
        notice_loosening_hours=steps.notice_loosening_hours,
    )


def _up(share: Decimal) -> Decimal:
    """Return a share a little above, on a millionth."""
    return share.quantize(Decimal("0.000001")) + Decimal("0.000001")


def _rules(
    key: str, count: int, structure: Structure, wanted: Mapping[str, Decimal]
) -> tuple[Rule, ...]:
    """Return order, link and IM >= MM, without what a bound of the venue breaks in the end too."""
    maintenance = [tier_key(key, i, "maintenance_rate") for i in range(count)]
    initial = [tier_key(key, i, "initial_rate") for i in range(count)]
    link = structure.maintenance_initial_link
    every: list[Rule] = [*rising(maintenance), *rising(initial)]
    for mm, im in zip(maintenance, initial, strict=True):
        every += [link_rule(mm, im, link), ordered_pair(mm, im)]
    broken = {v.name for v in violated(every, wanted)}
    return tuple(rule for rule in every if rule.name not in broken)


def _table(key: str, caps: Sequence[Decimal], dated: DatedSet, structure: Structure) -> TierTable:
    """Return the table of a dated set, slices of equal rates put together."""
    tiers: list[Tier] = []
    for index, cap in enumerate(caps):
        mm = dated.values[tier_key(key, index, "maintenance_rate")]
        im = dated.values[tier_key(key, index, "initial_rate")]
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
