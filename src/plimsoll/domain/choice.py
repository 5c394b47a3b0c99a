"""Choices come as members of an enumeration or as their text; anything else is refused."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from plimsoll.errors import UsageError

Choice = TypeVar("Choice", bound=StrEnum)


def chosen(choices: type[Choice], value: str, field: str) -> Choice:
    """Return the member that ``value`` is or names.

    A test by identity would take the text of one choice silently for another one.

    Raises
    ------
    UsageError
        For a text that names none.

    >>> from plimsoll.domain.instrument import OptionRight
    >>> chosen(OptionRight, "call", "right")
    <OptionRight.CALL: 'call'>
    """
    try:
        return choices(value)
    except ValueError:
        known = ", ".join(repr(choice.value) for choice in choices)
        raise UsageError(f"must be one of {known}", found=value, field=field) from None
