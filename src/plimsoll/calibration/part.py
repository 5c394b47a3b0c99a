"""One part of a calibrated set: its parameters with what explains and judges them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from plimsoll.domain.evidence import Check
from plimsoll.domain.parameters import Parameter
from plimsoll.domain.table import Table
from plimsoll.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalibratedPart:
    """What the calibration of one subject gives: a grid, collateral, liquidation, fund, fees.

    Parameters
    ----------
    name : str
        Of the subject, as in the venue file.
    parameters : tuple of Parameter
    tables : tuple of Table
    checks : tuple of Check
        Lines that the part adds to the verdict of the set.
    limits : tuple of str
        What the part cannot say.
    """

    name: str
    parameters: tuple[Parameter, ...]
    tables: tuple[Table, ...] = ()
    checks: tuple[Check, ...] = ()
    limits: tuple[str, ...] = ()


def parameters_of(parts: Iterable[CalibratedPart]) -> tuple[Parameter, ...]:
    """Parameters of all parts.

    Raises
    ------
    UsageError
        Where two parts set the same parameter.
    """
    owners: dict[str, str] = {}
    found = []
    for part in parts:
        for parameter in part.parameters:
            other = owners.setdefault(parameter.key, part.name)
            if other != part.name:
                raise UsageError(
                    "must be set by one part of a calibration",
                    found=f"{other} and {part.name}",
                    field=parameter.key,
                )
            found.append(parameter)
    return tuple(found)
