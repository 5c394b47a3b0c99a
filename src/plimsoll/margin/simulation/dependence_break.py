"""Dependence broken in part: a share of the parts' own margins in place of the joint one.

    margin = max(M, (1 - theta) M + theta sum of max(M_i, 0))

M is the measure of all that a unit holds and M_i that of part i alone. Parts are coins
(between coins offsets fail in part) or positions: then the margin
is at least what EMIR RTS 153/2013, Article 27(4), leaves where at most a share 1 - theta of the
difference between the sum of the margins alone and the joint margin is given as a reduction (80 %
at most, theta = 0.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.margin.joint.bounded_orders import lost_at_fills, standalone_after_fills
from plimsoll.margin.joint.filled_orders import OrderingUnits
from plimsoll.margin.joint.loss_measure import LossMeasure, measured
from plimsoll.margin.joint.single_contracts import StandaloneMargins
from plimsoll.margin.underlying import underlying
from plimsoll.margin.units.instrument_columns import named_column
from plimsoll.margin.units.market_rows import MarketRows
from plimsoll.maths.unit_losses import ProfitRows, UnitExposures, UnitFills, no_fills
from plimsoll.maths.unit_tail_kernel import UnitTailKernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class BrokenBetween(StrEnum):
    """Between what the dependence is broken."""

    COINS = "coins"  # contracts of one coin, and the coin itself, still offset
    POSITIONS = "positions"  # no two positions do; collateral that moves has no part


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DependenceBreak:
    """What the parts of units ask alone, added.

    Parameters
    ----------
    share : float
        theta, above 0.
    between : BrokenBetween
    coin_of_row, coin_of_currency : (N,), (C,) int64
        Coin of each instrument and of each currency that may be held.
    """

    share: float
    between: BrokenBetween
    measure: LossMeasure
    levels: tuple[float, float]
    profits: ProfitRows
    kernel: UnitTailKernel
    standalone: StandaloneMargins
    coin_of_row: IntArray
    coin_of_currency: IntArray

    def broken(self, joint: FloatArray, alone: FloatArray) -> FloatArray:
        """(U, 2) margins from joint ones and from sums of the parts' own ones.

        At least ``joint``, and monotone in both.
        """
        mixed = (1.0 - self.share) * joint + self.share * alone
        return np.maximum(joint, mixed)

    def alone(self, exposures: UnitExposures) -> FloatArray:
        """(U, 2) sums of the parts' own margins."""
        if self.between is BrokenBetween.POSITIONS:
            return self.standalone.of_units(exposures)
        return self._of_coins(exposures, no_fills(exposures.offsets.size - 1))

    def after_fills(self, ordering: OrderingUnits) -> FloatArray:
        """(K, 2) at least those sums after any fills, with what fills lose at once."""
        if self.between is BrokenBetween.POSITIONS:
            alone = standalone_after_fills(ordering, self.standalone)
            return alone + lost_at_fills(ordering)[:, None]
        return self._of_coins(ordering.exposures, ordering.fills)

    def _of_coins(self, exposures: UnitExposures, fills: UnitFills) -> FloatArray:
        found = np.zeros((exposures.offsets.size - 1, 2))
        for coin in np.unique(np.concatenate([self.coin_of_row, self.coin_of_currency])).tolist():
            held = self._exposures_of(exposures, coin)
            orders = self._fills_of(fills, coin)
            tails = measured(
                self.measure, self.levels, held, self.profits, fills=orders, kernel=self.kernel
            )
            found += np.maximum(tails.value, 0.0)
        return found

    def _exposures_of(self, exposures: UnitExposures, coin: int) -> UnitExposures:
        """What units hold of one coin: its contracts, and amounts of itself."""
        own = self.coin_of_row[exposures.row] == coin
        return UnitExposures(
            _offsets_of(exposures.offsets, own),
            exposures.row[own],
            exposures.quantity[own],
            np.where(self.coin_of_currency == coin, exposures.holdings, 0.0),
        )

    def _fills_of(self, fills: UnitFills, coin: int) -> UnitFills:
        """Orders in contracts of one coin, and payments of it for contracts of others."""
        own = self.coin_of_row[fills.row] == coin
        pays = self.coin_of_currency[fills.currency] == coin
        kept = own | pays
        return UnitFills(
            _offsets_of(fills.offsets, kept),
            fills.row[kept],
            np.where(own, fills.quantity, 0.0)[kept],
            fills.currency[kept],
            np.where(pays, fills.paid, 0.0)[kept],
            np.where(own, fills.lost, 0.0)[kept],
        )


def coins_of(rows: MarketRows, currencies: tuple[str, ...]) -> tuple[IntArray, IntArray]:
    """Coin of each row of ``rows``, the unknown one last, and of each currency.

    A currency that no contract is of is a coin of its own.
    """
    own = named_column(rows.listing, "underlying", underlying)
    place = {name: at for at, name in enumerate(dict.fromkeys([*own.names, *currencies]))}
    of_currency = np.array([place[name] for name in currencies], dtype=np.int64)
    return np.append(own.code, -1).astype(np.int64), of_currency


def _offsets_of(offsets: IntArray, kept: NDArray[np.bool_]) -> IntArray:
    """Offsets of groups of which only some elements are kept."""
    before = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
    out: IntArray = before[offsets]
    return out
