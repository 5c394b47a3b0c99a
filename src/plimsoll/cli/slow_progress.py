"""Progress that shows itself only where a stage takes longer than a moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plimsoll.domain.ports import Progress

SECONDS = 1.0


class SlowProgress:
    """Opens a display once a stage has run for a second; what is faster shows nothing.

    Parameters
    ----------
    make : callable of nothing to Progress
    seconds : float
    """

    def __init__(self, make: Callable[[], Progress], seconds: float = SECONDS) -> None:
        self._make, self._seconds = make, seconds
        self._shown: Progress | None = None
        self._label, self._total, self._done = "", None, 0
        self._began = 0.0

    _total: int | None

    def start(self, label: str, total: int | None = None) -> None:
        """Open a stage."""
        self._label, self._total, self._done = label, total, 0
        self._began, self._shown = time.perf_counter(), None

    def advance(self, count: int = 1) -> None:
        """Count pieces as done."""
        self._done += count
        if self._shown is not None:
            self._shown.advance(count)
        elif time.perf_counter() - self._began > self._seconds and self._done != self._total:
            self._shown = self._make()
            self._shown.start(self._label, self._total)
            self._shown.advance(self._done)

    def finish(self) -> None:
        """Close the stage."""
        if self._shown is not None:
            self._shown.finish()
        self._shown = None
