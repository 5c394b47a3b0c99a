"""Estimators of dependence: fits on simulated laws, streams, wrong use, degenerate panels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from plimsoll.errors import (
    DataFormatError,
    EstimationError,
    InsufficientDataError,
    ParameterError,
    PlimsollError,
    UsageError,
)
from plimsoll.estimators.dependence import (
    Dcc,
    EwmaCovariance,
    FactorModel,
    LedoitWolf,
    OracleApproximating,
    PairwiseCovariance,
    SampleCovariance,
    TCopula,
    broken_correlation,
    cfg_tail_dependence,
    empirical_tail_dependence,
    fit_gaussian_copula,
    kendall_tau,
    nearest_correlation,
    stressed_between,
    stressed_correlation,
    tail_dependence_of_t,
)


def common_moves(rows: int, columns: int, seed: int = 0, share: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    z = share * rng.standard_normal((rows, 1)) + rng.standard_normal((rows, columns))
    return np.asarray(0.02 * z)


def simulated_dcc(rows: int, a: float, b: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    target = np.array([[1.0, 0.6, 0.4], [0.6, 1.0, 0.5], [0.4, 0.5, 1.0]])
    q, out = target.copy(), np.empty((rows, 3))
    for t in range(rows):
        scale = np.sqrt(np.diag(q))
        out[t] = np.linalg.cholesky(q / np.outer(scale, scale)) @ rng.standard_normal(3)
        q = (1.0 - a - b) * target + a * np.outer(out[t], out[t]) + b * q
    return out


def test_dcc_finds_what_was_simulated() -> None:
    fitted = Dcc().fit_residuals(simulated_dcc(4000, 0.05, 0.9, seed=1))
    errors = fitted.standard_errors()
    assert fitted.converged
    assert fitted.status == ()
    assert 0.002 < errors[0] < 0.02
    assert abs(fitted.a - 0.05) < 3.0 * errors[0]
    assert abs(fitted.b - 0.9) < 3.0 * errors[1]


def test_pairs_agree_with_the_full_likelihood_within_its_error() -> None:
    z = simulated_dcc(4000, 0.05, 0.9, seed=2)
    pairs = Dcc(likelihood="pairs").fit_residuals(z)
    errors = pairs.standard_errors()
    assert abs(pairs.a - 0.05) < 3.0 * errors[0]
    assert abs(pairs.b - 0.9) < 3.0 * errors[1]


@pytest.mark.parametrize("likelihood", ["full", "pairs"])
def test_dcc_stream_is_the_path_to_the_bit(likelihood: str) -> None:
    z = simulated_dcc(300, 0.05, 0.9, seed=3)
    if likelihood == "pairs":
        z[:50, 1] = np.nan
    fitted = Dcc(likelihood=likelihood).fit_residuals(z)
    path = fitted.correlations()
    assert path[-1].tobytes() == fitted.correlation_next.tobytes()
    streamed = fitted.update(z[0]).update(z[1])
    assert streamed.observations == 302
    q = fitted.q_next
    for row in z[:2]:
        news = np.outer(row, row) if np.isfinite(row).all() else None
        if news is not None:
            q = fitted.long_run + (
                fitted.a * (news - fitted.long_run) + fitted.b * (q - fitted.long_run)
            )
    if likelihood == "full":
        assert streamed.q_next == pytest.approx(q, rel=1e-13)
    assert np.linalg.eigvalsh(streamed.correlation_next)[0] > 0.0


def test_dcc_of_returns_has_volatilities_and_covariances() -> None:
    x = common_moves(400, 3)
    fitted = Dcc().fit(x)
    variances = [model.variance_next for model in fitted.first_stage]
    assert np.diag(fitted.covariance_next) == pytest.approx(variances)
    following = fitted.update(x[0])
    assert (
        following.first_stage[0].variance_next
        == fitted.first_stage[0].update(x[0, 0]).variance_next
    )
    with pytest.raises(UsageError, match="fitted volatilities"):
        _ = Dcc().fit_residuals(fitted.residuals).volatility_next


def test_dcc_forecast_goes_to_the_long_run() -> None:
    fitted = Dcc().fit_residuals(simulated_dcc(1000, 0.05, 0.9, seed=4))
    path = fitted.forecast(3000)
    assert path[0] == pytest.approx(fitted.correlation_next)
    assert path[-1] == pytest.approx(fitted.long_run_correlation, abs=1e-9)
    with pytest.raises(ParameterError, match="at least 1"):
        fitted.forecast(0)


def test_dcc_says_which_columns_are_the_same() -> None:
    z = common_moves(200, 4)
    z[:, 3] = -z[:, 1]
    with pytest.raises(EstimationError, match="columns 1 and 3"):
        Dcc().fit_residuals(z)
    shrunk = Dcc(target_shrinkage="ledoit_wolf", likelihood="pairs").fit_residuals(z)
    assert np.isfinite(shrunk.correlation_next).all()


def test_dcc_of_fewer_rows_than_columns() -> None:
    z = common_moves(60, 80)
    with pytest.raises(EstimationError, match="positive definite"):
        Dcc().fit_residuals(z)
    shrunk = Dcc(target_shrinkage="ledoit_wolf").fit_residuals(z)
    assert np.linalg.eigvalsh(shrunk.correlation_next)[0] > 0.0


@pytest.mark.parametrize("convention", ["recursive", "normalised", "demeaned"])
def test_ewma_stream_is_the_batch_to_the_bit(convention: str) -> None:
    x = common_moves(80, 5)
    model = EwmaCovariance(decay=0.94, convention=convention)
    streamed = model.fit(x[:1])
    for row in x[1:]:
        streamed = streamed.update(row)
    batch = model.fit(x)
    assert streamed.covariance.tobytes() == batch.covariance.tobytes()
    assert streamed.mean.tobytes() == batch.mean.tobytes()
    assert (streamed.observations, streamed.weight) == (80, batch.weight)


def test_constant_correlation_shrinkage_by_its_definition() -> None:
    """Ledoit and Wolf (2004, JPM), appendix B, summed term by term."""
    x = common_moves(60, 4) * [1.0, 2.0, 0.5, 1.5]
    c = x - x.mean(axis=0)
    s = c.T @ c / 60
    sd = np.sqrt(np.diag(s))
    rbar = np.mean([s[i, j] / sd[i] / sd[j] for i in range(4) for j in range(i)])
    pi, rho, gamma = 0.0, 0.0, 0.0
    for i in range(4):
        for j in range(4):
            own = np.mean((c[:, i] * c[:, j] - s[i, j]) ** 2)
            pi += own
            target = s[i, i] if i == j else rbar * sd[i] * sd[j]
            gamma += (target - s[i, j]) ** 2
            if i == j:
                rho += own
                continue
            theta_ii = np.mean((c[:, i] ** 2 - s[i, i]) * (c[:, i] * c[:, j] - s[i, j]))
            theta_jj = np.mean((c[:, j] ** 2 - s[j, j]) * (c[:, i] * c[:, j] - s[i, j]))
            rho += 0.5 * rbar * (sd[j] / sd[i] * theta_ii + sd[i] / sd[j] * theta_jj)
    wanted = min(max((pi - rho) / gamma / 60, 0.0), 1.0)
    fitted = LedoitWolf(target="constant_correlation").fit(x)
    assert fitted.shrinkage == pytest.approx(wanted, rel=1e-9)
    assert fitted.covariance.trace() == pytest.approx(s.trace())


def t_moves(rows: int, nu: float, rho: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((rows, 2)) @ np.linalg.cholesky([[1.0, rho], [rho, 1.0]]).T
    return np.asarray(z / np.sqrt(rng.chisquare(nu, rows) / nu)[:, None])


@pytest.mark.parametrize("method", ["two_step", "full_ml"])
def test_t_copula_finds_what_was_simulated(method: str) -> None:
    """At 4,000 rows the error of rho is about 0.013 and of 1 / nu about 0.02."""
    fitted = TCopula(method=method).fit(t_moves(4000, 4.0, 0.5, seed=1))
    assert fitted.correlation[0, 1] == pytest.approx(0.5, abs=0.04)
    assert 1.0 / fitted.degrees_of_freedom == pytest.approx(0.25, abs=0.06)
    wanted = tail_dependence_of_t(fitted.correlation[0, 1], fitted.degrees_of_freedom)
    assert fitted.tail_dependence()[0, 1] == wanted
    assert fitted.log_likelihood_of(fitted.uniforms) == pytest.approx(fitted.log_likelihood)


def test_t_copula_of_normal_moves_is_the_normal_one() -> None:
    x = t_moves(1500, 1e9, 0.5, seed=2)
    fitted = TCopula().fit(x)
    assert fitted.degrees_of_freedom > 30.0
    assert fitted.log_likelihood >= fit_gaussian_copula(x).log_likelihood - 1.0


def test_draws_have_the_copulas_rank_correlation_and_are_the_seeds() -> None:
    fitted = TCopula().fit(t_moves(500, 4.0, 0.5, seed=3))
    drawn = fitted.sample(20_000, seed=7)
    assert drawn.tobytes() == fitted.sample(20_000, seed=7).tobytes()
    assert drawn.tobytes() != fitted.sample(20_000, seed=8).tobytes()
    assert ((drawn > 0.0) & (drawn < 1.0)).all()
    # tau = 2 asin(rho) / pi of any elliptical law; its error here is below 0.006.
    wanted = 2.0 * np.arcsin(fitted.correlation[0, 1]) / np.pi
    assert kendall_tau(drawn)[0, 1] == pytest.approx(wanted, abs=0.02)
    assert drawn.mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.01)
    assert empirical_tail_dependence(drawn, k=200)[0, 1] == pytest.approx(
        fitted.tail_dependence()[0, 1], abs=0.12
    )


def test_copula_errors_by_blocks_are_of_the_right_size() -> None:
    """Error of rho: about (1 - rho^2) / sqrt(n) times a factor of the law near 1.2."""
    fitted = TCopula().fit(t_moves(400, 4.0, 0.5, seed=4))
    correlations, eta = fitted.standard_errors(block_length=5, replicates=30, seed=1)
    assert 0.02 < correlations[0, 1] < 0.09
    assert correlations[0, 0] == 0.0
    assert 0.01 < eta < 0.2


def test_cfg_of_an_extreme_value_copula() -> None:
    """Gumbel's copula at parameter 2 has the coefficient 2 - sqrt(2) = 0.586 (Frees, Valdez)."""
    rng = np.random.default_rng(5)
    angle = rng.uniform(0.0, np.pi, 20_000)
    stable = np.sin(0.5 * angle) ** 2 / np.sin(angle) ** 2 / rng.exponential(size=20_000)
    uniforms = np.exp(-np.sqrt(rng.exponential(size=(20_000, 2)) / stable[:, None] / 1.0))
    wanted = 2.0 - np.sqrt(2.0)
    assert cfg_tail_dependence(uniforms, tail="upper")[0, 1] == pytest.approx(wanted, abs=0.02)
    assert cfg_tail_dependence(-uniforms, tail="lower")[0, 1] == pytest.approx(wanted, abs=0.02)


def venue(rows: int, columns: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Returns, loadings on BTC, classes: two leaders, then coins of three classes."""
    rng = np.random.default_rng(seed)
    classes = [-1, -1, *(k % 3 for k in range(columns - 2))]
    beta = rng.uniform(0.6, 1.6, columns)
    beta[0] = 1.0
    btc, eth = rng.standard_t(4, (2, rows)) * 0.02
    own = rng.standard_t(5, (rows, columns)) * 0.02
    own[:, :2] = 0.0
    x = np.outer(btc, beta) + own + np.outer(eth, np.r_[0.0, 1.0, np.full(columns - 2, 0.5)])
    group = rng.standard_normal((rows, 3)) * 0.02
    for k in range(2, columns):
        x[:, k] += group[:, classes[k]]
    return x, beta, classes


def test_factor_model_finds_loadings_and_leaves_residuals_uncorrelated() -> None:
    x, beta, classes = venue(1500, 62)
    fitted = FactorModel(leaders=(0, 1), classes=classes).fit(x)
    assert fitted.factor_names == ("leader 0", "leader 1", "class 0", "class 1", "class 2")
    # Errors of the betas are about 0.03.
    assert fitted.loadings[:, 0] == pytest.approx(beta, abs=0.16)
    assert fitted.loadings[0].tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]
    left = fitted.residual_correlations
    # Chance alone gives sqrt(2 / pi / 1500) = 0.02; a coin's share in its own class's mean
    # (20 members) adds up to 1 / 20 of the opposite sign.
    assert left.mean_absolute < 0.04
    alone = FactorModel(leaders=(0, 1)).fit(x).residual_correlations
    assert alone.mean_absolute > 0.1
    sample = np.corrcoef(x, rowvar=False)
    assert np.abs(fitted.correlation - sample).mean() < 0.03
    assert np.median(fitted.degrees_of_freedom[2:]) == pytest.approx(5.0, abs=2.0)


def test_factor_model_pools_young_and_still_coins() -> None:
    x, _, classes = venue(300, 42)
    x[:290, 5] = np.nan
    x[:, 6] = 0.01
    x[:, 7] = np.nan
    fitted = FactorModel(leaders=(0, 1), classes=classes).fit(x)
    assert fitted.pooled == (5, 6, 7)
    assert (fitted.residual_variances[[5, 6, 7]] > 0.0).all()
    assert (fitted.loading_errors[5] == 0.0).all()
    assert (np.linalg.eigvalsh(fitted.covariance) > -1e-15).all()
    with pytest.raises(InsufficientDataError, match=r"columns \[5\]"):
        FactorModel(leaders=(5,)).fit(x)


def test_300_series_of_which_60_have_holes() -> None:
    x, _, classes = venue(200, 300)
    rng = np.random.default_rng(1)
    for k in rng.choice(np.arange(2, 300), 60, replace=False):
        x[: rng.integers(1, 195), k] = np.nan
    factors = FactorModel(leaders=(0, 1), classes=classes, half_life=60.0).fit(x)
    kept = (~np.isnan(x)).sum(axis=0) >= 30
    pairs = PairwiseCovariance().fit(x[:, kept])
    assert pairs.repaired
    assert pairs.repair_distance > 0.0
    for found in (factors, pairs):
        assert np.isfinite(found.correlation).all()
        assert (np.diag(found.correlation) == 1.0).all()
        assert np.linalg.eigvalsh(found.correlation)[0] > -1e-12
        assert np.isfinite(found.volatilities).all()


def test_pairs_without_common_rows_are_counted() -> None:
    x = common_moves(100, 3)
    x[:50, 1] = np.nan
    x[50:, 2] = np.nan
    found = PairwiseCovariance().fit(x)
    assert found.sparse_pairs == 1
    with pytest.raises(InsufficientDataError, match=r"columns \[1\]"):
        PairwiseCovariance(minimum_overlap=60).fit(x[:, :2])


ONE = common_moves(120, 3)
DEGENERATE = {
    "identical": np.column_stack([ONE, ONE[:, 0]]),
    "opposite": np.column_stack([ONE, -ONE[:, 0]]),
    "constant": np.column_stack([ONE, np.full(120, 0.1)]),
    "zeros": np.zeros((120, 3)),
    "one spike": np.eye(120)[:, :3],
    "fewer rows": common_moves(60, 90),
    "thirty": common_moves(30, 3),
    "one column": ONE[:, :1],
}
MODELS: dict[str, Callable[[np.ndarray], object]] = {
    "sample": lambda x: SampleCovariance().fit(x),
    "ledoit_wolf": lambda x: LedoitWolf().fit(x),
    "constant_correlation": lambda x: LedoitWolf(target="constant_correlation").fit(x),
    "oas": lambda x: OracleApproximating().fit(x),
    "ewma": lambda x: EwmaCovariance(decay=0.97, convention="demeaned").fit(x),
    "pairwise": lambda x: PairwiseCovariance().fit(x),
    "factor": lambda x: FactorModel().fit(x),
    "two_step": lambda x: TCopula(method="two_step").fit(x),
    "full_ml": lambda x: TCopula().fit(x),
    "gaussian": fit_gaussian_copula,
    "dcc": lambda x: Dcc().fit_residuals(x),
    "dcc_pairs": lambda x: Dcc(likelihood="pairs", target_shrinkage="ledoit_wolf").fit_residuals(x),
}


@pytest.mark.parametrize("panel", DEGENERATE)
@pytest.mark.parametrize("model", MODELS)
def test_degenerate_panels_give_correlations_or_clear_errors(panel: str, model: str) -> None:
    try:
        fitted = MODELS[model](DEGENERATE[panel])
    except PlimsollError:
        return
    found = getattr(fitted, "correlation_next", None)
    correlation = fitted.correlation if found is None else found  # type: ignore[attr-defined]
    assert np.isfinite(correlation).all()
    assert (np.diag(correlation) == 1.0).all()
    assert np.linalg.eigvalsh(correlation)[0] > -1e-9


@pytest.mark.parametrize("model", ["sample", "ledoit_wolf", "oas", "ewma", "pairwise", "factor"])
@pytest.mark.parametrize("panel", ["identical", "opposite", "constant"])
def test_covariances_answer_where_a_density_cannot(panel: str, model: str) -> None:
    assert MODELS[model](DEGENERATE[panel]) is not None


def test_wrong_panels_are_refused() -> None:
    holes = ONE.copy()
    holes[7, 1] = np.nan
    with pytest.raises(DataFormatError, match="row 7") as caught:
        SampleCovariance().fit(holes)
    assert caught.value.row == 7
    holes[7, 1] = np.inf
    with pytest.raises(DataFormatError, match="finite"):
        PairwiseCovariance().fit(holes)
    with pytest.raises(DataFormatError, match="two-dimensional"):
        LedoitWolf().fit(ONE[:, 0])
    with pytest.raises(ParameterError, match="decay"):
        EwmaCovariance(decay=1.0)
    with pytest.raises(DataFormatError, match="3 finite"):
        EwmaCovariance(decay=0.9).fit(ONE).update([1.0, np.nan, 2.0])
    with pytest.raises(ParameterError, match="symmetric"):
        nearest_correlation([[1.0, 0.2], [0.3, 1.0]])


def test_stress_goes_from_the_matrix_to_the_extreme() -> None:
    r = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, 0.3], [0.2, 0.3, 1.0]])
    assert stressed_correlation(r, 0.0) == pytest.approx(r)
    assert stressed_correlation(r, 1.0).tolist() == np.ones((3, 3)).tolist()
    assert stressed_correlation(r, 1.0, signs=[1, 1, -1])[0].tolist() == [1.0, 1.0, -1.0]
    assert broken_correlation(r, 1.0).tolist() == np.eye(3).tolist()
    halved = broken_correlation(r, 0.5, groups=[0, 0, 1])
    assert halved[0].tolist() == [1.0, 0.5, 0.1]
    with pytest.raises(ParameterError, match="theta"):
        stressed_correlation(r, 1.5)
    with pytest.raises(ParameterError, match="negative eigenvalue"):
        stressed_correlation([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]], 0.5)


def test_collateral_falls_when_short_positions_lose() -> None:
    r = np.full((4, 4), 0.6) + 0.4 * np.eye(4)
    near = stressed_between(r, 0.3, positions=[0, 1], collateral=[2, 3])
    assert near[0, 2] == pytest.approx(0.7 * 0.6 + 0.3)
    assert near[0, 1] == 0.6
    far = stressed_between(r, 1.0, positions=[0, 1], collateral=[2, 3], position_signs=[-1, -1])
    assert np.linalg.eigvalsh(far)[0] >= -1e-12
    assert (far[:2, 2:] < -0.7).all()
    with pytest.raises(ParameterError, match="in common"):
        stressed_between(r, 0.5, positions=[0, 1], collateral=[1, 2])
