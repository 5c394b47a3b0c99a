"""Colours that stay apart for colour-blind readers and in grey print.

After Okabe and Ito (2008), "Color Universal Design"; amber and red darkened so that text and thin
lines in them keep a contrast of 3:1 on white. Colour never stands alone: each zone and verdict has
a word, each mark a shape.
"""

from __future__ import annotations

from collections.abc import Mapping

INK = "#1d2733"
MUTED = "#5b6875"
RULE = "#d5dbe1"
GRID = "#e8ecf0"
LOSS = "#7d8894"
MARGIN = "#0064a6"
BREACH = "#c2410c"
BAND = "#e6eef6"

_ZONES: Mapping[str, tuple[str, str]] = {
    "green": ("#00795c", "circle"),
    "yellow": ("#b87400", "triangle"),
    "amber": ("#b87400", "triangle"),
    "red": ("#b3310b", "square"),
}
_UNKNOWN_ZONE = (MUTED, "diamond")
CALLS = (
    ("1 day", "circle", LOSS),
    ("5 days", "diamond", MARGIN),
    ("20 days", "square", INK),
)
"""Name, shape and colour of the largest call over 1, 5 and 20 days, light to dark."""


def zone_colour(zone: str) -> str:
    """Colour of a traffic-light zone; grey where the zone is none of them.

    >>> zone_colour("green"), zone_colour("not scored")
    ('#00795c', '#5b6875')
    """
    return _ZONES.get(zone.lower(), _UNKNOWN_ZONE)[0]


def zone_shape(zone: str) -> str:
    """Shape of a traffic-light zone: circle, triangle, square, or a diamond for any other.

    >>> zone_shape("yellow"), zone_shape("red")
    ('triangle', 'square')
    """
    return _ZONES.get(zone.lower(), _UNKNOWN_ZONE)[1]
