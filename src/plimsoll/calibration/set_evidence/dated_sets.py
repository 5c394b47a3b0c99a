"""The parameter set of each date of a schedule, each the parent of the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from plimsoll.calibration.assembly.dated import DatedPath
from plimsoll.calibration.problem import Structure
from plimsoll.calibration.solve import SolvedTable
from plimsoll.domain.parameters import Origin, Parameter, ParameterSet, Unit
from plimsoll.domain.table import iso_minute
from plimsoll.domain.tiers import Tier, TierTable

LARGEST_USD = Decimal(10) ** 15


def dated_sets(
    target: ParameterSet,
    tables: Sequence[SolvedTable],
    path: DatedPath,
    structure: Structure,
    owner: str,
) -> tuple[ParameterSet, ...]:
    """Return whole sets: the target's parameters with the tiers of each date; none if refused.

    Rates on the way have the origin ``bound``: the step limits bind. Each set supersedes the one
    before, the first the target's parent.
    """
    held: dict[str, list[Parameter]] = {}
    mine = {f"{t.need.market}/{t.need.prefix}tier[": t.need.key for t in tables}
    others: list[Parameter] = []
    for parameter in target:
        key = next((k for start, k in mine.items() if parameter.key.startswith(start)), None)
        (others if key is None else held.setdefault(key, [])).append(parameter)
    sets: list[ParameterSet] = []
    parent = target.parent
    for dated in path.sets:
        found = list(others)
        for table in tables:
            need, values = table.need, dated.tables[table.need.key]
            if values == table.tiers.table:
                found += held[need.key]
            else:
                found += _tiers(need.market, need.prefix, values, structure, owner)
        made = replace(
            target,
            valid_from=iso_minute(dated.effective_at_ns).replace(" ", "T") + ":00Z",
            parent=parent,
            parameters=tuple(sorted(found, key=lambda p: p.key)),
        )
        sets.append(made)
        parent = made.id
    return tuple(sets)


def _tiers(
    market: str, prefix: str, table: TierTable, structure: Structure, owner: str
) -> Iterator[Parameter]:
    for index, tier in enumerate(table.tiers):
        for name, value, unit, upper in _figures(tier, structure):
            yield Parameter(
                market=market,
                name=f"{prefix}tier[{index}].{name}",
                value=value,
                unit=unit,
                lower=Decimal(0),
                upper=max(upper, value),
                owner=owner,
                origin=Origin.VENUE if name == "cap_usd" else Origin.BOUND,
            )


def _figures(tier: Tier, structure: Structure) -> Iterator[tuple[str, Decimal, Unit, Decimal]]:
    if tier.cap_usd is not None:
        yield "cap_usd", tier.cap_usd, Unit.USD, LARGEST_USD
    yield "maintenance_rate", tier.maintenance_rate, Unit.FRACTION, structure.maximum_rate
    yield "initial_rate", tier.initial_rate, Unit.FRACTION, structure.maximum_rate
    yield "max_leverage", tier.max_leverage, Unit.LEVERAGE, max(structure.leverage_grid)
