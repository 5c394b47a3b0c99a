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
    """Return a name cut to a length in its middle: what tells names apart stands at their ends.

    >>> short_name("LUNA/USDT:USDT@2022-05-28", 18)
    'LUNA/USD…022-05-28'
    """
    if len(name) <= length:
        return name
    head = (length - 1) // 2
    return f"{name[:head]}…{name[head + 1 - length :]}"
