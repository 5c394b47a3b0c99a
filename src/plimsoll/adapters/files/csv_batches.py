"""A CSV file as a stream of batches of text columns: memory does not grow with the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import csv as arrow_csv

from plimsoll.adapters.files.bar_rows import ROW
from plimsoll.adapters.files.csv_layout import CsvLayout, not_utf8, open_bytes
from plimsoll.errors import DataFormatError

BLOCK_BYTES = 1 << 20
"""Text parsed at a time. Fixed, so that sums over batches do not depend on the memory limit."""

_RAGGED = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+): (.*)", re.DOTALL)
_BAD_TEXT = re.compile(r"Row #(\d+): .*UTF-?8", re.DOTALL)


def csv_batches(path: Path, layout: CsvLayout, wanted: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Yield the wanted columns as text, with the 0-based number of each record in ``ROW``.

    Parameters
    ----------
    path : Path
    layout : CsvLayout
    wanted : sequence of str
        Names in the layout, each of which must stand there once.

    Raises
    ------
    DataFormatError
        Rows with more or fewer cells, bytes that are not UTF-8.
    """
    first_row = 0
    with open_bytes(path) as stream:
        try:
            for batch in _reader(stream, layout, wanted):
                frame = pl.DataFrame(pl.from_arrow(batch))
                frame.columns = list(wanted)
                yield frame.with_row_index(ROW, offset=first_row)
                first_row += len(frame)
        except pa.ArrowInvalid as error:
            if "Could not skip initial" in str(error) or "Empty CSV file" in str(error):
                return  # a header and nothing else
            raise _explained(error, path, layout) from None


def _reader(stream: Any, layout: CsvLayout, wanted: Sequence[str]) -> Iterator[Any]:
    # Cells are addressed by position: names in the header may be doubled or padded.
    positions = [f"{layout.names.index(name)}" for name in wanted]
    return iter(
        arrow_csv.open_csv(
            stream,
            read_options=arrow_csv.ReadOptions(
                use_threads=False,
                block_size=BLOCK_BYTES,
                column_names=[f"{index}" for index in range(len(layout.names))],
                skip_rows=1 if layout.header else 0,
            ),
            parse_options=arrow_csv.ParseOptions(delimiter=layout.separator),
            convert_options=arrow_csv.ConvertOptions(
                column_types={position: pa.string() for position in positions},
                include_columns=positions,
                strings_can_be_null=False,
            ),
        )
    )


def _explained(error: Exception, path: Path, layout: CsvLayout) -> DataFormatError:
    text, lines_before = str(error), 2 if layout.header else 1
    if bad := _BAD_TEXT.search(text):
        return not_utf8(path, "other bytes", int(bad[1]) - lines_before)
    if ragged := _RAGGED.search(text):
        return DataFormatError(
            f"must have {ragged[2]} cells in each row",
            found=f"{ragged[3]} cells: {ragged[4][:80]}",
            field=str(path),
            row=int(ragged[1]) - lines_before,
            remedy="the file may be cut off there, or hold the separator inside a cell",
        )
    return DataFormatError("must be CSV", found=text[:200], field=str(path))
