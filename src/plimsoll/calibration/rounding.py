"""Rounding at publication, and which way: margins up, leverages down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal

from plimsoll.errors import ParameterError

RATE_DIGITS = Decimal("0.000001")


def rate_up(rate: float, step: Decimal) -> Decimal:
    """Return the smallest multiple of ``step`` that is not below ``rate``.

    >>> rate_up(0.01201, Decimal("0.0005")), rate_up(0.012, Decimal("0.0005"))
    (Decimal('0.0125'), Decimal('0.0120'))
    """
    if not math.isfinite(rate) or rate < 0.0:
        raise ParameterError("must be finite and not negative", found=rate, field="rate")
    # 12 digits: what binary floats add beyond them is not part of the estimate.
    exact = Decimal(f"{rate:.12f}")
    return (exact / step).to_integral_value(ROUND_CEILING) * step


def leverage_down(rate: Decimal, grid: Sequence[Decimal]) -> Decimal:
    """Return the largest leverage of ``grid`` whose initial rate covers ``rate``.

    Covered is what the published rate, `initial_rate_of`, is not below. Where even the smallest
    does not cover it, the smallest is returned: the caller states that the bound binds.

    >>> grid = [Decimal(x) for x in (1, 3, 20, 50)]
    >>> leverage_down(Decimal("0.03"), grid), leverage_down(initial_rate_of(Decimal(3)), grid)
    (Decimal('20'), Decimal('3'))
    """
    allowed = [leverage for leverage in grid if initial_rate_of(leverage) >= rate]
    return max(allowed) if allowed else min(grid)


def initial_rate_of(leverage: Decimal) -> Decimal:
    """Return ``1 / leverage`` rounded up to a millionth.

    >>> initial_rate_of(Decimal(3)), initial_rate_of(Decimal(20))
    (Decimal('0.333334'), Decimal('0.050000'))
    """
    return (1 / leverage).quantize(RATE_DIGITS, rounding=ROUND_CEILING)
