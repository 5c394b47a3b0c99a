"""The tables between those in force and the next ones: dated, feasible, within step limits.

What the tables in force miss of the venue's own rules is mended on the way: no set misses a rule by
more than the one before. Where no way exists, the least limit with which one does is solved for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from plimsoll.calibration.assembly.order import (
    TablePair,
    connected_tables,
    order_rules,
    pairs_among,
)
from plimsoll.calibration.assembly.step_relief import StepRelief, least_reliefs
from plimsoll.calibration.assembly.table_way import (
    TableWay,
    held_as_at_the_end,
    missed_link,
    slices,
    table_of,
    table_way,
)
from plimsoll.calibration.problem import Structure
from plimsoll.calibration.set_plan import StepPlan
from plimsoll.calibration.structure.rules import LinearRule
from plimsoll.calibration.structure.scheduling import DatedSet, ScheduleTerms, schedule
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import UsageError

__all__ = ["DatedPath", "DatedTables", "dated_tables", "slices"]

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
    missed : mapping of str to Decimal
        Tables whose maintenance rates exceed the link times the initial ones, by how much.
    """

    effective_at_ns: int
    tables: Mapping[str, TierTable]
    changed: tuple[str, ...]
    missed: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedPath:
    """The way to the next set.

    Parameters
    ----------
    sets : tuple of DatedTables
    missed_in_force : mapping of str to Decimal
        Tables in force that miss the link, by how much.
    refused : mapping of str to str
        Tables to which no path leads, with the reason. With any, ``sets`` is empty: a set that
        jumps over the limits is no schedule.
    reliefs : tuple of StepRelief
        Where tables are refused: the least limits with which all have a way.
    """

    sets: tuple[DatedTables, ...]
    missed_in_force: Mapping[str, Decimal]
    refused: Mapping[str, str]
    reliefs: tuple[StepRelief, ...] = ()


def dated_tables(
    old: Mapping[str, TierTable],
    new: Mapping[str, TierTable],
    structure: Structure,
    steps: StepPlan,
    announced_at_ns: int,
    *,
    reaction: Mapping[str, float] | None = None,
    pairs: Sequence[TablePair] = (),
) -> DatedPath:
    """Return the dated tables from ``old`` to ``new``.

    Tables that no order between tables connects have ways of their own. Tables that were not in
    force come with the first set.

    Parameters
    ----------
    reaction : mapping of str to float
        Of tables, by key: what IM should cover above MM. A cover that is short does not shrink.
    pairs : sequence of TablePair
        Tables of which one may nowhere have lower rates than the other.
    """
    cover = reaction or {}
    found: dict[str, dict[int, TierTable]] = {}
    refused: dict[str, tuple[tuple[str, ...], str]] = {}

    def dates(keys: tuple[str, ...], plan: StepPlan) -> dict[str, dict[int, TierTable]]:
        ways = [table_way(k, old[k], new[k], structure, plan, cover.get(k)) for k in keys]
        rules = [rule for way in ways for rule in way.rules]
        slice_of = {way.key: way.slices for way in ways}
        rules += order_rules(slice_of, pairs_among(pairs, keys))
        return _dates(ways, rules, structure, plan, announced_at_ns, new)

    for keys in connected_tables([key for key in new if key in old], pairs):
        try:
            found |= dates(keys, steps)
        except UsageError as refusal:
            refused[_named(keys)] = (keys, str(refusal))
    reliefs = least_reliefs([keys for keys, _ in refused.values()], steps, dates)
    return DatedPath(
        sets=() if refused else _sets(old, new, found, steps, announced_at_ns, structure),
        missed_in_force=_missed({key: old[key] for key in new if key in old}, structure),
        refused={name: text for name, (_, text) in refused.items()},
        reliefs=reliefs,
    )


def _named(keys: Sequence[str]) -> str:
    more = len(keys) - 3
    return ", ".join(keys[:3]) + (f" and {more} more" if more > 0 else "")


def _dates(
    ways: Sequence[TableWay],
    rules: Sequence[LinearRule],
    structure: Structure,
    steps: StepPlan,
    announced_at_ns: int,
    new: Mapping[str, TierTable],
) -> dict[str, dict[int, TierTable]]:
    """Return the tables of connected ways by time; the last of each is the next one itself."""
    terms = ScheduleTerms(
        announced_at_ns=announced_at_ns,
        interval_hours=steps.interval_hours,
        urgent=steps.urgent,
        urgent_factor=steps.urgent_factor,
        urgent_notice_hours=steps.urgent_notice_hours,
        most_steps=steps.most_steps,
    )
    target = {key: value for way in ways for key, value in way.target.items()}
    dated = schedule(
        [variable for way in ways for variable in way.variables],
        target,
        held_as_at_the_end(rules, target),
        terms,
    )
    return {way.key: _own_dates(way, dated, structure, new[way.key]) for way in ways}


def _own_dates(
    way: TableWay, dated: Sequence[DatedSet], structure: Structure, new: TierTable
) -> dict[int, TierTable]:
    """Return the tables of one way at the times when it changes."""
    mine = {variable.key for variable in way.variables}
    changed = [one for one in dated if mine & set(one.changed)]
    out = {one.effective_at_ns: table_of(way, one, structure) for one in changed}
    if out:
        out[max(out)] = new
    return out


def _sets(
    old: Mapping[str, TierTable],
    new: Mapping[str, TierTable],
    paths: Mapping[str, Mapping[int, TierTable]],
    steps: StepPlan,
    announced_at_ns: int,
    structure: Structure,
) -> tuple[DatedTables, ...]:
    """Return whole sets at the times of any change."""
    first = announced_at_ns + NANOSECONDS_PER_HOUR * min(
        steps.notice_tightening_hours, steps.notice_loosening_hours
    )
    common = _on_common_dates(paths, NANOSECONDS_PER_HOUR * steps.interval_hours)
    times = sorted({time for path in common.values() for time in path}) or [first]
    held = {key: old.get(key, table) for key, table in new.items()}
    before, sets = {key: old[key] for key in new if key in old}, []
    for time in times:
        for key, path in common.items():
            held[key] = path.get(time, held[key])
        if time == times[-1]:
            held = dict(new)
        changed = tuple(key for key in new if before.get(key) != held[key])
        sets.append(
            DatedTables(
                effective_at_ns=time,
                tables=dict(held),
                changed=changed,
                missed=_missed(held, structure),
            )
        )
        before = dict(held)
    return tuple(sets)


def _on_common_dates(
    paths: Mapping[str, Mapping[int, TierTable]], interval_ns: int
) -> dict[str, dict[int, TierTable]]:
    """Return the paths with each date moved to the next common one: never before its notice."""
    first = min((time for path in paths.values() for time in path), default=0)
    return {
        key: {first - (first - time) // interval_ns * interval_ns: t for time, t in path.items()}
        for key, path in paths.items()
    }


def _missed(tables: Mapping[str, TierTable], structure: Structure) -> dict[str, Decimal]:
    over = {key: missed_link(table, structure) for key, table in tables.items()}
    return {key: much for key, much in over.items() if much}
