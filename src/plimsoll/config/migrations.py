"""Older venue files are carried forward, one version at a time; none is read as if it were new."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from plimsoll.config.document import Document, Value
from plimsoll.config.explain import found_text
from plimsoll.config.venue import VENUE_VERSION
from plimsoll.errors import Fault

Members = dict[str, Value]
Migration = Callable[[Members], Members]

MIGRATIONS: Mapping[int, Migration] = {}
"""``MIGRATIONS[n]`` turns a file of version n into one of version n + 1. Version 1 is the first."""


def migrate(
    document: Document,
    *,
    migrations: Mapping[int, Migration] = MIGRATIONS,
    current: int = VENUE_VERSION,
) -> tuple[Document, tuple[Fault, ...]]:
    """Carry ``document`` forward to ``current``.

    A missing or foreign version is a fault; reading goes on as if the file were current, so that
    its other faults are found too.
    """
    members = document.value
    if not isinstance(members, dict):
        return document, ()
    version = members.get("version")
    if isinstance(version, bool) or not isinstance(version, int):
        return _assumed(document, current), (_fault(document, current, "must be a whole number"),)
    known = version == current or all(step in migrations for step in range(version, current))
    if version > current or version < 0 or not known:
        return _assumed(document, current), (_fault(document, current, f"must be {current}"),)
    for step in range(version, current):
        members = {**migrations[step](dict(members)), "version": step + 1}
    return replace(document, value=members), ()


def _assumed(document: Document, current: int) -> Document:
    members = document.value if isinstance(document.value, dict) else {}
    return replace(document, value={**members, "version": current})


def _fault(document: Document, current: int, problem: str) -> Fault:
    given = document.get("version") is not None
    return Fault(
        path="version",
        problem=problem,
        found=found_text(document, ("version",)) if given else "nothing",
        remedy=f"write `version: {current}`; a later version needs a later Plimsoll",
        line=document.line(("version",)),
    )
