"""The schedule for people: one row a set, and the lowest tier of each table over the dates."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from plimsoll.calibration.assembly.dated import DatedPath
from plimsoll.calibration.solve import SolvedTable
from plimsoll.domain.table import Cell, Column, ColumnKind, Table, iso_minute


def schedule_tables(path: DatedPath, tables: Sequence[SolvedTable]) -> tuple[Table, ...]:
    """Return the sets by date, and lowest tiers by date; where there is no way, why not."""
    if path.refused:
        return (_refused(path),)
    return (_sets(path, tables), _lowest(path, tables))


def _refused(path: DatedPath) -> Table:
    return Table(
        name="schedule",
        title="No schedule: the step limits leave no way to this set",
        columns=(
            Column(name="table", title="Table"),
            Column(name="refused", title="Why no feasible sets lead there"),
        ),
        rows=tuple((key, text.replace("\n", " ")) for key, text in path.refused.items()),
        notes=(
            "No file schedule/NN.json is written: one that jumps the limits is no schedule.",
            relief_text(path),
        ),
    )


def relief_text(path: DatedPath) -> str:
    """Say with which limits, each the least that is enough, every table has a way."""
    if not path.reliefs:
        return "No wider limit alone, nor all wider by one factor, leads there."
    if len(path.reliefs) == 1:
        return f"Enough, and no less is: {path.reliefs[0].advice}."
    ways = "; ".join(relief.advice for relief in path.reliefs)
    return f"Any one of these is enough, and no less of it is: {ways}."


def _sets(path: DatedPath, tables: Sequence[SolvedTable]) -> Table:
    before = {t.need.key: t.need.incumbent for t in tables}
    rows: list[tuple[Cell, ...]] = []
    for number, dated in enumerate(path.sets, start=1):
        up = down = 0
        for key in dated.changed:
            old, new = before[key], dated.tables[key]
            if old is not None:
                change = new.tiers[0].maintenance_rate - old.tiers[0].maintenance_rate
                up, down = up + (change > 0), down + (change < 0)
        missed = max(dated.missed.values(), default=Decimal(0))
        head = (number, iso_minute(dated.effective_at_ns), len(dated.changed), up, down)
        rows.append((*head, len(dated.missed), float(missed)))
        before = dict(dated.tables)
    count = ColumnKind.COUNT
    return Table(
        name="schedule",
        title="Schedule of jointly feasible sets",
        columns=(
            Column(name="step", title="Set", kind=count),
            Column(name="effective", title="Effective (UTC)"),
            Column(name="changed", title="Tables changed", kind=count),
            Column(name="tightened", title="Lowest tier tightened", kind=count),
            Column(name="loosened", title="Lowest tier loosened", kind=count),
            Column(name="missed", title="Tables over the link", kind=count),
            Column(name="missed_by", title="MM over link x IM, largest", kind=ColumnKind.FRACTION),
        ),
        rows=tuple(rows),
        notes=(
            "Each set is whole: rates rise with size, and MM / IM is at most the link where it is "
            "in force. The last is the set of this evidence; files schedule/NN.json hold each with "
            "its own identity.",
            *_mending(path),
        ),
    )


def _mending(path: DatedPath) -> tuple[str, ...]:
    if not path.missed_in_force:
        return ()
    largest = max(path.missed_in_force.values())
    return (
        f"{len(path.missed_in_force)} tables in force are over the link, by up to "
        f"{float(largest):.4%}: no tier is over it by more than in the set before, and one that is "
        "within it stays so.",
    )


def _lowest(path: DatedPath, tables: Sequence[SolvedTable]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for table in tables:
        old, key = table.need.incumbent, table.need.key
        if old is None:
            continue
        way = [float(s.tables[key].tiers[0].maintenance_rate) for s in path.sets]
        rows.append((key, float(old.tiers[0].maintenance_rate), *way))
    share = ColumnKind.FRACTION
    return Table(
        name="schedule_lowest_tier",
        title="Lowest tier's maintenance rate along the schedule",
        columns=(
            Column(name="table", title="Table"),
            Column(name="in_force", title="In force", kind=share),
            *(
                Column(name=f"step_{n}", title=f"Set {n}", kind=share)
                for n in range(1, len(path.sets) + 1)
            ),
        ),
        rows=tuple(rows),
    )
