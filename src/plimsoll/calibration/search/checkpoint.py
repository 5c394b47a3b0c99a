"""Where a search keeps what it has asked and been told, so that it can go on after an end."""

from __future__ import annotations

from typing import Protocol


class Checkpoint(Protocol):
    """A place for one record of bytes. Implementations stand in `plimsoll.adapters`."""

    def load(self) -> bytes | None:
        """Return what was stored last, whole; None where nothing was."""

    def store(self, record: bytes) -> None:
        """Replace what is stored, whole or not at all."""


class NoCheckpoint:
    """Keeps nothing: a search that starts anew each time."""

    __slots__ = ()

    def load(self) -> bytes | None:
        """Return None."""
        return None

    def store(self, record: bytes) -> None:
        """Do nothing."""


NO_CHECKPOINT = NoCheckpoint()
