"""The worst of fills where losses are convex in the positions: at a corner of the box of fills.

Orders of one market and side that lose nothing at once are filled together; each at a limit beyond
the mark by itself. Of up to `TRIED` such groups that would ask most alone, all combinations of
filled and not are tried. The loss is subadditive, so the others add what they ask alone. All with
what is paid for the fills booked, and again with nothing of it booked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.margin.joint.filled_orders import OrderingUnits, taken
from plimsoll.maths.unit_losses import UnitExposures

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Losses = Callable[[UnitExposures], FloatArray]

TRIED = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Groups:
    """(G,) groups of orders that are filled together, by unit."""

    unit: IntArray
    row: IntArray
    quantity: FloatArray
    currency: IntArray
    paid: FloatArray
    lost: FloatArray


def worst_after_fills(ordering: OrderingUnits, losses: Losses) -> FloatArray:
    """(K,) largest loss of the ordering units after any fills, with what these lose at once.

    Parameters
    ----------
    losses : callable
        The model's losses (U,) of exposures: convex, subadditive, not negative.
    """
    if not len(ordering):
        return np.zeros(0)
    groups = _groups(ordering)
    booked = [groups]
    if groups.paid.any():
        booked.append(replace(groups, paid=np.zeros(groups.paid.size)))
    alone = np.max([losses(_alone(g, ordering)) for g in booked], axis=0) + groups.lost
    rank = _ranks(groups.unit, alone)
    beside = np.bincount(groups.unit, np.where(rank >= TRIED, alone, 0.0), len(ordering))
    found = np.zeros(len(ordering))
    for one in booked:
        corners, of_unit, lost = _corners(one, rank, ordering)
        np.maximum.at(found, of_unit, losses(corners) + lost)
    return (found + beside).astype(np.float64)


def _groups(ordering: OrderingUnits) -> _Groups:
    fills = ordering.fills
    owner = np.repeat(np.arange(len(ordering)), np.diff(fills.offsets))
    single = np.where(fills.lost > 0.0, 1 + np.arange(fills.row.size), 0)
    keys = np.column_stack([owner, fills.row, fills.quantity > 0.0, single])
    kinds, first, place = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    at = place.ravel()

    def total(values: FloatArray) -> FloatArray:
        return np.bincount(at, values, kinds.shape[0]).astype(np.float64)

    return _Groups(
        unit=owner[first],
        row=fills.row[first],
        quantity=total(fills.quantity),
        currency=fills.currency[first],
        paid=total(fills.paid),
        lost=total(fills.lost),
    )


def _ranks(unit: IntArray, alone: FloatArray) -> IntArray:
    """(G,) place of each group among those of its unit, the one that asks most first."""
    order = np.lexsort((-alone, unit))
    starts = np.flatnonzero(np.diff(unit[order], prepend=-1) != 0)
    rank = np.empty(unit.size, dtype=np.int64)
    counts = np.diff(np.append(starts, unit.size))
    rank[order] = np.arange(unit.size) - np.repeat(starts, counts)
    return rank


def _alone(groups: _Groups, ordering: OrderingUnits) -> UnitExposures:
    """Return every group filled and nothing else held."""
    count = groups.unit.size
    paid = np.zeros((count, ordering.exposures.holdings.shape[1]))
    paid[np.arange(count), groups.currency] = -groups.paid
    offsets = np.arange(count + 1, dtype=np.int64)
    return UnitExposures(offsets, groups.row, groups.quantity, paid)


def _corners(
    groups: _Groups, rank: IntArray, ordering: OrderingUnits
) -> tuple[UnitExposures, IntArray, FloatArray]:
    """Units with each combination of their first groups filled; of whom, and what is lost."""
    tried = np.flatnonzero(rank < TRIED)
    sizes = np.bincount(groups.unit[tried], minlength=len(ordering))
    copies = 2**sizes
    of_unit = np.repeat(np.arange(len(ordering)), copies)
    first = np.concatenate([[0], np.cumsum(copies)])[:-1]
    combination = np.arange(of_unit.size) - first[of_unit]
    corner, group = _filled(groups.unit[tried], first, copies, rank[tried], combination)
    filled = tried[group]
    base = taken(ordering.exposures, of_unit)
    holdings = np.array(base.holdings)
    np.add.at(holdings, (corner, groups.currency[filled]), -groups.paid[filled])
    owner = np.concatenate([np.repeat(np.arange(of_unit.size), np.diff(base.offsets)), corner])
    order = np.argsort(owner, kind="stable")
    counts = np.bincount(owner, minlength=of_unit.size)
    joined = UnitExposures(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        np.concatenate([base.row, groups.row[filled]])[order],
        np.concatenate([base.quantity, groups.quantity[filled]])[order],
        holdings,
    )
    lost = np.bincount(corner, groups.lost[filled], of_unit.size).astype(np.float64)
    return joined, of_unit, lost


def _filled(
    unit: IntArray, first: IntArray, copies: IntArray, bit: IntArray, combination: IntArray
) -> tuple[IntArray, IntArray]:
    """Pairs of corner and group: each group in the corners whose combination has its bit."""
    many = copies[unit]
    group = np.repeat(np.arange(unit.size), many)
    ends = np.concatenate([[0], np.cumsum(many)])
    corner = first[unit][group] + np.arange(group.size) - ends[group]
    kept = (combination[corner] >> bit[group]) & 1 == 1
    return corner[kept], group[kept]
