"""Rows of options as all readers of chains hand them on, whatever the source calls its columns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray

from plimsoll.adapters.files.bar_rows import ROW
from plimsoll.adapters.files.numbers import floats
from plimsoll.adapters.files.time_units import TimeStyle, times_ns
from plimsoll.errors import DataFormatError

NUMBERS = ("bid", "ask", "mark", "forward", "index", "mark_vol", "open_interest", "volume")
"""Columns of float64 that a row has besides ``at_ns`` and ``name``; null where there is none."""

TERMS = {"expiry_ns": pl.Int64, "strike": pl.Float64, "is_call": pl.Boolean}
"""Terms of the contract that a source may state besides the name; null where it does not."""

ROW_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    ROW: pl.Int64,
    "at_ns": pl.Int64,
    "quote_ns": pl.Int64,
    "name": pl.String,
    "currency": pl.String,
    **TERMS,
    **dict.fromkeys(NUMBERS, pl.Float64),
}

INDEX_NAME = "index_price"
"""What Deribit calls the underlying of an expiry that has no forward: its index stands in."""

_RIGHTS = {"call": True, "c": True, "put": False, "p": False}
_LARGEST_FRACTION = 5.0


class VolUnit(StrEnum):
    """Unit in which a source writes volatilities."""

    FRACTION = "fraction"
    PER_CENT = "per cent"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSource:
    """A frame of raw columns, with what is needed to read it.

    Parameters
    ----------
    raw : polars DataFrame
        With the number of each row in ``ROW``.
    """

    raw: pl.DataFrame

    @property
    def rows(self) -> NDArray[np.integer]:
        """Row numbers, for messages."""
        numbers: NDArray[np.integer] = self.raw[ROW].to_numpy()
        return numbers

    def number(self, column: str | None) -> pl.Series:
        """Return a column as Float64, null where it has no value or does not exist."""
        if column is None:
            return pl.Series([None], dtype=pl.Float64).new_from_index(0, len(self.raw))
        return floats(self.raw[column], self.rows, column).fill_nan(None)

    def time(self, column: str | None, style: TimeStyle | None = None) -> pl.Series:
        """Return a column of times as ns, all null where it does not exist."""
        if column is None:
            return pl.Series([None], dtype=pl.Int64).new_from_index(0, len(self.raw))
        times, _ = times_ns(self.raw[column], self.rows, style or TimeStyle(), column)
        return pl.Series(times, dtype=pl.Int64)

    def text(self, column: str | None) -> pl.Series:
        """Return a column of text, all null where it does not exist."""
        if column is None:
            return pl.Series([None], dtype=pl.String).new_from_index(0, len(self.raw))
        values = self.raw[column]
        if values.dtype == pl.String or isinstance(values.dtype, pl.Categorical | pl.Enum):
            return values
        if values.dtype == pl.Null:
            return values.cast(pl.String)
        raise DataFormatError("must be text", found=str(values.dtype), field=column)

    def is_call(self, column: str | None) -> pl.Series:
        """Return the right of each row, null where the source does not say."""
        text = self.text(column)
        if column is None:
            return text.cast(pl.Boolean)
        kinds = text.unique().cast(pl.String).drop_nulls().to_list()
        wrong = [kind for kind in kinds if kind.strip().casefold() not in _RIGHTS]
        if wrong:
            where = text.cast(pl.String) == wrong[0]
            raise DataFormatError(
                "must be call or put",
                found=wrong[0],
                field=column,
                row=int(self.rows[where.arg_max() or 0]),
            )
        calls = [kind for kind in kinds if _RIGHTS[kind.strip().casefold()]]
        return text.cast(pl.String).is_in(calls)

    def names(self, column: str) -> pl.Series:
        """Return the names of the options.

        Raises
        ------
        DataFormatError
            For a row without one.
        """
        text = self.text(column)
        if text.null_count():
            first = int(text.is_null().arg_max() or 0)
            raise DataFormatError(
                "must name an option",
                found="an empty cell",
                field=column,
                row=int(self.rows[first]),
            )
        return text


def as_fraction(vols: pl.Series, unit: VolUnit, field: str) -> pl.Series:
    """Return volatilities as fractions, after checking that they can be in ``unit``.

    No market has a median implied volatility above 500 % or below 5 %: numbers like that are of
    the other unit.

    Raises
    ------
    DataFormatError
        Where the median tells another unit.
    """
    told = vols.filter(vols > 0.0).median()
    middle = float(told) if isinstance(told, int | float) else None
    fraction = unit is VolUnit.FRACTION
    if middle is not None and (middle > _LARGEST_FRACTION) == fraction:
        other = VolUnit.PER_CENT if fraction else VolUnit.FRACTION
        raise DataFormatError(
            f"must be volatilities in {unit.value}",
            found=f"a median of {middle:g}, which is in {other.value}",
            field=field,
            remedy=f"{'divide' if fraction else 'multiply'} them by 100",
        )
    return vols if fraction else vols / 100.0
