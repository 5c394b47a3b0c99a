"""What is worked out once in a run of the tests, whichever file and process asks for it first.

Real data are the same in every file, and so is what the code under test makes of them. The folder
belongs to one run: nothing is kept from a run to the next.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

if sys.platform != "win32":
    import fcntl

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """A folder that all processes of a run share."""

    folder: Path

    def __call__(self, name: str, make: Callable[[], Found]) -> Found:
        """Return what ``make`` gives; whoever asks for the name later gets a copy of it.

        The others wait while one makes it; where that fails, the next one tries itself.
        """
        path = self.folder / f"{name}.pickle"
        with _alone(self.folder / f"{name}.lock"):
            if path.exists():
                kept: Found = pickle.loads(path.read_bytes())
                return kept
            found = make()
            path.write_bytes(pickle.dumps(found, protocol=5))
        return found


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        if sys.platform != "win32":
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
