"""The ladders of a set beside those in force: tiers, mean margin, and what splitting would save."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from plimsoll.calibration.assembly.ladders import rate_kind
from plimsoll.calibration.assembly.needs import requirement_of, sizes_of
from plimsoll.calibration.set_plan import SetPlan
from plimsoll.calibration.solve import SolvedTable
from plimsoll.calibration.tiers.fit import FittedLadder
from plimsoll.calibration.tiers.ladder import Ladder, RateKind
from plimsoll.calibration.tiers.sizes import log_uniform
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.domain.tiers import TierTable

LEAST_SIZE_USD = 1000.0


def fitted_ladders(tables: Sequence[SolvedTable], plan: SetPlan) -> dict[str, FittedLadder]:
    """Return the ladder of each table with its mean margin and the least there could be."""
    found = {}
    for table in tables:
        requirement = table.found.requirement or requirement_of(table.need, plan.tiers)
        sizes = sizes_of(table.need, plan.tiers)
        ladder = Ladder.of_table(table.tiers.table, rate_kind(plan.tiers))
        found[table.need.key] = FittedLadder(
            ladder=ladder,
            mean=ladder.mean(sizes),
            lower_bound=float(
                sizes.weight @ (requirement.at(sizes.notional_usd) / sizes.notional_usd)
            ),
            rate_errors=requirement.marginal_errors(ladder.caps),
        )
    return found


def means_against(
    new: FittedLadder, old: TierTable | None, kind: RateKind = RateKind.MARGINAL
) -> tuple[float | None, float | None, float | None]:
    """Return both mean maintenance rates on the sizes that both allow, and their ratio less one.

    Sizes are log-uniform from 1,000 dollars; nothing where the table in force has no end. Its
    rates are of ``kind``.
    """
    if old is None or old.tiers[-1].cap_usd is None:
        return None, None, None
    before = Ladder.of_table(old, kind)
    top = min(float(before.caps_usd[-1]), float(new.ladder.caps_usd[-1]))
    if top <= LEAST_SIZE_USD:
        return None, None, None
    sizes = log_uniform(LEAST_SIZE_USD, top)
    mine, theirs = new.ladder.mean(sizes), before.mean(sizes)
    return mine, theirs, mine / theirs - 1.0


def ladder_table(
    tables: Sequence[SolvedTable],
    ladders: Mapping[str, FittedLadder],
    price_note: str,
    incumbent: str,
    whole: Collection[str] = (),
) -> Table:
    """Return one row a table, and the mean over markets last.

    Rates in force of the tables in ``whole`` hold for the whole position.
    """
    rows = [_row(t, ladders[t.need.key], whole=t.need.key in whole) for t in tables]
    share, count = ColumnKind.FRACTION, ColumnKind.COUNT
    return Table(
        name="ladders",
        title="Ladders of the set, and those in force",
        columns=(
            Column(name="table", title="Table"),
            Column(name="tiers", title="Tiers", kind=count),
            Column(name="mean", title="Mean MM", kind=share),
            Column(name="lower_bound", title="Least possible", kind=share),
            Column(name="tiers_before", title="Tiers before", kind=count),
            Column(name="mean_common", title="Mean MM, common sizes", kind=share),
            Column(name="mean_before", title="Mean MM before", kind=share),
            Column(name="change", title="Change", kind=share, digits=1),
        ),
        rows=(*rows, _mean_row(rows)),
        notes=(
            price_note,
            "Mean MM over the sizes of the plan; common sizes are log-uniform from 1,000 USD to "
            "the smaller of both last caps. Least possible: R(N) / N, on no grid.",
            f"Before: {incumbent}. A lower margin before is no merit where it covered less: see "
            "the table of the incumbent.",
        ),
    )


def _row(table: SolvedTable, ladder: FittedLadder, *, whole: bool) -> tuple[Cell, ...]:
    old = table.need.incumbent
    kind = RateKind.WHOLE if whole else RateKind.MARGINAL
    return (
        table.need.key,
        len(table.tiers.tiers),
        ladder.mean,
        ladder.lower_bound,
        len(old.tiers) if old else None,
        *means_against(ladder, old, kind),
    )


def _mean_row(rows: Sequence[tuple[Cell, ...]]) -> tuple[Cell, ...]:
    def mean(place: int) -> float | None:
        known = [float(str(row[place])) for row in rows if row[place] is not None]
        return float(np.mean(known)) if known else None

    return ("mean of tables", None, mean(2), mean(3), None, mean(5), mean(6), mean(7))
