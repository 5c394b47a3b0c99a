"""Times of a column, whatever their form, as int64 nanoseconds UTC; mixed units are refused.

Bars of crypto markets lie between 2009 and 2100. In that range the numbers of seconds,
milliseconds, microseconds and nanoseconds since 1970 do not overlap, so each integer tells its own
unit, and a column whose unit changes on the way is found at the row where it does.
Text and timestamps without a zone are read as UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray

from plimsoll.adapters.files.iso_times import iso_ns
from plimsoll.domain.market import IntArray
from plimsoll.errors import DataFormatError

EARLIEST_S = 1_230_768_000  # 2009-01-01
LATEST_S = 4_102_444_800  # 2100-01-01
_PLAUSIBLE = "must be times between 2009 and 2100"


class TimeUnit(StrEnum):
    """Unit of integer times since 1970-01-01 UTC."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    NANOSECONDS = "ns"

    @property
    def nanoseconds(self) -> int:
        """Length of one unit in nanoseconds."""
        return _NANOSECONDS[self]


_NANOSECONDS = {
    TimeUnit.SECONDS: 1_000_000_000,
    TimeUnit.MILLISECONDS: 1_000_000,
    TimeUnit.MICROSECONDS: 1_000,
    TimeUnit.NANOSECONDS: 1,
}
_UNITS = tuple(TimeUnit)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStyle:
    """What the times of a column have been found to look like; the rest must look the same."""

    unit: TimeUnit | None = None
    zoned: bool | None = None


def times_ns(
    column: pl.Series, rows: NDArray[np.integer], style: TimeStyle, field: str
) -> tuple[IntArray, TimeStyle]:
    """Return the times of a column in ns, and the style the next batch must keep.

    Parameters
    ----------
    column : (T,) polars Series of integers, whole floats, text, dates or timestamps
    rows : (T,) row numbers, for messages
    style : TimeStyle
        Of the rows before; empty at the start.
    field : str
        Name of the column, for messages.

    Raises
    ------
    DataFormatError
        Missing, unreadable or implausible times, or units that change, with the first such row.
    """
    _refuse(column.is_null(), column, rows, field, "must not be empty")
    if column.dtype in (pl.String, pl.Categorical):
        return _text_ns(column.cast(pl.String).str.strip_chars(), rows, style, field)
    if column.dtype.is_integer():
        return _integer_ns(column.cast(pl.Int64).to_numpy(), rows, style, field)
    if column.dtype.is_float():
        return _integer_ns(_whole(column, rows, field), rows, style, field)
    if column.dtype == pl.Date:
        values = column.cast(pl.Int32).cast(pl.Int64).to_numpy() * 86_400
        return _dated_ns(values, rows, TimeUnit.SECONDS, field), style
    if isinstance(column.dtype, pl.Datetime):
        unit = TimeUnit(column.dtype.time_unit)
        return _dated_ns(column.cast(pl.Int64).to_numpy(), rows, unit, field), style
    raise DataFormatError(
        "must be timestamps, integers or ISO 8601 text", found=str(column.dtype), field=field
    )


def unit_of(value: int) -> TimeUnit | None:
    """Return the unit in which an integer is a time between 2009 and 2100.

    >>> unit_of(1_609_459_200), unit_of(1_609_459_200_000), unit_of(7)
    (<TimeUnit.SECONDS: 's'>, <TimeUnit.MILLISECONDS: 'ms'>, None)
    """
    for unit in _UNITS:
        per_second = 1_000_000_000 // unit.nanoseconds
        if EARLIEST_S * per_second <= value < LATEST_S * per_second:
            return unit
    return None


def plausible_ns(value: int, unit: TimeUnit, field: str, row: int | None = None) -> int:
    """Return one time of a known unit in ns.

    Raises
    ------
    DataFormatError
        Outside 2009 to 2100, as for columns.

    Examples
    --------
    >>> plausible_ns(1_609_459_200, TimeUnit.SECONDS, "time")
    1609459200000000000
    """
    per_second = 1_000_000_000 // unit.nanoseconds
    if EARLIEST_S * per_second <= value < LATEST_S * per_second:
        return value * unit.nanoseconds
    other = unit_of(value)
    told = f"a whole number of {len(str(abs(value)))} digits" if abs(value) > 10**20 else value
    raise DataFormatError(
        f"must be a time between 2009 and 2100 in {unit.value}",
        found=told if other is None else f"{value}, which is a time in {other.value}",
        field=field,
        row=row,
    )


def _integer_ns(
    values: IntArray, rows: NDArray[np.integer], style: TimeStyle, field: str
) -> tuple[IntArray, TimeStyle]:
    if values.size == 0:
        return values, style
    unit = style.unit or unit_of(int(values[0]))
    if unit is None:
        raise _implausible(int(values[0]), int(rows[0]), None, field)
    return _in_unit(values, rows, unit, field), replace(style, unit=unit)


def _in_unit(values: IntArray, rows: NDArray[np.integer], unit: TimeUnit, field: str) -> IntArray:
    """Return integers in ns after checking that each is plausible in ``unit``."""
    first = _first_implausible(values, unit)
    if first is not None:
        raise _implausible(int(values[first]), int(rows[first]), unit, field)
    return np.ascontiguousarray(values, dtype=np.int64) * unit.nanoseconds


def _dated_ns(values: IntArray, rows: NDArray[np.integer], unit: TimeUnit, field: str) -> IntArray:
    """Return what was already a date in ns; one of 1970 was read in the wrong unit upstream."""
    first = _first_implausible(values, unit)
    if first is not None:
        per_second = 1_000_000_000 // unit.nanoseconds
        raise DataFormatError(
            _PLAUSIBLE,
            found=f"{int(values[first]) // per_second} s since 1970",
            field=field,
            row=int(rows[first]),
            remedy="a date near 1970 was made from a number in another unit; make it again",
        )
    return np.ascontiguousarray(values, dtype=np.int64) * unit.nanoseconds


def _first_implausible(values: IntArray, unit: TimeUnit) -> int | None:
    per_second = 1_000_000_000 // unit.nanoseconds
    outside = (values < EARLIEST_S * per_second) | (values >= LATEST_S * per_second)
    return int(np.argmax(outside)) if outside.any() else None


def _implausible(value: int, row: int, unit: TimeUnit | None, field: str) -> DataFormatError:
    other = unit_of(value)
    if unit is None or other is None:
        inside = f" in {unit.value}" if unit else " in s, ms, us or ns"
        return DataFormatError(_PLAUSIBLE + inside, found=value, field=field, row=row)
    return DataFormatError(
        f"must be in one time unit, {unit.value} by the rows before or by the column map",
        found=f"{value}, which is a time in {other.value}",
        field=field,
        row=row,
        remedy="split the data where the unit changes, or name the right time_unit",
    )


def _whole(column: pl.Series, rows: NDArray[np.integer], field: str) -> IntArray:
    whole = column.is_finite() & (column == column.floor())
    _refuse(~whole, column, rows, field, "must be whole numbers")
    return column.cast(pl.Int64).to_numpy()


def _text_ns(
    column: pl.Series, rows: NDArray[np.integer], style: TimeStyle, field: str
) -> tuple[IntArray, TimeStyle]:
    if len(column) == 0:
        return np.empty(0, dtype=np.int64), style
    numeric = column.cast(pl.Float64, strict=False)
    if numeric[0] is None:
        return _iso_ns(column, rows, style, field)
    integers = column.cast(pl.Int64, strict=False)
    if integers.null_count():
        _refuse(numeric.is_null(), column, rows, field, "must be numbers like the rows before")
        integers = pl.Series(_whole(numeric, rows, field))
    return _integer_ns(integers.to_numpy(), rows, style, field)


def _iso_ns(
    column: pl.Series, rows: NDArray[np.integer], style: TimeStyle, field: str
) -> tuple[IntArray, TimeStyle]:
    values, zoned = iso_ns(column)
    _refuse(
        values.is_null(), column, rows, field, "must be ISO 8601 text such as 2024-01-31T08:00Z"
    )
    expected = bool(zoned[0]) if style.zoned is None else style.zoned
    _refuse(zoned != expected, column, rows, field, "must name a time zone everywhere or nowhere")
    return _dated_ns(values.to_numpy(), rows, TimeUnit.NANOSECONDS, field), replace(
        style, zoned=expected
    )


def _refuse(
    wrong: pl.Series, column: pl.Series, rows: NDArray[np.integer], field: str, must: str
) -> None:
    """Raise for the first row that is wrong."""
    first = wrong.arg_max() if wrong.any() else None
    if first is not None:
        raise DataFormatError(must, found=str(column[first]), field=field, row=int(rows[first]))
