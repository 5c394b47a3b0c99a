"""Lines that a set adds to the verdict: no conflict, sound changes, a way to get there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from plimsoll.calibration.assembly.dated import DatedPath, slices
from plimsoll.calibration.set_evidence.schedule_tables import relief_text
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


def conflict_check(tables: Sequence[SolvedTable]) -> Check:
    """Say which rules of the venue exclude each other, with the smallest relaxation."""
    found = [table.conflict for table in tables if table.conflict]
    return Check(
        name="Structure is feasible",
        verdict=Verdict.BREACH if found else Verdict.HOLDS,
        found=_first(found) if found else f"{len(tables)} tables",
        demanded="rate bound, link, leverages and caps leave room for what each table needs",
    )


def change_check(tables: Sequence[SolvedTable], path: DatedPath | None) -> Check:
    """Hold every change of a rate, set by set, against a factor of ten."""
    refused = [change.text for change in _refused(tables, path)]
    return Check(
        name="Size of changes",
        verdict=Verdict.BREACH if refused else Verdict.HOLDS,
        found=_first(refused) if refused else "every rate, set by set",
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
