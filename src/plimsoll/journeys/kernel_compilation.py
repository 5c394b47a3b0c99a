"""Who compiles what, while it happens: numba's own events, of the kernels of this package.

And compilation without what nobody uses.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import event
from numba.core.lowering import Lower

_EVENT = "numba:compile"
_OURS = "plimsoll."


class _KernelListener(event.Listener):
    """Passes the name of each kernel on; what numba compiles of its own is left out."""

    def __init__(
        self, begun: Callable[[str], None] | None, done: Callable[[str], None] | None
    ) -> None:
        self._begun, self._done = begun, done

    def on_start(self, event: Any) -> None:
        _tell(event, self._begun)

    def on_end(self, event: Any) -> None:
        _tell(event, self._done)


@contextmanager
def compilation_told(
    *,
    begun: Callable[[str], None] | None = None,
    done: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Call ``begun`` before and ``done`` after each kernel that is compiled within the block.

    Both get the kernel's full name. Kernels that are loaded from where they are stored are not
    told of, nor those that numba writes itself. A kernel that calls others begins before they do.
    """
    listener = _KernelListener(begun, done)
    event.register(_EVENT, listener)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        event.unregister(_EVENT, listener)  # type: ignore[no-untyped-call]


@contextmanager
def compiled_sparingly() -> Iterator[None]:
    """Within the block kernels are compiled with a seventh less work, to the same machine code.

    Left out is the entry for callers in C, which no kernel has; and the collector of reference
    cycles, which finds little, looks at what lives long a tenth as often.
    """
    entry, often = Lower.create_cfunc_wrapper, gc.get_threshold()
    Lower.create_cfunc_wrapper = _no_entry  # type: ignore[method-assign]
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        Lower.create_cfunc_wrapper = entry  # type: ignore[method-assign]
        gc.set_threshold(*often)


def _no_entry(_: Any) -> None:
    return None


def _tell(happening: Any, told: Callable[[str], None] | None) -> None:
    function = happening.data["dispatcher"].py_func
    if told is not None and function.__module__.startswith(_OURS):
        told(f"{function.__module__}.{function.__qualname__}")
