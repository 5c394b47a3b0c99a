"""Stages of a calibration kept in a work folder: `plimsoll.calibration.kept.Kept` on disk.

``OUT/.plimsoll-work/<stage>.kept``, one sealed file a stage, each written whole or not at all. A
file of another key (other data, problem, constants, code) is passed over and written anew; one
that is cut off or changed is refused, made again, and told of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from plimsoll.adapters.files.output_manifest import OURS
from plimsoll.adapters.files.sealed_file import Seal, opened, write_sealed
from plimsoll.adapters.files.value_codec import decoded, encoded
from plimsoll.domain.schema import Migration
from plimsoll.errors import DataFormatError

WORK = f"{OURS}-work"
_SUFFIX = ".kept"
_MIGRATIONS: Mapping[int, Migration] = {}
_SEAL = Seal(
    schema="plimsoll.kept_stage",
    version=1,
    migrations=_MIGRATIONS,
    remedy="nothing: it is made again",
)


class KeptStages:
    """Finished stages of one calibration.

    Parameters
    ----------
    folder : Path
        Of the run's output; the work folder is made in it by the first stage that is kept.
    key : str
        Digest of everything that the stages depend on.
    note : callable
        Told, in a line, of each stage that is taken over or refused.
    """

    def __init__(self, folder: Path, key: str, note: Callable[[str], None]) -> None:
        self._folder, self._key, self._note = folder / WORK, key, note

    def get(self, stage: str) -> object | None:
        """Return what was put; None where there is no such file, or not of this key."""
        path = self._path(stage)
        try:
            key, content = opened(path, _SEAL)
            if key != self._sealed_key(stage):
                self._note(f"{stage}: kept from other inputs or other code, made again")
                return None
            value: object = decoded(content)
        except FileNotFoundError:
            return None
        except DataFormatError as error:
            self._note(f"{stage}: the kept file is refused ({error.found}), made again")
            return None
        self._note(f"{stage}: taken over from the run that was cut off")
        return value

    def put(self, stage: str, value: object) -> None:
        """Write the stage's file; `StorageError` where the system refuses."""
        write_sealed(self._path(stage), _SEAL, self._sealed_key(stage), encoded(value))

    def checkpoint(self, stage: str) -> StageCheckpoint:
        """Return the place where a search within a stage keeps its record."""
        return StageCheckpoint(self, stage)

    def _sealed_key(self, stage: str) -> str:
        return f"{stage} of {self._key}"

    def _path(self, stage: str) -> Path:
        return self._folder / (re.sub(r"[^a-z0-9]+", "-", stage.lower()).strip("-") + _SUFFIX)


class StageCheckpoint:
    """`plimsoll.calibration.search.checkpoint.Checkpoint` among the stages."""

    def __init__(self, kept: KeptStages, stage: str) -> None:
        self._kept, self._stage = kept, stage

    def load(self) -> bytes | None:
        """Return the last record; None where there is none of these inputs."""
        found = self._kept.get(self._stage)
        return found if isinstance(found, bytes) else None

    def store(self, record: bytes) -> None:
        """Replace the record, whole or not at all."""
        self._kept.put(self._stage, record)


def remove_kept(folder: Path) -> None:
    """Remove the work folder of an output: our files in it, and itself where nothing is left."""
    work = folder / WORK
    if work.is_symlink():
        return
    for path in (*work.glob(f"*{_SUFFIX}"), *work.glob(f".*{_SUFFIX}.*.partial")):
        with suppress(OSError):
            path.unlink()
    with suppress(OSError):
        work.rmdir()
