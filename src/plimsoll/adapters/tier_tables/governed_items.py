"""Objects of numbers read into parameters that a margin model governs, and written from them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal
from typing import Any

from plimsoll.adapters.tier_tables.faults import FaultLog, Place
from plimsoll.adapters.tier_tables.json_document import Json
from plimsoll.adapters.tier_tables.losses import LossLog
from plimsoll.adapters.tier_tables.numbers import read_number
from plimsoll.adapters.tier_tables.tier_parameters import OWNER
from plimsoll.domain.canonical import decimal_text
from plimsoll.domain.parameters import Parameter, ParameterSet
from plimsoll.errors import ParameterError
from plimsoll.margin.governed import governance, to_parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernedKeys:
    """Keys of a venue's object and the fields they mean.

    Parameters
    ----------
    fields : mapping of str to str
        Key in the file to governed field.
    scale : Decimal
        What a value of one is written as: a million for ppm.
    optional : frozenset of str
        Keys that may be absent; the field then has its default.
    """

    fields: Mapping[str, str]
    scale: Decimal = Decimal(1)
    optional: frozenset[str] = frozenset()


def read_values(
    log: FaultLog, market: str, item: Json, keys: GovernedKeys, kept: Collection[str], kind: type
) -> dict[str, Decimal] | None:
    """Return fields by name, each inside its bounds; None where the object has a fault."""
    place, before = Place(market=market), len(log.faults)
    if not isinstance(item, dict):
        log.add(place, "parameters", item, "must be an object", "see docs/venue-schemas.md")
        return None
    for key in sorted(item.keys() - keys.fields.keys() - set(kept)):
        log.add(place, key, item[key], "is no key of this schema", "drop it, or name the schema")
    found: dict[str, Decimal] = {}
    for key, name in keys.fields.items():
        if key in keys.optional and key not in item:
            continue
        value = read_number(log, place, key, item.get(key))
        if value is not None:
            found[name] = value / keys.scale
            _check(log, place, key, item[key], found[name], kind, name)
    return found if len(log.faults) == before else None


def read_parameters(
    log: FaultLog, market: str, kind: type[Any], values: Mapping[str, Decimal] | None
) -> tuple[Parameter, ...]:
    """Return the parameters of one unit; the model's own class has the last word."""
    if values is None:
        return ()
    try:
        return to_parameters(kind(**values), market, owner=OWNER)
    except ParameterError as error:
        log.add(Place(market=market), error.field, error.found, error.must, "correct the file")
        return ()


def held_values(
    parameters: ParameterSet,
    market: str,
    kind: type[Any],
    losses: LossLog,
    written: Collection[str],
) -> dict[str, Decimal] | None:
    """Return what a set says of one unit; None where it lacks what the schema must have.

    What is no field of the class is lost, and so is a field the schema has no key for, unless it
    has its default.
    """
    held = {name: p.value for name, p in parameters.of(market).items()}
    defaults = {f.name: f.default for f in fields(kind)}
    missing = [n for n in governance(kind) if n not in held and defaults[n] is MISSING]
    if missing:
        for name, value in held.items():
            losses.add(market, name, value, f"this schema needs {', '.join(missing)} of a unit")
        return None
    for name, value in held.items():
        if name not in governance(kind):
            losses.add(market, name, value, "is no parameter of this schema")
        elif name not in written and value != defaults[name]:
            losses.add(
                market, name, value, f"this schema has no key for it: {defaults[name]} holds"
            )
    full = {n: held.get(n, defaults[n]) for n in governance(kind)}
    return {n: v for n, v in full.items() if isinstance(v, Decimal)}


def write_values(
    values: Mapping[str, Decimal], keys: GovernedKeys, only: Iterable[str] | None = None
) -> dict[str, Json]:
    """Return keys with plain decimals."""
    chosen = keys.fields if only is None else {k: keys.fields[k] for k in only}
    return {key: Decimal(decimal_text(values[name] * keys.scale)) for key, name in chosen.items()}


def _check(
    log: FaultLog, place: Place, key: str, spelled: Json, value: Decimal, kind: type, name: str
) -> None:
    rule = governance(kind)[name]
    if value < 0 <= rule.lower:
        log.add(place, key, spelled, "is negative", f"write {rule.about}")
    elif not rule.lower <= value <= rule.upper:
        problem = f"must lie in [{rule.lower}, {rule.upper}]"
        log.add(place, key, spelled, problem, f"{rule.about}; fractions, 1 % as 0.01")
    elif rule.grid is not None and value % rule.grid:
        log.add(place, key, spelled, f"must be a multiple of {rule.grid}", rule.about)
