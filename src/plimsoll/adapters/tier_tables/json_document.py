"""JSON with exact numbers: read as decimals, written as they are, compared by value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from plimsoll.adapters.tier_tables.faults import FaultLog, Place
from plimsoll.domain.canonical import decimal_text

Json = Any
"""A JSON value whose numbers are Decimals."""

_LONGEST = 400


def parsed(text: str | bytes, log: FaultLog) -> Json:
    """Return a document with decimals; keys that stand twice and numbers JSON lacks are faults.

    Raises
    ------
    ValueError, RecursionError
        Where it is not JSON.
    """

    def unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for key, value in pairs:
            if key in found:
                log.add(Place(), key, value, "stands twice in one object", "keep one of them")
            found[key] = value
        return found

    def number(spelled: str) -> Decimal | str:
        value = Decimal(spelled)
        if value and abs(value.adjusted()) > _LONGEST:
            return constant(spelled)
        return value

    def constant(spelled: str) -> str:
        log.add(Place(), "number", spelled, "is no number to calculate with", "write a decimal")
        return spelled

    return json.loads(
        text,
        parse_float=number,
        parse_int=number,
        parse_constant=lambda s: constant(s),
        object_pairs_hook=unique,
    )


def written(value: Json, *, indent: str = "") -> str:
    """Return a document as JSON text, indented by two; decimals stand as numbers."""
    inner = indent + "  "
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, Mapping):
        members = [
            f"{inner}{json.dumps(key, ensure_ascii=False)}: {written(item, indent=inner)}"
            for key, item in value.items()
        ]
        return "{\n" + ",\n".join(members) + f"\n{indent}}}" if members else "{}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = [f"{inner}{written(item, indent=inner)}" for item in value]
        return "[\n" + ",\n".join(items) + f"\n{indent}]" if items else "[]"
    return json.dumps(value, ensure_ascii=False)


def same(left: Json, right: Json) -> bool:
    """Whether two documents are equal up to the order of keys and the spelling of numbers.

    A number is not the text of it: ``0.5`` and ``"0.5"`` differ.
    """
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and bool(left == right)
