"""Errors on chains of files, with the file, and in text the line, that they are about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from plimsoll.adapters.chains.format_names import ChainFormat
from plimsoll.adapters.files.csv_layout import open_bytes
from plimsoll.domain.option_chain import OptionChain
from plimsoll.errors import DataFormatError

_CSV = (ChainFormat.DERIBIT_CSV, ChainFormat.TARDIS_OPTIONS_CHAIN)

ReadChains = Callable[[list[Path], str], Iterator[OptionChain]]
"""Reads files; the text says in messages what they are."""


def chains_of_files(
    read: ReadChains, paths: list[Path], format: ChainFormat, source: str
) -> Iterator[OptionChain]:
    """Return the chains of files; an error names the file that is at fault.

    Parameters
    ----------
    read : callable
        Of files and the name they go by.
    paths : list of Path
    format : ChainFormat
    source : str
        What all of them are called together.

    Raises
    ------
    DataFormatError
        As ``read`` does. In CSV the row is told as the line of the file, as an editor counts;
        the attribute ``row`` still counts records from 0.
    """
    try:
        chains = read(paths, source)
    except DataFormatError as error:
        raise _placed(error, read, paths, format) from None
    return _yielded(chains, read, paths, format)


def _yielded(
    chains: Iterator[OptionChain], read: ReadChains, paths: list[Path], format: ChainFormat
) -> Iterator[OptionChain]:
    try:
        yield from chains
    except DataFormatError as error:
        raise _placed(error, read, paths, format) from None


def line_of_row(path: Path, row: int) -> int | None:
    """Return the line (from 1) of a record (from 0) below the header; empty lines are no records.

    Parameters
    ----------
    path : Path
        Text, compressed or not.
    row : int
    """
    left = row
    with open_bytes(path) as stream:
        for number, line in enumerate(stream, start=1):
            if number == 1 or not line.rstrip(b"\r\n"):
                continue
            if left == 0:
                return number
            left -= 1
    return None


def _placed(
    error: DataFormatError, read: ReadChains, paths: Sequence[Path], format: ChainFormat
) -> DataFormatError:
    path = _told_path(error, paths)
    if path is None:
        path, error = _culprit(error, read, paths)
    return error if path is None else _with_place(error, path, format)


def _told_path(error: DataFormatError, paths: Sequence[Path]) -> Path | None:
    told = (path for path in paths if error.field == str(path) or _begins(error, path))
    return next(told, None)


def _begins(error: DataFormatError, path: Path) -> bool:
    return error.field.startswith(f"{path}:")


def _culprit(
    error: DataFormatError, read: ReadChains, paths: Sequence[Path]
) -> tuple[Path | None, DataFormatError]:
    """Return the first file that gives the same error when it is read alone."""
    if len(paths) == 1:
        return paths[0], error
    for path in paths:
        try:
            for _ in read([path], str(path)):
                pass
        except DataFormatError as alone:
            if alone.must == error.must:
                return path, alone
    return None, error


def _with_place(error: DataFormatError, path: Path, format: ChainFormat) -> DataFormatError:
    row = error.row
    line = line_of_row(path, row) if row is not None and format in _CSV else None
    told = error.field
    if told != str(path) and not _begins(error, path):
        told = f"{path}: {told}"
    if line is not None:
        told = f"{path}, line {line}{told.removeprefix(str(path))}"
    placed = DataFormatError(
        error.must,
        found=error.found,
        remedy=error.remedy,
        field=told,
        row=row if line is None else None,
    )
    placed.row = row
    return placed
