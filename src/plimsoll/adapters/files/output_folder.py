"""The files of one run: all of the new, or all of the old, never a mixture that looks whole.

`open_output` claims the folder before the work: it takes the folder's lock, finds out whether the
folder can be written, finishes what a killed run left, and refuses files that are not ours. Files
are then staged inside the folder (`plimsoll.adapters.files.output_stage`); nothing of the old
output is touched while they are made, so an error or an interrupt leaves it as it was. On success
each file is renamed into place, the manifest (name, size and SHA-256 of each file) last. Files of
the former run that the new one did not write are deleted unless they have changed; files that no
manifest names are neither replaced nor deleted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from plimsoll.adapters.files.atomic import Writer, storing, write_atomically
from plimsoll.adapters.files.folder_lock import only_writer
from plimsoll.adapters.files.output_manifest import (
    MANIFEST,
    Files,
    is_as_written,
    is_name_inside,
    is_place_inside,
    manifest_of,
    read_manifest,
)
from plimsoll.adapters.files.output_stage import (
    complete,
    is_complete,
    move_into_place,
    new_stage,
    remove,
    settle,
    staged,
)
from plimsoll.adapters.files.sources import PathLike
from plimsoll.errors import StorageError, UsageError

__all__ = ["MANIFEST", "OutputFolder", "finish_interrupted", "open_output", "verify_output"]


class OutputFolder:
    """A folder claimed for the files of one run; made by `open_output`."""

    def __init__(self, folder: Path, root: Path, stage: Path, former: Files) -> None:
        self.folder = folder  # as the caller names it
        self._root, self._stage, self._former = root, stage, former
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

        Raises
        ------
        UsageError
            For a name that leads out of the folder, or is written already.
        StorageError
            Something could not be written, or a file that is not ours stands there.
        """
        if name in self._names or name == MANIFEST:
            raise UsageError("must be written once", found=name, field="name")
        self.check_free(name)
        write_atomically(staged(self._stage, name), data)
        self._names.append(name)

    def check_free(self, name: str) -> None:
        """Refuse a name that cannot be written without touching what is not ours.

        Raises
        ------
        UsageError, StorageError
            As in `write`.
        """
        if not is_name_inside(name):
            raise UsageError("must stay inside the output folder", found=name, field="name")
        path = self._root / name
        ways = [way for way in path.parents if way != self._root and way.is_relative_to(self._root)]
        if not is_place_inside(self._root, name):
            raise _in_the_way(path, "stay inside the output folder", "a link that leads out of it")
        for way in ways:
            if way.exists() and not way.is_dir():
                raise _in_the_way(way, "be a folder", "a file")
        if path.is_dir():
            raise _in_the_way(path, "be a file", "a directory")
        if name not in self._former and (path.exists() or path.is_symlink()):
            raise _in_the_way(path, "be a file of an earlier run, or absent", "another file")

    def _commit(self) -> None:
        if not self._names:
            return
        with storing(self._root):
            complete(self._stage, self._names)
        try:
            move_into_place(self._stage)
        except KeyboardInterrupt:
            move_into_place(self._stage)
            raise
        except OSError as error:
            raise StorageError(
                "must be writable until every file is moved into it",
                found=error.strerror or str(error),
                field=str(self._root),
                remedy="remove the cause and run again: the move is carried to its end first",
            ) from error


@contextmanager
def open_output(folder: PathLike, names: Iterable[str] = ()) -> Iterator[OutputFolder]:
    """Claim a folder, yield it; on leaving without an error the new files replace the old.

    Enter it before the work whose result is to be written: all that can be known to go wrong is
    found on entering. A run that writes nothing, or fails, changes nothing.

    Parameters
    ----------
    folder : path
        Made if it does not exist (and removed again if the run fails).
    names : iterable of str
        Files sure to be written; where one that is not ours stands there, the folder is refused.

    Raises
    ------
    UsageError
        Another process writes into the folder.
    DataFormatError
        Its ``manifest.json`` is not one of ours.
    StorageError
        Something could not be written; the former output is untouched.
    """
    root = _resolved(folder)
    is_new = not root.exists()
    try:
        with only_writer(root), _staging(root) as stage:
            output = OutputFolder(Path(folder), root, stage, manifest_of(root))
            for name in names:
                output.check_free(name)
            yield output
            output._commit()
    finally:
        if is_new:
            with suppress(OSError):
                root.rmdir()  # only if it is empty: the run came to nothing


def finish_interrupted(folder: PathLike) -> None:
    """Carry a move that was cut off to its end; throw away a stage that was not complete.

    Raises
    ------
    UsageError, DataFormatError, StorageError
        As in `open_output`.
    """
    root = _resolved(folder)
    if root.exists():
        with only_writer(root), storing(root):
            settle(root)


def verify_output(folder: PathLike) -> tuple[str, ...]:
    """Return the names in the manifest whose files are missing or differ from it.

    Raises
    ------
    DataFormatError
        There is no manifest, or it is not one of ours.
    """
    root = Path(folder)
    files = read_manifest(root / MANIFEST)
    return tuple(name for name, sha256 in files.items() if not is_as_written(root, name, sha256))


@contextmanager
def _staging(root: Path) -> Iterator[Path]:
    """Yield a new stage, once those of killed runs are dealt with."""
    manifest_of(root)  # a foreign one is refused before anything is moved
    with storing(root):
        settle(root)
        stage = new_stage(root)
    try:
        yield stage
    finally:
        if not is_complete(stage):
            remove(stage)


def _resolved(folder: PathLike) -> Path:
    text = os.fspath(folder)
    if not text or "\0" in text:
        raise UsageError("must name a folder", found=text, field="folder")
    root = Path(os.path.realpath(text))
    with storing(root):
        is_file = root.exists() and not root.is_dir()
    if is_file:
        raise StorageError(
            "must be a folder",
            found="a file",
            field=text,
            remedy=f"{text} is a file; name a folder",
        )
    return root


def _in_the_way(path: Path, must: str, found: str) -> StorageError:
    return StorageError(
        f"must {must}",
        found=found,
        field=str(path),
        remedy="remove or rename the directory"
        if found == "a directory"
        else "move it away, or name another folder for the output",
    )
