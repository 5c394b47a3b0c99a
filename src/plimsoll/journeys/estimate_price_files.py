"""Which format a price file has, by its name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from plimsoll.adapters.files import FileFormat
from plimsoll.errors import DataFormatError

_BY_SUFFIX = {
    ".parquet": FileFormat.PARQUET,
    ".pq": FileFormat.PARQUET,
    ".csv": FileFormat.CSV,
    ".json": FileFormat.CCXT_OHLCV,
}


def price_format(prices: Any) -> FileFormat | None:
    """Return the format that a file's name tells; None for a name that tells none, and no file.

    ``prices.csv.gz`` is CSV: the suffix before the compression counts.

    Raises
    ------
    DataFormatError
        For a file that is there, with the name of something else.
    """
    if not isinstance(prices, str | os.PathLike):
        return None
    path = Path(prices)
    found = next((_BY_SUFFIX[s] for s in map(str.lower, path.suffixes) if s in _BY_SUFFIX), None)
    if found is None and path.suffix and path.is_file():
        raise DataFormatError(
            "must be prices whose name tells the format: .parquet, .csv or .json (ccxt OHLCV), "
            "with .gz or .zip behind it where compressed",
            found=path.name,
            field=str(path),
            remedy="say what it is: --format csv, parquet, ccxt_ohlcv or binance_kline",
        )
    return found
