"""Finished stages of a calibration, so that one that was killed goes on where it stood.

The core says what a stage is and when it is done; whoever keeps it (`plimsoll.adapters.files`)
says where, and answers only with what was made from the same inputs by the same code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from plimsoll.calibration.search.checkpoint import NO_CHECKPOINT, Checkpoint

Value = TypeVar("Value")


class Kept(Protocol):
    """Values of finished stages, by name of the stage."""

    def get(self, stage: str, /) -> object | None:
        """Return what was put, whole and from the same inputs; None where nothing such is."""

    def put(self, stage: str, value: object, /) -> None:
        """Keep a value of plain data and dataclasses, whole or not at all."""

    def checkpoint(self, stage: str, /) -> Checkpoint:
        """Return the place where a search within a stage keeps what it was told."""


class NothingKept:
    """Keeps nothing: every run starts anew."""

    __slots__ = ()

    def get(self, _: str, /) -> object | None:
        """Return None."""
        return None

    def put(self, _: str, value: object, /) -> None:
        """Do nothing."""

    def checkpoint(self, _: str, /) -> Checkpoint:
        """Return one that keeps nothing."""
        return NO_CHECKPOINT


NOTHING_KEPT = NothingKept()


def kept_or_made(kept: Kept, stage: str, kind: type[Value], make: Callable[[], Value]) -> Value:
    """Return the stage's value: the kept one where it is of the kind, else made, and kept.

    >>> kept_or_made(NOTHING_KEPT, "forecast", int, lambda: 3)
    3
    """
    found = kept.get(stage)
    if isinstance(found, kind):
        return found
    made = make()
    kept.put(stage, made)
    return made
