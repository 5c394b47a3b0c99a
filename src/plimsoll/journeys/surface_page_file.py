"""Where the page of a surface is written: a name that says HTML, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from plimsoll.errors import UsageError

_ENDINGS = (".html", ".htm")


def page_path(path: str | os.PathLike[str], field: str = "path") -> Path:
    """Return where a page goes, before it is made.

    Parameters
    ----------
    path : path
        A folder passes: that it is one is told on writing.
    field : str
        What the caller calls it, for messages.

    Raises
    ------
    UsageError
        The name is that of another format.
    """
    out = Path(path)
    if out.suffix.lower() in _ENDINGS or out.is_dir():
        return out
    raise UsageError(
        "must end in .html or .htm: the page is HTML",
        found=out.name,
        field=field,
        remedy=f"name it {out.with_suffix('.html').name}; a browser prints it to PDF, "
        "and --json gives the numbers",
    )


def write_page(path: Path, text: str) -> Path:
    """Write a page and return where it is.

    Raises
    ------
    StorageError
        It could not be written; what stood there before is untouched.
    """
    from plimsoll.adapters.files.atomic import write_atomically

    write_atomically(path, text)
    return path
