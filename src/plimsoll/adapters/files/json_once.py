"""JSON in which a key stands once: a doubled instrument is refused, not silently overwritten."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from plimsoll.adapters.files.csv_layout import open_bytes
from plimsoll.adapters.files.records import PathLike, read_document
from plimsoll.errors import DataFormatError


def read_document_once(path: PathLike, *, constants: bool = False) -> Any:
    """Return the content of a JSON file.

    Parameters
    ----------
    constants : bool
        Whether it may hold NaN and infinities.

    Raises
    ------
    DataError
        A file that cannot be read.
    DataFormatError
        What is no JSON, or names a key twice.
    """
    read_document(path, constants=constants)  # tells what is wrong with file and JSON
    with open_bytes(Path(path)) as stream:
        return json.loads(stream.read(), object_pairs_hook=_Once(os.fspath(path)))


def parse_once(text: str, source: str) -> Any:
    """Return the content of JSON text, under the same rules.

    Raises
    ------
    DataFormatError
    """

    def refuse(constant: str) -> object:
        raise DataFormatError("must hold numbers or null", found=constant, field=source)

    try:
        return json.loads(text, object_pairs_hook=_Once(source), parse_constant=refuse)
    except DataFormatError:
        raise
    except (ValueError, RecursionError) as error:
        raise DataFormatError("must be JSON", found=str(error), field=source) from None


class _Once:
    """Builds objects; refuses doubled keys."""

    def __init__(self, source: str) -> None:
        self.source = source

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise DataFormatError("must name each key once", found=key, field=self.source)
            found[key] = value
        return found
