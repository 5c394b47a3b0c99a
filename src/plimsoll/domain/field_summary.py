"""One line of a noun that holds arrays, for a shell or a notebook: sizes in place of contents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import numpy as np

from plimsoll.domain.table import iso_minute

_NAMED = 3
"""Names that are spelt out of a longer tuple of them."""


def field_summary(noun: object) -> str:
    """Return the fields of a dataclass in one line; meant as its ``__repr__``.

    Arrays are given by type and shape, tuples of names by the first few, times of instants in UTC,
    and other nouns by their class.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, repr=False)
    ... class Risk:
    ...     markets: tuple[str, ...]
    ...     as_of_ns: int
    ...     loss: np.ndarray
    ...     __repr__ = field_summary
    >>> Risk(("A", "B", "C", "D"), 0, np.zeros((4, 2)))
    Risk(markets=A, B, C and 1 more, as_of=1970-01-01 00:00, loss=float64[4, 2])
    """
    shown = ", ".join(_shown(f.name, getattr(noun, f.name)) for f in fields(noun))  # type: ignore[arg-type]
    return f"{type(noun).__name__}({shown})"


def first_names(names: tuple[str, ...]) -> str:
    """Return the first few of many names.

    >>> first_names(("A", "B")), first_names(("A", "B", "C", "D", "E"))
    ('A, B', 'A, B, C and 2 more')
    """
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _shown(name: str, value: object) -> str:
    if name.endswith("_ns") and isinstance(value, int) and name not in ("interval_ns",):
        return f"{name.removesuffix('_ns')}={iso_minute(value)}"
    return f"{name}={_short(value)}"


def _short(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if value is None or isinstance(value, bool | int | str):
        return str(value)
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        if value and all(isinstance(one, str) for one in value):
            return first_names(value)
        return f"{len(value)} of {type(value[0]).__name__}" if value else "()"
    if isinstance(value, Mapping):
        return f"{len(value)} entries"
    return type(value).__name__
