"""Numbers, times and mappings inside decoded JSON: refused by name where they are none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from plimsoll.adapters.files.time_units import TimeUnit, plausible_ns
from plimsoll.errors import DataFormatError

_LONGEST = 40


def json_number(value: Any, field: str, row: int | None = None) -> float | None:
    """Return a number as float64; null and NaN are no value.

    Infinities pass, as in tables: they are faults of the data, found and reported later.

    Parameters
    ----------
    value : object
        As decoded.
    field : str
        For the message.
    row : int or None
        For the message.

    Raises
    ------
    DataFormatError
        Anything but a number or null, and numbers beyond float64.

    Examples
    --------
    >>> json_number(3, "bid_price"), json_number(None, "bid_price")
    (3.0, None)
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataFormatError("must be a number or null", found=_short(value), field=field, row=row)
    try:
        number = float(value)
    except OverflowError:
        raise DataFormatError(
            "must be a number that a float64 can hold", found="a larger one", field=field, row=row
        ) from None
    return None if math.isnan(number) else number


def json_time_ns(value: Any, unit: TimeUnit, field: str, row: int | None = None) -> int:
    """Return a time since 1970 in ns.

    Parameters
    ----------
    value : object
        As decoded.
    unit : TimeUnit
        What the source documents.
    field : str
    row : int or None

    Raises
    ------
    DataFormatError
        Anything but a whole number, true and false included, and times outside 2009 to 2100.

    Examples
    --------
    >>> json_time_ns(1_769_155_200_000, TimeUnit.MILLISECONDS, "timestamp")
    1769155200000000000
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise DataFormatError(
            f"must be a whole number of {unit.name.lower()}",
            found=_short(value),
            field=field,
            row=row,
        )
    return plausible_ns(value, unit, field, row)


def json_mapping(value: Any, field: str, row: int | None = None) -> Mapping[str, Any]:
    """Return an object; an empty one for null.

    Raises
    ------
    DataFormatError
        Anything else.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise DataFormatError(
            "must be an object or null", found=_short(value), field=field, row=row
        )
    return value


def _short(value: Any) -> Any:
    """Return what a message can show: texts and structures cut off."""
    if isinstance(value, bool | float) or value is None:
        return value
    text = value if isinstance(value, str) else f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
