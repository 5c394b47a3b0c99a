"""Operational risk in the level: outages of the venue lengthen close-outs."""

from __future__ import annotations

from plimsoll.calibration.add_ons.outage_levels import STEP, OutageLevels
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.part import CalibratedPart
from plimsoll.calibration.parts.level_table import level_table
from plimsoll.calibration.parts.multipliers import multiplier_parameter
from plimsoll.calibration.parts.outage_walk_forward import outage_walk_forward_table
from plimsoll.calibration.parts.outages import OperationsSettings, outage_levels
from plimsoll.domain.finding import Reason
from plimsoll.domain.table import Column, ColumnKind, Table

BESIDE = (
    "Outage multipliers stand beside the margins of the set, which hold without them: a venue "
    "that adopts them (operations.apply) multiplies its price risk."
)
WITHIN = (
    "Price risk of this set is multiplied by its class's outage multiplier, which is of the data "
    "of the set's day; margins of earlier days, and all coverage of the walk-forward, are without "
    "it. Outages stated in the venue file have no date, and are in the set's multiplier alone."
)


def operations_part(proof: Proof, settings: OperationsSettings) -> CalibratedPart:
    """Return each class's multiplier of the level for outages; the proof's where it has one."""
    levels = proof.outages or outage_levels(proof, settings)
    tables = [_outage_table(levels, settings.label)]
    if levels.applied:
        tables += [level_table(proof, levels), outage_walk_forward_table(proof, settings)]
    return CalibratedPart(
        name="operations",
        parameters=tuple(
            multiplier_parameter(
                (f"class:{name}", "outage_multiplier"),
                level.ratio,
                levels.errors[name],
                STEP,
                settings.owner,
            )
            for name, level in levels.found.items()
        ),
        tables=tuple(tables),
        limits=(WITHIN if levels.applied else BESIDE,),
    )


def _outage_table(levels: OutageLevels, label: str) -> Table:
    share = ColumnKind.FRACTION
    record = levels.record
    longest = max(record.hours, default=0.0)
    return Table(
        name="outage_levels",
        title="Level of price risk with outages of the venue",
        columns=(
            Column(name="class", title="Class"),
            Column(name="without", title="Without", kind=share),
            Column(name="with", title="With", kind=share),
            Column(name="multiplier", title="Multiplier", kind=ColumnKind.NUMBER, digits=4),
            Column(name="chance", title="Chance of one", kind=share, digits=3),
            Column(name="reason", title="No number because"),
        ),
        rows=(
            *((n, f.without, f.level, f.ratio, f.probability, "") for n, f in levels.found.items()),
            *(
                (n, None, None, None, None, f"{Reason.TOO_SHORT_HISTORY.value}: {why}")
                for n, why in levels.missing.items()
            ),
        ),
        notes=(
            label,
            f"{len(record.hours)} outages of up to {longest:g} h in {record.watched_hours:,.0f} h "
            f"(holes that most prices had together, and those stated), {record.stress:g} times as "
            "frequent when liquidations happen.",
        ),
    )
