"""Columns of the comparison's tables."""

from __future__ import annotations

from plimsoll.domain.table import Column, ColumnKind


def share(name: str, title: str, about: str = "") -> Column:
    """A fraction, printed in per cent."""
    return Column(name=name, title=title, kind=ColumnKind.FRACTION, digits=2, about=about)


def number(name: str, title: str, digits: int, about: str = "", *, unit: str = "") -> Column:
    """A number."""
    return Column(
        name=name, title=title, kind=ColumnKind.NUMBER, digits=digits, about=about, unit=unit
    )


def count(name: str, title: str, about: str = "") -> Column:
    """A count."""
    return Column(name=name, title=title, kind=ColumnKind.COUNT, about=about)


def power(
    name: str, about: str = "Chance to reject at 5 % under the notes' alternative."
) -> Column:
    """A power beside its p-value."""
    return Column(name=name, title="power", kind=ColumnKind.NUMBER, digits=2, about=about)
