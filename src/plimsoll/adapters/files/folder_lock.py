"""One writer at a time in a folder; the lock ends with its process, however that ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plimsoll.adapters.files.atomic import storing
from plimsoll.errors import UsageError

try:
    import fcntl
except ImportError:  # pragma: no cover (Windows has no advisory locks of this kind)
    fcntl = None  # type: ignore[assignment]

_LOCK = ".lock"


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
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if fcntl is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UsageError(
                    "must have one writer at a time",
                    found="another process writes into it",
                    field=str(folder),
                    remedy="wait for it, or choose another folder",
                ) from None
        yield
    finally:
        os.close(descriptor)
