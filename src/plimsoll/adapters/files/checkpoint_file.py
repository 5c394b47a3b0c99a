"""A file that keeps what a search has done, whole whenever the process ends."""

from __future__ import annotations

import os
from pathlib import Path

from plimsoll.adapters.files.atomic import write_atomically
from plimsoll.adapters.files.sources import PathLike
from plimsoll.errors import DataFormatError


class CheckpointFile:
    """`plimsoll.calibration.search.checkpoint.Checkpoint` in one file.

    Parameters
    ----------
    path : path
        Written whole or not at all; removed by whoever no longer needs it.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = Path(os.fspath(path))

    def load(self) -> bytes | None:
        """Return the last record; None where there is no file.

        Raises
        ------
        DataFormatError
            Where the file cannot be read.
        """
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DataFormatError(
                "must be a file that can be read", found=error.strerror, field=str(self.path)
            ) from error

    def store(self, record: bytes) -> None:
        """Replace the record; `StorageError` where the system refuses."""
        write_atomically(self.path, record)
