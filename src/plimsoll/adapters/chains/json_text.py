"""JSON in a file: one document, or one message per line as collectors write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from plimsoll.adapters.files.csv_layout import not_utf8, open_bytes
from plimsoll.adapters.files.sources import reading
from plimsoll.errors import DataFormatError


def json_documents(path: Path) -> list[Any]:
    """Return the documents of a file.

    What stands before the first brace of a line (a time of receipt, an address) is left out, and
    so are lines without one.

    Raises
    ------
    DataFormatError
        Text that is not JSON, with the line where it goes wrong.
    """
    with reading(path):
        with open_bytes(path) as stream:
            raw = stream.read()
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise not_utf8(path, f"byte 0x{raw[error.start]:02x}", None) from None
        try:
            return [json.loads(text)]
        except (ValueError, RecursionError) as error:  # ValueError: also whole numbers too long
            return _lines(text, path, error)


def _lines(text: str, path: Path, whole: Exception) -> list[Any]:
    documents, lines = [], text.splitlines()
    for row, line in enumerate(lines):
        start = line.find("{")
        if start < 0 or "<-" in line[:start]:  # an address alone, or what was sent
            continue
        try:
            documents.append(json.loads(line[start:]))
        except (ValueError, RecursionError) as error:
            raise DataFormatError(
                "must be JSON, or one JSON message per line",
                found=str(whole if len(lines) == 1 or not documents else error),
                field=str(path),
                row=row,
                remedy="it may be truncated; export it again",
            ) from None
    return documents
