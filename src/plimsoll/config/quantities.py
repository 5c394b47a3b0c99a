"""What a person may have meant: quantities with units, where a plain number is asked for.

Nothing here is used to read a configuration: such values are refused, and this says what to
write instead.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from enum import StrEnum

_QUANTITY = re.compile(r"\s*\$?\s*([-+]?[0-9][0-9_,. ]*?(?:[eE][-+]?[0-9]+)?)\s*([^0-9\s.,_]*)\s*")


class Measure(StrEnum):
    """Unit in which a number of the venue file is given."""

    FRACTION = "fraction"
    HOURS = "hours"
    DAYS = "days"
    USD = "USD"
    LEVERAGE = "x"
    COUNT = "count"
    NUMBER = "number"


_TIME = {
    "s": 1 / 3600, "sec": 1 / 3600, "m": 1 / 60, "min": 1 / 60, "minutes": 1 / 60,
    "h": 1, "hour": 1, "hours": 1, "d": 24, "day": 24, "days": 24,
    "w": 168, "week": 168, "weeks": 168, "y": 8760, "year": 8760, "years": 8760,
}  # fmt: skip
_MONEY = {"k": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "b": 1e9, "bn": 1e9, "usd": 1, "$": 1}
_SCALES: dict[Measure, dict[str, float]] = {
    Measure.FRACTION: {"%": 1e-2, "percent": 1e-2, "pct": 1e-2, "bp": 1e-4, "bps": 1e-4, "‰": 1e-3},
    Measure.HOURS: _TIME,
    Measure.DAYS: {name: hours / 24 for name, hours in _TIME.items()},
    Measure.USD: _MONEY,
    Measure.LEVERAGE: {"x": 1},
}


def intended(text: str, measure: Measure) -> str | None:
    """Return the plain number that ``text`` stands for, or None where it stands for none.

    >>> intended("1.0%", Measure.FRACTION), intended("5 bps", Measure.FRACTION)
    ('0.01', '0.0005')
    >>> intended("2d", Measure.HOURS), intended("$50k", Measure.USD), intended("soon", Measure.DAYS)
    ('48', '50000', None)
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    scale = {"": 1.0, **_SCALES.get(measure, {})}.get(match[2].lower())
    number = _number(match[1])
    return None if scale is None or number is None else plain(number * Decimal(repr(scale)))


def plain(value: Decimal | float) -> str:
    """Print a number without exponent or trailing zeros, to 12 significant digits.

    >>> plain(0.010000000000000002), plain(5e4)
    ('0.01', '50000')
    """
    text = format(Decimal(f"{float(value):.12g}"), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(text: str) -> Decimal | None:
    """Read digits with thousands separators; a lone comma before 1-2 digits is a decimal point."""
    bare = text.replace("_", "").replace(" ", "")
    if re.fullmatch(r"[-+]?[0-9]+,[0-9]{1,2}", bare):
        bare = bare.replace(",", ".")
    try:
        value = Decimal(bare.replace(",", ""))
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value.adjusted()) < 30 else None
