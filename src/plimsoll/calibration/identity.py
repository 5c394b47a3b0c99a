"""Digest of a calibration problem: what was asked, as one number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum

from plimsoll.domain.canonical import Json, content_id, decimal_text
from plimsoll.errors import UsageError


def problem_digest(*parts: object) -> str:
    """Return the SHA-256 of the canonical JSON of dataclasses, mappings and plain values."""
    return content_id([plain(part) for part in parts])


def plain(value: object) -> Json:
    """Return a value as canonical JSON takes it: numbers as exact decimal strings.

    A field with the metadata ``stated_only`` is left out while it is None: problems from before
    there was such a setting, and those that do not use it, keep their digest.

    >>> plain({"level": 0.99, "cap": Decimal("50000")})
    {'level': '0.99', 'cap': '50000'}
    """
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return decimal_text(Decimal(repr(value))) if value == value else "nan"
    if isinstance(value, Decimal):
        return decimal_text(value)
    if is_dataclass(value):
        return {
            field.name: plain(getattr(value, field.name))
            for field in fields(value)
            if not (field.metadata.get("stated_only") and getattr(value, field.name) is None)
        }
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    raise UsageError("must be plain data", found=type(value).__name__, field="problem")
