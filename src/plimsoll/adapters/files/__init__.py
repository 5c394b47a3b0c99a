"""Price files of the ecosystem's formats to bars, digests of data, and writes that never tear."""

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
