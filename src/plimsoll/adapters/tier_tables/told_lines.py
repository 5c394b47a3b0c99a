"""Faults and losses as lines: one each while they are few of a cause, else its count and some."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

MOST_ALIKE = 5
"""Lines of one cause that are told each; of more the first few stand for all."""
_EXAMPLES = 3


def told_lines(
    items: Iterable[Item], cause: Callable[[Item], Hashable], name: Callable[[Item], str]
) -> Iterator[str]:
    """Yield lines, causes in order of their first item.

    Parameters
    ----------
    items : iterable
        Each prints itself as one line.
    cause : callable
        What many have in common; its text tells a group.
    name : callable
        Where an item stands, to name examples.

    Examples
    --------
    >>> list(told_lines(map(str, range(9)), lambda _: "odd", lambda n: n))
    ['9 times odd: 0; 1; 2; and 6 more']
    """
    groups: dict[Hashable, list[Item]] = {}
    for item in items:
        groups.setdefault(cause(item), []).append(item)
    for common, alike in groups.items():
        if len(alike) <= MOST_ALIKE:
            yield from map(str, alike)
            continue
        some = "; ".join(name(item) for item in alike[:_EXAMPLES])
        yield f"{len(alike):,} times {common}: {some}; and {len(alike) - _EXAMPLES:,} more"
