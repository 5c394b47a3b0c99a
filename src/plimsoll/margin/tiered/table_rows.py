"""Which row of the tier columns margins a position: of its market, or of the market's shorts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.margin.sided_tiers import SidedTiers

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_UNKNOWN = 2
"""Rows after the contracts': the unknown, and what is not of this model."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TableRows:
    """Rows of N contracts, two rows more, and one for each table of shorts.

    Parameters
    ----------
    short : (N + 2,) int64 or None
        Row of shorts by row of the contract: its own where one table is for both sides. None:
        nowhere do the sides have tables of their own.
    names : tuple of str or None
        By row, what the venue calls the table; None where that is the contract's market throughout.
    """

    short: IntArray | None = None
    names: tuple[str, ...] | None = None

    def of(self, rows: IntArray, quantity: FloatArray) -> IntArray:
        """Return the rows that margin positions.

        Parameters
        ----------
        rows : (P,) int64
            Of their contracts.
        quantity : (P,) float64
            Signed contracts; nothing, and what is no number, are long.
        """
        if self.short is None:
            return rows
        return np.where(quantity < 0.0, self.short[rows], rows)

    def of_contract(self, row: int) -> tuple[int, ...]:
        """Return every row of a contract: of longs, and of shorts where they are apart."""
        short = row if self.short is None else int(self.short[row])
        return (row,) if short == row else (row, short)


_PLAIN = TableRows()


def table_rows(
    markets: Iterable[str], tables: Sequence[SidedTiers | None], apart: Sequence[int]
) -> TableRows:
    """Return the rows of contracts, by their tables; ``apart`` are those of `rows_apart`."""
    if not apart and not any(table is not None and table.name for table in tables):
        return _PLAIN
    short = np.arange(len(tables) + _UNKNOWN, dtype=np.int64)
    short[list(apart)] = len(tables) + _UNKNOWN + np.arange(len(apart))
    named = [(t.name if t else "") or m for m, t in zip(markets, tables, strict=True)]
    sided = frozenset(apart)
    longs = [f"{name}, longs" if row in sided else name for row, name in enumerate(named)]
    shorts = [f"{named[row]}, shorts" for row in apart]
    return TableRows(short=short if apart else None, names=(*longs, "", "", *shorts))
