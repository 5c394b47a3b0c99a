"""From the reference level to the tiers, class by class: what outages add on the way."""

from __future__ import annotations

from statistics import fmean

from plimsoll.calibration.add_ons.outage_levels import OutageLevels
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.solve import MarketSolution, larger_side
from plimsoll.domain.table import Cell, Column, ColumnKind, Table

SHARE = ColumnKind.FRACTION


def level_table(proof: Proof, levels: OutageLevels) -> Table:
    """Means over the markets of a class that speak for themselves or through their peers."""
    apart = any(s.sided is not None and s.sided.apart for s in proof.solutions)
    return Table(
        name="level_steps",
        title="From the reference level to the tiers",
        columns=(
            Column(name="class", title="Class"),
            Column(name="markets", title="Markets", kind=ColumnKind.COUNT),
            Column(name="reference", title="Price risk", kind=SHARE, digits=3),
            Column(
                name="multiplier",
                title="x outages",
                kind=ColumnKind.NUMBER,
                digits=4,
                about="as published, rounded up",
            ),
            Column(name="multiplier_se", title="s.e.", kind=ColumnKind.NUMBER, digits=4),
            Column(name="level", title="Level", kind=SHARE, digits=3),
            Column(name="added", title="Added", kind=SHARE, digits=4),
            *(_rate_columns("", ", longs") if apart else _rate_columns("", "")),
            *(_rate_columns("_short", ", shorts") if apart else ()),
        ),
        rows=tuple(
            row
            for name in proof.problem.classes
            if (row := _row(proof, levels, name, apart)) is not None
        ),
        notes=(
            proof.price_note(),
            "Means over markets on the set's day. Level: what maintenance must cover of the price "
            "move; cost, fee and impact come on top, then the grid of rates, what is frozen, and "
            "the link of IM.",
        ),
    )


def _rate_columns(suffix: str, side: str) -> tuple[Column, Column]:
    return (
        Column(name=f"maintenance{suffix}", title=f"MM, lowest tier{side}", kind=SHARE, digits=3),
        Column(name=f"initial{suffix}", title=f"IM, lowest tier{side}", kind=SHARE, digits=3),
    )


def _row(proof: Proof, levels: OutageLevels, name: str, apart: bool) -> tuple[Cell, ...] | None:
    mine = [s for s in proof.solutions if s.spec.risk_class == name and _speaks(proof, s)]
    if not mine:
        return None
    reference = fmean(
        larger_side(proof.paths, proof.markets.index(s.spec.symbol)).price for s in mine
    )
    level = fmean(s.price_risk for s in mine)
    sides = zip(*(s.sided.by_side for s in mine if s.sided is not None), strict=True)
    lowest = [[table.tiers[0] for table in side] for side in sides]
    return (
        name,
        len(mine),
        reference,
        levels.in_level.get(name, 1.0),
        levels.errors_in_level.get(name),
        level,
        level - reference,
        *(
            mean
            for tiers in (lowest if apart else lowest[:1])
            for mean in (
                fmean(float(tier.maintenance_rate) for tier in tiers),
                fmean(float(tier.initial_rate) for tier in tiers),
            )
        ),
    )


def _speaks(proof: Proof, solution: MarketSolution) -> bool:
    return solution.tiers is not None and solution.spec.symbol in proof.markets
