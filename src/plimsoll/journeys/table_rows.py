"""Rows of a small CSV file that stands beside the prices."""

from __future__ import annotations

import csv
from pathlib import Path

from plimsoll.errors import DataFormatError


def table_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows by column.

    Raises
    ------
    DataFormatError
        Where the file cannot be read as CSV.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataFormatError(
            "must be a readable CSV file", found=str(error), field=str(path)
        ) from error
