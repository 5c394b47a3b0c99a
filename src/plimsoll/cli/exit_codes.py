"""Exit codes: what a pipeline may rely on."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Meaning of each exit code.

    ``HOLDS``: done, and where there is a verdict it holds. ``BREACH``: the evidence shows a
    breach, or proves nothing. ``WRONG_USE``: call, option or venue file. ``BAD_DATA``: data,
    disk or memory. ``DEFECT``: a fault of Plimsoll itself. The last two are 128 plus the signal.
    """

    HOLDS = 0
    BREACH = 1
    WRONG_USE = 2
    BAD_DATA = 3
    DEFECT = 70
    INTERRUPTED = 130
    OUTPUT_CLOSED = 141
