"""Worst losses of many accounts under a scenario table, kept up to date event by event.

The fast path of screens and of pre-trade checks: bare scenario losses without account terms. A new
row of the table re-margins the accounts that hold it, a fill one account. At any time losses and
scenarios equal those of `plimsoll.maths.account_losses.worst_losses` over the positions held, to
the last bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError
from plimsoll.maths.account_losses import (
    NUMBA,
    AccountPositions,
    LossKernel,
    LossTable,
    worst_losses,
)
from plimsoll.runtime.account_slots import AccountSlots, Columns
from plimsoll.runtime.holders import Holders

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class LiveLosses:
    """Worst loss of every account, and its scenario.

    Parameters
    ----------
    positions : AccountPositions
    table : LossTable
        Copied. In float32 losses are screens, see `plimsoll.maths.account_losses`.
    kernel : LossKernel, optional

    Attributes
    ----------
    loss : (A,) float64
        Positive = loss.
    binding : (A,) int64
        Scenario of it; -1 where the account has no number.

    Examples
    --------
    >>> live = LiveLosses(
    ...     AccountPositions(
    ...         offsets=np.array([0, 1, 2]), row=np.array([0, 1]), quantity=np.array([1.0, 2.0])
    ...     ),
    ...     LossTable.double([[-1.0, 1.0], [3.0, -3.0]]),
    ... )
    >>> live.on_rows([1], [[4.0, -5.0]]).tolist(), live.loss.tolist()
    ([1], [1.0, 10.0])
    >>> live.on_fill(0, 1, -1.0)
    5.0
    """

    def __init__(
        self, positions: AccountPositions, table: LossTable, *, kernel: LossKernel = NUMBA
    ) -> None:
        self.loss, self.binding = worst_losses(positions, table, kernel=kernel)
        self._kernel = kernel
        self._table = LossTable(profit=table.profit.copy())
        self._slots = AccountSlots(
            positions.offsets, {"row": positions.row, "quantity": positions.quantity}
        )
        self._holders = Holders(positions.offsets, positions.row, table.profit.shape[0])

    @property
    def positions(self) -> AccountPositions:
        """All accounts' positions as they stand."""
        offsets, slots = self._slots.gather(np.arange(len(self._slots)))
        columns = self._slots.columns
        return AccountPositions(
            offsets=offsets, row=columns["row"][slots], quantity=columns["quantity"][slots]
        )

    @property
    def table(self) -> LossTable:
        """A copy of the table as it stands."""
        return LossTable(profit=self._table.profit.copy())

    def on_rows(self, rows: ArrayLike, profit: ArrayLike) -> IntArray:
        """Replace rows of the table, and re-margin their holders.

        Parameters
        ----------
        rows : (K,) array_like of int
        profit : (K, S) array_like
            Profit of one long contract, finite.

        Returns
        -------
        (H,) int64
            Accounts re-margined, ascending.

        Raises
        ------
        UsageError
            For rows the table does not have and profits that are none; nothing has changed then.
        """
        at = np.asarray(rows, dtype=np.int64).reshape(-1)
        new = LossTable(profit=np.array(profit, dtype=self._table.profit.dtype, ndmin=2)).profit
        count, scenarios = self._table.profit.shape
        if new.shape != (at.size, scenarios):
            raise UsageError(
                f"must have the shape {(at.size, scenarios)}", found=new.shape, field="profit"
            )
        if at.size and not (int(at.min()) >= 0 and int(at.max()) < count):
            raise UsageError(f"must lie in 0 to {count - 1}", found=at.tolist(), field="rows")
        self._table.profit[at] = new
        accounts = self._holders.of(at.tolist())
        self._remargin(accounts)
        return accounts

    def on_fill(self, account: int, row: int, quantity: float) -> float:
        """Add contracts to an account's position, and return its worst loss then.

        Raises
        ------
        UsageError
            For an account or row there is not, and a quantity that is not finite.
        """
        count = self._table.profit.shape[0]
        if not (0 <= account < len(self._slots) and 0 <= row < count):
            raise UsageError(
                f"must be an account and a row below {len(self._slots)} and {count}",
                found=(account, row),
                field="account, row",
            )
        if not np.isfinite(quantity):
            raise UsageError("must be finite", found=quantity, field="quantity")
        self._slots.put(account, _netted(self._slots.of(account), row, quantity))
        self._holders.add(row, account)
        self._remargin(np.array([account], dtype=np.int64))
        return float(self.loss[account])

    def _remargin(self, accounts: IntArray) -> None:
        columns = self._slots.columns
        self._kernel.update(
            accounts,
            self._slots.starts,
            self._slots.stops,
            columns["row"],
            columns["quantity"],
            self._table,
            self.loss,
            self.binding,
        )


def _netted(held: Columns, row: int, quantity: float) -> Columns:
    """Add contracts to the first position in ``row``; a position that comes to nothing goes."""
    at = np.flatnonzero(held["row"] == row)[:1]
    if not at.size:
        return {
            "row": np.append(held["row"], row),
            "quantity": np.append(held["quantity"], quantity),
        }
    held["quantity"][at] += quantity
    kept = np.ones(held["row"].size, dtype=np.bool_)
    kept[at] = held["quantity"][at] != 0.0
    return {name: column[kept] for name, column in held.items()}
