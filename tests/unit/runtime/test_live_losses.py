"""Refusals of live losses, and threads against one; the rest is in the properties."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.errors import UsageError
from plimsoll.maths import account_losses
from plimsoll.maths.account_losses import AccountPositions, LossTable
from plimsoll.runtime import LiveLosses

RNG = np.random.default_rng(3)


def live(accounts: int = 40, rows: int = 6) -> LiveLosses:
    positions = AccountPositions(
        offsets=np.arange(accounts + 1) * 3,
        row=RNG.integers(0, rows, 3 * accounts),
        quantity=RNG.normal(size=3 * accounts),
    )
    return LiveLosses(positions, LossTable.double(RNG.normal(size=(rows, 33))))


def test_wrong_use_is_refused_and_changes_nothing() -> None:
    held = live()
    before = held.loss.copy(), held.table.profit
    wrong = (
        lambda: held.on_rows([6], np.ones((1, 33))),
        lambda: held.on_rows([-1], np.ones((1, 33))),
        lambda: held.on_rows([0, 1], np.ones((1, 33))),
        lambda: held.on_rows([0], np.full((1, 33), np.nan)),
        lambda: held.on_fill(40, 0, 1.0),
        lambda: held.on_fill(0, 6, 1.0),
        lambda: held.on_fill(0, 0, np.nan),
    )
    for event in wrong:
        with pytest.raises(UsageError):
            event()
    assert np.array_equal(held.loss, before[0])
    assert np.array_equal(held.table.profit, before[1])


def test_threads_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    held = live(3_000)
    profit = RNG.normal(size=(6, 33))
    held.on_rows(range(6), profit)
    alone = held.loss.copy(), held.binding.copy()
    held.on_rows(range(6), -profit)
    monkeypatch.setattr(account_losses, "_PARALLEL_UPDATES", 0)
    held.on_rows(range(6), profit)
    assert np.array_equal(held.loss, alone[0])
    assert np.array_equal(held.binding, alone[1])
