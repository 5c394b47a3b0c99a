"""Losses of many margin units under weighted scenarios, and the measures of their tails.

A unit holds positions and amounts of currencies; both have a row of profits. Orders it may see
filled count scenario by scenario where they lose, so that the measure bounds that of the unit after
any fills: measures are monotone. Losses are never kept for all units. Measures:
`plimsoll.maths.weighted_tails`; ``tests/unit/maths/test_unit_losses.py`` holds them to
`plimsoll.measures`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from plimsoll.maths.account_losses_kernels import add_positions
from plimsoll.maths.equal_tails import equal_tail, equally_likely, rank_shares
from plimsoll.maths.tail_losses_kernels import lanes_for, padded
from plimsoll.maths.weighted_tails import BLOCKS, deepest_share, tail_measure, tail_order

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]
IndexMatrix = NDArray[np.int64]

CHUNK = 512


class UnitExposures(NamedTuple):
    """U units: P positions, grouped by unit, and amounts of C currencies."""

    offsets: Codes  # (U + 1,)
    row: Codes  # (P,) row of the instruments' profits
    quantity: Vector  # (P,) signed contracts
    holdings: Matrix  # (U, C) amounts whose value moves with the currency


class UnitFills(NamedTuple):
    """O orders that may be filled, grouped by unit."""

    offsets: Codes  # (U + 1,)
    row: Codes  # (O,) row of the instruments' profits
    quantity: Vector  # (O,) signed contracts
    currency: Codes  # (O,) what is paid
    paid: Vector  # (O,) amount of it when filled
    lost: Vector  # (O,) lost at once, in the numeraire


class ProfitRows(NamedTuple):
    """Profit of one contract, and of one unit of each currency, in the numeraire."""

    instrument: Matrix  # (N, S)
    currency: Matrix  # (C, S)
    weights: Vector  # (S,) not negative


class UnitTails(NamedTuple):
    """(U, 2) measures at a first and a second level, and the scenario that stands for each."""

    value: Matrix
    scenario: IndexMatrix


def no_fills(units: int) -> UnitFills:
    """Units without orders."""
    none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
    return UnitFills(np.zeros(units + 1, dtype=np.int64), none, nothing, none, nothing, nothing)


@njit(cache=True, nogil=True, error_model="numpy")
def unit_profit(u: int, exposures: UnitExposures, rows: ProfitRows, out: Vector) -> None:
    """Fill ``out`` (S,) with the profits of unit ``u``."""
    first, last = exposures.offsets[u], exposures.offsets[u + 1]
    add_positions(first, last, exposures.row, exposures.quantity, rows.instrument, out)
    for c in range(exposures.holdings.shape[1]):
        h = exposures.holdings[u, c]
        if h != 0.0:
            for s in range(out.size):
                out[s] += h * rows.currency[c, s]


@njit(cache=True, nogil=True, error_model="numpy")
def unit_loss(u: int, exposures: UnitExposures, rows: ProfitRows, out: Vector) -> None:
    """Fill ``out`` (S,) with the losses of unit ``u``, positive = loss."""
    unit_profit(u, exposures, rows, out)
    _turn(out)


@njit(cache=True, nogil=True, error_model="numpy")
def _turn(out: Vector) -> None:
    """Turn profits into losses, or back."""
    for s in range(out.size):
        out[s] = -out[s]


@njit(cache=True, nogil=True, error_model="numpy")
def add_fills(u: int, fills: UnitFills, rows: ProfitRows, out: Vector) -> None:
    """Add to ``out`` (S,) what each order of unit ``u`` loses if filled, where it loses.

    Whether what is paid is booked with the fill or later: whichever loses more.
    """
    for o in range(fills.offsets[u], fills.offsets[u + 1]):
        at, coin = np.uint64(fills.row[o]), np.uint64(fills.currency[o])
        quantity, paid, lost = fills.quantity[o], fills.paid[o], fills.lost[o]
        for s in range(out.size):
            loss, cash = lost - quantity * rows.instrument[at, s], paid * rows.currency[coin, s]
            loss += cash if cash > 0.0 else 0.0
            out[s] += loss if loss > 0.0 else 0.0


@njit(cache=True, nogil=True)
def _fill_units(
    first: int,
    last: int,
    kind: int,
    levels: Vector,
    exposures: UnitExposures,
    fills: UnitFills,
    rows: ProfitRows,
    out: UnitTails,
) -> None:
    """Measure units ``first`` to ``last - 1``."""
    if equally_likely(rows.weights):
        _fill_equal(first, last, kind, levels, exposures, fills, rows, out)
    else:
        _fill_weighted(first, last, kind, levels, exposures, fills, rows, out)


@njit(cache=True, nogil=True)
def _fill_equal(
    first: int,
    last: int,
    kind: int,
    levels: Vector,
    exposures: UnitExposures,
    fills: UnitFills,
    rows: ProfitRows,
    out: UnitTails,
) -> None:
    """Do so where scenarios are equally likely."""
    shares, counted = rank_shares(kind, levels, rows.weights)
    scenarios = rows.weights.size
    width = lanes_for(shares.shape[1], scenarios)
    size = padded(scenarios, width)
    whole, lanes, hits = np.full(size, np.inf), np.empty(width), np.empty(width + 1, np.int64)
    kept, ranked, profit = np.zeros(size + 1), np.zeros(size + 1), whole[:scenarios]
    for u in range(first, last):
        unit_profit(u, exposures, rows, profit)
        if fills.offsets[u + 1] > fills.offsets[u]:
            _turn(profit)
            add_fills(u, fills, rows, profit)
            _turn(profit)
        value, scenario = out.value[u], out.scenario[u]
        equal_tail(
            kind, whole, scenarios, shares, counted, lanes, hits, kept, ranked, value, scenario
        )


@njit(cache=True, nogil=True)
def _fill_weighted(
    first: int,
    last: int,
    kind: int,
    levels: Vector,
    exposures: UnitExposures,
    fills: UnitFills,
    rows: ProfitRows,
    out: UnitTails,
) -> None:
    """Do so where scenarios have weights of their own."""
    size = rows.weights.size
    loss, share, order = np.empty(size), np.empty(size), np.empty(size, dtype=np.int64)
    peak, mass = np.empty(BLOCKS), np.empty(BLOCKS)
    deepest, total = deepest_share(kind, levels[0], levels[1]), rows.weights.sum()
    for u in range(first, last):
        unit_loss(u, exposures, rows, loss)
        add_fills(u, fills, rows, loss)
        count = tail_order(loss, rows.weights, total, deepest, peak, mass, order)
        for which in range(2):
            value, scenario = tail_measure(
                kind, levels[which], loss, rows.weights, total, order, count, share
            )
            out.value[u, which], out.scenario[u, which] = value, scenario


@njit(cache=True, nogil=True)
def unit_tails(
    kind: int,
    levels: Vector,
    exposures: UnitExposures,
    fills: UnitFills,
    rows: ProfitRows,
    out: UnitTails,
) -> None:
    """Fill the measures of all units at both ``levels`` (2,)."""
    _fill_units(0, exposures.offsets.size - 1, kind, levels, exposures, fills, rows, out)


@njit(cache=True, nogil=True, parallel=True)
def unit_tails_parallel(
    kind: int,
    levels: Vector,
    exposures: UnitExposures,
    fills: UnitFills,
    rows: ProfitRows,
    out: UnitTails,
) -> None:
    """`unit_tails` by all threads, with the same bits."""
    units = exposures.offsets.size - 1
    for chunk in prange((units + CHUNK - 1) // CHUNK):
        first = chunk * CHUNK
        _fill_units(first, min(first + CHUNK, units), kind, levels, exposures, fills, rows, out)
