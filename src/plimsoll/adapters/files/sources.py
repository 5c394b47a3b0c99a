"""From what a user names to files that can be opened, and system errors in our words."""

from __future__ import annotations

import glob
import gzip
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]

from plimsoll.errors import DataError, DataFormatError

_BROKEN = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,  # what polars raises for some damaged pages
    pa.ArrowException,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
)

PathLike = str | os.PathLike[str]


def source_paths(path: PathLike | Sequence[PathLike]) -> list[Path]:
    """Return the files meant by a path, a pattern with ``*``, or a list of either.

    The files of a pattern come in the order of their names.

    Raises
    ------
    DataError
        A file that does not exist, or a pattern that matches none.
    DataFormatError
        A directory, or an empty file.
    """
    named = [path] if isinstance(path, (str, os.PathLike)) else list(path)
    paths = [match for item in named for match in _matches(os.fspath(item))]
    for found in paths:
        _check_file(found)
    if not paths:
        raise DataError("must name at least one file", found=named, field="path")
    return paths


def _matches(text: str) -> list[Path]:
    expanded = os.path.expanduser(os.path.expandvars(text))
    if Path(expanded).exists() or not glob.has_magic(expanded):
        return [Path(expanded)]
    found = sorted(name for name in glob.glob(expanded, recursive=True) if os.path.isfile(name))
    if not found:
        raise DataError("pattern must match at least one file", found="none", field=text)
    return [Path(name) for name in found]


def _check_file(path: Path) -> None:
    with reading(path):
        if path.is_dir():
            raise DataFormatError(
                "must be a file",
                found="a directory",
                field=str(path),
                remedy=f"name its files with a pattern such as {path}/*{path.suffix or '.parquet'}",
            )
        if path.stat().st_size == 0:
            raise DataFormatError(
                "must hold data",
                found="an empty file",
                field=str(path),
                remedy="fetch or export it again",
            )


@contextmanager
def reading(path: PathLike) -> Iterator[None]:
    """Turn what the system and the format libraries raise into our errors, naming the file."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(
            "must exist",
            found="no such file",
            field=str(path),
            remedy="check the path (relative paths start at the current directory)",
        ) from None
    except PermissionError:
        raise DataError(
            "must be readable",
            found="no permission to read",
            field=str(path),
            remedy="grant read permission on the file and its folders",
        ) from None
    except DataError:
        raise
    except _BROKEN as error:
        raise DataFormatError(
            "must be a whole file of its format",
            found=_first_line(error),
            field=str(path),
            remedy="it may be truncated or of another format; fetch or export it again",
        ) from error
    except OSError as error:
        raise DataError(
            "must be readable", found=error.strerror or str(error), field=str(path)
        ) from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else repr(error)
