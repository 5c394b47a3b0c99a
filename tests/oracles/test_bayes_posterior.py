"""The full posterior of pooled levels by NUTS, and what it says of the fast fits.

Oracles: the parameters that simulated returns were made with; the fast empirical-Bayes levels,
which integrate the same model by other means; and the two-parameter posterior on a grid.
The grid itself is checked against Gauss-Legendre quadrature.
"""

from __future__ import annotations

import sys

import numpy as np
import pytest
from scipy import stats

from plimsoll.adapters.bayes import hierarchical_posterior as sampling
from plimsoll.adapters.bayes.hierarchical_posterior import HierarchicalPosterior, PosteriorSampler
from plimsoll.adapters.bayes.nightly_check import NightlyCheck, compared, fast_levels
from plimsoll.errors import (
    DataFormatError,
    EstimationError,
    InsufficientDataError,
    ParameterError,
    UsageError,
)
from plimsoll.estimators.pooling.student_posterior import (
    BayesStudentT,
    FitMethod,
    StudentPrior,
    fit_parameters,
    parameter_fits_table,
    student_prior,
)
from plimsoll.estimators.tails.student_t import StudentT

MARKETS = ("A", "B", "C", "D", "E", "F")
SAMPLER = PosteriorSampler(warm_up=400, draws=500, acceptance=0.9)
FREEDOM = 4.0
LOG_SCALE = np.array([-4.4, -4.1, -4.6, -4.2, -3.9, -4.5])


@pytest.fixture(scope="module")
def returns() -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    made = [np.exp(level) * rng.standard_t(FREEDOM, 150) for level in LOG_SCALE]
    made[3] = made[3][:40]  # the young one
    made[0][7] = np.nan
    return made


class Counted:
    """Progress that keeps what it was told."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int | None]] = []
        self.done = self.finished = self.calls = 0

    def start(self, label: str, total: int | None = None) -> None:
        self.stages.append((label, total))

    def advance(self, count: int = 1) -> None:
        self.done, self.calls = self.done + count, self.calls + 1

    def finish(self) -> None:
        self.finished += 1


@pytest.fixture(scope="module")
def seen() -> Counted:
    return Counted()


@pytest.fixture(scope="module")
def posterior(returns: list[np.ndarray], seen: Counted) -> HierarchicalPosterior:
    return SAMPLER.unchecked(returns, seed=1, markets=MARKETS, progress=seen)


@pytest.fixture(scope="module")
def check(returns: list[np.ndarray], posterior: HierarchicalPosterior) -> NightlyCheck:
    return compared(fast_levels(returns, None, SAMPLER, MARKETS), posterior)


def test_the_chains_have_converged(posterior: HierarchicalPosterior) -> None:
    found = posterior.diagnostics
    assert found.r_hat < 1.01
    assert min(found.bulk_effective, found.tail_effective) > 400.0
    assert found.divergences == 0
    assert posterior.draws["log_scale"].shape == (4, 500, 6)
    posterior.diagnostics.demand()


@pytest.mark.usefixtures("posterior")
def test_steps_are_counted_while_they_are_drawn(seen: Counted) -> None:
    assert seen.stages == [("posterior of levels", 900)]
    assert (seen.done, seen.finished) == (900, 1)
    assert seen.calls > 10


def test_the_posterior_holds_what_the_returns_were_made_with(
    posterior: HierarchicalPosterior,
) -> None:
    mean, sd = posterior.moments("log_scale")
    assert (np.abs(mean - LOG_SCALE) < 3.5 * sd).all()
    assert sd[3] > 1.3 * np.delete(sd, 3).max(), "forty returns say less than a hundred and fifty"
    mean, sd = posterior.moments("log_freedom")
    assert (np.abs(mean - np.log(FREEDOM)) < 3.5 * sd).all()


def test_the_fast_levels_agree_with_the_full_posterior(check: NightlyCheck) -> None:
    assert check.passed, str(check.table())
    assert check.between_sd_fast == pytest.approx(check.between_sd_full, rel=0.5)
    table = check.table()
    assert table.column("market") == MARKETS
    assert "divergences" in table.notes[1]


def test_few_draws_are_refused(
    returns: list[np.ndarray], posterior: HierarchicalPosterior, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first fifty draws of the good chains, handed over as if they were all."""
    few = {name: values[:, :50] for name, values in posterior.draws.items()}
    monkeypatch.setattr(sampling, "_draw", lambda *_: (few, 2))
    with pytest.raises(EstimationError, match=r"effective size.*2 divergences"):
        SAMPLER.sample(returns, seed=1)
    assert SAMPLER.unchecked(returns, seed=1).diagnostics.divergences == 2


def test_without_the_extra_the_error_names_it(
    returns: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "numpyro", None)
    with pytest.raises(UsageError, match=r"plimsoll\[bayes\]"):
        SAMPLER.sample(returns, seed=1)


def test_unusable_returns_are_refused_before_anything_is_drawn(returns: list[np.ndarray]) -> None:
    with pytest.raises(InsufficientDataError):
        SAMPLER.sample(returns[:2], seed=1)
    with pytest.raises(InsufficientDataError):
        SAMPLER.sample([*returns, np.zeros(50)], seed=1)
    with pytest.raises(DataFormatError):
        SAMPLER.sample([*returns, np.full(50, np.inf)], seed=1)
    for wrong in ({"draws": 1}, {"chains": 1}, {"acceptance": 1.0}):
        with pytest.raises(ParameterError):
            PosteriorSampler(**wrong)  # type: ignore[arg-type]


PRIOR = StudentPrior(log_scale=-4.3, log_scale_sd=0.4, log_freedom=np.log(4.0), log_freedom_sd=0.5)


def test_the_grid_is_the_integral(returns: list[np.ndarray]) -> None:
    """Moments of ln scale and ln freedom by Gauss-Legendre quadrature of scipy's densities."""
    values = returns[3]
    centred = values - np.median(values)
    nodes, weights = np.polynomial.legendre.leggauss(90)
    low, high = np.array([-5.4, np.log(1.05)]), np.array([-3.0, np.log(200.0)])
    log_s, log_nu = (0.5 * (high - low)[:, None] * nodes + 0.5 * (high + low)[:, None])[:, :, None]
    log_nu = log_nu.T
    density = stats.norm.logpdf(log_s, PRIOR.log_scale, PRIOR.log_scale_sd)
    density = density + stats.norm.logpdf(log_nu, PRIOR.log_freedom, PRIOR.log_freedom_sd)
    for value in centred:
        density = density + stats.t.logpdf(value, np.exp(log_nu), 0.0, np.exp(log_s))
    mass = np.exp(density - density.max()) * weights[:, None] * weights[None, :]
    mass /= mass.sum()
    posterior = BayesStudentT(prior=PRIOR).fit(values)
    for name, axis in (("scale", log_s), ("freedom", log_nu)):
        mean = float(np.sum(mass * axis))
        sd = float(np.sqrt(np.sum(mass * (axis - mean) ** 2)))
        # The package's grid leaves a millionth of a per cent of the mass out: 1e-4 is plenty.
        assert posterior.moments(name) == pytest.approx((mean, sd), abs=1e-4)


def test_much_data_leaves_the_prior_behind() -> None:
    values = 0.01 * np.random.default_rng(8).standard_t(4, 3_000)
    scale, freedom = fit_parameters(values, PRIOR)
    # A prior worth some fifty returns moves the fit by a few per cent of a standard error.
    assert abs(scale.difference) < 0.2
    assert abs(freedom.difference) < 0.2
    # The predictive quantile of a known law is that law's: with 3,000 returns to one per cent.
    var = BayesStudentT(prior=PRIOR).fit(values).value_at_risk(0.99)
    assert var == pytest.approx(StudentT().fit(values).value_at_risk(0.99), rel=0.01)


def test_few_data_cost_more_than_the_plug_in() -> None:
    values = 0.01 * np.random.default_rng(9).standard_t(4, 12)
    posterior = BayesStudentT(prior=PRIOR).fit(values)
    (log_scale, sd), (log_freedom, _) = posterior.moments("scale"), posterior.moments("freedom")
    plug_in = float(np.exp(log_scale) * stats.t.ppf(0.999, np.exp(log_freedom)))
    assert sd > 0.15
    assert posterior.value_at_risk(0.999) + posterior.location > 1.05 * plug_in
    below = posterior.probability_below(-posterior.value_at_risk(0.999))
    assert below == pytest.approx(0.001, rel=1e-6)


def test_each_parameter_is_fitted_as_it_is_asked(returns: list[np.ndarray]) -> None:
    use = {"scale": FitMethod.MLE, "freedom": FitMethod.BAYES}
    scale, freedom = fit_parameters(returns[3], PRIOR, use)
    peer = StudentT().fit(returns[3])
    assert scale.value == pytest.approx(peer.scale)
    assert freedom.value == pytest.approx(np.exp(freedom.bayes))
    assert freedom.mle == pytest.approx(np.log(peer.degrees_of_freedom))
    assert freedom.difference == pytest.approx((freedom.bayes - freedom.mle) / freedom.mle_error)
    table = parameter_fits_table((scale, freedom))
    assert table.column("used") == ("mle", "bayes")
    with pytest.raises(ParameterError):
        fit_parameters(returns[3], PRIOR, {"shape": FitMethod.MLE})


@pytest.mark.parametrize(
    "values",
    [
        np.r_[np.zeros(29), 1.0],
        np.r_[np.full(15, 0.01), np.full(15, -0.01)],
        np.arange(10.0) - 4.5,
    ],
    ids=["spike", "two values", "ten"],
)
def test_degenerate_returns_have_a_bayesian_fit(values: np.ndarray) -> None:
    fits = fit_parameters(values, PRIOR)
    assert all(np.isfinite([f.bayes, f.bayes_sd, f.value]).all() for f in fits)
    assert np.isfinite(BayesStudentT(prior=PRIOR).fit(values).value_at_risk(0.99))


def test_a_constant_series_is_refused() -> None:
    with pytest.raises(EstimationError):
        fit_parameters(np.ones(50), PRIOR)


def test_a_prior_comes_from_peers(returns: list[np.ndarray]) -> None:
    peers = [StudentT().fit(values[~np.isnan(values)]) for values in returns]
    prior = student_prior(peers)
    assert prior.log_scale == pytest.approx(LOG_SCALE.mean(), abs=0.15)
    assert 0.15 < prior.log_scale_sd < 0.6
    assert prior.log_freedom == pytest.approx(np.log(FREEDOM), abs=0.3)
