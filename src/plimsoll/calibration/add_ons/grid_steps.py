"""Rounding of add-on figures: charges up, limits down; always within the governed bounds."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from plimsoll.errors import ParameterError
from plimsoll.margin.governed import governance

RATE_STEP = Decimal("0.0001")
_DIGITS = 12


def up(value: float, step: Decimal = RATE_STEP) -> Decimal:
    """Return the smallest multiple of ``step`` not below a value.

    >>> up(0.01201)
    Decimal('0.0121')
    """
    return (_exact(value) / step).to_integral_value(ROUND_CEILING) * step


def down(value: float, step: Decimal = RATE_STEP) -> Decimal:
    """Return the largest multiple of ``step`` not above a value."""
    return (_exact(value) / step).to_integral_value(ROUND_FLOOR) * step


def bounded(kind: type[Any], name: str, value: Decimal) -> Decimal:
    """Return a value put into the governed bounds of a parameter class."""
    rule = governance(kind)[name]
    return min(max(value, rule.lower), rule.upper)


def _exact(value: float) -> Decimal:
    if not math.isfinite(value):
        raise ParameterError("must be finite", found=value, field="figure")
    return Decimal(f"{value:.{_DIGITS}f}")
