"""Haircuts as parameters of a set, and as tables with what each rests on."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from plimsoll.calibration.collateral.assets import AssetHaircut
from plimsoll.calibration.collateral.size_slope import HAIRCUT_STEP, SLOPE_STEP
from plimsoll.calibration.part import CalibratedPart
from plimsoll.domain.canonical import significant
from plimsoll.domain.parameters import Origin, Parameter
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.margin.collateral.parameters import CollateralParameters
from plimsoll.margin.governed import to_parameters

_GRIDS = {
    "haircut": HAIRCUT_STEP,
    "chain_haircut": HAIRCUT_STEP,
    "slope_per_million": SLOPE_STEP,
    "initial_extra": HAIRCUT_STEP,
    "lowest_peg": HAIRCUT_STEP,
}


def collateral_parameters(
    haircuts: Iterable[AssetHaircut], *, owner: str = "risk"
) -> tuple[Parameter, ...]:
    """Return the parameters of admitted assets, ready for a set that `CollateralRules` reads."""
    return tuple(
        _published(parameter, one)
        for one in haircuts
        if one.parameters is not None
        for parameter in to_parameters(one.parameters, one.asset, owner=owner)
    )


def _published(parameter: Parameter, one: AssetHaircut) -> Parameter:
    origin = Origin.CALIBRATED
    if one.reason is not None or (parameter.name == "haircut" and one.at_floor):
        origin = Origin.CLASS_FLOOR
    error = None
    if parameter.name == "haircut" and math.isfinite(one.standard_error):
        error = significant(one.standard_error)
    grid = _GRIDS.get(parameter.name, parameter.grid)
    return replace(parameter, origin=origin, standard_error=error, grid=grid)


def counting_rules(haircuts: Iterable[AssetHaircut]) -> dict[str, CollateralParameters]:
    """Return the parameters by currency, as `CollateralRules` takes them without a set."""
    return {one.asset: one.parameters for one in haircuts if one.parameters is not None}


def collateral_tables(haircuts: Iterable[AssetHaircut], label: str) -> tuple[Table, ...]:
    """Return the published haircuts, and every admission rule that is not met."""
    made = tuple(haircuts)
    return (_haircut_table(made, label), _admission_table(made, label))


def collateral_part(
    haircuts: Iterable[AssetHaircut], label: str, *, owner: str = "risk"
) -> CalibratedPart:
    """Return parameters and tables together."""
    made = tuple(haircuts)
    return CalibratedPart(
        name="collateral",
        parameters=collateral_parameters(made, owner=owner),
        tables=collateral_tables(made, label),
        limits=(
            "Hazards of pegs rest on a handful of breaks; chains and bridges on an assumption.",
        ),
    )


def _haircut_table(haircuts: tuple[AssetHaircut, ...], label: str) -> Table:
    fraction = ColumnKind.FRACTION
    return Table(
        name="collateral_haircuts",
        title="Collateral: haircuts",
        columns=(
            Column(name="asset", title="Asset"),
            Column(name="class", title="Class"),
            Column(name="haircut", title="Haircut", kind=fraction, digits=1),
            Column(name="standard_error", title="s.e.", kind=fraction),
            Column(name="floor", title="Floor", kind=fraction, digits=1),
            Column(name="class_floor", title="Class's floor", kind=fraction, digits=1),
            Column(name="class_weight", title="Class counts", kind=fraction, digits=0),
            Column(name="binds", title="Class floor binds", kind=ColumnKind.FLAG),
            Column(name="at_cap", title="At the cap", kind=fraction, digits=1),
            Column(name="slope", title="Slope a million", kind=fraction, digits=3),
            Column(
                name="account_cap", title="Account cap", kind=ColumnKind.MONEY, unit="USD", digits=0
            ),
            Column(
                name="venue_cap", title="Venue cap", kind=ColumnKind.MONEY, unit="USD", digits=0
            ),
            Column(name="source", title="Rests on"),
        ),
        rows=tuple(_row(one) for one in haircuts),
        notes=(
            f"Prices: {label}.",
            "Loss = price move on closes; no funding.",
            "Floor: the class's, as far as the class counts for the asset; in full for the young, "
            "the illiquid and pegs, or for all where the venue states so.",
        ),
    )


def _row(one: AssetHaircut) -> tuple[str | float | None, ...]:
    held = one.parameters
    source = one.price.source if one.price is not None else f"class ({one.reason})"
    if held is None:
        return (one.asset, one.asset_class, *(None,) * 10, "not admitted")

    def number(value: Decimal) -> float:
        return float(value)

    return (
        one.asset,
        one.asset_class,
        number(held.haircut + held.chain_haircut),
        one.standard_error,
        one.floor,
        one.class_floor,
        1.0 if one.price is None else one.price.class_weight,
        one.at_floor,
        float(one.haircut[-1]),
        number(held.slope_per_million),
        number(held.account_cap_usd),
        number(held.venue_cap_usd),
        f"floor, above {source}" if one.at_floor else source,
    )


def _admission_table(haircuts: tuple[AssetHaircut, ...], label: str) -> Table:
    rows = tuple(
        (one.asset, line.rule, line.demanded, line.found)
        for one in haircuts
        for line in one.admission.lines
        if not line.passed
    )
    return Table(
        name="collateral_admission",
        title="Collateral: not admitted, and why",
        columns=(
            Column(name="asset", title="Asset"),
            Column(name="rule", title="Rule"),
            Column(name="demanded", title="Demanded"),
            Column(name="found", title="Found"),
        ),
        rows=rows,
        notes=(f"Prices: {label}.", "What nobody knows does not pass."),
    )
