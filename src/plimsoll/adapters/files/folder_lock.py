"""One writer at a time in a folder; the lock ends with its process, however that ends."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from plimsoll.adapters.files.atomic import storing
from plimsoll.errors import UsageError

try:
    import fcntl
except ImportError:  # pragma: no cover (Windows has no advisory locks of this kind)
    fcntl = None  # type: ignore[assignment]

_LOCK = ".plimsoll.lock"
_TRIES = 100  # a lock file may vanish with its holder while we open it, but not for ever


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the folder's lock.

    Raises
    ------
    UsageError
        Another process writes into the folder.
    StorageError
        The folder cannot be made or written.
    """
    with storing(folder):
        descriptor = _locked(folder)
    try:
        yield
    finally:
        with suppress(OSError):  # while it is held, so that it is never another's
            os.unlink(folder / _LOCK)
        os.close(descriptor)


def _locked(folder: Path) -> int:
    """Return a descriptor that holds the lock and is of the file that now has the lock's name."""
    for _ in range(_TRIES):
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # a run that came to nothing has removed the folder
            descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                _take(descriptor, folder)
                if os.path.samestat(os.fstat(descriptor), os.stat(folder / _LOCK)):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))


def _take(descriptor: int, folder: Path) -> None:
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(
            "must have one writer at a time",
            found="another process writes into it",
            field=str(folder),
            remedy="wait for it, or choose another folder",
        ) from None
