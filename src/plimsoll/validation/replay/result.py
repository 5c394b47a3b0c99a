"""What a replay leaves behind: events, the fund's path, and totals that add up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.maths import account_replay_records as kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class EventKind(IntEnum):
    """What happened to an account."""

    CALL = kernel.CALL
    TOP_UP = kernel.TOP_UP
    PARTIAL = kernel.PARTIAL
    LIQUIDATED = kernel.LIQUIDATED
    BANKRUPT = kernel.BANKRUPT
    CLOSED = kernel.CLOSED  # by its user


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReplayEvents:
    """E events in the order of time, then of accounts.

    Parameters
    ----------
    bar, account, kind : (E,) int64
    price : (E,) float64
    notional : (E,) float64
        Closed or called, quote currency; of a top-up what was paid, settlement currency.
    cost, fee, deficit : (E,) float64
        Settlement currency.
    later_equity, later_maintenance : (E,) float64
        Of close-outs: the whole position's at the next margin call, had it been left alone; NaN
        where the record ends before.
    """

    bar: IntArray
    account: IntArray
    kind: IntArray
    price: FloatArray
    notional: FloatArray
    cost: FloatArray
    fee: FloatArray
    deficit: FloatArray
    later_equity: FloatArray
    later_maintenance: FloatArray

    __repr__ = field_summary

    def __len__(self) -> int:
        return int(self.bar.size)

    def of(self, *kinds: EventKind) -> BoolArray:
        """(E,) events of some kinds."""
        return np.isin(self.kind, [int(kind) for kind in kinds])


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayTotals:
    """Sums over all accounts, settlement currency; conservation is `imbalance`.

    Parameters
    ----------
    paid_in, paid_out : float
        By and to users.
    held : float
        Equity of accounts still open at the last mark.
    maker : float
        Profit of the other side of all trades, costs of closing included, before ADL.
    fees, deficits, uncovered : float
        To the fund, of accounts, and what the fund could not pay: left to ADL.
    fund : float
        Change of the fund.
    """

    paid_in: float
    paid_out: float
    held: float
    maker: float
    fees: float
    deficits: float
    uncovered: float
    fund: float

    @property
    def imbalance(self) -> float:
        """Users + fund + other side after ADL; 0 up to rounding."""
        users = self.paid_out + self.held - self.paid_in
        return users + self.fund + self.maker - self.uncovered


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReplayResult:
    """A replay.

    Parameters
    ----------
    venue : str
    time_ns : (T,) int64
    events : ReplayEvents
    fund, uncovered : (T,) float64
        Fund after each bar, and deficits of the bar that it could not pay.
    fees, deficits : (T,) float64
    deposited : (A,) float64
        Paid in by each account, top-ups included.
    account_deficit : (A,) float64
    totals : ReplayTotals
    """

    venue: str
    time_ns: IntArray
    events: ReplayEvents
    fund: FloatArray
    uncovered: FloatArray
    fees: FloatArray
    deficits: FloatArray
    deposited: FloatArray
    account_deficit: FloatArray
    totals: ReplayTotals

    __repr__ = field_summary
