"""Units and size of changes, checked before anything is solved or published.

In February 2026 a lending market read a ratio of 1.12 as a price in dollars: nobody had asked
whether the new number had the unit of the old one, nor why it was two thousand times smaller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from plimsoll.calibration.structure.variables import GovernedVariable
from plimsoll.domain.parameters import ParameterSet, Unit
from plimsoll.errors import ParameterError

LARGEST_RATIO = Decimal(10)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedChange:
    """A change that no set may carry.

    Parameters
    ----------
    key, text : str
    """

    key: str
    text: str


def refused_changes(
    variables: Sequence[GovernedVariable],
    values: Mapping[str, Decimal],
    in_force: Mapping[str, tuple[Decimal, Unit]],
    *,
    largest_ratio: Decimal = LARGEST_RATIO,
) -> tuple[RefusedChange, ...]:
    """Return changes of unit, of sign, or by more than ``largest_ratio`` either way.

    Parameters
    ----------
    values : mapping of str to Decimal
        Proposed.
    in_force : mapping of str to (Decimal, Unit)
        What stands. A value of zero is compared as if it were one step of the grid.

    Notes
    -----
    Keys not in force are new and have nothing to be compared with.
    """
    return tuple(
        found
        for variable in sorted(variables, key=lambda v: v.key)
        if variable.key in in_force
        for found in _refused(
            variable, values[variable.key], *in_force[variable.key], largest_ratio
        )
    )


def check_changes(
    variables: Sequence[GovernedVariable],
    values: Mapping[str, Decimal],
    in_force: Mapping[str, tuple[Decimal, Unit]],
    *,
    largest_ratio: Decimal = LARGEST_RATIO,
) -> None:
    """Refuse a set with any of `refused_changes`.

    Raises
    ------
    ParameterError
        Naming each.
    """
    refused = refused_changes(variables, values, in_force, largest_ratio=largest_ratio)
    if refused:
        raise ParameterError(
            f"must keep its unit, its sign and stay within a factor of {largest_ratio:f}",
            found="; ".join(r.text for r in refused),
            field=", ".join(r.key for r in refused),
            remedy="check the unit; a true change of this size goes in several sets",
        )


def values_in_force(parameters: ParameterSet) -> dict[str, tuple[Decimal, Unit]]:
    """Return value and unit of every parameter of a set, by key."""
    return {p.key: (p.value, p.unit) for p in parameters}


def _refused(
    variable: GovernedVariable, new: Decimal, old: Decimal, unit: Unit, largest: Decimal
) -> Iterator[RefusedChange]:
    key = variable.key
    if variable.unit is not unit:
        yield RefusedChange(
            key=key, text=f"{key} is in {variable.unit.value}, in force it is in {unit.value}"
        )
        return
    if new * old < 0:
        yield RefusedChange(key=key, text=f"{key} changes sign, from {old:f} to {new:f}")
        return
    before, after = (abs(value) or variable.spacing for value in (old, new))
    if after > largest * before or before > largest * after:
        ratio = float(after / before)
        yield RefusedChange(key=key, text=f"{key} from {old:f} to {new:f}, a factor of {ratio:.4g}")
