"""What a venue's schema is made of: how to know, read, write and narrow its documents."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from plimsoll.adapters.tier_tables.faults import FaultLog
from plimsoll.adapters.tier_tables.json_document import Json
from plimsoll.adapters.tier_tables.losses import LossLog
from plimsoll.domain.parameters import Parameter, ParameterSet


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How to read.

    Parameters
    ----------
    open_caps : bool
        Whether a cap that stands for "no limit" is read as none; otherwise it is a fault.
    market : str or None
        Name for documents of one market that do not name it.
    """

    open_caps: bool = False
    market: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a document says.

    Parameters
    ----------
    parameters : tuple of Parameter
    layout : Json
        Order and shape, for writing it again.
    """

    parameters: tuple[Parameter, ...]
    layout: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueSchema:
    """One schema.

    Parameters
    ----------
    name, title, source : str
        As options name it; for people; the page that documents it.
    kept : frozenset of str
        Keys that are carried, not read: no margin depends on them.
    fits : callable
        Whether a document looks like one of this schema.
    read, write : callable
        Document to parameters, noting faults; parameters to a document in a given layout (None
        for the schema's plain one), noting what it cannot carry.
    only : callable
        The document with some markets only.
    """

    name: str
    title: str
    source: str
    kept: frozenset[str]
    fits: Callable[[Json], bool]
    read: Callable[[Json, FaultLog, ReadOptions], Reading]
    write: Callable[[ParameterSet, Json | None, LossLog], Json]
    only: Callable[[Json, Collection[str]], Json]
