"""The manifest of an output folder: which files are ours, and the SHA-256 each was written with.

It is the only licence to replace or delete a file, so what it says is checked before it is
believed: its schema, that each name stays inside the folder, and, for a deletion, that the
content still is what was written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from plimsoll.adapters.files.digest import file_digest
from plimsoll.domain.schema import Document, Migration, migrated
from plimsoll.errors import DataError, DataFormatError

MANIFEST = "manifest.json"
OURS = ".plimsoll"  # names at the top of the folder that start so are those of locks and stages
SCHEMA = "plimsoll.output"
SCHEMA_VERSION = 1
_MIGRATIONS: Mapping[int, Migration] = {}
_REMEDY = "no file was touched: move it away, or name another folder for the output"

Files = dict[str, str]  # name → SHA-256


def is_name_inside(name: str) -> bool:
    r"""Whether a name is relative, in its plain form, and stays inside on every system.

    >>> [is_name_inside(n) for n in ("tables/a.csv", "../a", "/a", r"..\\a", "C:a", "./a", "")]
    [True, False, False, False, False, False, False]
    """
    here, windows = PurePosixPath(name), PureWindowsPath(name)
    return (
        bool(here.parts)
        and not here.is_absolute()
        and not windows.anchor
        and ".." not in {*here.parts, *windows.parts}
        and str(here) == name
        and "\0" not in name
        and not here.parts[0].startswith(OURS)
        and name != MANIFEST
    )


def is_place_inside(folder: Path, name: str) -> bool:
    """Whether no symbolic link on the way to a file leads out of the folder."""
    return (folder / name).parent.resolve().is_relative_to(folder.resolve())


def is_as_written(folder: Path, name: str, sha256: str) -> bool:
    """Whether the file of that name is still the one that was written."""
    path = folder / name
    try:
        return path.is_file() and not path.is_symlink() and file_digest(path) == sha256
    except DataError:
        return False


def manifest_text(folder: Path, names: list[str]) -> str:
    """Return the manifest of files in ``folder``."""
    entries = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": file_digest(folder / name)}
        for name in sorted(names)
    }
    document = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "files": entries}
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def manifest_of(folder: Path) -> Files:
    """Return the files of a folder's manifest; none where it has no manifest.

    Raises
    ------
    DataFormatError
        Something else stands under that name, or it names a file outside the folder.
    """
    path = folder / MANIFEST
    return read_manifest(path) if path.exists() or path.is_symlink() else {}


def read_manifest(path: Path) -> Files:
    """Return the files that a manifest names.

    Raises
    ------
    DataFormatError
        It is missing, foreign, of a newer release, damaged, or names a file outside its folder.
    """
    files = _document(path).get("files")
    if not isinstance(files, dict):
        raise _foreign(path, "no list of files")
    return {name: _sha256(path, name, entry) for name, entry in files.items()}


def _document(path: Path) -> Document:
    try:
        stored = json.loads(path.read_text("utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise _foreign(path, str(error)[:100]) from error
    if not isinstance(stored, dict):
        raise _foreign(path, "JSON of another kind")
    try:
        return migrated(stored, schema=SCHEMA, current=SCHEMA_VERSION, migrations=_MIGRATIONS)
    except DataFormatError as error:
        if error.field == "schema":
            raise _foreign(path, f"schema {error.found!r}") from error
        raise DataFormatError(
            error.must, found=error.found, field=f"{path}: {error.field}", remedy=error.remedy
        ) from error


def _sha256(path: Path, name: str, entry: Any) -> str:
    if not is_name_inside(name):
        raise _foreign(path, f"the name {name!r}, which leads out of the folder")
    sha256 = entry.get("sha256") if isinstance(entry, dict) else None
    if not isinstance(sha256, str) or not re.fullmatch("[0-9a-f]{64}", sha256):
        raise _foreign(path, f"{name!r} without its SHA-256")
    return sha256


def _foreign(path: Path, found: str) -> DataFormatError:
    return DataFormatError(
        "must be a manifest of an output folder", found=found, field=str(path), remedy=_REMEDY
    )
