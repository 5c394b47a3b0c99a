"""A calibrated grid in the place of the published constants of its preset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, NoReturn

from plimsoll.domain.parameters import Parameter, ParameterSet
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.governed import governance
from plimsoll.presets import Preset, load
from plimsoll.presets.preset import by_market

_MOST_NAMED = 6


def calibrated_preset(parameters: ParameterSet, preset: str | Preset) -> Preset:
    """Return a preset with the constants of a set, for `plimsoll.margin_book(book, preset=...)`.

    Parameters
    ----------
    parameters : ParameterSet
        Of a calibrated grid.
    preset : str or Preset
        That the grid was started from. What the set lacks, and tables that no set holds
        (scenarios, tiers, haircuts), stand as published, which the preset says.

    Raises
    ------
    UsageError
        Where the set holds a parameter that is no constant of the preset, or one in another unit
        or out of bounds: it was calibrated for another.
    """
    held = load(preset) if isinstance(preset, str) else preset
    units = by_market(held.parameters)
    if not len(parameters.parameters):
        raise UsageError("must hold a constant of the preset", found="none", field="parameters")
    for parameter in parameters:
        _check_fit(parameter, units, parameters, held)
    replaced = {unit: _with_constants(own, unit, parameters) for unit, own in units.items()}
    own = held.parameters
    return replace(
        held,
        title=f"{held.title}, constants of set {parameters.id[:12]}",
        accuracy_about=f"{_told(parameters, units)} {held.accuracy_about}",
        parameters=replaced if own is units else replace(own, perpetuals=replaced),
        parameter_set_id=parameters.id,
    )


def _check_fit(
    parameter: Parameter, units: Mapping[str, Any], parameters: ParameterSet, preset: Preset
) -> None:
    """Refuse a parameter that the model would not take, or would take for something else."""
    if parameter.market not in units:
        known = ", ".join(_few(list(units)))
        _refuse(parameter, parameters, f"must stand under one of preset {preset.name}: {known}")
    rule = governance(units[parameter.market]).get(parameter.name)
    if rule is None:
        _refuse(parameter, parameters, f"must be a constant of preset {preset.name}")
    if parameter.unit != rule.unit:
        _refuse(parameter, parameters, f"must be in {rule.unit.value}", parameter.unit.value)
    if not rule.lower <= parameter.value <= rule.upper:
        within = f"must lie in [{rule.lower}, {rule.upper}] under preset {preset.name}"
        _refuse(parameter, parameters, within, str(parameter.value))


def _refuse(parameter: Parameter, parameters: ParameterSet, must: str, found: str = "") -> NoReturn:
    raise UsageError(
        must,
        found=found or f"{parameter.key} in set {parameters.id[:12]} of {parameters.venue}",
        field=parameter.key,
        remedy="name the preset that the set was calibrated from; a set of tiers margins without "
        "a preset",
    )


def _with_constants(own: Any, unit: str, parameters: ParameterSet) -> Any:
    values: dict[str, Decimal] = {name: p.value for name, p in parameters.of(unit).items()}
    if not values:
        return own
    try:
        return replace(own, **values)
    except ParameterError as refused:  # each value is within bounds: these do not go together
        raise UsageError(
            f"must go together: {refused.must}",
            found=refused.found,
            field=f"{unit} of set {parameters.id[:12]}",
            remedy=refused.remedy,
        ) from refused


def _told(parameters: ParameterSet, units: Mapping[str, Any]) -> str:
    """Say whose the constants are, and what stands as published for want of one in the set."""
    lacking = []
    for unit, own in units.items():
        rules, held = governance(own), parameters.of(unit)
        names = [name for name in rules if name not in held]
        lacking += [unit] if rules and not held else [f"{unit}/{name}" for name in names]
    tables = {f.name: None for own in units.values() for f in _ungoverned(own)}
    told = f"Constants of set {parameters.id[:12]} of {parameters.venue}, not the venue's own;"
    told += " what the set lacks is as published"
    missing = [*_few(lacking), *(name.replace("_", " ") for name in tables)]
    return f"{told}{': ' if missing else ''}{', '.join(missing)}."


def _ungoverned(own: Any) -> list[Any]:
    return [f for f in fields(own) if f.name not in governance(own)]


def _few(names: list[str]) -> list[str]:
    left = len(names) - _MOST_NAMED
    return [*names[:_MOST_NAMED], *([f"{left} more"] if left > 0 else [])]
