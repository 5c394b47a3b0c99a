"""Price files of the ecosystem's formats to bars, digests of data, and writes that never tear."""

from plimsoll.adapters.files.columns import OHLCV, ColumnMap, Columns, WideColumnMap
from plimsoll.adapters.files.frames import from_frame
from plimsoll.adapters.files.read import FileFormat, read_bars
from plimsoll.adapters.files.time_units import TimeUnit

__all__ = [
    "OHLCV",
    "ColumnMap",
    "Columns",
    "FileFormat",
    "TimeUnit",
    "WideColumnMap",
    "from_frame",
    "read_bars",
]
