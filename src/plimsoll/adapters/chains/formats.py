"""Forms of files with option chains, and which of them a file has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plimsoll.adapters.chains.ccxt_chain import ccxt_structures
from plimsoll.adapters.chains.format_names import KNOWN_FORMATS, ChainFormat
from plimsoll.adapters.chains.json_text import json_documents
from plimsoll.adapters.files.csv_layout import open_bytes
from plimsoll.adapters.files.sources import reading
from plimsoll.errors import DataFormatError, UsageError

__all__ = ["ChainFormat", "chain_format", "format_of", "format_of_document"]

_PARQUET_NAMES = (".parquet", ".parq", ".pq")
_TARDIS = (b"exchange", b"local_timestamp", b"strike_price")
_MESSAGES = (b"{", b"[", b"wss://", b"http://", b"https://", b"configuration:")


def chain_format(name: ChainFormat | str) -> ChainFormat:
    """Return a format by its name."""
    try:
        return ChainFormat(name)
    except ValueError:
        raise UsageError(f"must be one of {KNOWN_FORMATS}", found=name, field="format") from None


def format_of(path: Path) -> ChainFormat:
    """Return the format of a file by how it begins.

    Raises
    ------
    DataFormatError
        A file named as Parquet that is none.
    """
    with reading(path), open_bytes(path) as stream:
        head = stream.readline(1 << 16)
    if head.startswith(b"PAR1"):
        return ChainFormat.PARQUET
    if path.suffix.casefold() in _PARQUET_NAMES:
        raise DataFormatError(
            "must be a Parquet file, as its name says",
            found="bytes that do not begin as one (PAR1)",
            field=str(path),
            remedy="export it again, or give it the ending of what it holds (.csv, .json)",
        )
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(_MESSAGES) or b': {"' in text:
        return format_of_document(next(iter(json_documents(path)), None))
    if all(name in text for name in _TARDIS):
        return ChainFormat.TARDIS_OPTIONS_CHAIN
    return ChainFormat.DERIBIT_CSV


def format_of_document(document: Any) -> ChainFormat:
    """Return the format of decoded JSON."""
    if ccxt_structures(document) is not None:
        return ChainFormat.CCXT_OPTION_CHAIN
    return ChainFormat.DERIBIT_JSON
