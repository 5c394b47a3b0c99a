"""Canonical JSON (RFC 8785) and the SHA-256 of it: the identity of what Plimsoll publishes.

Numbers that matter are decimals written as strings, so the number rules of RFC 8785 reduce to
integers; floats are refused rather than printed in a way another program might not reproduce.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal

from plimsoll.errors import UsageError

Json = str | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]

_LARGEST_EXACT = 2**53 - 1
_scalar = json.JSONEncoder(ensure_ascii=False).encode
"""One encoder for all: a set has ten thousands of scalars."""


def canonical_json(value: Json) -> bytes:
    """Return the RFC 8785 form of ``value`` as UTF-8.

    Keys are ordered by UTF-16 code units, there is no white space, and strings are escaped
    as ECMAScript does.

    Raises
    ------
    UsageError
        For floats, for integers that IEEE doubles cannot hold, and for foreign types.

    >>> canonical_json({"b": 1, "a": ["0.0125", None, True]})
    b'{"a":["0.0125",null,true],"b":1}'
    """
    return _encode(value, "$").encode("utf-8")


def content_id(value: Json) -> str:
    """Return the SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def decimal_text(value: Decimal) -> str:
    """Return a decimal in its one plain form: no exponent, no trailing zeros.

    >>> decimal_text(Decimal("0.01250")), decimal_text(Decimal("1E+3")), decimal_text(Decimal("-0"))
    ('0.0125', '1000', '0')
    """
    if not value.is_finite():
        raise UsageError("must be finite", found=str(value), field="decimal")
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def significant(value: float, digits: int = 6) -> Decimal:
    """Return a float as a decimal of so many significant digits: the published precision.

    >>> significant(0.0123456789)
    Decimal('0.0123457')
    """
    return Decimal(f"{value:.{digits - 1}e}").normalize() + Decimal(0)


def _encode(value: Json, path: str) -> str:
    if value is None or isinstance(value, (bool, str)):
        return _scalar(value)
    if isinstance(value, int):
        if abs(value) > _LARGEST_EXACT:
            raise UsageError("must be at most 2^53 - 1, or a string", found=value, field=path)
        return str(value)
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: _text_key(key, path).encode("utf-16-be"))
        members = (f"{_scalar(key)}:{_encode(value[key], f'{path}.{key}')}" for key in keys)
        return "{" + ",".join(members) + "}"
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        items = (_encode(item, f"{path}[{i}]") for i, item in enumerate(value))
        return "[" + ",".join(items) + "]"
    raise UsageError(
        "must be a string, integer, boolean, null, list or mapping",
        found=f"{type(value).__name__} {value!r}",
        field=path,
        remedy="write decimals as strings",
    )


def _text_key(key: object, path: str) -> str:
    if not isinstance(key, str):
        raise UsageError("keys must be strings", found=repr(key), field=path)
    return key
