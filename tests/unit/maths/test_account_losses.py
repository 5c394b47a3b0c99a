"""Worst losses of accounts against dense numpy, by hand, and at the ends of their ranges."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.errors import UsageError
from plimsoll.maths import account_losses
from plimsoll.maths.account_losses import (
    AccountPositions,
    LossKernel,
    LossTable,
    worst_loss,
    worst_losses,
)

RNG = np.random.default_rng(7)


def accounts(sizes: list[int], rows: int) -> AccountPositions:
    offsets = np.cumsum([0, *sizes], dtype=np.int64)
    count = int(offsets[-1])
    return AccountPositions(
        offsets=offsets, row=RNG.integers(0, rows, count), quantity=RNG.normal(size=count)
    )


def dense(positions: AccountPositions, profit: np.ndarray) -> np.ndarray:
    """(A, S) profits by a loop over accounts: what the kernels never hold."""
    return np.array(
        [
            positions.quantity[first:last] @ profit[positions.row[first:last]]
            for first, last in zip(positions.offsets[:-1], positions.offsets[1:], strict=True)
        ]
    )


def gross(positions: AccountPositions, profit: np.ndarray) -> np.ndarray:
    """(A,) largest over scenarios of the sum of absolute profits."""
    sums = [
        (np.abs(positions.quantity[a:b]) @ np.abs(profit[positions.row[a:b]])).max()
        for a, b in zip(positions.offsets[:-1], positions.offsets[1:], strict=True)
    ]
    return np.array(sums)


@pytest.mark.parametrize("scenarios", [1, 2, 16, 33, 63, 64, 255, 256, 257, 300, 1_000])
def test_float64_is_the_dense_minimum(scenarios: int) -> None:
    profit = RNG.normal(size=(50, scenarios))
    positions = accounts([0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 40], 50)
    loss, binding = worst_losses(positions, LossTable.double(profit))
    expected = dense(positions, profit)
    # Sums of the same products in another order: a few roundings of the gross.
    assert np.all(np.abs(loss + expected.min(axis=1)) <= 1e-14 * gross(positions, profit))
    assert np.array_equal(binding[1:], expected[1:].argmin(axis=1))
    assert (loss[0], binding[0]) == (0.0, 0)


def test_first_of_equal_scenarios_binds() -> None:
    profit = np.zeros((1, 400))
    profit[0, [70, 71, 350]] = -2.0
    positions = AccountPositions(
        offsets=np.array([0, 1]), row=np.zeros(1, dtype=np.int64), quantity=np.ones(1)
    )
    loss, binding = worst_losses(positions, LossTable.double(profit))
    assert (loss[0], binding[0]) == (2.0, 70)


def test_threads_and_single_calls_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_losses, "_PARALLEL_PRODUCTS", 0)
    profit = RNG.normal(size=(300, 33))
    positions = accounts(RNG.integers(0, 30, 5_000).tolist(), 300)
    for table in (LossTable.double(profit), LossTable.single(profit)):
        loss, binding = worst_losses(positions, table)
        for a in range(0, 5_000, 997):
            first, last = positions.offsets[a : a + 2]
            alone = worst_loss(
                positions.row[first:last].copy(), positions.quantity[first:last].copy(), table
            )
            assert alone == (loss[a], binding[a])


def test_a_quantity_without_number_spoils_its_account_only() -> None:
    profit = RNG.normal(size=(5, 33))
    positions = accounts([3, 3, 3, 3], 5)
    positions.quantity[4], positions.quantity[7] = np.nan, 1e200
    for table in (LossTable.double(profit), LossTable.single(profit)):
        loss, binding = worst_losses(positions, table)
        assert np.isnan(loss[[1, 2]]).all()
        assert binding[[1, 2]].tolist() == [-1, -1]
        assert np.all(np.abs(loss[[0, 3]] + dense(positions, profit).min(axis=1)[[0, 3]]) < 1e-5)


def test_float32_sums_what_it_cannot_hold_in_float64() -> None:
    """1e30 contracts times 1e10 leave the range of float32, and cancel here."""
    profit = np.array([[1e10, -1e10], [1e10, -1e10], [1.0, 2.0]], dtype=np.float32)
    positions = AccountPositions(
        offsets=np.array([0, 3]),
        row=np.array([0, 1, 2]),
        quantity=np.array([1e30, -1e30, -3.0]),
    )
    loss, binding = worst_losses(positions, LossTable.single(profit))
    assert (loss[0], binding[0]) == (6.0, 1)


def test_a_kernel_may_be_dropped_in() -> None:
    class Dense:
        def worst(
            self, positions: AccountPositions, table: LossTable
        ) -> tuple[np.ndarray, np.ndarray]:
            sums = dense(positions, np.asarray(table.profit, dtype=np.float64))
            return -sums.min(axis=1), sums.argmin(axis=1)

        def tail(
            self, positions: AccountPositions, table: LossTable, weights: np.ndarray
        ) -> np.ndarray:
            ordered = np.sort(-dense(positions, table.profit), axis=1)[:, ::-1]
            return ordered[:, : weights.shape[1]] @ weights.T

        def update(self, *columns: np.ndarray) -> None:
            raise NotImplementedError

    kernel: LossKernel = Dense()
    table, positions = LossTable.double(RNG.normal(size=(20, 33))), accounts([5] * 40, 20)
    assert worst_losses(positions, table, kernel=kernel)[0] == pytest.approx(
        worst_losses(positions, table)[0], rel=1e-13
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"offsets": np.array([0, 2, 1, 3])}, "offsets"),
        ({"offsets": np.array([0, 2])}, "offsets"),
        ({"offsets": np.array([1, 3])}, "offsets"),
        ({"offsets": np.array([], dtype=np.int64)}, "offsets"),
        ({"row": np.array([0, -1, 1])}, "row"),
        ({"row": np.array([0, 1, 1], dtype=np.int32)}, "row"),
        ({"quantity": np.ones(2)}, "quantity"),
        ({"quantity": np.ones(6)[::2]}, "quantity"),
    ],
)
def test_positions_that_cannot_be_are_refused(change: dict[str, np.ndarray], field: str) -> None:
    good = {"offsets": np.array([0, 1, 3]), "row": np.array([0, 1, 1]), "quantity": np.ones(3)}
    with pytest.raises(UsageError) as refused:
        AccountPositions(**(good | change))
    assert refused.value.field == field


def test_tables_that_cannot_be_are_refused() -> None:
    for wrong in ([[np.nan]], [[np.inf]], [1.0], np.zeros((2, 0))):
        with pytest.raises(UsageError):
            LossTable.double(wrong)
    with pytest.raises(UsageError, match="1e\\+12"):
        LossTable.single([[1.0], [1e13]])
    with pytest.raises(UsageError):
        LossTable(profit=np.ones((3, 2)).T)


def test_rows_beyond_the_table_are_refused() -> None:
    table = LossTable.double(np.ones((2, 3)))
    positions = AccountPositions(
        offsets=np.array([0, 1]), row=np.array([2]), quantity=np.array([1.0])
    )
    with pytest.raises(UsageError):
        worst_losses(positions, table)
    for row, quantity in (([2], [1.0]), ([-1], [1.0]), ([0, 1], [1.0])):
        with pytest.raises(UsageError):
            worst_loss(np.array(row), np.array(quantity), table)
