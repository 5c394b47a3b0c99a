"""Losses of many accounts under a table of scenarios: the bare fused kernel and its seam.

The profit of account ``a`` under scenario ``s`` is ``sum of quantity_p table[row_p, s]`` over its
positions, added from left to right; its worst loss is the largest of ``-profit``. Accounts x
scenarios are never held. Models that treat groups of positions apart take
`plimsoll.maths.grouped_losses`; tail measures are in `plimsoll.maths.tail_losses`.

A float64 table gives the numbers to publish. A float32 table (`LossTable.single`) serves screens:
its losses are within 1e-6 of the account's gross scenario profit ``sum of |quantity table|``, since
accounts of more than 12 positions, or of quantities near the end of its range, are summed in
float64.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError
from plimsoll.maths import account_losses_kernels as kernels
from plimsoll.maths import tail_losses_kernels as tail_kernels

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]

_PARALLEL_PRODUCTS = (
    15_000_000  # a few ms of work by one thread: busy cores cost less than they give
)
_PARALLEL_UPDATES = 30_000  # accounts; below it a tick's latency gains nothing from threads


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AccountPositions:
    """A accounts with P positions in all, as kernels take them; checked once, then trusted.

    Parameters
    ----------
    offsets : (A + 1,) int64
        Positions of account ``a`` are the rows ``offsets[a]`` to ``offsets[a + 1] - 1``.
    row : (P,) int64
        Row of the table.
    quantity : (P,) float64
        Signed contracts. A quantity that is NaN or beyond 1e150 leaves its account without a
        number: loss NaN, scenario -1.
    highest_row : int
        Found; -1 without positions.

    Raises
    ------
    UsageError
        For other shapes or types, offsets that fall, and negative rows.
    """

    offsets: Codes
    row: Codes
    quantity: Vector
    highest_row: int = field(init=False)

    def __post_init__(self) -> None:
        wanted = {"offsets": np.int64, "row": np.int64, "quantity": np.float64}
        for name, dtype in wanted.items():
            column = getattr(self, name)
            if column.ndim != 1 or column.dtype != dtype or not column.flags.c_contiguous:
                raise UsageError(
                    f"must be a contiguous vector of {dtype.__name__}",
                    found=f"{column.shape} {column.dtype}",
                    field=name,
                )
        ends = self.offsets[[0, -1]].tolist() if self.offsets.size else []
        if ends != [0, self.row.size] or bool(np.any(np.diff(self.offsets) < 0)):
            raise UsageError(
                f"must rise from 0 to the number of positions ({self.row.size})",
                found=ends,
                field="offsets",
            )
        if self.quantity.shape != self.row.shape:
            raise UsageError(
                f"must be one per position ({self.row.size})",
                found=self.quantity.size,
                field="quantity",
            )
        if self.row.size and int(self.row.min()) < 0:
            raise UsageError("must not be negative", found=int(self.row.min()), field="row")
        object.__setattr__(self, "highest_row", int(self.row.max(initial=-1)))

    def __len__(self) -> int:
        return int(self.offsets.size - 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LossTable:
    """Profit of one long contract of N rows under S scenarios, in float64 or float32.

    Parameters
    ----------
    profit : (N, S) float64 or float32
        Contiguous; finite, and not beyond 1e150 (1e12 in float32).

    Raises
    ------
    UsageError
    """

    profit: Matrix

    def __post_init__(self) -> None:
        profit = self.profit
        single = profit.dtype == np.float32
        if profit.ndim != 2 or profit.shape[1] == 0 or not (single or profit.dtype == np.float64):
            raise UsageError(
                "must be (rows, scenarios) of float64 or float32, with a scenario",
                found=f"{profit.shape} {profit.dtype}",
                field="profit",
            )
        if not profit.flags.c_contiguous:
            raise UsageError("must be contiguous", found="strides", field="profit")
        most = kernels.MOST_ENTRY_SINGLE if single else kernels.MOST_ENTRY
        usable = np.abs(profit) <= most
        if not bool(usable.all()):
            row = int(np.argmin(usable.all(axis=1)))
            raise UsageError(
                f"must be finite and within {most:g}",
                found="another value",
                field="profit",
                row=row,
                remedy="give markets without a number a reason, and leave their positions out",
            )

    @classmethod
    def double(cls, profit: ArrayLike) -> LossTable:
        """Copy into float64: what is published comes from this."""
        return cls(profit=np.array(profit, dtype=np.float64, order="C"))

    @classmethod
    def single(cls, profit: ArrayLike) -> LossTable:
        """Copy into float32: half the memory traffic, for screens."""
        with np.errstate(over="ignore"):
            return cls(profit=np.array(profit, dtype=np.float32, order="C"))

    @property
    def scenarios(self) -> int:
        """Number of scenarios."""
        return int(self.profit.shape[1])


class LossKernel(Protocol):
    """What computes losses: the seam where a native kernel may be dropped in.

    Arguments are checked when they arrive. Results must not depend on the number of threads, and
    sums must be formed from left to right in the type that `account_losses` promises.
    """

    def worst(self, positions: AccountPositions, table: LossTable) -> tuple[Vector, Codes]:
        """Return the largest loss (A,) of every account and its scenario, the first of equals."""
        ...

    def tail(self, positions: AccountPositions, table: LossTable, weights: Matrix) -> Matrix:
        """Return (A, M) the ordered losses of every account, worst first, times ``weights``."""
        ...

    def update(
        self,
        accounts: Codes,
        starts: Codes,
        stops: Codes,
        row: Codes,
        quantity: Vector,
        table: LossTable,
        loss: Vector,
        binding: Codes,
    ) -> None:
        """Fill ``loss`` and ``binding`` (A,) of ``accounts`` and of no other.

        The positions of account ``a`` are the rows ``starts[a]`` to ``stops[a] - 1``.
        """
        ...


class NumbaKernel:
    """Kernels compiled by numba; threads where there is more than about 1 ms of work."""

    def worst(self, positions: AccountPositions, table: LossTable) -> tuple[Vector, Codes]:
        """See `LossKernel.worst`."""
        count = len(positions)
        loss, binding = np.empty(count), np.empty(count, dtype=np.int64)
        columns = positions.offsets, positions.row, positions.quantity, table.profit
        if positions.row.size * table.scenarios < _PARALLEL_PRODUCTS:
            kernels.worst_of_chunk(0, count, *columns, loss, binding)
        else:
            kernels.worst_of_chunks(*columns, loss, binding)
        return loss, binding

    def tail(self, positions: AccountPositions, table: LossTable, weights: Matrix) -> Matrix:
        """See `LossKernel.tail`."""
        count = len(positions)
        out = np.empty((count, weights.shape[0]))
        columns = positions.offsets, positions.row, positions.quantity, table.profit
        if positions.row.size * table.scenarios < _PARALLEL_PRODUCTS:
            tail_kernels.tail_of_chunk(0, count, *columns, weights, out)
        else:
            tail_kernels.tail_of_chunks(*columns, weights, out)
        return out

    def update(
        self,
        accounts: Codes,
        starts: Codes,
        stops: Codes,
        row: Codes,
        quantity: Vector,
        table: LossTable,
        loss: Vector,
        binding: Codes,
    ) -> None:
        """See `LossKernel.update`; one thread up to some ten thousand accounts."""
        columns = accounts, starts, stops, row, quantity, table.profit, loss, binding
        if accounts.size < _PARALLEL_UPDATES:
            kernels.worst_of_picked(0, accounts.size, *columns)
        else:
            kernels.worst_of_picked_chunks(*columns)


NUMBA = NumbaKernel()


def worst_losses(
    positions: AccountPositions, table: LossTable, *, kernel: LossKernel = NUMBA
) -> tuple[Vector, Codes]:
    """Largest loss of every account over the scenarios.

    Parameters
    ----------
    positions : AccountPositions
    table : LossTable
    kernel : LossKernel, optional

    Returns
    -------
    loss : (A,) float64
        Positive = loss; negative for an account that gains under every scenario; 0 for one
        without positions; NaN without usable quantities.
    binding : (A,) int64
        Its scenario, the first of equals; -1 where the loss is NaN.

    Raises
    ------
    UsageError
        For a row the table does not have.

    Examples
    --------
    >>> positions = AccountPositions(
    ...     offsets=np.array([0, 2, 3]),
    ...     row=np.array([0, 1, 1]),
    ...     quantity=np.array([1.0, -2.0, 3.0]),
    ... )
    >>> table = LossTable.double([[5.0, -10.0], [-1.0, -6.0]])
    >>> loss, binding = worst_losses(positions, table)
    >>> loss.tolist(), binding.tolist()
    ([-2.0, 18.0], [1, 1])
    """
    check_rows(positions, table)
    return kernel.worst(positions, table)


def worst_loss(row: Codes, quantity: Vector, table: LossTable) -> tuple[float, int]:
    """Largest loss of one account and its scenario: `worst_losses` with the least overhead.

    Raises
    ------
    UsageError
        For a row the table does not have.
    """
    loss, binding = kernels.worst_of_one(row, quantity, table.profit)
    if binding == kernels.NO_SUCH_ROW:
        raise UsageError(
            f"must lie in 0 to {table.profit.shape[0] - 1}, one per quantity",
            found=row.tolist(),
            field="row",
        )
    return loss, binding


def check_rows(positions: AccountPositions, table: LossTable) -> None:
    """Refuse positions in rows that the table does not have.

    Raises
    ------
    UsageError
    """
    if positions.highest_row >= table.profit.shape[0]:
        raise UsageError(
            f"must lie in 0 to {table.profit.shape[0] - 1}",
            found=positions.highest_row,
            field="row",
        )
