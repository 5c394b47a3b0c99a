"""Add-ons as parameters of a set, read back for an engine, and as tables.

Two add-ons may call a figure by the same name (``horizon_hours``), so that in a set each stands
behind its add-on's: ``concentration.horizon_hours``. `published_add_on` reads one back.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from plimsoll.calibration.add_ons.calibrated import AddOnName, CalibratedAddOn
from plimsoll.calibration.part import CalibratedPart
from plimsoll.domain.canonical import significant
from plimsoll.domain.parameters import Origin, Parameter, ParameterSet
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.errors import UsageError
from plimsoll.margin.governed import governance, to_parameters

T = TypeVar("T")


def add_on_parameters(
    calibrated: Iterable[CalibratedAddOn], *, owner: str = "risk"
) -> tuple[Parameter, ...]:
    """Return every figure as ``<underlying>/<add-on>.<figure>``."""
    return tuple(
        replace(
            parameter,
            name=f"{one.add_on.value}.{parameter.name}",
            origin=_origin(one, parameter.name),
            standard_error=_error(one, parameter.name),
        )
        for one in calibrated
        for parameter in to_parameters(one.parameters, one.underlying, owner=owner)
    )


def _origin(one: CalibratedAddOn, name: str) -> Origin:
    if one.reason is not None:
        return Origin.CLASS_FLOOR
    return Origin.CALIBRATED if name in one.standard_error else Origin.VENUE


def _error(one: CalibratedAddOn, name: str) -> Any:
    error = one.standard_error.get(name, math.nan)
    return significant(error) if math.isfinite(error) else None


def published_add_on(kind: type[T], add_on: AddOnName, parameters: ParameterSet) -> dict[str, T]:
    """Return an add-on's parameters by underlying, as the add-on takes them.

    Raises
    ------
    UsageError
        Where a set holds some figures of an add-on and lacks one that has no default.
    """
    found: dict[str, T] = {}
    prefix = f"{add_on.value}."
    for market in parameters.markets:
        held = {
            name.removeprefix(prefix): parameter.value
            for name, parameter in parameters.of(market).items()
            if name.startswith(prefix)
        }
        if not held:
            continue
        unknown = sorted(set(held) - set(governance(kind)))
        if unknown:
            raise UsageError(
                f"must be figures of {kind.__name__}", found=unknown, field=f"{market}/{prefix}"
            )
        found[market] = kind(**held)
    return found


def by_underlying(calibrated: Iterable[CalibratedAddOn], add_on: AddOnName) -> Mapping[str, Any]:
    """Return the parameters of one add-on by underlying, without a set."""
    return {one.underlying: one.parameters for one in calibrated if one.add_on is add_on}


def add_on_tables(calibrated: Iterable[CalibratedAddOn], label: str) -> tuple[Table, ...]:
    """Return one table of all figures with errors, origins and reasons."""
    rows = tuple(
        (
            one.underlying,
            one.add_on.value,
            field.name,
            float(getattr(one.parameters, field.name)),
            one.standard_error.get(field.name),
            one.about if one.reason is None else f"{one.about}: {one.reason.value}",
        )
        for one in calibrated
        for field in fields(one.parameters)
    )
    return (
        Table(
            name="add_on_parameters",
            title="Add-ons: parameters",
            columns=(
                Column(name="underlying", title="Underlying"),
                Column(name="add_on", title="Add-on"),
                Column(name="figure", title="Figure"),
                Column(name="value", title="Value", kind=ColumnKind.NUMBER, digits=4),
                Column(name="standard_error", title="s.e.", kind=ColumnKind.NUMBER, digits=5),
                Column(name="about", title="Rests on"),
            ),
            rows=rows,
            notes=(f"Prices: {label}.", "Loss = price move on closes; no funding."),
        ),
    )


def add_on_part(
    calibrated: Iterable[CalibratedAddOn], label: str, *, owner: str = "risk"
) -> CalibratedPart:
    """Return parameters and tables together."""
    made = tuple(calibrated)
    return CalibratedPart(
        name="add_ons",
        parameters=add_on_parameters(made, owner=owner),
        tables=add_on_tables(made, label),
        limits=("Shares of holders are an input: public data do not tell who holds what.",),
    )
