"""Price files of the ecosystem's formats to bars, digests of data, and writes that never tear.

What needs polars and pyarrow is imported on first use (PEP 562), so that small files cost no more
than they are.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.adapters.files.columns import OHLCV, ColumnMap, Columns, WideColumnMap
    from plimsoll.adapters.files.csv_layout import CsvDialect
    from plimsoll.adapters.files.digest import bars_digest, file_digest
    from plimsoll.adapters.files.frames import from_frame
    from plimsoll.adapters.files.funding import (
        FundingColumns,
        FundingRates,
        RateUnit,
        funding_from_frame,
        read_funding,
    )
    from plimsoll.adapters.files.read import FileFormat, read_bars
    from plimsoll.adapters.files.time_units import TimeUnit

_HOMES = {
    "OHLCV": "columns",
    "ColumnMap": "columns",
    "Columns": "columns",
    "CsvDialect": "csv_layout",
    "FileFormat": "read",
    "FundingColumns": "funding",
    "FundingRates": "funding",
    "RateUnit": "funding",
    "TimeUnit": "time_units",
    "WideColumnMap": "columns",
    "bars_digest": "digest",
    "file_digest": "digest",
    "from_frame": "frames",
    "funding_from_frame": "funding",
    "read_bars": "read",
    "read_funding": "funding",
}

__all__ = [
    "OHLCV",
    "ColumnMap",
    "Columns",
    "CsvDialect",
    "FileFormat",
    "FundingColumns",
    "FundingRates",
    "RateUnit",
    "TimeUnit",
    "WideColumnMap",
    "bars_digest",
    "file_digest",
    "from_frame",
    "funding_from_frame",
    "read_bars",
    "read_funding",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
