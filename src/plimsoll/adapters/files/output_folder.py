"""The files of one run: all of the new, or all of the old, never a mixture that looks whole.

Files are staged in ``.staging`` inside the folder; nothing of the old output is touched while
they are made, so an error or an interrupt leaves it as it was. On success a manifest (name, size
and SHA-256 of each file) is staged last, the stage is marked complete, and each file is renamed
into place, the manifest at the end. Once marked, the move is carried to its end: at once if an
interrupt falls into it, or by the next run if the process was killed. Files of the former run
that the new one did not write are removed; files that no manifest names are never touched.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from plimsoll.adapters.files.atomic import Writer, storing, sync_folder, write_atomically
from plimsoll.adapters.files.digest import file_digest
from plimsoll.adapters.files.sources import PathLike
from plimsoll.errors import DataFormatError, StorageError, UsageError

MANIFEST = "manifest.json"
_STAGING = ".staging"
_COMPLETE = ".complete"


class OutputFolder:
    """Stage of one run; made by `open_output`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._staging = folder / _STAGING
        self._names: list[str] = []

    @property
    def names(self) -> tuple[str, ...]:
        """Names written so far, in order."""
        return tuple(self._names)

    def write(self, name: str, data: bytes | str | Writer) -> None:
        """Stage one file.

        Parameters
        ----------
        name : str
            Relative to the folder, with ``/`` between its parts; each name once.
        data : bytes, str or callable
            As in `write_atomically`.
        """
        relative = PurePosixPath(name)
        if relative.is_absolute() or ".." in relative.parts or not relative.parts:
            raise UsageError("must stay inside the output folder", found=name, field="name")
        if name in self._names or name in (MANIFEST, _COMPLETE):
            raise UsageError("must be written once", found=name, field="name")
        if (self.folder / name).is_dir():
            raise StorageError(
                "must be a file",
                found="a directory",
                field=str(self.folder / name),
                remedy="remove or rename the directory",
            )
        write_atomically(self._staging / name, data)
        self._names.append(name)

    def _commit(self) -> None:
        entries = {
            name: {
                "bytes": (self._staging / name).stat().st_size,
                "sha256": file_digest(self._staging / name),
            }
            for name in sorted(self._names)
        }
        document = {"schema": 1, "files": entries}
        write_atomically(
            self._staging / MANIFEST, json.dumps(document, indent=2, sort_keys=True) + "\n"
        )
        write_atomically(self._staging / _COMPLETE, b"")
        try:
            _move_into_place(self.folder)
        except KeyboardInterrupt:
            _move_into_place(self.folder)
            raise


@contextmanager
def open_output(folder: PathLike) -> Iterator[OutputFolder]:
    """Yield an `OutputFolder`; on leaving without an error its files take the place of the old.

    Raises
    ------
    StorageError
        Something could not be written; the former output is untouched.
    """
    root = Path(os.path.realpath(os.fspath(folder)))
    with storing(root):
        root.mkdir(parents=True, exist_ok=True)
        finish_interrupted(root)
    _manifest_if_any(root / MANIFEST)  # a foreign file of that name is refused before any work
    output = OutputFolder(root)
    try:
        yield output
        with storing(root):
            output._commit()
    finally:
        if not (root / _STAGING / _COMPLETE).exists():
            shutil.rmtree(root / _STAGING, ignore_errors=True)


def finish_interrupted(folder: Path) -> None:
    """Carry a move that was cut off to its end; throw away a stage that was not complete."""
    if (folder / _STAGING / _COMPLETE).exists():
        _move_into_place(folder)
    shutil.rmtree(folder / _STAGING, ignore_errors=True)


def verify_output(folder: PathLike) -> tuple[str, ...]:
    """Return the names in the manifest whose files are missing or differ from it.

    Raises
    ------
    DataError, DataFormatError
        There is no manifest, or it cannot be read.
    """
    root = Path(folder)
    wrong = []
    for name, entry in _manifest(root / MANIFEST).items():
        path = root / name
        if not path.is_file() or file_digest(path) != entry["sha256"]:
            wrong.append(name)
    return tuple(wrong)


def _move_into_place(folder: Path) -> None:
    """Rename every staged file, the manifest last; may be repeated after any interruption."""
    staging = folder / _STAGING
    if not (staging / _COMPLETE).exists():
        return
    names = list(_manifest_if_any(staging / MANIFEST))
    stale = set(_manifest_if_any(folder / MANIFEST)) - set(names) if names else set()
    for name in [*names, MANIFEST]:
        if (staging / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if name == MANIFEST:
                _remove(folder, stale)
            os.replace(staging / name, folder / name)
    sync_folder(folder)
    (staging / _COMPLETE).unlink()
    shutil.rmtree(staging, ignore_errors=True)


def _remove(folder: Path, names: set[str]) -> None:
    for name in sorted(names):
        (folder / name).unlink(missing_ok=True)


def _manifest_if_any(path: Path) -> dict[str, Any]:
    return _manifest(path) if path.is_file() else {}


def _manifest(path: Path) -> dict[str, Any]:
    try:
        files = json.loads(path.read_text("utf-8"))["files"]
        return {str(name): dict(entry) for name, entry in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise DataFormatError(
            "must be a manifest of an output folder",
            found=str(error)[:100],
            field=str(path),
            remedy="run again into an empty folder",
        ) from error
