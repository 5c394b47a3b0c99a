"""Items sent to workers a few at a time: what all of them share travels once a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from plimsoll.domain.ports import SILENT, Executor, Item, Progress, Result


class Batched:
    """An executor that hands each worker one batch of the items.

    Parameters
    ----------
    executor : Executor
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    @property
    def workers(self) -> int:
        """Number of batches worked on at a time."""
        return self._executor.workers

    def map(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        progress: Progress = SILENT,
        *,
        label: str = "",
        names: Sequence[str] = (),
    ) -> list[Result]:
        """Return ``[function(item) for item in items]``, in that order."""
        count = max(1, min(self.workers, len(items)))
        batches = [list(items[k::count]) for k in range(count) if items]
        told = [", ".join(names[k::count]) for k in range(count)] if names else ()
        done = self._executor.map(
            partial(each, function), batches, progress, label=label, names=told
        )
        out: list[Result] = [result for batch in done for result in batch]
        order = [place for k in range(count) for place in range(k, len(items), count)]
        return [result for _, result in sorted(zip(order, out, strict=True), key=lambda p: p[0])]


def each(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Apply a function to every item, in order."""
    return [function(item) for item in items]
