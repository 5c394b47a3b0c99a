"""What a CSV file looks like, seen from its first line: header, separator, encoding."""

from __future__ import annotations

import csv
import gzip
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from plimsoll.errors import DataFormatError, UsageError

SEPARATORS = (",", ";", "\t", "|")
_LONGEST_LINE = 1 << 20
_FOREIGN_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"PAR1": "Parquet"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvDialect:
    """How numbers and cells are written.

    Parameters
    ----------
    separator : str or None
        Between cells; None: the one of ``, ; tab |`` that splits the header into the columns
        wanted.
    decimal : str
        Decimal mark, ``.`` or ``,``. Never guessed: 1,234 may be either.
    """

    separator: str | None = None
    decimal: str = "."

    def __post_init__(self) -> None:
        if self.decimal not in (".", ","):
            raise UsageError("must be '.' or ','", found=self.decimal, field="decimal")
        if self.separator == self.decimal:
            raise UsageError(
                "must differ from the decimal mark", found=self.separator, field="separator"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvLayout:
    """Names of the cells of a row, in order, and how to find them.

    Parameters
    ----------
    names : tuple of str
    separator : str
    header : bool
        The first line holds the names.
    """

    names: tuple[str, ...]
    separator: str
    header: bool


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, through gzip (``.gz``) or a zip archive of one file (``.zip``)."""
    if path.suffix == ".gz":
        with gzip.open(path, "rb") as stream:
            yield cast(IO[bytes], stream)
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(_only_member(archive, path)) as member:
            yield member
    else:
        with path.open("rb") as stream:
            yield stream


def header_layout(path: Path, wanted: Sequence[str], dialect: CsvDialect) -> CsvLayout:
    """Return the layout of a file whose first line names its columns."""
    line = _first_line(path)
    separator = dialect.separator or _separator(line, wanted, dialect)
    return CsvLayout(names=_cells(line, separator), separator=separator, header=True)


def positional_layout(
    path: Path, names: Sequence[str], dialect: CsvDialect, form: str
) -> CsvLayout:
    """Return the layout of a file whose columns are known by position, with or without header.

    Parameters
    ----------
    names : sequence of str
        Of the cells; the second to the sixth must agree with a header, where there is one.
    form : str
        What the file should be, for messages.
    """
    line = _first_line(path)
    separator = dialect.separator or _separator(line, names, dialect)
    cells = _cells(line, separator)
    if len(cells) != len(names):
        raise DataFormatError(
            f"must have the {len(names)} columns of {form}", found=list(cells), field=str(path)
        )
    header = not _is_number(cells[0])
    told = tuple(cell.casefold() for cell in cells[1:6])
    if header and told != tuple(names[1:6]):
        raise DataFormatError(
            f"must have the columns of {form}: {', '.join(names)}",
            found=list(cells),
            field=str(path),
            remedy="read it as 'csv' with a column map",
        )
    return CsvLayout(names=tuple(names), separator=separator, header=header)


def _first_line(path: Path) -> str:
    with open_bytes(path) as stream:
        raw = stream.readline(_LONGEST_LINE)
    _refuse_binary(raw, path)
    text = raw.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n")
    try:
        line = text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(path, f"byte 0x{text[error.start]:02x} in the header", None) from None
    if not line.strip():
        raise DataFormatError("must begin with a line of data", found=line, field=str(path))
    return line


def _refuse_binary(raw: bytes, path: Path) -> None:
    marks = [name for mark, name in _FOREIGN_MARKS.items() if raw.startswith(mark)]
    if marks or b"\x00" in raw or len(raw) == _LONGEST_LINE:
        raise DataFormatError(
            "must be text in UTF-8",
            found=marks[0] if marks else "binary data",
            field=str(path),
            remedy="name the right format, or export it as CSV in UTF-8",
        )


def not_utf8(path: Path, found: str, row: int | None) -> DataFormatError:
    """Return the error for bytes that are not UTF-8."""
    return DataFormatError(
        "must be text in UTF-8",
        found=found,
        field=str(path),
        row=row,
        remedy="convert it, for instance with iconv -f LATIN1 -t UTF-8",
    )


def _separator(line: str, wanted: Sequence[str], dialect: CsvDialect) -> str:
    """Return the separator that yields most of the columns wanted, then most columns."""

    def score(separator: str) -> tuple[int, int]:
        cells = _cells(line, separator)
        return len(set(wanted).intersection(cells)), len(cells)

    return max((mark for mark in SEPARATORS if mark != dialect.decimal), key=score)


def _cells(line: str, separator: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in next(csv.reader([line], delimiter=separator), []))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _only_member(archive: zipfile.ZipFile, path: Path) -> str:
    members = [name for name in archive.namelist() if not name.endswith("/")]
    if len(members) != 1:
        raise DataFormatError(
            "must hold exactly one file", found=members[:10], field=str(path), remedy="unpack it"
        )
    return members[0]
