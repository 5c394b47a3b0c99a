"""Columns of books: what shapes must fit, and the one form of what nobody knows.

A value that cannot be is not refused: a book of a million accounts would fall over one row. It is
kept in its column's form for "unknown", which gives its account a reason instead of a margin
(`plimsoll.margin.units.book_faults`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.magnitudes import (
    LARGEST_AMOUNT,
    LARGEST_PRICE,
    SMALLEST_PRICE,
    all_amounts,
    all_prices,
    are_amounts,
    are_prices,
)
from plimsoll.errors import UsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

UNKNOWN_MARGIN = float("inf")
"""Margin of a position that is isolated, nobody knows with how much."""
IMPOSSIBLE_LEVERAGE = float("inf")
"""A leverage that was chosen and is no positive finite number."""


def freeze_columns(record: object, names: Iterable[str]) -> None:
    """Make the columns of a frozen record read-only; None stays.

    A column that is a view of an array which can be written is copied: whoever writes there would
    change the record, and leave what is kept of it stale. One with data of its own is frozen as it
    is, without a copy.
    """
    for name in names:
        column = getattr(record, name)
        if column is None:
            continue
        if _can_change(column):
            column = column.copy()
            object.__setattr__(record, name, column)
        column.setflags(write=False)


def _can_change(column: NDArray[Any]) -> bool:
    """Whether a column is a view of an array that can be written."""
    base = column.base
    while isinstance(base, np.ndarray):
        if base.flags.writeable:
            return True
        base = base.base
    return False


def known_amounts(values: FloatArray) -> FloatArray:
    """Amounts, NaN where one is not finite or beyond arithmetic; the same array if none is."""
    return values if all_amounts(values) else np.where(are_amounts(values), values, np.nan)


def known_prices(values: FloatArray) -> FloatArray:
    """Prices, NaN where one is not positive and finite; the same array if none is."""
    return values if all_prices(values) else np.where(are_prices(values), values, np.nan)


def known_margins(values: FloatArray) -> FloatArray:
    """Isolated margins: NaN stays (cross), what is no amount becomes `UNKNOWN_MARGIN`."""
    if _stated_within(values, -LARGEST_AMOUNT, LARGEST_AMOUNT):
        return values
    return np.where(np.isnan(values) | are_amounts(values), values, UNKNOWN_MARGIN)


def known_leverages(values: FloatArray) -> FloatArray:
    """Leverages: NaN stays (none chosen), what is not positive becomes `IMPOSSIBLE_LEVERAGE`."""
    if _stated_within(values, SMALLEST_PRICE, LARGEST_PRICE):
        return values
    return np.where(np.isnan(values) | are_prices(values), values, IMPOSSIBLE_LEVERAGE)


def _stated_within(values: FloatArray, low: float, high: float) -> bool:
    """Whether all numbers but NaN lie within bounds; nothing of the size of ``values``."""
    if not values.size:
        return True
    least, most = np.fmin.reduce(values), np.fmax.reduce(values)
    return bool(np.isnan(least)) or (bool(least >= low) and bool(most <= high))


def require_offsets(offsets: IntArray, count: int, rows: str, field: str) -> None:
    """Refuse offsets that do not part rows among ``count`` accounts."""
    if offsets.shape != (count + 1,) or offsets.dtype != np.int64 or offsets[0] != 0:
        raise UsageError(
            f"must be int64, start at 0 and have one more entry than accounts ({count})",
            found=f"{offsets.shape} {offsets.dtype}",
            field=field,
        )
    if np.any(np.diff(offsets) < 0):
        raise UsageError(f"must not fall: {rows} are grouped by account", field=field)


def require_columns(
    columns: Mapping[str, tuple[NDArray[Any], type[np.generic]]], count: int, rows: str
) -> None:
    """Refuse columns that have not one value of their type for each of ``count`` rows."""
    for name, (column, dtype) in columns.items():
        if column.shape != (count,) or column.dtype != dtype:
            raise UsageError(
                f"must have one {dtype.__name__} per {rows} ({count})",
                found=f"{column.shape} {column.dtype}",
                field=name,
            )


def require_indices(index: IntArray, markets: Sequence[str], field: str) -> None:
    """Refuse indices of markets that the book does not have."""
    if not index.size or (int(index.min()) >= 0 and int(index.max()) < len(markets)):
        return
    row = int(np.argmax((index < 0) | (index >= len(markets))))
    raise UsageError(
        f"must lie in 0 to {len(markets) - 1}", found=int(index[row]), field=field, row=row
    )
