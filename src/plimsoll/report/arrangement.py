"""How names are laid out in a picture: cut to a length, split into columns."""

from __future__ import annotations

from collections.abc import Sequence


def in_columns(markets: Sequence[str], columns: int) -> list[list[str]]:
    """Split names into columns of equal length, the first ones full.

    >>> in_columns(["a", "b", "c"], 2)
    [['a', 'b'], ['c']]
    """
    length = max(1, -(-len(markets) // columns))
    return [list(markets[i : i + length]) for i in range(0, len(markets), length)]


def short_name(name: str, length: int) -> str:
    """Return a name cut to a length, with an ellipsis where it was cut.

    >>> short_name("1000000MOG/USDT:USDT", 12)
    '1000000MOG/…'
    """
    return name if len(name) <= length else name[: length - 1] + "…"
