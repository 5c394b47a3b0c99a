"""Snapshots of chains in Parquet: only the columns and the snapshots asked for are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from plimsoll.adapters.chains.snapshot_columns import snapshot_columns, snapshot_rows
from plimsoll.adapters.files.bar_rows import ROW
from plimsoll.adapters.files.sources import reading
from plimsoll.adapters.files.time_units import TimeStyle, times_ns
from plimsoll.domain.option_chain import IntArray


def parquet_times(path: Path) -> IntArray:
    """Return the distinct times of the snapshots in a file, rising."""
    with reading(path):
        lazy = pl.scan_parquet(path, glob=False)
        names = lazy.collect_schema().names()
        column = snapshot_columns(names, str(path))["time"]
        times = lazy.select(column).collect()[column]
        rows = np.arange(len(times))
        return np.unique(times_ns(times, rows, TimeStyle(), column)[0])


def parquet_rows(path: Path) -> pl.DataFrame:
    """Return the rows of options of a file, in its order."""
    with reading(path):
        lazy = pl.scan_parquet(path, row_index_name=ROW, glob=False)
        names = [name for name in lazy.collect_schema().names() if name != ROW]
        columns = snapshot_columns(names, str(path))
        return snapshot_rows(lazy.select(ROW, *columns.values()).collect(), columns)
