"""Fields of model parameters that are governed: unit, bounds, grid; to and from a set.

A model's parameters are a frozen dataclass whose fields say what they are::

    price_range: Decimal = governed(Unit.FRACTION, "0.05", "1", grid="0.01", about="...")

so that one declaration serves the model, the `ParameterSet`, `plimsoll params`, calibration and
the tests that try each parameter at its bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from decimal import Decimal
from typing import Any, TypeVar

from plimsoll.domain.parameters import Origin, Parameter, ParameterSet, Unit
from plimsoll.errors import ParameterError, UsageError

_KEY = "plimsoll.governed"
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Governance:
    """Unit, hard bounds and grid of one parameter, and what it is, in a phrase."""

    unit: Unit
    lower: Decimal
    upper: Decimal
    grid: Decimal | None
    about: str


def governed(
    unit: Unit,
    lower: str | int,
    upper: str | int,
    *,
    about: str,
    grid: str | None = None,
    default: str | int | None = None,
) -> Any:
    """Declare a governed field of type Decimal; numbers as text, so that none is rounded."""
    rule = Governance(
        unit=unit,
        lower=Decimal(lower),
        upper=Decimal(upper),
        grid=None if grid is None else Decimal(grid),
        about=about,
    )
    preset = MISSING if default is None else Decimal(default)
    return field(default=preset, metadata={_KEY: rule})


def governance(model_parameters: type[Any] | object) -> dict[str, Governance]:
    """Return the governed fields of a parameter class or instance, in order.

    A class that gives an inherited field another default leaves what it is:

    >>> @dataclass
    ... class First:
    ...     rate: Decimal = governed(Unit.FRACTION, 0, 1, about="of notional", default="0.1")
    >>> @dataclass
    ... class Second(First):
    ...     rate: Decimal = Decimal("0.2")
    >>> Second().rate, governance(Second)["rate"].about
    (Decimal('0.2'), 'of notional')
    """
    kind = model_parameters if isinstance(model_parameters, type) else type(model_parameters)
    declared = {f.name: _rule(kind, f.name) for f in fields(kind)}
    return {name: rule for name, rule in declared.items() if rule is not None}


def _rule(kind: type[Any], name: str) -> Governance | None:
    """What the class, or the nearest one above that says it, says of a field."""
    for owner in kind.__mro__:
        found = getattr(owner, "__dataclass_fields__", {}).get(name)
        if found is not None and _KEY in found.metadata:
            rule: Governance = found.metadata[_KEY]
            return rule
    return None


def check_bounds(model_parameters: object, subject: str) -> None:
    """Refuse a value outside its bounds; call it in ``__post_init__``.

    Raises
    ------
    ParameterError
        Naming field, value and bounds.
    """
    for name, rule in governance(model_parameters).items():
        value = getattr(model_parameters, name)
        if not isinstance(value, Decimal) or not value.is_finite():
            raise ParameterError("must be a finite Decimal", found=value, field=f"{subject}.{name}")
        if not rule.lower <= value <= rule.upper:
            raise ParameterError(
                f"must lie in [{rule.lower}, {rule.upper}]",
                found=str(value),
                field=f"{subject}.{name}",
                remedy=rule.about,
            )


def to_parameters(
    model_parameters: object, risk_unit: str, *, owner: str, origin: Origin = Origin.VENUE
) -> tuple[Parameter, ...]:
    """Return the governed fields as parameters of ``risk_unit``, ready for a `ParameterSet`."""
    return tuple(
        Parameter(
            market=risk_unit,
            name=name,
            value=getattr(model_parameters, name),
            unit=rule.unit,
            lower=rule.lower,
            upper=rule.upper,
            grid=rule.grid,
            owner=owner,
            origin=origin,
        )
        for name, rule in governance(model_parameters).items()
    )


def from_set(kind: type[T], parameters: ParameterSet, risk_unit: str) -> T:
    """Build model parameters from what a set says of ``risk_unit``.

    Raises
    ------
    UsageError
        Where the set lacks a governed field that has no default.
    """
    held = parameters.of(risk_unit)
    values = {name: held[name].value for name in governance(kind) if name in held}
    missing = [f.name for f in _required(fields(kind)) if f.name not in values]  # type: ignore[arg-type]
    if missing:
        raise UsageError(
            "must be in the set", found="nothing", field=f"{risk_unit}/{', '.join(missing)}"
        )
    return kind(**values)


def parameters_of(kind: type[T], given: ParameterSet | Mapping[str, T], risk_unit: str) -> T | None:
    """Return what parameters say of a risk unit; None where they are silent.

    Raises
    ------
    UsageError
        Where a set knows the unit and lacks a governed field that has no default.
    """
    if isinstance(given, ParameterSet):
        return from_set(kind, given, risk_unit) if given.of(risk_unit) else None
    return given.get(risk_unit)


def _required(declared: Iterable[Field[Any]]) -> list[Field[Any]]:
    return [f for f in declared if f.default is MISSING and f.default_factory is MISSING]
