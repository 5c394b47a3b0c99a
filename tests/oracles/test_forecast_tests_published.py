"""Tests of forecasts against tables, closed forms, brute force and other libraries."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
import pytest
import statsmodels.api as sm
from arch.bootstrap import MCS, StationaryBootstrap, optimal_block_length
from numpy.typing import NDArray
from scipy import integrate, optimize, stats

from plimsoll.validation import (
    BlockResampling,
    Blocks,
    ConditionalCoverage,
    Equality,
    Start,
    StudentLaw,
    TailLaw,
    acerbi_szekely_z3,
    berkowitz_tail_test,
    berkowitz_test,
    best_block_length,
    conditional_coverage_test,
    critical_values,
    dynamic_quantile_test,
    e_process,
    haas_test,
    independence_test,
    kupiec_test,
    shortfall_e_values,
    shortfall_intercept_test,
    weibull_duration_test,
)
from plimsoll.validation.breaches.hit_chain import (
    HitChain,
    clustered,
    independent,
    simulate_chain,
    transition_law,
)
from plimsoll.validation.coverage import count_transitions
from plimsoll.validation.overlap.block_indices import drawn_rows, row_counts
from plimsoll.validation.ranking.model_confidence_set import eliminate
from plimsoll.validation.shortfall.acerbi_szekely_pit import _expected_tail_mean
from plimsoll.validation.shortfall.costanzino_curran import tail_moments, tail_severity
from plimsoll.validation.shortfall.joint_regression import joint_score

Vector = NDArray[np.float64]


def _t_quantile_and_shortfall(nu: float, tail: float) -> tuple[float, float]:
    """Of a Student law with unit variance (normal where nu is infinite)."""
    if np.isinf(nu):
        q = stats.norm.isf(tail)
        return float(q), float(stats.norm.pdf(q) / tail)
    q, scale = stats.t.isf(tail, nu), np.sqrt((nu - 2.0) / nu)
    shortfall = stats.t.pdf(q, nu) / tail * (nu + q * q) / (nu - 1.0)
    return float(q * scale), float(shortfall * scale)


@pytest.mark.parametrize(
    ("nu", "horizons", "five", "one"),
    [
        (np.inf, 250, -0.70, -1.04),
        (10.0, 250, -0.71, -1.06),
        (5.0, 250, -0.74, -1.10),
        (3.0, 250, -0.81, -1.34),
        (np.inf, 365, -0.58, -0.85),
        (3.0, 365, -0.67, -1.08),
    ],
)
def test_z2_critical_values(nu: float, horizons: int, five: float, one: float) -> None:
    # Both tables are simulated with 1e5 paths: 0.02 is the project's demand on this table.
    level, shortfall = _t_quantile_and_shortfall(nu, 0.025)
    ones = np.ones(horizons)
    law = StudentLaw(mean=0.0 * ones, sigma=ones, degrees_of_freedom=nu * ones)
    found = critical_values(
        law, level * ones, shortfall * ones, 0.975, [0.05, 0.01], paths=100_000, seed=7
    )[1]
    assert found == pytest.approx([five, one], abs=0.02)


@pytest.mark.parametrize("confidence", [0.9, 0.975, 0.99])
def test_costanzino_curran_moments(confidence: float) -> None:
    mean, variance = tail_moments(confidence)
    tail = 1.0 - confidence

    def severity(u: float) -> float:
        return float(tail_severity(u, confidence))

    first = integrate.quad(severity, 0.0, tail)[0]
    second = integrate.quad(lambda u: severity(u) ** 2, 0.0, tail)[0]
    assert mean == pytest.approx(first, rel=1e-12)
    assert variance == pytest.approx(second - first**2, rel=1e-12)


@pytest.mark.parametrize(
    ("factor", "share", "day"), [(1.0, 0.0, None), (0.9, 0.045, None), (0.8, 0.48, 592)]
)
def test_e_process_power(factor: float, share: float, day: int | None) -> None:
    # The published table has 400 runs: four joint standard errors of that and of 1,000 here.
    runs = 1_000
    level, shortfall = _t_quantile_and_shortfall(4.0, 0.025)
    losses = stats.t.rvs(4, size=(1_000, runs), random_state=11) * np.sqrt(0.5)
    e = shortfall_e_values(losses, factor * level, factor * shortfall, 0.975)
    found = e_process(e).first_at(20.0)
    error = np.sqrt(max(share * (1.0 - share), 0.002) * (1.0 / 400 + 1.0 / runs))
    assert np.mean(found >= 0) == pytest.approx(share, abs=4.0 * error)
    if day is not None:
        assert np.median(found[found >= 0]) == pytest.approx(day, abs=75)


def test_e_values_have_mean_one() -> None:
    level, shortfall = _t_quantile_and_shortfall(4.0, 0.025)
    losses = stats.t.rvs(4, size=2_000_000, random_state=3) * np.sqrt(0.5)
    e = shortfall_e_values(losses, level, shortfall, 0.975)
    assert e.mean() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(
    "chain", [independent(0.2), clustered(0.1), HitChain(rate=0.3, after_breach=0.1)]
)
def test_transition_law_is_the_sum_over_all_sequences(chain: HitChain) -> None:
    n = 9
    law = transition_law(n, chain)
    found: dict[tuple[int, ...], float] = defaultdict(float)
    for *key, p in zip(
        law.breaches, law.n00, law.n01, law.n10, law.n11, law.probability, strict=True
    ):
        found[tuple(int(v) for v in key)] += p
    expected: dict[tuple[int, ...], float] = defaultdict(float)
    step = {
        (0, 0): 1.0 - chain.after_calm,
        (0, 1): chain.after_calm,
        (1, 0): 1.0 - chain.after_breach,
        (1, 1): chain.after_breach,
    }
    for bits in itertools.product((0, 1), repeat=n):
        p = chain.rate if bits[0] else 1.0 - chain.rate
        for pair in itertools.pairwise(bits):
            p *= step[pair]
        t = count_transitions(np.array(bits))
        expected[(sum(bits), t.n00, t.n01, t.n10, t.n11)] += p
    assert law.probability.sum() == pytest.approx(1.0, abs=1e-12)
    for key, p in expected.items():
        assert found[key] == pytest.approx(p, rel=1e-9, abs=1e-15)


def test_exact_powers_are_the_simulated_shares_of_rejections() -> None:
    # 3,000 paths: four standard errors are at most 0.037.
    n, rate, paths = 300, 0.03, 3_000
    for make, other in (
        (lambda h: kupiec_test(h, rate), independent(2.0 * rate)),
        (lambda h: independence_test(h, rate), clustered(rate)),
        (
            lambda h: conditional_coverage_test(h, rate, ConditionalCoverage.FROM_TRANSITIONS),
            clustered(2.0 * rate),
        ),
    ):
        power = None
        for chain, what in ((other, "value"), (independent(rate), "size")):
            results = [make(h) for h in simulate_chain(n, chain, paths, seed=1)]
            share = np.mean([r.rejected for r in results])
            power = power or results[0].power
            exact = getattr(power, what)
            error = np.sqrt(exact * (1.0 - exact) / paths)
            assert share == pytest.approx(exact, abs=4.0 * error + 1e-9)
            assert power.standard_error == 0.0


def test_dynamic_quantile_is_the_explained_sum_of_squares_of_a_regression() -> None:
    generator = np.random.default_rng(2)
    hits = generator.random(600) < 0.05
    level = 1.0 + generator.random(600)
    h = hits - 0.05
    z = np.column_stack([np.ones(597), h[2:-1], h[1:-2], h[:-3], level[3:]])
    fit = sm.OLS(h[3:], z).fit()
    expected = float(np.sum(fit.fittedvalues**2)) / (0.05 * 0.95)
    found = dynamic_quantile_test(hits, 0.05, lags=3, value_at_risk=level)
    assert found.statistic == pytest.approx(expected, rel=1e-10)
    assert found.p_value == pytest.approx(stats.chi2.sf(expected, 5), rel=1e-9)


def test_haas_sums_geometric_ratios() -> None:
    hits = np.zeros(100, dtype=bool)
    hits[[9, 29, 30]] = True
    expected = 0.0
    for v in (10.0, 20.0, 1.0):
        free = stats.geom.logpmf(v, 1.0 / v)
        expected += 2.0 * (free - stats.geom.logpmf(v, 0.05))
    found = haas_test(hits, 0.05)
    assert found.statistic == pytest.approx(expected, rel=1e-12)
    assert found.p_value == pytest.approx(stats.chi2.sf(expected, 3), rel=1e-12)


def test_weibull_gaps_maximise_the_censored_likelihood() -> None:
    generator = np.random.default_rng(8)
    hits = generator.random(700) < 0.04
    hits[0] = hits[-1] = False
    at = np.flatnonzero(hits) + 1.0
    closed, ends = np.diff(at), np.array([at[0], 700 - at[-1]])

    def loss(parameters: Vector) -> float:
        shape, scale = np.exp(parameters)
        law = stats.weibull_min(shape, scale=scale)
        return -float(law.logpdf(closed).sum() + law.logsf(ends).sum())

    free = optimize.minimize(loss, [0.0, 3.0], method="Nelder-Mead", options={"fatol": 1e-12})
    exponential = optimize.minimize_scalar(lambda s: loss(np.array([0.0, s])))
    expected = 2.0 * (exponential.fun - free.fun)
    found = weibull_duration_test(hits, 0.04)
    assert found.statistic == pytest.approx(expected, abs=1e-6)  # Nelder-Mead's own precision


def test_berkowitz_is_the_likelihood_ratio_of_an_autoregression() -> None:
    z = np.random.default_rng(1).standard_normal(400) * 1.1 + 0.1
    fit = sm.tsa.ARIMA(z, order=(1, 0, 0), trend="c").fit()
    expected = 2.0 * (fit.llf - stats.norm.logpdf(z).sum())
    assert berkowitz_test(stats.norm.cdf(z)).statistic == pytest.approx(expected, abs=1e-4)
    regression = sm.OLS(z[1:], sm.add_constant(z[:-1])).fit()
    conditional = 2.0 * (regression.llf - stats.norm.logpdf(z[1:]).sum())
    found = berkowitz_test(stats.norm.cdf(z), start=Start.CONDITIONAL)
    assert found.statistic == pytest.approx(conditional, rel=1e-8)


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.99])
def test_berkowitz_tail_maximises_the_censored_likelihood(confidence: float) -> None:
    z = np.random.default_rng(4).standard_normal(800) * 1.2
    cut = stats.norm.ppf(confidence)
    inside, below = z[z > cut], int(np.sum(z <= cut))

    def loss(p: Vector) -> float:
        law = stats.norm(p[0], np.exp(p[1]))
        return -float(law.logpdf(inside).sum() + below * law.logcdf(cut))

    best = optimize.minimize(
        loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
    )
    expected = 2.0 * (loss(np.zeros(2)) - best.fun)
    found = berkowitz_tail_test(stats.norm.cdf(z), confidence)
    assert found.statistic == pytest.approx(expected, abs=1e-7)


def test_z3_is_the_double_sum_it_abbreviates() -> None:
    n, confidence = 120, 0.95
    generator = np.random.default_rng(6)
    law = StudentLaw(
        mean=0.01 * generator.standard_normal(n),
        sigma=0.5 + generator.random(n),
        degrees_of_freedom=3.0 + 5.0 * generator.random(n),
    )
    rows = np.arange(n)
    losses = law.quantile(generator.random(n), rows)
    chances = np.sort(law.exceedance(losses))[:6]
    expected_mean = _expected_tail_mean(law, 6)
    # Mean over 40,000 draws of uniform ranks: 1.5 % is four of its standard errors.
    drawn = np.sort(generator.random((40_000, n)), axis=1)[:, :6]
    for t in (0, 57):
        scale = law.sigma[t] * np.sqrt(1.0 - 2.0 / law.degrees_of_freedom[t])
        values = -law.mean[t] - scale * stats.t.ppf(drawn, law.degrees_of_freedom[t])
        assert expected_mean[t] == pytest.approx(values.mean(), rel=0.015)
    terms = [law.quantile(chances, np.full(6, t)).mean() / expected_mean[t] for t in range(n)]
    found = acerbi_szekely_z3(losses, confidence, law=law, paths=2_000, seed=1)
    assert found.statistic == pytest.approx(1.0 - np.mean(terms), abs=1e-6)  # the spline's error


def test_tail_law_has_the_quantile_and_shortfall_it_was_given() -> None:
    law = TailLaw(
        value_at_risk=np.array([2.0]), expected_shortfall=np.array([2.7]), confidence=0.975
    )
    row = np.zeros(1, dtype=np.int64)
    assert law.exceedance(np.array([2.0]))[0] == pytest.approx(0.025, rel=1e-12)
    mean = integrate.quad(
        lambda u: float(law.quantile(np.array([u]), row)[0]), 0.0, 0.025, epsabs=1e-12
    )[0]
    assert mean / 0.025 == pytest.approx(2.7, rel=1e-6)
    for level in (-1.0, 0.5, 2.0, 3.0, 9.0):
        chance = law.exceedance(np.array([level]))
        assert law.quantile(chance, row)[0] == pytest.approx(level, rel=1e-9)


def test_joint_score_is_least_at_the_true_coefficients() -> None:
    # FZ0 is minimised by (quantile, shortfall) of the law: perturbing either way is worse.
    generator = np.random.default_rng(12)
    sigma = 1.0 + generator.random(200_000)
    returns = sigma * generator.standard_normal(sigma.size)
    q, e = stats.norm.ppf(0.05), -stats.norm.pdf(stats.norm.ppf(0.05)) / 0.05
    x = np.column_stack((np.ones(sigma.size), sigma))
    best = joint_score(np.array([0.0, q, 0.0, e]), returns, x, x, 0.05)
    for step in ([0.1, 0, 0, 0], [0, 0.1, 0, 0], [0, 0, 0.15, 0], [0, 0, 0, 0.15]):
        for sign in (1.0, -1.0):
            moved = np.array([0.0, q, 0.0, e]) + sign * np.array(step, dtype=np.float64)
            assert joint_score(moved, returns, x, x, 0.05) > best


def test_intercept_is_the_shortfall_of_the_errors() -> None:
    generator = np.random.default_rng(3)
    loss = stats.t.rvs(5, size=1_000, random_state=generator)
    forecast = np.full(1_000, 3.0)
    u = np.sort(forecast - loss)
    found = shortfall_intercept_test(loss, forecast, 0.975)
    assert float(found.convention.split("intercept ")[1].split(",")[0]) == pytest.approx(
        u[:25].mean(), abs=5e-4
    )


@pytest.mark.parametrize(
    ("method", "statistic"), [("max", Equality.T_MAX), ("R", Equality.T_RANGE)]
)
def test_model_confidence_set_of_arch(method: str, statistic: Equality) -> None:
    generator = np.random.default_rng(0)
    scores = generator.standard_normal((400, 1)) + 0.5 * generator.standard_normal((400, 6))
    scores += np.array([0.0, 0.01, 0.03, 0.05, 0.12, 0.3])
    peer = MCS(scores, 0.1, reps=400, block_size=5, method=method, seed=9, bootstrap="stationary")
    peer.compute()
    draws = StationaryBootstrap(5, np.arange(400), seed=9)
    drawn = np.array([data[0][0] for data in draws.bootstrap(400)])
    found = eliminate(scores, drawn, statistic)
    expected = peer.pvalues["Pvalue"]
    # The same resamples; p-values are shares of 400 of them.
    for model in range(6):
        assert found.p_value[model] == pytest.approx(expected.loc[model], abs=1e-9)


def test_stationary_blocks_are_geometric_and_moving_blocks_stay_inside() -> None:
    stationary = drawn_rows(500, BlockResampling(length=8, replications=400, seed=2))
    follows = (np.diff(stationary, axis=1) % 500) == 1
    # A block goes on with chance 7/8, or starts anew just there with chance 1/8/500.
    assert follows.mean() == pytest.approx(1.0 - 1.0 / 8.0, abs=4.0 * 0.33 / np.sqrt(200_000))
    moving = drawn_rows(50, BlockResampling(length=7, replications=300, seed=2, kind=Blocks.MOVING))
    starts = moving[:, ::7]
    assert starts.max() == 43
    assert bool(np.all(np.diff(moving[:, :7], axis=1) == 1))
    assert row_counts(moving).sum(axis=1).tolist() == [50.0] * 300


@pytest.mark.parametrize("rho", [0.5, 0.9])
def test_block_length_of_an_autoregression(rho: float) -> None:
    # b = (2 rho / (1 - rho^2))^(2/3) n^(1/3); flat-top estimates are within 25 % at this length.
    n = 30_000
    noise = np.random.default_rng(5).standard_normal(n)
    series = np.zeros(n)
    for t in range(1, n):
        series[t] = rho * series[t - 1] + noise[t]
    expected = (2.0 * rho / (1.0 - rho * rho)) ** (2.0 / 3.0) * n ** (1.0 / 3.0)
    found = best_block_length(series)
    assert found.stationary == pytest.approx(expected, rel=0.25)
    assert found.circular / found.stationary == pytest.approx(1.5 ** (1.0 / 3.0), rel=1e-12)
    # arch starts its window of insignificant lags one lag later: near, not equal.
    peer = optimal_block_length(series)["stationary"].iloc[0]
    assert found.stationary == pytest.approx(float(peer), rel=0.15)
