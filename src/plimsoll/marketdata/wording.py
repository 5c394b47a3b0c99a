"""Numbers with their noun, for the sentences of findings."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return the number and the noun, in the plural where there is not exactly one.

    Examples
    --------
    >>> counted(1, "bar"), counted(3, "bar")
    ('1 bar', '3 bars')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
