"""Every parameter of a set against its parent's: the same unit, the same sign, the same size."""

from __future__ import annotations

from collections.abc import Iterator

from plimsoll.calibration.structure.change_check import (
    LARGEST_RATIO,
    RefusedChange,
    refused_changes,
)
from plimsoll.calibration.structure.variables import GovernedVariable
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.parameters import Parameter, ParameterSet

MOST_NAMED = 5


def parent_check(target: ParameterSet, parent: ParameterSet) -> Check:
    """Hold every parameter that both sets have against a change of unit, sign, or a factor of ten.

    The size of tiers is held slice by slice in the line "Size of changes", as their caps move;
    from zero or to zero there is no factor.
    """
    held = {parameter.key: parameter for parameter in parent}
    both = [(new, held[new.key]) for new in target if new.key in held]
    refused = [change.text for new, old in both for change in _refused(new, old)]
    more = len(refused) - MOST_NAMED
    return Check(
        name="Changes against the parent set",
        verdict=Verdict.BREACH if refused else Verdict.HOLDS if both else Verdict.NOT_PROVEN,
        found="; ".join(refused[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
        if refused
        else f"{len(both):,} parameters of both sets",
        demanded="no parameter changes its unit, its sign, or by more than a factor of "
        f"{LARGEST_RATIO:f}",
    )


def _refused(new: Parameter, old: Parameter) -> Iterator[RefusedChange]:
    free = "tier[" in new.name or not new.value or not old.value
    stood = new.value if free else old.value
    variable = GovernedVariable(
        key=new.key, unit=new.unit, lower=new.value, upper=new.value, values=(new.value,)
    )
    yield from refused_changes((variable,), {new.key: new.value}, {new.key: (stood, old.unit)})
