"""Published collateral figures: rounded down, so that nothing counts for more than it does."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

from plimsoll.errors import UsageError


def published_factor(factor: float, grid: Decimal = Decimal("0.001")) -> Decimal:
    """Return a collateral factor rounded down to the grid.

    >>> published_factor(0.93791)
    Decimal('0.937')
    """
    if not 0.0 <= factor <= 1.0:
        raise UsageError("must lie in [0, 1]", found=factor, field="factor")
    return published_value(factor, grid)


def published_value(value: float, grid: Decimal = Decimal("0.01")) -> Decimal:
    """Return an amount of collateral rounded down to the grid; a debt grows by it.

    >>> published_value(-10.001)
    Decimal('-10.01')
    """
    if not grid > 0:
        raise UsageError("must be positive", found=str(grid), field="grid")
    return (Decimal(repr(value)) / grid).to_integral_value(ROUND_FLOOR) * grid
