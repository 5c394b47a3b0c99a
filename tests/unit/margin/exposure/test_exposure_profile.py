"""Exposure profiles: what does not depend on chance, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.exposure import (
    CoinDynamics,
    MarginAgreement,
    NettingSet,
    Trade,
    exposure_profile,
)
from plimsoll.margin.exposure.profile import _terms
from plimsoll.margin.governed import governance
from plimsoll.maths.exposure_paths import (
    ExposurePaths,
    exposure_paths,
    exposure_paths_parallel,
)

COINS = CoinDynamics(
    coins=("BTC", "ETH"),
    spot=np.array([50_000.0, 2_500.0]),
    vol_annual=np.array([0.6, 0.8]),
    correlation=np.array([[1.0, 0.8], [0.8, 1.0]]),
)
SET = NettingSet(
    trades=(
        Trade(kind="forward", coin="BTC", quantity=-2.0, strike=48_000.0),
        Trade(
            kind="call",
            coin="ETH",
            quantity=40.0,
            strike=2_600.0,
            expiry_years=20 / 365,
            vol_annual=0.8,
        ),
        Trade(kind="forward", coin="ETH", quantity=15.0, strike=2_500.0, expiry_years=12.5 / 365),
    )
)
DAYS = np.arange(31) / 365


def agreement(**fields: float) -> MarginAgreement:
    return MarginAgreement(**{k: Decimal(str(v)) for k, v in fields.items()})


def run(terms: MarginAgreement, paths: int = 200, seed: int = 1, netted: NettingSet = SET):
    return exposure_profile(netted, COINS, terms, times_years=DAYS, paths=paths, seed=seed)


def simulated(paths: int, kernel=exposure_paths, seed: int = 3) -> ExposurePaths:
    out = ExposurePaths(np.empty((31, paths)), np.empty((31, paths)))
    terms = _terms(agreement(), COINS, DAYS)
    kernel(DAYS, seed, COINS.paths(), SET.columns(COINS.coins), terms, out)
    return out


def test_same_seed_same_bytes_and_threads_do_not_matter() -> None:
    one, two = simulated(333), simulated(333, exposure_paths_parallel)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one.value, simulated(333, seed=4).value)
    few = simulated(100)
    np.testing.assert_array_equal(few.value, one.value[:, :100])


amounts = st.integers(0, 200_000)


@settings(max_examples=30)
@given(amounts, amounts, amounts, st.sampled_from([0, 24, 72]))
def test_higher_thresholds_expose_more_and_initial_amounts_less(one, other, initial, lag):
    """On every path, since without a minimum transfer collateral falls with the threshold."""
    low, high = sorted((one, other))
    fixed = {"initial_amount_usd": initial, "margin_period_hours": lag}
    tight, loose = (run(agreement(threshold_usd=h, **fixed)) for h in (low, high))
    for a, b in zip(_numbers(tight), _numbers(loose), strict=True):
        assert np.all(a <= b + 1e-9)
    less = run(agreement(threshold_usd=low, margin_period_hours=lag, initial_amount_usd=high))
    more = run(agreement(threshold_usd=low, margin_period_hours=lag, initial_amount_usd=low))
    for a, b in zip(_numbers(less), _numbers(more), strict=True):
        assert np.all(a <= b + 1e-9)


def _numbers(profile):
    found = profile.with_collateral
    return found.expected, found.potential, found.effective, np.array(found.expected_positive)


def test_a_threshold_beyond_reach_is_no_collateral() -> None:
    found = run(agreement(threshold_usd=1_000_000_000, margin_period_hours=48))
    for name in ("expected", "potential", "effective"):
        np.testing.assert_array_equal(
            getattr(found.with_collateral, name), getattr(found.without_collateral, name)
        )


def test_a_longer_margin_period_exposes_more() -> None:
    """On average; two-way and without thresholds it is the move of the period that is left."""
    terms = [
        replace(agreement(margin_period_hours=24 * d), own_threshold_usd=Decimal(0))
        for d in (0, 1, 4, 10)
    ]
    left = [run(t, paths=4_000).with_collateral.expected_positive for t in terms]
    assert left == sorted(left)
    assert left[0] < 1e-9 < left[1] < 0.6 * left[2]


def test_coins_posted_against_a_long_position_are_wrong_way() -> None:
    """The client is long (the house is short) and posts coins: they fall when it owes."""
    client_long = NettingSet(
        trades=(Trade(kind="forward", coin="BTC", quantity=-2.0, strike=50_000.0),)
    )
    terms = agreement(threshold_usd=1_000_000_000, margin_period_hours=0)
    coins = replace(terms, initial_coins={"BTC": 0.2})
    dollars = replace(terms, initial_amount_usd=Decimal(10_000))
    left = {
        name: run(t, 4_000, netted=client_long).with_collateral.potential[1, -1]
        for name, t in (("coins", coins), ("dollars", dollars))
    }
    assert left["coins"] > left["dollars"] * 1.1


def test_the_effective_exposure_never_falls_and_the_average_is_the_time_average() -> None:
    found = run(agreement()).without_collateral
    assert np.all(np.diff(found.effective) >= 0.0)
    average = np.trapezoid(found.expected, DAYS) / DAYS[-1]
    assert found.expected_positive == pytest.approx(average, rel=1e-12)
    assert found.effective_expected_positive >= found.expected_positive


def test_cash_is_owed_whatever_happens() -> None:
    cash = NettingSet(trades=(), cash_usd=123.0)
    terms = agreement(threshold_usd=100, margin_period_hours=24)
    found = run(terms, netted=cash)
    np.testing.assert_array_equal(found.without_collateral.expected, 123.0)
    np.testing.assert_array_equal(found.with_collateral.potential, 100.0)


def test_the_table_has_a_row_per_time() -> None:
    table = run(agreement()).table()
    assert len(table.rows) == 31
    assert [c.name for c in table.columns][:4] == [
        "days",
        "expected_without",
        "potential_95_without",
        "potential_99_without",
    ]
    assert "seed 1" in table.notes[0]


@pytest.mark.parametrize("name", list(governance(MarginAgreement)))
@pytest.mark.parametrize("side", ["lower", "upper"])
def test_each_term_of_the_agreement_at_its_bounds(name: str, side: str) -> None:
    value = getattr(governance(MarginAgreement)[name], side)
    found = run(MarginAgreement(**{name: value}))
    assert np.all(np.isfinite(found.with_collateral.potential))
    held, bare = found.with_collateral.expected, found.without_collateral.expected
    assert np.all(held <= bare + 1e-9)
    beyond = value + 1 if side == "upper" else value - 1
    with pytest.raises(ParameterError):
        MarginAgreement(**{name: beyond})


def test_refusals() -> None:
    with pytest.raises(UsageError, match="rise from 0"):
        exposure_profile(SET, COINS, agreement(), times_years=[0.1, 0.2], paths=10, seed=1)
    with pytest.raises(UsageError, match="equal steps"):
        exposure_profile(SET, COINS, agreement(), times_years=[0.0, 0.1, 0.3], paths=10, seed=1)
    with pytest.raises(UsageError, match="steps"):
        run(agreement(margin_period_hours=30))
    with pytest.raises(ParameterError, match="paths"):
        run(agreement(), paths=1)
    with pytest.raises(UsageError, match="dynamics"):
        run(agreement(), netted=NettingSet(trades=(replace(SET.trades[0], coin="SOL"),)))
    with pytest.raises(UsageError, match="dynamics"):
        run(replace(agreement(), initial_coins={"SOL": 1.0}))
    with pytest.raises(ParameterError, match="not be negative"):
        replace(agreement(), initial_coins={"BTC": -1.0})
    with pytest.raises(ParameterError, match="not be negative"):
        replace(agreement(), own_threshold_usd=Decimal(-1))
    for field, value in (("strike", 0.0), ("expiry_years", 0.0), ("vol_annual", -0.1)):
        with pytest.raises(UsageError, match=field):
            replace(SET.trades[1], **{field: value})
    with pytest.raises(UsageError, match="never settled"):
        replace(SET.trades[0], carry_annual=0.1)
    with pytest.raises(ParameterError, match="several coins"):
        replace(COINS, correlation=None)
    with pytest.raises(ParameterError, match="eigenvalue"):
        replace(COINS, correlation=np.array([[1.0, 1.5], [1.5, 1.0]])).paths()
    with pytest.raises(ParameterError, match="finite"):
        replace(COINS, spot=np.array([1.0, np.nan]))


def test_correlations_of_any_rank() -> None:
    """Two coins of one factor move as one."""
    same = replace(COINS, correlation=np.ones((2, 2)), vol_annual=np.array([0.6, 0.6]))
    hedge = NettingSet(
        trades=(
            Trade(kind="forward", coin="BTC", quantity=1.0, strike=50_000.0),
            Trade(kind="forward", coin="ETH", quantity=-20.0, strike=2_500.0),
        )
    )
    found = exposure_profile(
        hedge, same, agreement(), times_years=DAYS, paths=100, seed=1
    ).without_collateral
    # The factor's root is found by eigenvalues: what should be 0 is 1e-8 of a coin's move.
    assert found.potential.max() < 1e-2
