"""Properties of the loss kernels: float32 within its bound, no order matters, coherence."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.maths.account_losses import AccountPositions, LossTable, worst_losses
from plimsoll.maths.tail_losses import (
    expected_shortfall_weights,
    stacked_weights,
    tail_losses,
    value_at_risk_weights,
)

BOUND = 1e-6  # of the gross scenario profit: what a float32 table promises


@st.composite
def books(draw: st.DrawFn) -> tuple[AccountPositions, np.ndarray]:
    """Accounts of 0 to 60 positions; sizes and profits over up to thirty orders of magnitude."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, scenarios = draw(st.integers(1, 30)), draw(st.sampled_from([1, 7, 33, 150, 300]))
    sizes = draw(st.lists(st.integers(0, 60), min_size=1, max_size=12))
    spread = draw(st.sampled_from([0.0, 1.0, 5.0, 15.0]))
    offsets = np.cumsum([0, *sizes], dtype=np.int64)
    count = int(offsets[-1])
    quantity = rng.normal(size=count) * 10.0 ** rng.uniform(-spread, spread, count)
    scale = 10.0 ** rng.uniform(-min(spread, 5.0), min(spread, 5.0), (rows, 1))
    profit = rng.normal(size=(rows, scenarios)) * scale
    return AccountPositions(
        offsets=offsets, row=rng.integers(0, rows, count), quantity=quantity
    ), profit


def sums(positions: AccountPositions, profit: np.ndarray) -> np.ndarray:
    edges = zip(positions.offsets[:-1], positions.offsets[1:], strict=True)
    return np.array([positions.quantity[a:b] @ profit[positions.row[a:b]] for a, b in edges])


def gross_of(positions: AccountPositions, profit: np.ndarray) -> np.ndarray:
    whole = AccountPositions(
        offsets=positions.offsets, row=positions.row, quantity=np.abs(positions.quantity)
    )
    held: np.ndarray = sums(whole, np.abs(profit)).max(axis=1)
    return held


@settings(max_examples=60, deadline=None)
@given(books())
def test_float32_is_within_its_bound_of_the_gross(
    book: tuple[AccountPositions, np.ndarray],
) -> None:
    positions, profit = book
    exact, _ = worst_losses(positions, LossTable.double(profit))
    screened, binding = worst_losses(positions, LossTable.single(profit))
    gross = gross_of(positions, profit)
    assert np.all(np.abs(screened - exact) <= BOUND * gross)
    # The scenario a screen names is as bad as the worst, within twice that bound.
    named = -sums(positions, profit)[np.arange(len(positions)), binding]
    assert np.all(exact - named <= 2.0 * BOUND * gross + 1e-12 * gross)
    tails = stacked_weights([expected_shortfall_weights(profit.shape[1], 0.97)])
    gap = tail_losses(positions, LossTable.single(profit), tails) - tail_losses(
        positions, LossTable.double(profit), tails
    )
    assert np.all(np.abs(gap[:, 0]) <= BOUND * gross)


@settings(max_examples=40, deadline=None)
@given(books(), st.integers(0, 2**32 - 1))
def test_the_order_of_accounts_does_not_matter_to_the_bit(
    book: tuple[AccountPositions, np.ndarray], seed: int
) -> None:
    positions, profit = book
    order = np.random.default_rng(seed).permutation(len(positions))
    pieces = [np.arange(*positions.offsets[a : a + 2]) for a in order]
    picked = np.concatenate(pieces).astype(np.int64)
    moved = AccountPositions(
        offsets=np.cumsum([0, *(p.size for p in pieces)], dtype=np.int64),
        row=positions.row[picked],
        quantity=positions.quantity[picked],
    )
    for table in (LossTable.double(profit), LossTable.single(profit)):
        assert np.array_equal(
            worst_losses(moved, table)[0], worst_losses(positions, table)[0][order]
        )


@settings(max_examples=40, deadline=None)
@given(books())
def test_more_scenarios_never_lower_the_worst_and_tails_are_ordered(
    book: tuple[AccountPositions, np.ndarray],
) -> None:
    positions, profit = book
    table, count = LossTable.double(profit), profit.shape[1]
    worst, _ = worst_losses(positions, table)
    fewer, _ = worst_losses(positions, LossTable.double(profit[:, : (count + 1) // 2]))
    assert np.all(worst >= fewer)
    weights = stacked_weights(
        [value_at_risk_weights(count, 0.95), expected_shortfall_weights(count, 0.95)]
    )
    var, es = tail_losses(positions, table, weights).T
    rounding = 1e-12 * gross_of(positions, profit)
    assert np.all(var <= es + rounding)
    assert np.all(es <= worst + rounding)


@settings(max_examples=40, deadline=None)
@given(books())
def test_shortfall_is_subadditive_and_positively_homogeneous(
    book: tuple[AccountPositions, np.ndarray],
) -> None:
    positions, profit = book
    table = LossTable.double(profit)
    weights = stacked_weights([expected_shortfall_weights(profit.shape[1], 0.9)])
    merged = AccountPositions(
        offsets=np.array([0, positions.row.size]), row=positions.row, quantity=positions.quantity
    )
    apart = tail_losses(positions, table, weights)[:, 0]
    together = tail_losses(merged, table, weights)[0, 0]
    gross = gross_of(positions, profit).sum()
    assert together <= apart.sum() + 1e-11 * gross
    doubled = AccountPositions(
        offsets=positions.offsets, row=positions.row, quantity=2.0 * positions.quantity
    )
    assert np.array_equal(tail_losses(doubled, table, weights)[:, 0], 2.0 * apart)
