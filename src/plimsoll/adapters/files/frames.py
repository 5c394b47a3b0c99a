"""Frames that are already in memory (pandas, polars, pyarrow and what narwhals knows) to bars."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import narwhals as nw
import polars as pl

from plimsoll.adapters.files.assemble import BarsOrigin, assemble
from plimsoll.adapters.files.bar_rows import ROW, bar_rows, initial_style
from plimsoll.adapters.files.columns import Columns
from plimsoll.adapters.files.parquet import wanted_columns
from plimsoll.adapters.files.selection import Instant, Selection
from plimsoll.domain.market import Bars, PriceKind
from plimsoll.errors import DataFormatError, UsageError


def from_frame(
    frame: Any,
    *,
    columns: Columns,
    price_kind: PriceKind,
    market: str = "",
    interval_ns: int | None = None,
    symbols: Collection[str] | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    source: str = "frame in memory",
) -> dict[str, Bars]:
    """Return the bars of a frame, one entry per market, in the order of the frame.

    Parameters
    ----------
    frame : pandas, polars or pyarrow frame, or anything narwhals reads
        The index of a pandas frame counts as columns (an unnamed one as ``index``).
    columns : ColumnMap or WideColumnMap
    price_kind : PriceKind
        What the prices are.
    market : str
        Name of the market where ``columns`` names no symbol column.
    interval_ns : int or None
        Length of a bar; None: the most frequent step.
    symbols, since, until
        Which markets, and which open times (``since <= t < until``).
    source : str
        For provenance.

    Raises
    ------
    DataFormatError
        A missing column, an unreadable value, mixed time units.
    UsageError
        An object that is no frame.

    >>> import polars as pl
    >>> from plimsoll.adapters.files import ColumnMap
    >>> frame = pl.DataFrame({"ts": [1_704_067_200, 1_704_070_800], "close": [42.0, 43.0]})
    >>> bars = from_frame(frame, columns=ColumnMap(), price_kind=PriceKind.MARK, market="X")
    >>> bars["X"].interval_ns == 3_600_000_000_000
    True
    """
    selection = Selection.of(symbols, since, until)
    raw = raw_frame(frame, columns, selection, source)
    rows, _ = bar_rows(raw, columns, initial_style(columns), selection)
    if "symbol" not in rows.columns and not market:
        raise UsageError(
            "must be given where the columns name no symbol",
            field="market",
            remedy="name the market, or the symbol column in the column map",
        )
    origin = BarsOrigin(
        price_kind=price_kind, market=market, interval_ns=interval_ns, source=source
    )
    return assemble([rows], origin)


def raw_frame(frame: Any, columns: Columns, selection: Selection, source: str) -> pl.DataFrame:
    """Return the wanted columns of any frame, with the number of each row in ``ROW``."""
    raw = _polars(frame, columns.time)
    wanted = wanted_columns(raw.columns, columns, selection, source)
    return raw.select(wanted).with_row_index(ROW)


def _polars(frame: Any, time: str) -> pl.DataFrame:
    try:
        native = nw.from_native(frame)
    except TypeError:
        raise UsageError(
            "must be a pandas, polars or pyarrow frame",
            found=type(frame).__name__,
            field="frame",
        ) from None
    eager = native.collect() if isinstance(native, nw.LazyFrame) else native
    if eager.implementation.is_pandas_like() and time not in eager.columns:
        eager = nw.from_native(eager.to_native().reset_index())
    names = list(eager.to_native().columns) if eager.implementation.is_pandas_like() else []
    if any(not isinstance(name, str) for name in names):
        raise DataFormatError("must have text as column names", found=names[:20], field="frame")
    return eager.to_polars()
