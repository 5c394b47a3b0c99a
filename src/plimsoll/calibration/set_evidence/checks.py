"""Lines that a set adds to the verdict: no conflict, sound changes, a way to get there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from plimsoll.calibration.assembly.dated import DatedPath, slices
from plimsoll.calibration.assembly.order import overlaps, table_pairs
from plimsoll.calibration.set_evidence.schedule_tables import relief_text
from plimsoll.calibration.set_plan import OrderPlan
from plimsoll.calibration.solve import SolvedTable
from plimsoll.calibration.structure.change_check import (
    LARGEST_RATIO,
    RefusedChange,
    refused_changes,
)
from plimsoll.calibration.structure.variables import GovernedVariable
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.parameters import Unit
from plimsoll.domain.table import iso_minute
from plimsoll.domain.tiers import TierTable

MOST_NAMED = 5
NO_PAIR = "no two tables of this set stand in the order stated"


def conflict_check(tables: Sequence[SolvedTable]) -> Check:
    """Say which rules of the venue exclude each other, with the smallest relaxation."""
    found = [table.conflict for table in tables if table.conflict]
    return Check(
        name="Structure is feasible",
        verdict=Verdict.BREACH if found else Verdict.HOLDS if tables else Verdict.NOT_PROVEN,
        found=_first(found) if found else f"{len(tables)} tables",
        demanded="rate bound, link, leverages and caps leave room for what each table needs",
    )


def order_check(tables: Sequence[SolvedTable], plan: OrderPlan) -> Check:
    """Hold every pair of tables that the venue orders against each other, at equal sizes."""
    held = {table.need.key: table for table in tables}
    pairs = table_pairs(plan, [table.need for table in tables])
    missed = [
        f"{pair.riskier} below {pair.safer}"
        for pair in pairs
        if _below(held[pair.riskier].tiers.table, held[pair.safer].tiers.table)
    ]
    raised = [key for key, table in held.items() if _raised(table)] if pairs else []
    about = f"{len(pairs)} pairs; above their own need for it: {', '.join(raised) or 'none'}"
    return Check(
        name="Order between tables",
        verdict=Verdict.BREACH if missed else Verdict.HOLDS if pairs else Verdict.NOT_PROVEN,
        found=_first(missed) if missed else about if pairs else NO_PAIR,
        demanded="riskier classes and longer expiries have nowhere lower rates than safer ones",
    )


def _below(riskier: TierTable, safer: TierTable) -> bool:
    return any(
        low.maintenance_rate > high.maintenance_rate or low.initial_rate > high.initial_rate
        for i, j in overlaps(_slices(safer), _slices(riskier))
        for low, high in ((safer.tiers[i], riskier.tiers[j]),)
    )


def _slices(table: TierTable) -> list[tuple[Decimal, Decimal]]:
    caps = [tier.cap_usd for tier in table.tiers if tier.cap_usd is not None]
    return list(zip((Decimal(0), *caps), caps, strict=False))


def _raised(table: SolvedTable) -> bool:
    """Tell whether a rate that is not the one in force lies above what the table itself needs."""
    return any(
        not frozen and now.tier.maintenance_rate > own.tier.maintenance_rate
        for frozen, now, own in zip(
            table.tiers.maintenance_frozen, table.tiers.tiers, table.found.tiers, strict=True
        )
    )


def change_check(tables: Sequence[SolvedTable], path: DatedPath | None) -> Check:
    """Hold every change of a rate, set by set, against a factor of ten."""
    refused = [change.text for change in _refused(tables, path)]
    held = sum(table.need.incumbent is not None for table in tables)
    about = f"every rate of {held} tables, set by set" if held else "no rate was in force"
    return Check(
        name="Size of changes",
        verdict=Verdict.BREACH if refused else Verdict.HOLDS,
        found=_first(refused) if refused else about,
        demanded=f"no rate changes by more than a factor of {LARGEST_RATIO:f} in one set",
    )


def schedule_check(path: DatedPath) -> Check:
    """Say whether a way of feasible sets leads to the set."""
    refused = [f"{key}: {text}" for key, text in path.refused.items()]
    dates = [iso_minute(dated.effective_at_ns) for dated in path.sets]
    return Check(
        name="Schedule under the step limits",
        verdict=Verdict.BREACH if refused else Verdict.HOLDS,
        found=f"{relief_text(path)} {_first(refused)}"
        if refused
        else f"{len(dates)} sets, {dates[0]} to {dates[-1]} UTC",
        demanded="feasible sets lead from the rates in force to this set; none misses a rule by "
        "more than the one before",
    )


def _refused(tables: Sequence[SolvedTable], path: DatedPath | None) -> Iterator[RefusedChange]:
    for table in tables:
        old, key = table.need.incumbent, table.need.key
        if old is None:
            continue
        steps = () if path is None else path.sets
        way = [s.tables[key] for s in steps] or [table.tiers.table]
        for new in way:
            yield from _between(key, old, new)
            old = new


def _between(key: str, old: TierTable, new: TierTable) -> Iterator[RefusedChange]:
    before, after = {}, {}
    for cap, now, then in slices(old, new):
        for name in ("maintenance_rate", "initial_rate"):
            place = f"{key}/up to {cap:f}.{name}"
            before[place], after[place] = (
                (getattr(now, name), Unit.FRACTION),
                getattr(then, name),
            )
    variables = [
        GovernedVariable(
            key=place, unit=Unit.FRACTION, lower=Decimal(0), upper=Decimal(10), values=(value,)
        )
        for place, value in after.items()
    ]
    yield from refused_changes(variables, after, before)


def _first(texts: Sequence[str]) -> str:
    more = len(texts) - MOST_NAMED
    return "; ".join(texts[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
