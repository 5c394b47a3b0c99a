"""Gaussian draws, stressed and broken legs, mixtures."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from option_books import TENORS, joint
from plimsoll.domain.market import NEVER_MASKED, MarketHistory, PriceKind
from plimsoll.domain.scenario import Factor, ScenarioSet, equal_weights
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.scenarios.gaussian import covariance_of, gaussian_scenarios
from plimsoll.scenarios.historical import joint_moves
from plimsoll.scenarios.mixture import Leg, mixture
from plimsoll.scenarios.stressed import (
    Dependence,
    StressWindow,
    broken_dependence,
    stressed_scenarios,
)
from plimsoll.scenarios.vol_scenarios import vol_factors

COINS = tuple(Factor(subject=coin) for coin in ("BTC", "ETH", "SOL"))
COVARIANCE = np.array([[0.04, 0.03, 0.02], [0.03, 0.09, 0.05], [0.02, 0.05, 0.16]])
HOUR = 3_600 * 10**9


def test_gaussian_moments_and_law() -> None:
    """40,000 draws: a second moment has a relative standard error of sqrt(2 / 40,000) = 0.7 %."""
    found = gaussian_scenarios(COINS, COVARIANCE, count=40_000, seed=5, antithetic=False)
    np.testing.assert_allclose(covariance_of(found), COVARIANCE, rtol=0, atol=4 * 0.16 * 0.0071)
    for column, variance in enumerate(np.diag(COVARIANCE)):
        standard = np.log1p(found.shocks[:, column]) / np.sqrt(variance)
        assert stats.kstest(standard, "norm").pvalue > 1e-3


def test_gaussian_is_deterministic_and_antithetic() -> None:
    one, two, other = (
        gaussian_scenarios(COINS, COVARIANCE, count=10, seed=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.shocks, two.shocks)
    assert not np.array_equal(one.shocks, other.shocks)
    logs = np.log1p(one.shocks)
    np.testing.assert_allclose(logs[:5], -logs[5:], atol=1e-15)


def test_a_covariance_without_full_rank_is_no_special_case() -> None:
    load = np.array([[0.1], [0.2], [-0.3]])
    found = np.log1p(gaussian_scenarios(COINS, load @ load.T, count=100, seed=1).shocks)
    np.testing.assert_allclose(found[:, 1], 2.0 * found[:, 0], atol=1e-8)
    np.testing.assert_allclose(found[:, 2], -3.0 * found[:, 0], atol=1e-8)


def test_gaussian_scenarios_of_prices_and_smiles_from_a_history() -> None:
    """Price shocks are simple returns, others plain; the covariance comes back."""
    past = joint(400)
    covariance = covariance_of(past)
    found = gaussian_scenarios(vol_factors("HELM", TENORS), covariance, count=20_000, seed=3)
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    gap = (covariance_of(found) - covariance) / scale
    assert np.abs(gap).max() < 5 * np.sqrt(2 / 10_000)


def test_gaussian_refusals() -> None:
    with pytest.raises(ParameterError, match="even"):
        gaussian_scenarios(COINS, COVARIANCE, count=3, seed=1)
    with pytest.raises(UsageError, match="3 x 3"):
        gaussian_scenarios(COINS, COVARIANCE[:2, :2], count=2, seed=1)
    with pytest.raises(UsageError, match="symmetric"):
        gaussian_scenarios(COINS, np.triu(COVARIANCE), count=2, seed=1)
    broken = COVARIANCE.copy()
    broken[0, 1] = broken[1, 0] = 0.2
    with pytest.raises(UsageError, match="negative eigenvalue"):
        gaussian_scenarios(COINS, broken, count=2, seed=1)


def history() -> MarketHistory:
    rng = np.random.default_rng(9)
    close = 100.0 * np.exp(np.cumsum(rng.normal(size=(100, 2)) * 0.02, axis=0))
    close[:30, 1] = np.nan
    return MarketHistory(
        time_ns=HOUR * np.arange(100),
        interval_ns=HOUR,
        markets=("A", "B"),
        close=close,
        active=np.ones(close.shape, dtype=np.bool_),
        mask_from_ns=np.full(close.shape, NEVER_MASKED),
        price_kind=PriceKind.MARK,
    )


def test_stressed_windows_are_moves_as_they_happened() -> None:
    windows = [
        StressWindow(name="spring", start_ns=41 * HOUR, end_ns=50 * HOUR),
        StressWindow(name="autumn", start_ns=81 * HOUR, end_ns=86 * HOUR),
    ]
    subjects = {"A": "AAA", "B": "BBB"}
    found = stressed_scenarios(history(), subjects, windows, horizon_bars=2)
    moves = joint_moves(history(), subjects, horizon_bars=2)
    # Bar t closes at t + 1 hours: starts 40 to 47 and 80 to 83
    starts = moves.start_ns // HOUR - 1
    rows = [np.flatnonzero(starts == t)[0] for t in (*range(40, 48), *range(80, 84))]
    np.testing.assert_allclose(found.shocks, np.expm1(moves.log_moves[rows]), atol=1e-15)
    assert found.names[0].startswith("spring ")
    assert found.names[8].startswith("autumn ")
    with pytest.raises(InsufficientDataError, match="window autumn"):
        stressed_scenarios(history(), subjects, windows, horizon_bars=2, before_ns=70 * HOUR)
    early = StressWindow(name="early", start_ns=0, end_ns=20 * HOUR)
    with pytest.raises(InsufficientDataError, match="window early"):
        stressed_scenarios(history(), subjects, [early], horizon_bars=2)
    with pytest.raises(UsageError, match="after start_ns"):
        StressWindow(name="x", start_ns=1, end_ns=1)


def coins(weighted: bool = False) -> ScenarioSet:
    base = gaussian_scenarios(COINS, COVARIANCE, count=2000, seed=8)
    weights = np.random.default_rng(1).random(2000) if weighted else np.ones(2000)
    return ScenarioSet(
        names=base.names, factors=COINS, shocks=base.shocks, weights=weights / weights.sum()
    )


@pytest.mark.parametrize("kind", list(Dependence))
def test_broken_dependence_keeps_every_coins_law(kind: Dependence) -> None:
    before, after = coins(), broken_dependence(coins(), kind, seed=4)
    np.testing.assert_array_equal(np.sort(after.shocks, axis=0), np.sort(before.shocks, axis=0))
    rank = stats.spearmanr(after.shocks).statistic[np.triu_indices(3, 1)]
    if kind is Dependence.COMONOTONE:
        np.testing.assert_allclose(rank, 1.0, atol=1e-12)
    elif kind is Dependence.ANTIMONOTONE:
        # The first coin against the other two, which move together.
        np.testing.assert_allclose(rank, [-1.0, -1.0, 1.0], atol=1e-12)
    else:
        assert np.abs(rank).max() < 4 / np.sqrt(2000)


@pytest.mark.parametrize("lead", [f.subject for f in COINS])
def test_all_coins_move_against_the_lead(lead: str) -> None:
    """Rank correlations of some coin with itself, turned over for the lead: never indefinite."""
    after = broken_dependence(coins(), Dependence.ANTIMONOTONE, lead=lead)
    signs = np.array([-1.0 if f.subject == lead else 1.0 for f in COINS])
    rank = stats.spearmanr(after.shocks).statistic
    np.testing.assert_allclose(rank, np.outer(signs, signs), atol=1e-12)
    assert np.linalg.eigvalsh(rank).min() > -1e-12


def test_a_pair_loses_on_both_legs_where_the_coins_move_apart() -> None:
    """Long one, short the other: the worst is the worst fall with the largest rise."""
    apart = broken_dependence(coins(), "antimonotone", lead=COINS[0].subject).shocks
    losses = -apart[:, 0] + apart[:, 1]
    assert losses.max() == -apart[:, 0].min() + apart[:, 1].max()


def test_a_lead_that_is_no_coin_is_refused() -> None:
    with pytest.raises(UsageError, match="one of the coins"):
        broken_dependence(coins(), Dependence.ANTIMONOTONE, lead="NONE")


def test_broken_dependence_of_weighted_sets_keeps_the_law_to_a_share() -> None:
    """Distribution functions differ by no more than half a share and one weight."""
    before = coins(weighted=True)
    after = broken_dependence(before, Dependence.COMONOTONE)
    for column in range(3):
        at = np.sort(before.shocks[:, column])
        first = [before.weights[before.shocks[:, column] <= x].sum() for x in at[::50]]
        second = [np.mean(after.shocks[:, column] <= x) for x in at[::50]]
        assert np.abs(np.subtract(first, second)).max() <= 0.5 / 2000 + before.weights.max()


def test_factors_of_one_coin_stay_together() -> None:
    past = joint(60)
    found = broken_dependence(past, Dependence.INDEPENDENT, seed=1)
    np.testing.assert_array_equal(
        found.shocks, past.shocks[np.argsort(past.shocks[:, 0], kind="stable")]
    )


def test_mixture_refusals() -> None:
    one = coins()
    with pytest.raises(UsageError, match="add up to one"):
        mixture([Leg(name="a", scenarios=one, share=0.5)])
    other = ScenarioSet(
        names=("x",), factors=COINS[:2], shocks=np.zeros((1, 2)), weights=equal_weights(1)
    )
    with pytest.raises(UsageError, match="SOL price"):
        mixture(
            [
                Leg(name="a", scenarios=one, share=0.5),
                Leg(name="b", scenarios=other, share=0.5),
            ]
        )
    with pytest.raises(UsageError, match="each once"):
        mixture([])


def test_mixture_takes_factors_by_name() -> None:
    one = coins()
    turned = ScenarioSet(
        names=("x",),
        factors=COINS[::-1],
        shocks=np.array([[0.3, 0.2, 0.1]]),
        weights=equal_weights(1),
    )
    both = mixture(
        [Leg(name="a", scenarios=one, share=0.8), Leg(name="b", scenarios=turned, share=0.2)]
    )
    np.testing.assert_array_equal(both.shocks[-1], [0.1, 0.2, 0.3])
    assert both.weights[-1] == pytest.approx(0.2)
