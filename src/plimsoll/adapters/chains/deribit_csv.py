"""Snapshots of chains in CSV, as collectors of Deribit's book summaries write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from plimsoll.adapters.chains.snapshot_columns import snapshot_columns, snapshot_rows
from plimsoll.adapters.files.csv_batches import csv_batches
from plimsoll.adapters.files.csv_layout import CsvDialect, header_layout
from plimsoll.adapters.files.sources import reading
from plimsoll.domain.option_chain import IntArray

_COMMAS = CsvDialect(separator=",")


def csv_times(path: Path) -> IntArray:
    """Return the distinct times of the snapshots in a file, rising."""
    times: IntArray = np.unique(csv_rows(path)["at_ns"].to_numpy())
    return times


def csv_rows(path: Path) -> pl.DataFrame:
    """Return the rows of options of a file, in its order."""
    with reading(path):
        layout = header_layout(path, ["instrument_name"], _COMMAS)
        columns = snapshot_columns(layout.names, str(path))
        wanted = list(columns.values())
        batches = list(csv_batches(path, layout, wanted))
        raw = pl.concat(batches) if batches else _empty(wanted)
        return snapshot_rows(raw, columns)


def _empty(wanted: list[str]) -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys(wanted, pl.String)).with_row_index("__row__")
