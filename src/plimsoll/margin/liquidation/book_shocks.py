"""Liquidation shocks of a whole book at once: the growth of a path at which each unit falls short.

The model is prepared once per point of a grid, for all accounts together; the first sign change of
each unit is interpolated inside its step, which may be divided again and again first: units whose
steps are the same share the points. Exact where excess is linear between two points; the solver
(`plimsoll.margin.liquidation.solver`) closes in on single accounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.errors import UsageError
from plimsoll.margin.liquidation.price_paths import PricePath
from plimsoll.margin.liquidation.solver import LiquidationSolver
from plimsoll.margin.units.cells import unit_layout

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
P = TypeVar("P")

PARTS = 8
"""Into how many a step is divided at each refinement."""


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
    solver: LiquidationSolver[P],
    book: Book,
    path: PricePath,
    growths: FloatArray,
    *,
    refinements: int = 0,
) -> BookShocks:
    """Return the liquidation growths of every unit.

    Parameters
    ----------
    solver : LiquidationSolver
    book : Book
    path : PricePath
    growths : (K,) float64
        Ascending, positive, holding 1.
    refinements : int
        How many times the step in which a unit falls short is divided into `PARTS` before it is
        interpolated: the error falls by their square each time, at a jump by `PARTS`.

    Raises
    ------
    UsageError
        For growths that are not, and a negative number of refinements.
    """
    now = np.flatnonzero(growths == 1.0)
    if now.size != 1 or not bool(np.all(np.diff(growths) > 0.0)) or not growths[0] > 0.0:
        raise UsageError("must rise from above 0 and hold 1", found=growths, field="growths")
    if refinements < 0:
        raise UsageError("must not be negative", found=refinements, field="refinements")
    excess, here = solver.excess(book, path, growths), int(now[0])
    sides = []
    for side in (slice(here, None, -1), slice(here, None)):
        steps = _first_steps(growths[side], excess[side])
        for _ in range(refinements):
            steps = _divided(solver, book, path, steps)
        sides.append(steps.crossing())
    return BookShocks(down=sides[0], up=sides[1])


class _Steps(NamedTuple):
    """(U,) steps of the path in which units fall short; NaN where a unit does not."""

    good: FloatArray  # growth at which it has enough
    bad: FloatArray
    high: FloatArray  # excess there
    low: FloatArray

    def crossing(self) -> FloatArray:
        """Interpolate."""
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(self.high >= 0.0, self.high / (self.high - self.low), 0.0)
        return np.asarray(self.good + share * (self.bad - self.good), dtype=np.float64)


def _first_steps(growths: FloatArray, excess: FloatArray) -> _Steps:
    """Find the first step into a shortage in ``excess`` (K, U), from its first row on."""
    # A unit without a number at some point ends there: what lies behind is not known.
    known = np.cumsum(np.isnan(excess), axis=0) == 0
    short = (excess < 0.0) & known
    found, at = short.any(axis=0), short.argmax(axis=0)
    column, before = np.arange(excess.shape[1]), np.maximum(at - 1, 0)

    def where_found(values: FloatArray) -> FloatArray:
        return np.where(found, values, np.nan).astype(np.float64)

    return _Steps(
        where_found(growths[before]),
        where_found(growths[at]),
        where_found(excess[before, column]),
        where_found(excess[at, column]),
    )


def _divided(solver: LiquidationSolver[P], book: Book, path: PricePath, steps: _Steps) -> _Steps:
    """Look at points within each step; units that are short at once have none."""
    account, out = unit_layout(book).account, _Steps(*(column.copy() for column in steps))
    open_ = np.flatnonzero(steps.good != steps.bad)
    open_ = open_[~np.isnan(steps.good[open_])]
    ends, of = np.unique(
        np.stack([steps.good[open_], steps.bad[open_]], axis=1), axis=0, return_inverse=True
    )
    for number, (good, bad) in enumerate(ends.tolist()):
        units = open_[of.ravel() == number]
        accounts = np.unique(account[units])
        # Rows of the smaller book's units: pools first, then isolated positions, both in order.
        kept = np.flatnonzero(np.isin(account, accounts))
        mine = np.searchsorted(kept, units)
        points = good * (bad / good) ** (np.arange(PARTS + 1) / PARTS)
        inside = solver.excess(book.take(accounts), path, points[1:-1])[:, mine]
        rows = np.concatenate([steps.high[units][None], inside, steps.low[units][None]])
        for column, values in zip(out, _first_steps(points, rows), strict=True):
            column[units] = values
    return out
