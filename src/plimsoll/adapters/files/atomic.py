"""Files that are either the old one or the new one, whole, whatever happens while writing.

The new content goes to a temporary file in the same folder, is flushed to the disk, and takes the
place of the old file by one rename. An error, an interrupt, a full disk or a killed process leave
the old file as it was; only a killed process leaves its temporary file (``.name.….partial``)
behind, which no reader takes for data.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from plimsoll.adapters.files.sources import PathLike
from plimsoll.errors import StorageError

PARTIAL = ".partial"
_REMEDIES = {
    errno.ENOSPC: "free space on the disk, or choose another folder",
    errno.EDQUOT: "free space in your quota, or choose another folder",
    errno.EACCES: "grant write permission on the folder, or choose another",
    errno.EPERM: "grant write permission on the folder, or choose another",
    errno.EEXIST: "a file of that name is in the way; name a folder",
    errno.ENOENT: "choose another folder",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOLCK: "choose a folder on a file system that has locks",
    errno.EOPNOTSUPP: "choose a folder on a file system that has locks",
    errno.EROFS: "choose a folder on a file system that can be written",
    errno.EISDIR: "name a file, not a folder",
    errno.ENOTDIR: "name a folder where a file of that name is in the way",
    errno.EFBIG: "choose a file system that takes files of this size",
}

_NOTHING_NEW = "a place where the system lets no file or folder be made"
"""What ENOENT means once the folders on the way have been asked for, as under ``/proc``."""

Writer = Callable[[BinaryIO], object]


def write_atomically(path: PathLike, data: bytes | str | Writer) -> Path:
    """Write a file as a whole or not at all, and return its path.

    Parameters
    ----------
    path : path
        Folders on the way are made. A symbolic link is followed. An existing file keeps its
        permissions.
    data : bytes, str or callable
        The content, or a function that writes it to the binary file it is given.

    Raises
    ------
    StorageError
        Disk full, no permission, a directory in the way: with a remedy. What stood there before
        is untouched; so it is when ``data`` raises something else, which passes through.
    """
    target = Path(os.path.realpath(os.fspath(path)))
    with storing(target):
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a directory", str(target))
        target.parent.mkdir(parents=True, exist_ok=True)
    # The name is chosen before the file is made, so that no interrupt falls between.
    name = target.parent / f".{target.name[:100]}.{secrets.token_hex(6)}{PARTIAL}"
    try:
        with storing(target):
            _fill(name, data)
            os.chmod(name, _mode(target))
            os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    with storing(target):
        sync_folder(target.parent)
    return target


@contextmanager
def storing(path: PathLike) -> Iterator[None]:
    """Turn errors of the system while writing into `StorageError`, naming file and remedy."""
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        before = "; what stood there before is untouched" if os.path.lexists(path) else ""
        absent = error.errno == errno.ENOENT
        raise StorageError(
            f"must be writable{before}",
            found=_NOTHING_NEW if absent else error.strerror or str(error),
            field=str(path),
            remedy=_REMEDIES.get(error.errno or 0, "see the system's message"),
        ) from error


def sync_folder(folder: Path) -> None:
    """Flush a folder, so that a rename in it survives a power cut (where the system can)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fill(path: Path, data: bytes | str | Writer) -> None:
    with open(path, "xb") as stream:
        if callable(data):
            data(stream)
        else:
            stream.write(data.encode("utf-8") if isinstance(data, str) else data)
        stream.flush()
        os.fsync(stream.fileno())


def _mode(target: Path) -> int:
    """Return the permissions of the file replaced, or those of a new one."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
