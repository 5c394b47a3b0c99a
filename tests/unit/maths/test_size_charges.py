"""Charges by size against their formulas in plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest

from plimsoll.errors import UsageError
from plimsoll.maths import size_charges as module
from plimsoll.maths.account_losses import AccountPositions
from plimsoll.maths.size_charges import (
    SizeCharges,
    SizeTerms,
    concentration_terms,
    size_charges,
    tier_terms,
)

RNG = np.random.default_rng(9)
TERMS = SizeTerms(
    np.array([10.0, 2.0, 0.5]),
    np.array([30.0, math.inf, 1.0]),
    np.array([0.05, 0.1, 0.2]),
    np.array([0, 2, 3, 5]),
    np.array([20.0, math.inf, 100.0, 1.0, math.inf]),
    np.array([0.01, 0.03, 0.02, 0.1, 0.5]),
    np.array([0.0, 0.4, 0.0, 0.0, 0.4]),
)


def accounts(count: int) -> AccountPositions:
    sizes = RNG.integers(0, 9, count)
    total = int(sizes.sum())
    return AccountPositions(
        offsets=np.cumsum([0, *sizes], dtype=np.int64),
        row=RNG.integers(0, 3, total),
        quantity=RNG.normal(size=total) * 3.0,
    )


def by_hand(
    positions: AccountPositions, linked: np.ndarray, account: int, terms: SizeTerms = TERMS
) -> tuple[float, float]:
    tiers = concentration = 0.0
    for p in range(positions.offsets[account], positions.offsets[account + 1]):
        n = positions.row[p]
        size = abs(positions.quantity[p]) * terms.notional[n]
        whole = (abs(positions.quantity[p]) + linked[p]) * terms.notional[n]
        rows = range(terms.tier_offsets[n], terms.tier_offsets[n + 1])
        i = next(row for row in rows if whole <= terms.cap[row])
        tiers += size * terms.rate[i] - terms.deduction[i] * size / whole
        root = max(1.0, math.sqrt(whole / terms.threshold[n]))
        concentration += terms.base_rate[n] * size * (root - 1.0)
    return tiers, concentration


@pytest.mark.parametrize("others", [False, True])
def test_charges_are_the_formulas(others: bool) -> None:
    positions = accounts(60)
    linked = RNG.exponential(3.0, positions.row.size) * others
    found = size_charges(positions, TERMS, linked=linked if others else None)
    expected = np.array([by_hand(positions, linked, a) for a in range(60)])
    # The same sums in the same order; a share, and a root times a product, may round once more.
    assert found.tiers == pytest.approx(expected[:, 0], rel=1e-14)
    assert found.concentration == pytest.approx(expected[:, 1], rel=1e-14, abs=1e-14)


def test_linked_contracts_of_nothing_change_no_bit() -> None:
    positions = accounts(200)
    none = size_charges(positions, TERMS, linked=np.zeros(positions.row.size))
    for one, other in zip(size_charges(positions, TERMS), none, strict=True):
        assert np.array_equal(one, other)


def test_either_charge_may_be_asked_for_alone() -> None:
    positions = accounts(100)
    both = size_charges(positions, TERMS)
    tiers = size_charges(positions, tier_terms(TERMS.notional, *TERMS[3:]))
    concentration = size_charges(positions, concentration_terms(*TERMS[:3]))
    assert np.array_equal(tiers.tiers, both.tiers)
    assert np.array_equal(concentration.concentration, both.concentration)
    assert not tiers.concentration.any()
    assert not concentration.tiers.any()


def test_a_market_of_no_threshold_takes_nothing_unless_it_is_free() -> None:
    held = AccountPositions(
        offsets=np.array([0, 1, 2, 3]), row=np.array([0, 1, 0]), quantity=np.array([1.0, 1.0, 0.0])
    )
    terms = concentration_terms(np.ones(2), np.zeros(2), np.array([0.1, 0.0]))
    assert size_charges(held, terms).concentration.tolist() == [math.inf, 0.0, 0.0]


def test_a_position_without_number_spoils_its_account_only() -> None:
    positions = AccountPositions(
        offsets=np.array([0, 1, 2, 3]),
        row=np.array([0, 1, 0]),
        quantity=np.array([np.nan, 1_000.0, 1.0]),  # the second lies beyond its last tier
    )
    for column in size_charges(positions, TERMS):
        assert np.isnan(column).tolist() == [True, True, False]


def test_threads_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    positions, found = accounts(3_000), []
    for threshold in (0, 10**9):
        monkeypatch.setattr(module, "_PARALLEL_POSITIONS", threshold)
        found.append(size_charges(positions, TERMS))
    assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))


def test_results_may_go_where_the_caller_says() -> None:
    positions = accounts(7)
    out = SizeCharges(np.empty(7), np.empty(7))
    assert size_charges(positions, TERMS, out=out) is out
    fresh = size_charges(positions, TERMS)
    assert all(np.array_equal(a, b) for a, b in zip(out, fresh, strict=True))


def test_wrong_use_is_refused() -> None:
    positions = accounts(5)
    with pytest.raises(UsageError):
        size_charges(positions, TERMS, out=SizeCharges(np.empty(5), np.empty(4)))
    with pytest.raises(UsageError):
        size_charges(positions, TERMS, linked=np.zeros(positions.row.size + 1))
    beyond = AccountPositions(offsets=np.array([0, 1]), row=np.array([3]), quantity=np.ones(1))
    with pytest.raises(UsageError):
        size_charges(beyond, TERMS)
    with pytest.raises(UsageError):
        size_charges(positions, TERMS._replace(tier_offsets=np.array([0, 0, 3, 5])))
    with pytest.raises(UsageError, match="must be 0 in first tiers"):
        size_charges(positions, TERMS._replace(deduction=np.ones(5)))
