"""Says that kernels are being compiled, so that nobody takes a first run for the usual one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def compilation_noted(note: Callable[[str], None]) -> Iterator[None]:
    """Note the first kernel that is compiled within the block, and at the end how many were."""
    from plimsoll.journeys.kernel_compilation import compilation_told

    found: set[str] = set()

    def begun(name: str) -> None:
        if not found:
            note("compiling kernels, once: later runs load them")
        found.add(name)

    with compilation_told(begun=begun):
        yield
    if found:
        note(f"compiled {len(found)} kernels, and stored them for later runs")
