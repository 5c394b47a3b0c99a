"""Account terms against their formulas in plain Python, and haircuts against quadrature."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from plimsoll.errors import UsageError
from plimsoll.maths import account_losses_terms
from plimsoll.maths.account_losses import AccountPositions
from plimsoll.maths.account_losses_terms import (
    AccountTerms,
    CurrencyTerms,
    MarketTerms,
    account_terms,
    counted_value,
)

RNG = np.random.default_rng(9)
MARKETS = MarketTerms(
    np.array([10.0, 2.0, 0.5]),
    np.array([30.0, math.inf, 1.0]),
    np.array([0.05, 0.1, 0.2]),
    np.array([0, 2, 3, 5]),
    np.array([20.0, math.inf, 100.0, 1.0, math.inf]),
    np.array([0.01, 0.03, 0.02, 0.1, 0.5]),
    np.array([0.0, 0.4, 0.0, 0.0, 0.4]),
)
CURRENCIES = CurrencyTerms(
    np.array([1.0, 50.0]),
    np.array([0.0, 0.1]),
    np.array([0.0, 0.002]),
    np.array([0.0, 40.0]),
    np.array([1.0, 0.5]),
)


def accounts(count: int) -> AccountPositions:
    sizes = RNG.integers(0, 9, count)
    total = int(sizes.sum())
    return AccountPositions(
        offsets=np.cumsum([0, *sizes], dtype=np.int64),
        row=RNG.integers(0, 3, total),
        quantity=RNG.normal(size=total) * 3.0,
    )


def by_hand(positions: AccountPositions, account: int) -> tuple[float, float]:
    tiers = concentration = 0.0
    for p in range(positions.offsets[account], positions.offsets[account + 1]):
        n = positions.row[p]
        size = abs(positions.quantity[p]) * MARKETS.notional[n]
        rows = range(MARKETS.tier_offsets[n], MARKETS.tier_offsets[n + 1])
        i = next(row for row in rows if size <= MARKETS.cap[row])
        tiers += size * MARKETS.rate[i] - MARKETS.deduction[i]
        root = max(1.0, math.sqrt(size / MARKETS.threshold[n]))
        concentration += MARKETS.base_rate[n] * size * (root - 1.0)
    return tiers, concentration


def test_requirements_are_the_formulas() -> None:
    positions = accounts(60)
    found = account_terms(positions, MARKETS, np.zeros((60, 2)), CURRENCIES)
    expected = np.array([by_hand(positions, a) for a in range(60)])
    # The same sums in the same order; a root times a product may round once more.
    assert found.tiers == pytest.approx(expected[:, 0], rel=1e-14)
    assert found.concentration == pytest.approx(expected[:, 1], rel=1e-14, abs=1e-14)
    assert not found.collateral.any()


@pytest.mark.parametrize("value", [0.0, 10.0, 40.0, 41.0, 100.0, 239.0, 240.0, 1_000.0])
@pytest.mark.parametrize(("slope", "largest"), [(0.002, 0.5), (0.0, 0.1), (0.0, 1.0), (0.01, 0.1)])
def test_haircuts_are_the_integral_of_the_marginal_one(
    value: float, slope: float, largest: float
) -> None:
    def marginal(x: float) -> float:
        return min(largest, 0.1 + slope * max(0.0, x - 40.0))

    kinks = [x for x in (40.0, 240.0) if x < value]
    haircut, _ = quad(marginal, 0.0, value, points=kinks or None, epsabs=1e-12)
    found = counted_value(value, 0.1, slope, 40.0, largest)
    assert found == pytest.approx(value - haircut, rel=1e-11, abs=1e-11)


def test_collateral_is_summed_and_debts_count_in_full() -> None:
    positions = AccountPositions(
        offsets=np.zeros(4, dtype=np.int64), row=np.empty(0, dtype=np.int64), quantity=np.empty(0)
    )
    held = np.array([[7.0, 0.0], [-7.0, 0.8], [3.0, -2.0]])
    found = account_terms(positions, MARKETS, held, CURRENCIES).collateral
    # 0.8 coins at 50 are 40, of which a tenth is cut.
    assert found.tolist() == pytest.approx([7.0, -7.0 + 36.0, 3.0 - 100.0], rel=1e-14)


def test_a_position_without_number_spoils_its_account_only() -> None:
    positions = AccountPositions(
        offsets=np.array([0, 1, 2, 3]),
        row=np.array([0, 1, 0]),
        quantity=np.array([np.nan, 1_000.0, 1.0]),  # the second lies beyond its last tier
    )
    found = account_terms(positions, MARKETS, np.ones((3, 2)), CURRENCIES)
    for column in (found.tiers, found.concentration):
        assert np.isnan(column).tolist() == [True, True, False]
    assert np.isfinite(found.collateral).all()


def test_threads_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    positions, held = accounts(3_000), RNG.normal(size=(3_000, 2)) * 10.0
    found = []
    for threshold in (0, 10**9):
        monkeypatch.setattr(account_losses_terms, "_PARALLEL_POSITIONS", threshold)
        found.append(account_terms(positions, MARKETS, held, CURRENCIES))
    assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))


def test_results_may_go_where_the_caller_says() -> None:
    positions, held = accounts(7), np.ones((7, 2))
    out = AccountTerms(np.empty(7), np.empty(7), np.empty(7))
    found = account_terms(positions, MARKETS, held, CURRENCIES, out=out)
    assert found is out
    fresh = account_terms(positions, MARKETS, held, CURRENCIES)
    assert all(np.array_equal(a, b) for a, b in zip(out, fresh, strict=True))


def test_wrong_use_is_refused() -> None:
    positions = accounts(5)
    few = AccountTerms(np.empty(5), np.empty(5), np.empty(4))
    with pytest.raises(UsageError):
        account_terms(positions, MARKETS, np.zeros((5, 2)), CURRENCIES, out=few)
    with pytest.raises(UsageError):
        account_terms(positions, MARKETS, np.zeros((5, 1)), CURRENCIES)
    with pytest.raises(UsageError):
        account_terms(
            AccountPositions(offsets=np.array([0, 1]), row=np.array([3]), quantity=np.ones(1)),
            MARKETS,
            np.zeros((1, 2)),
            CURRENCIES,
        )
    with pytest.raises(UsageError):
        account_terms(
            positions,
            MARKETS._replace(tier_offsets=np.array([0, 0, 3, 5])),
            np.zeros((5, 2)),
            CURRENCIES,
        )
