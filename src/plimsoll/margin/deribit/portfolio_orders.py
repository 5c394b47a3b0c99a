"""Open orders under the risk matrix: scenario by scenario, the worst that each pair's may bring.

The venue names a term for open orders and does not publish its rule; this is ours. Orders of a pair
are filled in the ways of `plimsoll.margin.grids.fill_ways`. Pairs offset one another within a
scenario, so of each pair and scenario the way counts that loses most there, roll and delta shocks
and losses at once included::

    asked = (1 - c) max over scenarios of sum over pairs of max over ways (loss + shocks)
            + c sum over pairs of max over ways (the pair's own worst case + shocks)

with ``c`` the share of the correlation contingency. That is not less than the risk matrix after any
choice of one way for each pair, and with orders in one pair and no contingency it is the largest of
them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.margin.deribit.portfolio_losses import by_pair
from plimsoll.margin.deribit.portfolio_shocks import DeltaRamp, cell_deltas, delta_shocks
from plimsoll.margin.deribit.portfolio_table import PairTable
from plimsoll.margin.grids.fill_ways import Fills, PlacedOrders, fill_ways, filled_book
from plimsoll.margin.grids.worst_fills import loss_at_fill
from plimsoll.margin.units.cells import Cells
from plimsoll.margin.units.instrument_columns import instrument_columns
from plimsoll.margin.units.market_rows import MarketRows
from plimsoll.maths.grouped_losses import cell_profits

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BLOCK = 4_096
"""Accounts with orders whose ways are held at once."""

CellsOfPair = Callable[[Book, PairTable], Cells]
"""Positions of a pair in a book of cross positions, those without a number left out."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PortfolioOrders:
    """What orders of X:PM and S:PM accounts ask.

    Parameters
    ----------
    pairs : tuple of PairTable
    rows : MarketRows
        Of contracts.
    per_usd : float
    ramp : DeltaRamp
    contingency : float
        Share of what pairs save each other that is asked back.
    decimals : int or None
        Places to which losses are rounded.
    cells_of : callable
    """

    pairs: tuple[PairTable, ...]
    rows: MarketRows
    per_usd: float
    ramp: DeltaRamp
    contingency: float
    decimals: int | None
    cells_of: CellsOfPair

    def added(self, book: Book) -> tuple[FloatArray, IntArray]:
        """Return what orders add to the risk matrix (A,) of cross pools, and why that is unknown.

        Parameters
        ----------
        book : Book
            Coins held as collateral are positions already.
        """
        added, lacking = np.zeros(len(book)), np.zeros(len(book), dtype=np.int64)
        if book.orders is None or not len(book.orders):
            return added, lacking
        ordering = np.flatnonzero(np.diff(book.orders.offsets) > 0)
        for first in range(0, ordering.size, BLOCK):
            some = ordering[first : first + BLOCK]
            added[some], lacking[some] = self._of_block(book.take(some))
        return added, lacking

    def _of_block(self, book: Book) -> tuple[FloatArray, IntArray]:
        """Do so where every account has orders."""
        assert book.orders is not None
        orders, lacking = book.orders, np.zeros(len(book), dtype=np.int64)
        row = self.rows.rows_of(book)[orders.market]
        owner = np.repeat(np.arange(len(book)), np.diff(orders.offsets))
        reason = self.rows.reason[row]
        lacking[owner[reason != 0]] = reason[reason != 0]
        pair, delta = self._markets(book.markets)
        known = np.flatnonzero((reason == 0) & (pair[orders.market] >= 0))
        several = max(len(self.pairs), 1)
        mine = np.flatnonzero(~book.isolated & (pair[book.market] >= 0))
        held = book.account_of_position[mine] * several + pair[book.market[mine]]
        ordered = owner[known] * several + pair[orders.market[known]]
        slots, slot = np.unique(np.concatenate([held, ordered]), return_inverse=True)
        placed = PlacedOrders(
            slot=slot[held.size :].astype(np.int64),
            market=orders.market[known],
            quantity=orders.quantity[known],
            delta=delta[orders.market[known]] * orders.quantity[known],
            is_option=instrument_columns(self.rows.listing).is_option[row[known]],
        )
        ways = fill_ways(placed, slots.size)
        fills = Fills(slot=ways.slot, way=ways.way, order=known[ways.order])
        after = filled_book(book, fills, slots // several, (slot[: held.size], mine))
        at_once = loss_at_fill(book, self.rows, row)[fills.order]
        lost = np.bincount(fills.way, at_once, fills.slot.size).astype(np.float64)
        losses = self._losses(after, lost)
        return self._more(losses, fills.slot, slots // several, len(book)), lacking

    def _markets(self, markets: tuple[str, ...]) -> tuple[IntArray, FloatArray]:
        """Pair (M,) of each market of a book, -1 for none, and its delta (M,)."""
        pair, delta = np.full(len(markets), -1, dtype=np.int64), np.zeros(len(markets))
        for number, one in enumerate(self.pairs):
            row = one.listing.rows_in(markets)
            found = np.flatnonzero(row >= 0)
            pair[found], delta[found] = number, one.table.delta[row[found]]
        return pair, delta

    def _losses(self, ways: Book, at_once: FloatArray) -> FloatArray:
        """(R, S + 1) what ways lose in each scenario, and where nothing moves; shocks included."""
        places = self.decimals
        scenarios = len(self.pairs[0].scenarios.grid) if self.pairs else 0
        losses, shocks = np.zeros((len(ways), scenarios + 1)), at_once.copy()
        for pair in self.pairs:
            cells = self.cells_of(ways, pair)
            deltas = cell_deltas(cells, pair.table.delta, pair.price, pair.roll_rate)
            shocks[cells.unit] += deltas.roll_shock
            shocks[cells.unit] += delta_shocks(deltas, pair.pair, self.per_usd, self.ramp)
            profits = np.empty((len(cells), scenarios))
            cell_profits(by_pair(cells), pair.table.profit, pair.table.value, pair.rules, profits)
            losses[cells.unit, :-1] = -profits if places is None else np.round(-profits, places)
        return losses + shocks[:, None]

    def _more(
        self, losses: FloatArray, slot: IntArray, account: IntArray, accounts: int
    ) -> FloatArray:
        """(A,) what the ways ask more than the slots as they are; accounts (S,) of slots."""
        now = losses[: account.size]
        then, then_alone = now.copy(), now.max(axis=1)
        alone = then_alone.copy()
        np.maximum.at(then, slot, losses)
        np.maximum.at(then_alone, slot, losses.max(axis=1))
        share = self.contingency

        def asked(matrix: FloatArray, own: FloatArray) -> FloatArray:
            total = np.zeros((accounts, matrix.shape[1]))
            np.add.at(total, account, matrix)
            apart = np.bincount(account, own, accounts)
            found: FloatArray = (1.0 - share) * total.max(axis=1) + share * apart
            return found

        return np.maximum(asked(then, then_alone) - asked(now, alone), 0.0)
