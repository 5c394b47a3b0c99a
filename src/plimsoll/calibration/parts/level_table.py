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
            Column(name="maintenance", title="MM, lowest tier", kind=SHARE, digits=3),
            Column(name="initial", title="IM, lowest tier", kind=SHARE, digits=3),
        ),
        rows=tuple(
            row for name in proof.problem.classes if (row := _row(proof, levels, name)) is not None
        ),
        notes=(
            proof.price_note(),
            "Means over markets on the set's day. Level: what maintenance must cover of the price "
            "move; cost, fee and impact come on top, then the grid of rates, what is frozen, and "
            "the link of IM.",
        ),
    )


def _row(proof: Proof, levels: OutageLevels, name: str) -> tuple[Cell, ...] | None:
    mine = [s for s in proof.solutions if s.spec.risk_class == name and _speaks(proof, s)]
    if not mine:
        return None
    reference = fmean(
        larger_side(proof.paths, proof.markets.index(s.spec.symbol)).price for s in mine
    )
    level = fmean(s.price_risk for s in mine)
    tiers = [s.tiers.tiers[0] for s in mine if s.tiers is not None]
    return (
        name,
        len(mine),
        reference,
        levels.in_level.get(name, 1.0),
        levels.errors_in_level.get(name),
        level,
        level - reference,
        fmean(float(tier.maintenance_rate) for tier in tiers),
        fmean(float(tier.initial_rate) for tier in tiers),
    )


def _speaks(proof: Proof, solution: MarketSolution) -> bool:
    return solution.tiers is not None and solution.spec.symbol in proof.markets
