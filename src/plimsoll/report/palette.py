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

ZONES: Mapping[str, str] = {"green": "#00795c", "amber": "#b87400", "red": "#b3310b"}
UNKNOWN_ZONE = MUTED


def zone_colour(zone: str) -> str:
    """Colour of a traffic-light zone; grey where the zone is not one of the three.

    >>> zone_colour("green"), zone_colour("not scored")
    ('#00795c', '#5b6875')
    """
    return ZONES.get(zone.lower(), UNKNOWN_ZONE)
