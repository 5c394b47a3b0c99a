"""One process at a time writes where numba stores kernels.

Numba replaces each of its files in one step, but not the pair of them: a kernel's index is read,
added to and written, and then the machine code it names. Two processes that store one kernel for
different types at the same time can lose an entry, or leave one that names the other's code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numba.core.caching import IndexDataCacheFile

if sys.platform != "win32":
    import fcntl

    CAN_SHARE = True
    """Whether this system has the locks of `stores_shared`."""
else:
    CAN_SHARE = False


@contextmanager
def stores_shared(lock: Path) -> Iterator[None]:
    """Within the block this process stores kernels alone, and loads none that is being stored.

    Holds between all processes that name the same lock; only where `CAN_SHARE`.

    Parameters
    ----------
    lock : pathlib.Path
        A file, made where it is not there; it stays empty.
    """
    save, load = IndexDataCacheFile.save, IndexDataCacheFile.load

    def save_alone(self: Any, key: Any, data: Any) -> None:
        with _held(lock, alone=True):
            save(self, key, data)  # type: ignore[no-untyped-call]

    def load_whole(self: Any, key: Any) -> Any:
        with _held(lock, alone=False):
            return load(self, key)  # type: ignore[no-untyped-call]

    _put(save_alone, load_whole)
    try:
        yield
    finally:
        _put(save, load)


def _put(save: Any, load: Any) -> None:
    IndexDataCacheFile.save = save  # type: ignore[method-assign]
    IndexDataCacheFile.load = load  # type: ignore[method-assign]


@contextmanager
def _held(lock: Path, *, alone: bool) -> Iterator[None]:
    """Hold the lock; a process that dies gives it back."""
    held = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(held)
