"""How old the marks of a margin run are, how old they may be, and how both are written."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.table import iso_minute
from plimsoll.errors import UsageError

DEFAULT_MAX_AGE = "1d"
"""Marks that a person asks for at a time, and that are older, margin nothing unless he says so.

Archives of chains hold one a day; what is older than that is no price of the time asked for.
"""
WORTH_A_NOTE_NS = 3_600_000_000_000
"""Within an hour a coin moves by a large part of a maintenance margin."""
ANY_AGE = "any"

_SECOND_NS = 1_000_000_000
_UNITS_S = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400}
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")


def max_age_ns(age: Any) -> int | None:
    """Return the greatest age in ns; None where any will do.

    Parameters
    ----------
    age : text, timedelta or None
        ``30s``, ``90m``, ``1h``, ``2d``; ``any`` or None.

    Raises
    ------
    UsageError

    >>> max_age_ns("90m"), max_age_ns("any")
    (5400000000000, None)
    """
    if age is None or age == ANY_AGE:
        return None
    if isinstance(age, timedelta) and age >= timedelta(0):
        return age // timedelta(microseconds=1) * 1_000
    found = _AGE.fullmatch(age.strip().lower()) if isinstance(age, str) else None
    if found is None or found[2] not in _UNITS_S:
        raise UsageError(
            f"must be an age such as 30s, 90m, 1h or 2d, or {ANY_AGE}",
            found=str(age),
            field="max_age",
        )
    return round(float(found[1]) * _UNITS_S[found[2]] * _SECOND_NS)


def oldest_ns(snapshot: MarketSnapshot) -> int | None:
    """Return when the oldest quote was seen; None where none says."""
    return min((q.at_ns for q in snapshot.quotes.values() if q.at_ns is not None), default=None)


def span_text(span_ns: int) -> str:
    """Write a stretch of time in its largest units, to a hundredth part or better.

    >>> span_text(82_724_000_000_000), span_text(44_000_000_000), span_text(0)
    ('22 h 58 min', '44 s', '0 s')
    """
    if span_ns % _SECOND_NS:
        return f"{span_ns / _SECOND_NS:g} s" if span_ns < 60 * _SECOND_NS else _long(span_ns)
    seconds = span_ns // _SECOND_NS
    return f"{seconds} s" if seconds < 60 else _long(span_ns)


def _long(span_ns: int) -> str:
    seconds = span_ns // _SECOND_NS
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    place = next(n for n, (_, size) in enumerate(units) if seconds >= size)
    (name, size), (lesser, part) = units[place : place + 2]
    rest = seconds % size // part
    return f"{seconds // size} {name}" + (f" {rest} {lesser}" if rest else "")


def exact_time(time_ns: int, *, seconds: bool = True) -> str:
    """Write an instant to its last digit, ``2026-04-30 11:01:16``.

    Parameters
    ----------
    seconds : bool
        Whether to write them where they are 0.

    >>> exact_time(1_640_995_276_000_000_000), exact_time(1_640_995_200_000_000_001)
    ('2022-01-01 00:01:16', '2022-01-01 00:00:00.000000001')
    >>> exact_time(1_640_995_200_000_000_000, seconds=False)
    '2022-01-01 00:00'
    """
    rest = time_ns % (60 * _SECOND_NS)
    if not rest and not seconds:
        return iso_minute(time_ns)
    whole, part = divmod(rest, _SECOND_NS)
    fraction = f".{part:09d}".rstrip("0") if part else ""
    return f"{iso_minute(time_ns)}:{whole:02d}{fraction}"


def exact_iso(time_ns: int | None) -> str | None:
    """Write an instant as ISO 8601 to its last digit; None stays None.

    >>> exact_iso(1_640_995_276_000_000_000)
    '2022-01-01T00:01:16Z'
    """
    return None if time_ns is None else exact_time(time_ns).replace(" ", "T") + "Z"
