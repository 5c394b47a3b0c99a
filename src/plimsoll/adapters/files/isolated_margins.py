"""Modes and isolated margins of a table of positions, as files state them."""

from __future__ import annotations

from math import isnan

from plimsoll.adapters.files.records import Cell, Records, stated_numbers
from plimsoll.domain.account import MarginMode
from plimsoll.domain.book_columns import UNKNOWN_MARGIN


def isolated_margins(positions: Records, *, every_mode: bool) -> list[float | None]:
    """Margins of isolated positions, infinite where nobody knows them; None: cross.

    A position whose mode is not named is isolated where it states a margin.

    Parameters
    ----------
    every_mode : bool
        Whether a table with modes must name that of every position.

    Raises
    ------
    DataFormatError
        For a cross position with isolated margin, and a mode that is none.
    """
    margins = stated_numbers(positions, "isolated_margin")
    if "mode" not in positions.columns:
        return [_known(margin) for margin in margins]
    return [
        _margin(positions, row, _mode(positions, row, cell, every_mode), margin)
        for row, (cell, margin) in enumerate(zip(positions.column("mode"), margins, strict=True))
    ]


def _mode(positions: Records, row: int, cell: Cell, every_mode: bool) -> Cell:
    mode = cell.strip().casefold() if isinstance(cell, str) else cell
    modes = [known.value for known in MarginMode]
    if mode not in modes and (every_mode or mode is not None):
        raise positions.refuse(f"must be one of {modes}", "mode", row)
    return mode


def _margin(positions: Records, row: int, mode: Cell, margin: float | None) -> float | None:
    if mode == MarginMode.ISOLATED:
        return UNKNOWN_MARGIN if margin is None else _known(margin)
    if mode == MarginMode.CROSS and margin is not None:
        raise positions.refuse(
            "must be given for isolated positions only",
            "isolated_margin",
            row,
            "the mode of this row is cross: make it isolated, or leave the margin out",
        )
    return _known(margin)


def _known(margin: float | None) -> float | None:
    return UNKNOWN_MARGIN if margin is not None and isnan(margin) else margin
