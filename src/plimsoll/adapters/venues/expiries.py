"""Expiry dates as venues write them; all of them expire at 08:00 UTC."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date

from plimsoll.domain.instrument import Dated, expiry_at, expiry_date

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTH_CODES = "FGHJKMNQUVXZ"
_DAY_MONTH_YEAR = re.compile(r"(\d{1,2})([A-Z]{3})(\d{2})")
_YEAR_MONTH_DAY = re.compile(r"(\d{2})(\d{2})(\d{2})")
_FRIDAY = 4


def from_day_month_year(text: str) -> int | None:
    """Read ``6AUG21`` (Deribit, Bybit); None where it is no date."""
    match = _DAY_MONTH_YEAR.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        return None
    return _expiry(2000 + int(match[3]), _MONTHS.index(match[2]) + 1, int(match[1]))


def to_day_month_year(dated: Dated) -> str:
    """Write ``6AUG21``."""
    day = expiry_date(dated)
    return f"{day.day}{_MONTHS[day.month - 1]}{day.year % 100:02d}"


def from_year_month_day(text: str) -> int | None:
    """Read ``210806`` (OKX, Binance, ccxt); None where it is no date."""
    match = _YEAR_MONTH_DAY.fullmatch(text)
    if match is None:
        return None
    return _expiry(2000 + int(match[1]), int(match[2]), int(match[3]))


def to_year_month_day(dated: Dated) -> str:
    """Write ``210806``."""
    return f"{expiry_date(dated):%y%m%d}"


def from_month_code(text: str) -> int | None:
    """Read ``Z23`` (Bybit's inverse futures): the last Friday of December 2023."""
    if len(text) != 3 or text[0] not in _MONTH_CODES or not text[1:].isascii():
        return None
    if not text[1:].isdigit():
        return None
    return expiry_at(_last_friday(2000 + int(text[1:]), _MONTH_CODES.index(text[0]) + 1))


def to_month_code(dated: Dated) -> str:
    """Write ``Z23``; the reader finds out whether the day is the last Friday."""
    day = expiry_date(dated)
    return f"{_MONTH_CODES[day.month - 1]}{day.year % 100:02d}"


def _last_friday(year: int, month: int) -> date:
    last = date(year, month, monthrange(year, month)[1])
    return last.replace(day=last.day - (last.weekday() - _FRIDAY) % 7)


def _expiry(year: int, month: int, day: int) -> int | None:
    try:
        return expiry_at(date(year, month, day))
    except ValueError:
        return None
