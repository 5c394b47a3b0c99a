"""Versions that a result depends on, for its provenance."""

from __future__ import annotations

import platform
from importlib.metadata import version

from plimsoll import __version__

CODE_VERSION = f"plimsoll {__version__}"
LIBRARIES = ("numpy", "scipy", "numba", "polars")


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that numbers pass through."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
