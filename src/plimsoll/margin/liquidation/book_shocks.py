"""Liquidation shocks of a whole book at once: the growth of a path at which each unit falls short.

The model is prepared once per point of a grid, for all accounts together; the first sign change of
each unit is interpolated inside its step. Exact where excess is linear between two points; the
solver (`plimsoll.margin.liquidation.solver`) closes in on single accounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.errors import UsageError
from plimsoll.margin.liquidation.price_paths import PricePath
from plimsoll.margin.liquidation.solver import LiquidationSolver

FloatArray = NDArray[np.float64]
P = TypeVar("P")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BookShocks:
    """(U,) growths of the path at which units fall short; NaN: not within the grid.

    Parameters
    ----------
    down, up : (U,) float64
        1 where a unit is short already; NaN also where it has no number.
    """

    down: FloatArray
    up: FloatArray


def book_shocks(
    solver: LiquidationSolver[P], book: Book, path: PricePath, growths: FloatArray
) -> BookShocks:
    """Return the liquidation growths of every unit.

    Parameters
    ----------
    solver : LiquidationSolver
    book : Book
    path : PricePath
    growths : (K,) float64
        Ascending, positive, holding 1.

    Raises
    ------
    UsageError
        For growths that are not.
    """
    now = np.flatnonzero(growths == 1.0)
    if now.size != 1 or not bool(np.all(np.diff(growths) > 0.0)) or not growths[0] > 0.0:
        raise UsageError("must rise from above 0 and hold 1", found=growths, field="growths")
    excess, here = solver.excess(book, path, growths), int(now[0])
    return BookShocks(
        down=_first_crossing(growths[here::-1], excess[here::-1]),
        up=_first_crossing(growths[here:], excess[here:]),
    )


def _first_crossing(growths: FloatArray, excess: FloatArray) -> FloatArray:
    """(U,) growth of the first crossing of ``excess`` (K, U), from its first row on."""
    # A unit without a number at some point ends there: what lies behind is not known.
    known = np.cumsum(np.isnan(excess), axis=0) == 0
    short = (excess < 0.0) & known
    found, at = short.any(axis=0), short.argmax(axis=0)
    column, before = np.arange(excess.shape[1]), np.maximum(at - 1, 0)
    high, low = excess[before, column], excess[at, column]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(at > 0, high / (high - low), 0.0)
    crossing = growths[before] + share * (growths[at] - growths[before])
    return np.where(found, crossing, np.nan).astype(np.float64)
