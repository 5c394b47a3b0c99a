"""A solved set as governed parameters and as a table for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from plimsoll.calibration.structure.freezing import FrozenSet
from plimsoll.calibration.structure.scheduling import DatedSet
from plimsoll.calibration.structure.variables import (
    GovernedVariable,
    StepLimits,
    Tightening,
    by_key,
)
from plimsoll.domain.parameters import Origin, Parameter
from plimsoll.domain.table import Column, Table


def structure_parameters(
    variables: Sequence[GovernedVariable],
    values: Mapping[str, Decimal],
    *,
    frozen: Collection[str] = (),
) -> tuple[Parameter, ...]:
    """Return values as parameters, with unit, bounds, grid, standard error and origin."""
    return tuple(
        Parameter(
            market=variable.market,
            name=key.partition("/")[2],
            value=values[key],
            unit=variable.unit,
            lower=variable.lower,
            upper=variable.upper,
            grid=variable.step,
            owner=variable.owner,
            origin=_origin(variable, values[key], frozen),
            standard_error=variable.standard_error,
        )
        for key, variable in by_key(variables).items()
    )


def variable_of(
    parameter: Parameter,
    *,
    tightens: Tightening = Tightening.RISING,
    values: tuple[Decimal, ...] = (),
    limits: StepLimits | None = None,
) -> GovernedVariable:
    """Return the variable of a parameter in force; ``values`` list what has no step."""
    return GovernedVariable(
        key=parameter.key,
        unit=parameter.unit,
        lower=parameter.lower,
        upper=parameter.upper,
        step=None if values else parameter.grid,
        values=values,
        current=parameter.value,
        tightens=tightens,
        limits=limits or StepLimits(),
        standard_error=parameter.standard_error,
        owner=parameter.owner,
    )


def structure_table(variables: Sequence[GovernedVariable], frozen: FrozenSet) -> Table:
    """Return the set beside the one in force: what changed, what stands, what thawed."""
    held, kept = by_key(variables), set(frozen.frozen)
    thawed = {t.key: t.rules for t in frozen.thawed}
    rows = tuple(
        (key, _shown(v.current), f"{frozen.solved.values[key]:f}", _status(key, kept, thawed))
        for key, v in held.items()
    )
    return Table(
        name="structure",
        title="Next set, jointly feasible",
        columns=(
            Column(name="parameter", title="Parameter"),
            Column(name="in_force", title="In force"),
            Column(name="next", title="Next"),
            Column(name="status", title="Status"),
        ),
        rows=rows,
        notes=tuple(violation.text for violation in frozen.solved.missed),
    )


def schedule_table(dated: Sequence[DatedSet]) -> Table:
    """Return the changes of each dated set."""
    return Table(
        name="schedule",
        title="Schedule of jointly feasible sets",
        columns=(
            Column(name="step", title="Step"),
            Column(name="effective_at_ns", title="Effective (UTC, ns)"),
            Column(name="parameter", title="Parameter"),
            Column(name="value", title="Value"),
        ),
        rows=tuple(
            (number, step.effective_at_ns, key, f"{step.values[key]:f}")
            for number, step in enumerate(dated, start=1)
            for key in step.changed
        ),
    )


def _origin(variable: GovernedVariable, value: Decimal, frozen: Collection[str]) -> Origin:
    if variable.key in frozen:
        return Origin.FROZEN
    binds = value + variable.tightens.sign * variable.spacing
    beyond = binds > variable.upper or binds < variable.lower
    return Origin.BOUND if beyond else Origin.CALIBRATED


def _shown(value: Decimal | None) -> str:
    return "new" if value is None else f"{value:f}"


def _status(key: str, frozen: set[str], thawed: Mapping[str, Sequence[str]]) -> str:
    if key in frozen:
        return "frozen: the change is noise"
    return f"thawed by {', '.join(thawed[key])}" if key in thawed else ""
