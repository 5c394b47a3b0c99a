"""Tail measures of accounts against `plimsoll.measures`, account by account, and dense numpy."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.errors import ParameterError, UsageError
from plimsoll.maths import account_losses
from plimsoll.maths.account_losses import AccountPositions, LossTable
from plimsoll.maths.tail_losses import (
    expected_shortfall_weights,
    stacked_weights,
    tail_loss,
    tail_losses,
    value_at_risk_weights,
)
from plimsoll.maths.unit_losses import (
    ProfitRows,
    UnitExposures,
    UnitTails,
    no_fills,
    unit_tails,
)
from plimsoll.maths.weighted_tails import EXPECTED_SHORTFALL
from plimsoll.measures.empirical import expected_shortfall, value_at_risk
from plimsoll.measures.spectral import spectral, spectral_weights
from plimsoll.measures.spectrum import exponential_spectrum

RNG = np.random.default_rng(11)
SCENARIOS = [1, 2, 5, 33, 96, 97, 100, 128, 129, 250, 500, 1_000, 3_000]


def accounts(count: int, rows: int) -> AccountPositions:
    sizes = RNG.integers(0, 20, count)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    size = int(offsets[-1])
    return AccountPositions(
        offsets=offsets, row=RNG.integers(0, rows, size), quantity=RNG.normal(size=size)
    )


def losses_of(positions: AccountPositions, profit: np.ndarray, account: int) -> np.ndarray:
    first, last = positions.offsets[account : account + 2]
    held: np.ndarray = -(positions.quantity[first:last] @ profit[positions.row[first:last]])
    return held


@pytest.mark.parametrize("scenarios", SCENARIOS)
def test_measures_are_those_of_measures(scenarios: int) -> None:
    profit, positions = RNG.normal(size=(40, scenarios)), accounts(30, 40)
    spectrum = exponential_spectrum(25.0)
    weights = stacked_weights(
        [
            value_at_risk_weights(scenarios, 0.99),
            expected_shortfall_weights(scenarios, 0.975),
            spectral_weights(np.ones(scenarios), spectrum)[::-1],
        ]
    )
    found = tail_losses(positions, LossTable.double(profit), weights)
    plain = tail_losses(positions, LossTable.double(profit), stacked_weights(weights[:2]))
    assert np.array_equal(plain, found[:, :2])  # by selection, and by sorting for the spectrum
    for a in range(len(positions)):
        losses = losses_of(positions, profit, a)
        expected = [
            value_at_risk(losses, 0.99).value,
            expected_shortfall(losses, 0.975).value,
            spectral(losses, spectrum).value,
        ]
        # A few roundings of sums of up to 20 products of size 1, and of weights of sum 1.
        assert found[a] == pytest.approx(expected, abs=2e-13)


@pytest.mark.parametrize("shape", ["ties", "all equal", "outliers", "two values", "sorted"])
def test_awkward_distributions(shape: str) -> None:
    scenarios = 1_000
    values = {
        "ties": RNG.integers(-3, 4, scenarios).astype(float),
        "all equal": np.full(scenarios, -2.0),
        "outliers": np.where(np.arange(scenarios) < 3, -1e15, RNG.normal(size=scenarios)),
        "two values": np.where(np.arange(scenarios) % 50 == 0, -1.0, 1.0),
        "sorted": np.sort(RNG.normal(size=scenarios)),
    }[shape]
    positions = AccountPositions(
        offsets=np.array([0, 1]), row=np.zeros(1, dtype=np.int64), quantity=np.ones(1)
    )
    weights = np.eye(26)  # every one of the 26 worst losses by itself
    found = tail_losses(positions, LossTable.double(values[None, :]), weights)[0]
    assert np.array_equal(found, np.sort(-values)[::-1][:26])


@pytest.mark.parametrize("count", [1, 5, 25, 26, 51, 60, 199, 200, 201, 600, 1_000])
def test_any_number_of_worst_losses(count: int) -> None:
    profit, positions = RNG.normal(size=(9, 1_000)), accounts(20, 9)
    weights = np.zeros((1, count))
    weights[0, -1] = 1.0
    found = tail_losses(positions, LossTable.double(profit), weights)[:, 0]
    expected = [np.sort(losses_of(positions, profit, a))[-count] for a in range(len(positions))]
    assert found == pytest.approx(np.array(expected), abs=1e-13)


def test_threads_and_single_calls_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_losses, "_PARALLEL_PRODUCTS", 0)
    profit = RNG.normal(size=(60, 500))
    positions = accounts(2_500, 60)
    weights = stacked_weights([value_at_risk_weights(500, 0.99)])
    for table in (LossTable.double(profit), LossTable.single(profit)):
        found = tail_losses(positions, table, weights)
        for a in range(0, 2_500, 101):
            first, last = positions.offsets[a : a + 2]
            row, quantity = positions.row[first:last].copy(), positions.quantity[first:last].copy()
            assert np.array_equal(tail_loss(row, quantity, table, weights), found[a])


def test_the_order_of_scenarios_does_not_matter_to_the_bit() -> None:
    profit, positions = RNG.normal(size=(30, 700)), accounts(40, 30)
    weights = stacked_weights([expected_shortfall_weights(700, 0.975)])
    shuffled = profit[:, RNG.permutation(700)]
    first = tail_losses(positions, LossTable.double(profit), weights)
    assert np.array_equal(first, tail_losses(positions, LossTable.double(shuffled), weights))


def test_a_quantity_without_number_spoils_its_account_only() -> None:
    profit, positions = RNG.normal(size=(5, 200)), accounts(4, 5)
    positions = AccountPositions(
        offsets=np.array([0, 2, 4]), row=np.array([0, 1, 2, 3]), quantity=np.ones(4)
    )
    positions.quantity[0] = np.nan
    weights = stacked_weights([value_at_risk_weights(200, 0.99)])
    for table in (LossTable.double(profit), LossTable.single(profit)):
        found = tail_losses(positions, table, weights)
        assert np.isnan(found[0, 0])
        assert np.isfinite(found[1, 0])


def test_repetitions_are_whole_weights() -> None:
    """Of the two searches for a tail each is the other's peer: they share the sums only."""
    profit, positions = RNG.normal(size=(20, 50)), accounts(25, 20)
    times = RNG.integers(0, 4, 50)
    repeated = LossTable.double(np.repeat(profit, times, axis=1))
    weights = stacked_weights([expected_shortfall_weights(int(times.sum()), 0.9)])
    out = UnitTails(np.empty((25, 2)), np.empty((25, 2), dtype=np.int64))
    unit_tails(
        EXPECTED_SHORTFALL,
        np.array([0.9, 0.9]),
        UnitExposures(positions.offsets, positions.row, positions.quantity, np.zeros((25, 0))),
        no_fills(25),
        ProfitRows(profit, np.zeros((0, 50)), times.astype(np.float64)),
        out,
    )
    found = tail_losses(positions, repeated, weights)[:, 0]
    assert found == pytest.approx(out.value[:, 0], abs=1e-12)


def test_wrong_use_is_refused() -> None:
    table, positions = LossTable.double(np.ones((2, 3))), accounts(2, 2)
    with pytest.raises(ParameterError):
        value_at_risk_weights(100, 99.0)
    with pytest.raises(UsageError):
        expected_shortfall_weights(0, 0.99)
    with pytest.raises(UsageError):
        stacked_weights([])
    with pytest.raises(UsageError):
        stacked_weights([[0.0]])
    with pytest.raises(UsageError):
        tail_losses(positions, table, np.ones((1, 4)))
    for row in ([2], [-1]):
        with pytest.raises(UsageError):
            tail_loss(np.array(row), np.ones(1), table, np.ones((1, 1)))
    with pytest.raises(UsageError):
        tail_loss(np.array([0]), np.ones(1), table, np.ones((1, 4)))
