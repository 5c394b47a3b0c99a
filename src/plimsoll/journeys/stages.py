"""Wall-clock time of each stage of a journey, and notes on it; never part of what is hashed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stages:
    """Collects how long each stage took, and what was noted on the way."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._notes: list[str] = []

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Time the block as (part of) ``stage``."""
        began = time.perf_counter()
        try:
            yield
        finally:
            passed = time.perf_counter() - began
            self._seconds[stage] = self._seconds.get(stage, 0.0) + passed

    @property
    def timings(self) -> tuple[tuple[str, float], ...]:
        """Stages in order, with seconds."""
        return tuple(self._seconds.items())

    def note(self, line: str) -> None:
        """Note what a person should know of this run, and the evidence need not."""
        self._notes.append(line)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes in order."""
        return tuple(self._notes)
