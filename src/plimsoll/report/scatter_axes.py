"""Axes of a drawn scatter with units on both, and names that cover nothing."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from plimsoll.report.palette import MUTED, RULE
from plimsoll.report.svg import Scale, line, text, ticks, upright_text

Box = tuple[float, float, float, float]
"""Left, top, right and bottom of something drawn."""


def meet(one: Box, other: Box) -> bool:
    """Tell whether two boxes cover each other somewhere.

    >>> meet((0, 0, 2, 2), (1, 1, 3, 3)), meet((0, 0, 1, 1), (1, 0, 2, 1))
    (True, False)
    """
    across = one[0] < other[2] and other[0] < one[2]
    return across and one[1] < other[3] and other[1] < one[3]


def scatter_axes(
    across: Scale, up: Scale, titles: tuple[str, str], *, ticks_up: int = 8
) -> Iterator[Markup]:
    """Yield grid lines, their values and the two titles."""
    for value in ticks(across.low, across.high, 8):
        yield line(across(value), up.stop, across(value), up.start)
        yield text(
            across(value), up.start + 13, f"{value:g}", anchor="middle", size=9, colour=MUTED
        )
    for value in ticks(up.low, up.high, ticks_up):
        yield line(across.start, up(value), across.stop, up(value))
        yield text(
            across.start - 5, up(value) + 3, f"{value:g}", anchor="end", size=9, colour=MUTED
        )
    yield line(across.start, up.start, across.stop, up.start, colour=RULE)
    middle = (across.start + across.stop) / 2
    yield text(middle, up.start + 30, titles[0], anchor="middle", size=9.5, colour=MUTED)
    yield upright_text(13, (up.start + up.stop) / 2, titles[1], size=9.5)
