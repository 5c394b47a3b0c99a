"""Stored documents carry a schema and a version; older ones are carried forward step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from plimsoll.errors import DataFormatError

Document = dict[str, Any]
Migration = Callable[[Document], Document]


def migrated(
    document: Document,
    *,
    schema: str,
    current: int,
    migrations: Mapping[int, Migration],
) -> Document:
    """Return ``document`` in the ``current`` version of ``schema``.

    Parameters
    ----------
    document : dict
        As read; names its ``schema`` and ``schema_version``.
    migrations : mapping of int to callable
        ``migrations[n]`` turns version n into version n + 1.

    Raises
    ------
    DataFormatError
        For another schema, a newer version, or one without a way up.
    """
    if document.get("schema") != schema:
        raise DataFormatError(f"must be {schema!r}", found=document.get("schema"), field="schema")
    version = document.get("schema_version")
    while version != current or type(version) is not int:
        if type(version) is not int or version not in migrations:
            raise DataFormatError(
                f"must be {current}, or an older version with a migration",
                found=version,
                field="schema_version",
                remedy="read it with the release that wrote it, or a newer one",
            )
        document = {**migrations[version](document), "schema_version": version + 1}
        version += 1
    return document
