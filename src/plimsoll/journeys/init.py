"""Start a venue: write a commented ``venue.yaml`` that runs as it stands."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path

from plimsoll.errors import StorageError, UsageError

VENUE_FILE = "venue.yaml"
LONGEST_NAME = 200


def template() -> str:
    """Return the commented venue file; it runs on the sandbox until its data are named."""
    return files("plimsoll.config").joinpath("template.yaml").read_text(encoding="utf-8")


def init(folder: str | os.PathLike[str], *, name: str | None = None) -> Path:
    """Write ``venue.yaml`` into ``folder``, which is made if need be.

    Parameters
    ----------
    folder : str or path
    name : str, optional
        Name of the venue; by default that of the folder.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    UsageError
        Where there is such a file already: it is never overwritten; or the name is blank.
    StorageError
        Where it cannot be written; nothing half-written is left.
    """
    if name is not None and not name.strip():
        raise UsageError(
            "must hold a character that is seen",
            found=name,
            field="name",
            remedy="leave it out for the folder's name",
        )
    place = Path(folder)
    target = place / VENUE_FILE
    text = _named(template(), name or place.resolve().name or "my-venue")
    try:
        place.mkdir(parents=True, exist_ok=True)
        _write_new(target, text)
    except FileExistsError:
        raise UsageError(
            "must not exist yet: a venue file is never overwritten",
            found=str(target if target.exists() else place),
            field="folder",
            remedy="choose another folder, or move the file away",
        ) from None
    except OSError as error:
        raise StorageError(
            "must be a folder that can be written",
            found=error.strerror or str(error),
            field=str(place),
            remedy="choose another folder, or mend its permissions",
        ) from error
    return target


def _named(text: str, name: str) -> str:
    """Put the venue's name in, quoted: YAML's double quotes read every JSON string."""
    legible = name.encode("utf-8", "replace").decode("utf-8")[:LONGEST_NAME]
    return text.replace("name: my-venue ", f"name: {json.dumps(legible, ensure_ascii=False)} ", 1)


def _write_new(target: Path, text: str) -> None:
    """Write a file that must not exist; a failure or an interrupt takes it away again."""
    with target.open("x", encoding="utf-8") as stream:
        try:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        except BaseException:
            target.unlink(missing_ok=True)
            raise
