"""A calibrated grid in the place of the published constants of its preset."""

from __future__ import annotations

from dataclasses import replace

from plimsoll.calibration.grids.grid_publication import constants_of
from plimsoll.domain.parameters import ParameterSet
from plimsoll.errors import UsageError
from plimsoll.presets import Preset, load


def calibrated_preset(parameters: ParameterSet, preset: str | Preset) -> Preset:
    """Return a preset with the constants of a set, for `plimsoll.margin(book, preset=...)`.

    Parameters
    ----------
    parameters : ParameterSet
        Of a calibrated grid.
    preset : str or Preset
        That the grid was started from. Tables that no set holds (scenarios, tiers, haircuts) stand
        as published.

    Raises
    ------
    UsageError
        Where the set knows no risk unit of the preset.
    """
    held = load(preset) if isinstance(preset, str) else preset
    found = constants_of(parameters, held.parameters)
    if not found:
        raise UsageError(
            f"must have constants of a risk unit of the preset {held.name}",
            found=", ".join(parameters.markets),
            field="parameters",
            remedy="name the preset that the grid was calibrated from",
        )
    units = {unit: found.get(unit, own) for unit, own in held.parameters.items()}
    return replace(
        held,
        title=f"{held.title}, calibrated",
        accuracy_about=f"Constants of parameter set {parameters.id[:12]}. {held.accuracy_about}",
        parameters=units,
    )
