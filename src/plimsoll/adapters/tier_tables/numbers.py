"""Numbers of venue files: what is none, is out of range, or stands for "no limit" is a fault."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from plimsoll.adapters.tier_tables.faults import FaultLog, Place
from plimsoll.adapters.tier_tables.json_document import Json

LARGEST_LEVERAGE = Decimal(10_000)
LARGEST_AMOUNT = Decimal("1e18")
"""From here on a cap is taken for a venue's way of saying "no limit"."""

_ENDLESS = ("∞", "+∞", "inf", "+inf", "infinity", "+infinity", "unlimited", "none", "max", "-1")
_SENTINELS = tuple(map(Decimal, (0, -1, 2**31 - 1, 2**32 - 1, 2**53 - 1)))
_FRACTION = "write the fraction as a decimal, 1 % as 0.01"


def read_number(log: FaultLog, place: Place, name: str, value: Json) -> Decimal | None:
    """Return a number, written as number or text; None and a fault where it is none."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        return _read_text(log, place, name, value)
    problem = "is missing" if value is None else "is no number"
    log.add(place, name, value, problem, "write a decimal")
    return None


def read_rate(log: FaultLog, place: Place, name: str, value: Json) -> Decimal | None:
    """Return a rate as fraction, over 0 and at most 1."""
    rate = read_number(log, place, name, value)
    if rate is None:
        return None
    if rate <= 0:
        problem = "is negative" if rate < 0 else "is zero, as if nothing were needed"
        log.add(place, name, value, problem, "write a fraction over 0 and at most 1")
    elif rate > 1:
        log.add(place, name, value, "is over 1: is it a per cent?", _FRACTION)
    else:
        return rate
    return None


def read_leverage(log: FaultLog, place: Place, name: str, value: Json) -> Decimal | None:
    """Return a leverage, at least 1."""
    leverage = read_number(log, place, name, value)
    if leverage is None:
        return None
    if not 1 <= leverage <= LARGEST_LEVERAGE:
        log.add(place, name, value, f"must lie in [1, {LARGEST_LEVERAGE}]", "write, e.g., 20")
        return None
    return leverage


def read_amount(log: FaultLog, place: Place, name: str, value: Json) -> Decimal | None:
    """Return an amount of 0 or more, below 1e18."""
    amount = read_number(log, place, name, value)
    if amount is None or 0 <= amount < LARGEST_AMOUNT:
        return amount
    problem = "is negative" if amount < 0 else "is as large as no amount is"
    log.add(place, name, value, problem, f"write 0 or more, below {LARGEST_AMOUNT:f}")
    return None


def is_endless(value: Json) -> bool:
    """Whether a cap says "no limit": null, empty, ∞, 0, -1, 1e18 and more, a largest integer.

    >>> [is_endless(v) for v in (Decimal("9223372036854775807"), "∞", Decimal(0), Decimal(5))]
    [True, True, True, False]
    """
    if value is None or (isinstance(value, str) and value.strip().lower() in ("", *_ENDLESS)):
        return True
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return False
    return number.is_finite() and (number in _SENTINELS or number >= LARGEST_AMOUNT)


def _read_text(log: FaultLog, place: Place, name: str, text: str) -> Decimal | None:
    if text.strip().endswith("%"):
        log.add(place, name, text, "is a per cent written as text", _FRACTION)
        return None
    try:
        value = (
            Decimal(text) if text == text.strip() and text.isascii() and "_" not in text else None
        )
    except InvalidOperation:
        value = None
    if value is None or not value.is_finite() or (value and abs(value.adjusted()) > 400):
        log.add(place, name, text or '""', "is no number", "write a decimal without separators")
        return None
    return value
