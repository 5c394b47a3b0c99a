"""Files that the page is made of: templates and script of this package, plotly out of its wheel."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources, util

from jinja2 import Environment, PackageLoader, StrictUndefined

from plimsoll.errors import UsageError

_PLOTLY_FILE = "package_data/plotly.min.js"


@cache
def templates() -> Environment:
    """Return the template environment: everything is escaped, nothing may be undefined."""
    return Environment(
        loader=PackageLoader("plimsoll.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def asset(name: str) -> str:
    """Return the text of a file of ``templates/``."""
    return (resources.files("plimsoll.report") / "templates" / name).read_text("utf-8")


@cache
def plotly_source() -> str:
    """Return plotly.js as the installed wheel holds it, without importing plotly.

    Raises
    ------
    UsageError
        Where plotly is not installed.
    """
    spec = util.find_spec("plotly")
    if spec is None:
        raise UsageError("plotly must be installed", field="report", remedy="pip install plotly")
    # A module that is made but never executed: resources want one, its import would take a second.
    source = (resources.files(util.module_from_spec(spec)) / _PLOTLY_FILE).read_text("utf-8")
    return inline_script(source)


def inline_script(source: str) -> str:
    """Return a script in a form that an HTML parser hands on unchanged.

    Raises
    ------
    UsageError
        Where the text would end its own script element.
    """
    if "</script" in source.lower() or "<!--" in source:
        raise UsageError("must not contain </script or <!--", field="inline script")
    return source.replace("\r\n", "\n").replace("\r", "\n")


def content_hash(source: str) -> str:
    """Return the hash by which a content security policy admits a script (CSP level 3, 6.7.2)."""
    digest = hashlib.sha256(source.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
