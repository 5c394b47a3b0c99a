"""The stage of one run: a folder of its own inside the output folder, and the move out of it.

A stage is ``.plimsoll-stage-<random>`` with a marker that repeats its name; a folder without that
marker is somebody else's and stays. Inside are ``files/`` and, once all of them are written, the
new manifest and the flag ``complete``. From the flag on the move is carried to its end: at once,
or by the next run if the process was killed.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from plimsoll.adapters.files.atomic import sync_folder, write_atomically
from plimsoll.adapters.files.output_manifest import (
    MANIFEST,
    OURS,
    Files,
    is_as_written,
    is_place_inside,
    manifest_of,
    manifest_text,
    read_manifest,
)

_PREFIX = f"{OURS}-stage-"
_MARKER = "stage.json"
_SCHEMA = "plimsoll.output_stage"
_FILES = "files"
_COMPLETE = "complete"


def new_stage(folder: Path) -> Path:
    """Make an empty stage in a folder and return it."""
    stage = folder / f"{_PREFIX}{secrets.token_hex(8)}"
    stage.mkdir()
    write_atomically(stage / _MARKER, _marker(stage))
    (stage / _FILES).mkdir()
    return stage


def staged(stage: Path, name: str) -> Path:
    """Return where a file of that name is staged."""
    return stage / _FILES / name


def complete(stage: Path, names: list[str]) -> None:
    """Write the manifest of a stage and flag it as complete."""
    write_atomically(stage / MANIFEST, manifest_text(stage / _FILES, names))
    write_atomically(stage / _COMPLETE, b"")


def is_complete(stage: Path) -> bool:
    """Whether the move out of a stage has begun or may begin."""
    return (stage / _COMPLETE).is_file()


def move_into_place(stage: Path) -> None:
    """Rename every staged file, the manifest last; may be repeated after any interruption.

    Files of the former manifest that the new one does not name are deleted, if they still are
    what was written.
    """
    folder = stage.parent
    if not is_complete(stage):
        return
    if (stage / MANIFEST).exists():
        former, files = manifest_of(folder), read_manifest(stage / MANIFEST)
        for name in files:
            if staged(stage, name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(staged(stage, name), folder / name)
        _delete(folder, {name: former[name] for name in former.keys() - files.keys()})
        os.replace(stage / MANIFEST, folder / MANIFEST)
    sync_folder(folder)
    (stage / _COMPLETE).unlink()
    remove(stage)


def settle(folder: Path) -> None:
    """Deal with the stages of killed runs: carry on with complete ones, throw away the others."""
    for stage in sorted(folder.glob(f"{_PREFIX}*")):
        if _is_stage(stage):
            move_into_place(stage)
            remove(stage)


def remove(stage: Path) -> None:
    """Remove a stage; its marker goes last, so that a removal cut off can be finished."""
    shutil.rmtree(stage / _FILES, ignore_errors=True)
    for name in (MANIFEST, _COMPLETE, _MARKER):
        with suppress(OSError):
            (stage / name).unlink(missing_ok=True)
    with suppress(OSError):
        stage.rmdir()


def _delete(folder: Path, stale: Files) -> None:
    for name, sha256 in sorted(stale.items()):
        if is_place_inside(folder, name) and is_as_written(folder, name, sha256):
            (folder / name).unlink(missing_ok=True)


def _marker(stage: Path) -> str:
    return json.dumps({"schema": _SCHEMA, "schema_version": 1, "name": stage.name}) + "\n"


def _is_stage(path: Path) -> bool:
    if path.is_symlink() or not path.is_dir():
        return False
    try:
        return (path / _MARKER).read_text("utf-8") == _marker(path)
    except (OSError, ValueError):
        return False
