"""What the core may ask of the outside: show progress, work through a list.

The core receives these as arguments and never makes one; the implementations stand in
`plimsoll.adapters` (executors) and the command line (progress bars).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Progress(Protocol):
    """One line of work that somebody may be watching.

    ``start`` opens a stage (``total`` None: length unknown), ``advance`` counts pieces done,
    ``finish`` closes the stage, also after a failure. A stage may be opened again.
    """

    def start(self, label: str, total: int | None = None) -> None:
        """Open a stage of ``total`` pieces."""

    def advance(self, count: int = 1) -> None:
        """Count ``count`` more pieces as done."""

    def finish(self) -> None:
        """Close the stage."""


class SilentProgress:
    """Progress that nobody watches."""

    __slots__ = ()

    def start(self, label: str, total: int | None = None) -> None:
        """Do nothing."""

    def advance(self, count: int = 1) -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""


SILENT = SilentProgress()


class Executor(Protocol):
    """Applies one function to many items, here or elsewhere."""

    @property
    def workers(self) -> int:
        """Number of items worked on at a time."""

    def map(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        progress: Progress = SILENT,
        *,
        label: str = "",
        names: Sequence[str] = (),
    ) -> list[Result]:
        """Return ``[function(item) for item in items]``, in that order.

        Parameters
        ----------
        function : callable
            Defined at the top level of a module (it may travel to another process), and pure:
            the results must not depend on the number of workers.
        items : sequence
        progress : Progress
            Told of the start, of each item done, and of the end.
        label : str
            What the stage is called.
        names : sequence of str
            One per item, for error messages (market names); by default ``item.market``, or the
            item itself where it is a string, or its position.

        Raises
        ------
        PlimsollError
            The error of the first failing item (by position), naming the item.
        """
