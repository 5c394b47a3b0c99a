"""Joint filtered history against enumeration, closed forms and the definition of a mixture.

Tolerances of simulated figures are four standard errors of the figure, stated at each.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy import stats

from joint_prices import HOUR, START, prices_of, t_returns
from plimsoll.domain.scenario import Factor
from plimsoll.errors import UsageError
from plimsoll.maths.path_moves import PathDraws, recursed_moves
from plimsoll.maths.path_rows import drawn_rows
from plimsoll.maths.recursions import garch_variance_path
from plimsoll.measures import expected_shortfall
from plimsoll.scenarios.joint_history import (
    FilteredPanel,
    InnovationLaw,
    JointReason,
    MarketOutcome,
    MixtureLegs,
    Simulation,
    StressLeg,
    VarianceRecursion,
    copula_moves,
    filtered_panel,
    joint_scenarios,
    mixed_scenarios,
    monte_carlo_scenarios,
)
from plimsoll.scenarios.joint_history.recursion import columns_of, horizon_variance
from plimsoll.scenarios.stressed import Dependence, StressWindow

CONSTANT = VarianceRecursion.constant()
GJR = VarianceRecursion(omega=2e-6, alpha=0.06, gamma=0.05, beta=0.88)
FREE = {"method": "recursion", "lowest_ratio": 0.0, "highest_ratio": math.inf}


def panel_of(
    residuals: np.ndarray, recursion: VarianceRecursion, variance: float = 1e-4
) -> FilteredPanel:
    """A panel of given residuals (T, N), all at one volatility."""
    bars, markets = residuals.shape
    volatility = np.full(residuals.shape, math.sqrt(variance))
    names = tuple(f"C{j}" for j in range(markets))
    return FilteredPanel(
        subjects=names,
        start_ns=START + HOUR * np.arange(bars),
        end_ns=START + HOUR * np.arange(1, bars + 1),
        returns=recursion.mean + residuals * volatility,
        volatility=volatility,
        residuals=residuals,
        variance_next=np.full(markets, variance),
        recursions=(recursion,) * markets,
        origin=np.zeros(residuals.shape, dtype=np.int64),
        outcomes={
            s: MarketOutcome(subject=s, reason=JointReason.NONE, observed=bars) for s in names
        },
    )


def standard(bars: int, markets: int, seed: int = 1) -> np.ndarray:
    """Symmetric t6 residuals with mean 0 and variance 1 exactly, correlated by 0.5."""
    rng = np.random.default_rng(seed)
    z = rng.standard_t(6, (bars // 2, 1)) + rng.standard_t(6, (bars // 2, markets))
    z = np.concatenate([z, -z])
    return z / z.std(axis=0)


def logs(panel: FilteredPanel, **fields) -> np.ndarray:
    return np.log1p(joint_scenarios(panel, Simulation(**{**FREE, **fields})).scenarios.shocks)


def test_three_dates_and_two_bars_are_nine_paths_of_equal_probability() -> None:
    """Exact enumeration; frequencies by chi-square at 1e-4."""
    z = np.array([[1.0, -0.5], [-2.0, 0.3], [0.4, 1.7]])
    found = logs(panel_of(z, CONSTANT), horizon_bars=2, count=9_000, antithetic=False)
    paths = 0.01 * np.array([z[a] + z[b] for a, b in product(range(3), repeat=2)])
    sums, counts = np.unique(paths.round(9), axis=0, return_counts=True)
    assert len(sums) == 6
    which = np.abs(found[:, None] - sums[None]).max(axis=2)
    assert which.min(axis=1).max() < 1e-8
    observed = np.bincount(which.argmin(axis=1), minlength=6)
    assert stats.chisquare(observed, counts * 1_000).pvalue > 1e-4


def test_three_dates_under_garch_are_the_tree_of_their_paths() -> None:
    """Every drawn path is one of the 27 leaves of the recursion, computed by hand."""
    z = np.array([[1.0], [-2.0], [0.4]])
    found = logs(panel_of(z, GJR), horizon_bars=3, count=2_000, antithetic=False)[:, 0]
    leaves = []
    for path in product([1.0, -2.0, 0.4], repeat=3):
        variance, total = 1e-4, 0.0
        for residual in path:
            shock = math.sqrt(variance) * residual
            total += shock
            leverage = GJR.gamma if shock < 0 else 0.0
            variance = GJR.omega + (GJR.alpha + leverage) * shock**2 + GJR.beta * variance
        leaves.append(total)
    gaps = np.abs(found[:, None] - np.array(leaves))
    assert gaps.min(axis=1).max() < 1e-14
    assert stats.chisquare(np.bincount(gaps.argmin(axis=1), minlength=27)).pvalue > 1e-4


def test_at_constant_volatility_moments_are_those_of_a_convolution() -> None:
    """Cumulants of a sum of h iid draws: h times those of one."""
    rng = np.random.default_rng(3)
    z = rng.gamma(3.0, 1.0, (400, 1)) - 3.0
    n, h = 200_000, 8
    found = logs(panel_of(z, CONSTANT), horizon_bars=h, count=n, antithetic=False)[:, 0] / 0.01
    mean, variance = z.mean(), z.var()
    third = np.mean((z - mean) ** 3)
    deviation = math.sqrt(h * variance)
    assert found.mean() == pytest.approx(h * mean, abs=4 * deviation / math.sqrt(n))
    spread = np.std((found - found.mean()) ** 2) / math.sqrt(n)
    assert found.var() == pytest.approx(h * variance, abs=4 * spread)
    cubes = (found - h * mean) ** 3
    assert cubes.mean() == pytest.approx(h * third, abs=4 * cubes.std() / math.sqrt(n))


@pytest.mark.parametrize(("horizon", "variance"), [(8, 1e-4), (24, 1e-4), (24, 4e-4)])
def test_the_variance_of_garch_paths_is_the_sum_of_forecasts(horizon, variance) -> None:
    """Shocks are uncorrelated along a path, so variances add up to the closed-form forecast."""
    panel = panel_of(standard(600, 1), GJR, variance)
    found = logs(panel, horizon_bars=horizon, count=100_000)[:, 0]
    expected = garch_variance_path(variance, GJR.omega, GJR.persistence, horizon).sum()
    squares = found**2
    # Mirrored paths have different variances here (leverage), yet not independent ones: two
    # paths count as one.
    error = squares.std() / math.sqrt(50_000)
    assert squares.mean() == pytest.approx(expected, abs=4 * error)
    assert error / expected < 0.01
    constant, slope = horizon_variance(columns_of([GJR]), horizon)
    assert constant[0] + slope[0] * variance == pytest.approx(expected, rel=1e-13)


def test_scenarios_have_the_correlation_of_residuals() -> None:
    """All dates at one bar: the same numbers but for the scale, so the same to rounding.

    Along paths at constant volatility: the correlation of sums is that of the terms, within four
    standard errors (1 - r^2) / sqrt(n), times 1.5 for the tails.
    """
    z = standard(500, 4)
    panel = panel_of(z, CONSTANT)
    wanted = np.corrcoef(z.T)
    every = logs(panel, horizon_bars=1, count=None, method="overlap")
    np.testing.assert_allclose(np.corrcoef(every.T), wanted, atol=1e-12)
    paths = logs(panel, horizon_bars=24, count=20_000, antithetic=False)
    np.testing.assert_allclose(np.corrcoef(paths.T), wanted, atol=6.0 / math.sqrt(20_000))


def test_mirrored_residual_sums_cancel_to_the_last_bit() -> None:
    panel = panel_of(standard(200, 3), VarianceRecursion.ewma(half_life_bars=10.0))
    rows = np.tile(drawn_rows(np.arange(1.0, 201.0), 5, 300, 12, 1), (2, 1))
    sign = np.repeat([1.0, -1.0], 300)
    out = np.empty((600, 3))
    draws = PathDraws(rows, sign)
    recursed_moves(panel.rows, draws, panel.variance_next, panel.columns, 0.5, 3.0, out)
    np.testing.assert_array_equal(out[:300] + out[300:], 0.0)
    residuals = panel.residuals[rows] * sign[:, None, None]
    np.testing.assert_array_equal(residuals[:300].sum(axis=1) + residuals[300:].sum(axis=1), 0.0)


def test_the_shortfall_of_a_mixture_is_the_weighted_formula() -> None:
    """Worst weighted losses until 1 % of the weight is used up, by a loop in plain Python."""
    returns = t_returns(400, 2)
    returns[200:230] *= 6.0
    prices = prices_of(returns)
    panel = filtered_panel(prices, VarianceRecursion.ewma(half_life_bars=50.0))
    window = StressWindow(
        name="crash", start_ns=int(prices.close_ns[200]), end_ns=int(prices.close_ns[230])
    )
    legs = MixtureLegs(
        stresses=(StressLeg(window=window, share=0.05),), dependence={Dependence.COMONOTONE: 0.1}
    )
    given = Simulation(horizon_bars=8, method="recursion", count=400, seed=1)
    mixed = mixed_scenarios(panel, given, legs).scenarios
    losses = -mixed.shocks @ [0.5, 0.5]
    left, tail = 0.01, 0.0
    for loss, weight in sorted(zip(losses.tolist(), mixed.weights.tolist(), strict=True))[::-1]:
        taken = min(weight, left)
        tail, left = tail + taken * loss, left - taken
    found = expected_shortfall(losses, 0.99, weights=mixed.weights)
    assert found.value == pytest.approx(tail / 0.01, rel=1e-10)
    stressed = [k for k, name in enumerate(mixed.names) if name.startswith("stress crash: ")]
    assert mixed.weights[stressed].sum() == pytest.approx(0.05, rel=1e-12)
    assert sum(name.startswith("comonotone: ") for name in mixed.names) == 400
    plain = joint_scenarios(panel, given).scenarios
    assert found.value > expected_shortfall(-plain.shocks @ [0.5, 0.5], 0.99).value


# Monte Carlo from the fitted model.

PAIR = np.array([[1.0, 0.7], [0.7, 1.0]])


def test_normal_innovations_at_constant_volatility_are_normal_moves() -> None:
    panel = panel_of(standard(100, 2), CONSTANT)
    law = InnovationLaw(subjects=panel.subjects, correlation=PAIR)
    given = Simulation(horizon_bars=5, method="recursion", count=40_000, seed=2, antithetic=False)
    found = np.log1p(monte_carlo_scenarios(panel, law, given).scenarios.shocks)
    covariance = np.cov(found.T) / (5 * 1e-4)
    np.testing.assert_allclose(covariance, PAIR, atol=4 * math.sqrt(2 / 40_000))
    assert stats.kstest(found[:, 0] / math.sqrt(5e-4), "norm").pvalue > 1e-4
    mirrored = monte_carlo_scenarios(panel, law, replace(given, antithetic=True)).scenarios.shocks
    np.testing.assert_allclose(np.log1p(mirrored).sum(axis=0), 0.0, atol=1e-12)


def test_the_multivariate_t_has_its_margins_and_its_rank_correlation() -> None:
    """t5 at unit variance; Kendall's tau of an elliptical law is 2 asin(rho) / pi."""
    law = InnovationLaw(subjects=("A", "B"), correlation=PAIR, degrees_of_freedom=5.0)
    moves = copula_moves(law, count=20_000, seed=1, antithetic=False).values
    for j in range(2):
        assert stats.kstest(moves[:, j] / math.sqrt(3 / 5), "t", (5,)).pvalue > 1e-4
    tau = stats.kendalltau(moves[:, 0], moves[:, 1]).statistic
    assert tau == pytest.approx(2 / math.pi * math.asin(0.7), abs=4 * 0.7 / math.sqrt(20_000))


def test_the_t_copula_has_its_tail_dependence_and_given_margins() -> None:
    """Both below their 0.5 % quantiles: C(q, q) / q of the t-copula, by bivariate integration."""
    sample = np.sort(np.random.default_rng(1).gamma(2.0, size=501))
    law = InnovationLaw(
        subjects=("A", "B"),
        correlation=PAIR,
        degrees_of_freedom=4.0,
        marginals={"A": stats.laplace.ppf, "B": sample},
    )
    n, q = 200_000, 0.005
    found = copula_moves(law, count=n, seed=4, antithetic=False).values
    assert stats.kstest(found[:, 0], "laplace").pvalue > 1e-4
    levels = np.linspace(0.05, 0.95, 7)
    errors = 4 * np.sqrt(levels * (1 - levels) / n)
    shares = np.array([np.mean(found[:, 1] <= np.quantile(sample, p)) for p in levels])
    assert np.all(np.abs(shares - levels) < errors)
    both = np.mean((found[:, 0] < stats.laplace.ppf(q)) & (found[:, 1] < np.quantile(sample, q)))
    edge = stats.t.ppf(q, 4)
    wanted = stats.multivariate_t(shape=PAIR, df=4, seed=1).cdf([edge, edge], maxpts=200_000)
    assert both == pytest.approx(wanted, abs=4 * math.sqrt(wanted / n))


def test_model_paths_do_not_depend_on_their_number_or_the_order_of_markets() -> None:
    z = standard(100, 3)
    panel = panel_of(z, GJR)
    matrix = np.corrcoef(z.T)
    law = InnovationLaw(subjects=panel.subjects, correlation=matrix, degrees_of_freedom=5.0)
    given = Simulation(horizon_bars=7, method="recursion", count=90, seed=3, antithetic=False)
    found = monte_carlo_scenarios(panel, law, given).scenarios.shocks
    more = monte_carlo_scenarios(panel, law, replace(given, count=150)).scenarios.shocks
    np.testing.assert_array_equal(more[:90], found)
    order = [2, 0, 1]
    turned = InnovationLaw(
        subjects=tuple(panel.subjects[j] for j in order),
        correlation=matrix[np.ix_(order, order)],
        degrees_of_freedom=5.0,
    )
    np.testing.assert_allclose(
        monte_carlo_scenarios(panel, turned, given).scenarios.shocks, found, rtol=1e-9, atol=1e-13
    )


def test_a_mixture_with_the_model_and_broken_dependence_has_all_labels() -> None:
    panel = panel_of(standard(300, 3), GJR)
    law = InnovationLaw(subjects=panel.subjects, correlation=np.eye(3), degrees_of_freedom=6.0)
    legs = MixtureLegs(
        law=law,
        law_share=0.2,
        dependence={Dependence.ANTIMONOTONE: 0.1, Dependence.INDEPENDENT: 0.1},
        lead="C1",
    )
    found = mixed_scenarios(
        panel, Simulation(horizon_bars=4, method="recursion", count=100, seed=1), legs
    ).scenarios
    shares = {"history": 0.6, "model": 0.2, "antimonotone": 0.1, "independent": 0.1}
    for leg, share in shares.items():
        rows = [k for k, name in enumerate(found.names) if name.startswith(f"{leg}: ")]
        assert found.weights[rows].sum() == pytest.approx(share, rel=1e-12)
    against = [k for k, name in enumerate(found.names) if name.startswith("antimonotone")]
    ranks = stats.spearmanr(found.shocks[against])[0]
    np.testing.assert_allclose(ranks[1], [-1.0, 1.0, -1.0], atol=1e-3)
    assert found.factors == tuple(Factor(subject=s) for s in panel.subjects)


def test_laws_that_do_not_exist_are_refused() -> None:
    for fields in (
        {"correlation": np.eye(3)},
        {"correlation": np.array([[1.0, 0.5], [0.4, 1.0]])},
        {"marginals": {"C": np.arange(3.0)}},
        {"marginals": {"A": np.array([1.0, np.nan])}},
        {"degrees_of_freedom": 2.0},
    ):
        with pytest.raises(UsageError):
            InnovationLaw(**{"subjects": ("A", "B"), "correlation": PAIR, **fields})
    wrong = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    with pytest.raises(UsageError, match="eigenvalue"):
        copula_moves(InnovationLaw(subjects=("A", "B", "C"), correlation=wrong), count=2, seed=1)
    with pytest.raises(UsageError):
        MixtureLegs(dependence={Dependence.COMONOTONE: 0.6, Dependence.INDEPENDENT: 0.5})
