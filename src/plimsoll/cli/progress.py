"""Progress for people: bars on a terminal, plain lines in a log."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


class LineProgress:
    """One line on each finished stage: what it was, how much, how long."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._label, self._total, self._done, self._began = "", None, 0, 0.0

    _total: int | None

    def start(self, label: str, total: int | None = None) -> None:
        """Open a stage."""
        self._label, self._total, self._done = label, total, 0
        self._began = time.perf_counter()

    def advance(self, count: int = 1) -> None:
        """Count pieces as done."""
        self._done += count

    def finish(self) -> None:
        """Close the stage and print its line."""
        if not self._label:
            return
        seconds = time.perf_counter() - self._began
        pieces = "" if self._total is None else f" {self._done}/{self._total}"
        print(f"{self._label}:{pieces} {seconds:.1f} s", file=self._stream, flush=True)
        self._label = ""


class BarProgress:
    """A bar per stage, on stderr; finished stages stay with the time they took."""

    def __init__(self) -> None:
        self._display: RichProgress = _display()
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._display.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._display.stop()

    def start(self, label: str, total: int | None = None) -> None:
        """Open a stage; one still open is closed first."""
        self.finish()
        self._task = self._display.add_task(label, total=total)

    def advance(self, count: int = 1) -> None:
        """Count pieces as done."""
        if self._task is not None:
            self._display.advance(self._task, count)

    def finish(self) -> None:
        """Close the stage."""
        if self._task is None:
            return
        task = self._display.tasks[self._task]
        if task.total is None:
            pieces = max(task.completed, 1)
            self._display.update(self._task, total=pieces, completed=pieces)
        self._display.stop_task(self._task)
        self._task = None


def _display() -> RichProgress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
