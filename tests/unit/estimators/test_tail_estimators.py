"""PeaksOverThreshold, StudentT, bootstrap_standard_error, overlapping_tail."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from plimsoll.errors import (
    DataFormatError,
    EstimationError,
    InsufficientDataError,
    ParameterError,
)
from plimsoll.estimators import (
    Ewma,
    Garch,
    PeaksOverThreshold,
    StudentT,
    bootstrap_standard_error,
    overlapping_tail,
)

LOSSES = np.random.default_rng(6).standard_t(4, 3000)


def test_quantiles_of_a_known_tail() -> None:
    """Pareto with xi = 0.25 exactly: the 99.9 % quantile within three standard errors."""
    law = stats.genpareto(0.25)
    values = law.rvs(20000, random_state=np.random.default_rng(0))
    tail = PeaksOverThreshold(tail_fraction=0.1).fit(values)
    error = tail.quantile_standard_error(0.999)
    assert abs(tail.quantile(0.999) - law.ppf(0.999)) < 3.0 * error
    assert abs(tail.xi - 0.25) < 3.0 * tail.standard_errors()[0]


def test_quantile_standard_error_against_simulation() -> None:
    """300 samples: the spread of the quantile equals the delta-method error within 15 %."""
    law, found, errors = stats.genpareto(0.2), [], []
    for seed in range(300):
        values = law.rvs(2000, random_state=np.random.default_rng(seed))
        tail = PeaksOverThreshold(tail_fraction=0.1).fit(values)
        found.append(tail.quantile(0.99))
        errors.append(tail.quantile_standard_error(0.99))
    assert np.median(errors) == pytest.approx(np.std(found), rel=0.15)


def test_tail_follows_the_unit() -> None:
    base, scaled = PeaksOverThreshold().fit(LOSSES), PeaksOverThreshold().fit(LOSSES * 1e-3)
    assert scaled.xi == pytest.approx(base.xi, rel=1e-6)
    assert scaled.quantile(0.999) == pytest.approx(1e-3 * base.quantile(0.999), rel=1e-7)
    expected = 1e-3 * base.quantile_standard_error(0.999)
    assert scaled.quantile_standard_error(0.999) == pytest.approx(expected, rel=1e-5)


def test_stability_over_thresholds() -> None:
    fits = PeaksOverThreshold().stability(LOSSES, [0.02, 0.05, 0.1])
    assert [f.exceedances for f in fits] == [60, 150, 300]
    assert fits[0].threshold > fits[1].threshold > fits[2].threshold


def test_domain_of_the_tail() -> None:
    tail = PeaksOverThreshold().fit(LOSSES)
    with pytest.raises(ParameterError, match="threshold"):
        tail.quantile(0.9)
    with pytest.raises(ParameterError):
        tail.quantile(1.0)
    with pytest.raises(InsufficientDataError, match="exceedances"):
        PeaksOverThreshold(tail_fraction=0.01).fit(LOSSES[:500])
    with pytest.raises(EstimationError, match="must be determined"):
        PeaksOverThreshold(tail_fraction=0.2).fit(np.repeat([0.0, 1.0], [850, 150]))
    with pytest.raises(ParameterError):
        PeaksOverThreshold(tail_fraction=0.6)
    with pytest.raises(ParameterError, match="maximum-likelihood"):
        PeaksOverThreshold(method="pwm").fit(LOSSES).standard_errors()
    with pytest.raises(DataFormatError, match="row 1"):
        PeaksOverThreshold().fit([1.0, np.nan] + [0.0] * 50)


def test_a_tail_without_a_mean_has_no_shortfall() -> None:
    values = stats.genpareto(1.4).rvs(4000, random_state=np.random.default_rng(0))
    tail = PeaksOverThreshold(tail_fraction=0.1).fit(values)
    assert tail.xi > 1.0
    assert tail.quantile(0.99) > tail.threshold
    with pytest.raises(EstimationError, match="below 1"):
        tail.expected_shortfall(0.99)


def test_student_t_without_a_mean_has_no_shortfall() -> None:
    fitted = StudentT().fit(np.random.default_rng(0).standard_t(0.7, 2000))
    assert fitted.degrees_of_freedom < 1.0
    with pytest.raises(EstimationError):
        fitted.expected_shortfall(0.99)


def test_student_t_standard_errors_against_simulation() -> None:
    """200 samples of 500: within 20 %."""
    fits = [StudentT().fit(np.random.default_rng(s).standard_t(5, 500)) for s in range(200)]
    location = [f.location for f in fits]
    scale = [f.scale for f in fits]
    assert np.median([f.location_error for f in fits]) == pytest.approx(np.std(location), rel=0.2)
    assert np.median([f.scale_error for f in fits]) == pytest.approx(np.std(scale), rel=0.2)


@pytest.mark.parametrize("method", ["pot_pwm", "empirical"])
def test_bootstrap_error_of_independent_values_against_simulation(method: str) -> None:
    """Spread of the 99 % quantile over 400 fresh samples; the bootstrap median within 25 %."""
    law = stats.t(4)
    samples = [law.rvs(2000, random_state=np.random.default_rng(s)) for s in range(400)]
    if method == "empirical":
        truth = np.std([np.quantile(x, 0.99) for x in samples])
    else:
        model = PeaksOverThreshold(method="pwm")
        truth = np.std([model.fit(x).quantile(0.99) for x in samples])
    found = [
        bootstrap_standard_error(x, confidence=0.99, block_length=10, method=method, seed=1)
        for x in samples[:20]
    ]
    assert np.median(found) == pytest.approx(truth, rel=0.25)


def test_blocks_see_the_overlap_that_single_draws_miss() -> None:
    """Sums over 24 overlapping steps: the honest error is the one over fresh histories."""
    rng = np.random.default_rng(3)
    histories = rng.standard_t(5, size=(150, 4024))
    sums = np.cumsum(histories, axis=1)
    moves = sums[:, 24:] - sums[:, :-24]
    truth = np.std([np.quantile(m, 0.98) for m in moves])
    options = {"confidence": 0.98, "method": "empirical", "replicates": 100}
    blocks, single = (
        np.median(
            [
                bootstrap_standard_error(m, block_length=length, seed=1, **options)
                for m in moves[:15]
            ]
        )
        for length in (120, 1)
    )
    assert blocks == pytest.approx(truth, rel=0.35)
    assert single < 0.5 * truth


def test_bootstrap_refusals_and_repeatability() -> None:
    options = {"confidence": 0.99, "block_length": 24, "seed": 5}
    assert bootstrap_standard_error(LOSSES, **options) == bootstrap_standard_error(
        LOSSES, **options
    )
    for wrong in (
        {"confidence": 1.0},
        {"block_length": 0},
        {"block_length": 5000},
        {"tail_fraction": 0.005},
        {"replicates": 1},
        {"method": "normal"},
    ):
        with pytest.raises(ParameterError):
            bootstrap_standard_error(LOSSES, **{**options, **wrong})
    with pytest.raises(EstimationError, match="resamples"):
        bootstrap_standard_error(LOSSES[:100], **{**options, "tail_fraction": 0.06})


def test_overlapping_moves_are_scaled_by_what_was_known_before() -> None:
    returns = LOSSES * 0.01
    fitted, horizon = Ewma(half_life=50.0).fit(returns), 6
    found = overlapping_tail(fitted, horizon=horizon)
    for t in (0, 100, returns.size - horizon):
        move = returns[t : t + horizon].sum()
        volatility = np.sqrt(horizon * fitted.variances[t])
        assert found.scaled_losses[t] == pytest.approx(-move / volatility, rel=1e-12)
    assert found.scaled_losses.size == returns.size - horizon + 1
    assert found.volatility == pytest.approx(np.sqrt(horizon * fitted.variance_next))
    expected = found.volatility * found.tail.quantile(0.99)
    assert found.value_at_risk(0.99) == pytest.approx(expected, rel=1e-14)
    assert found.expected_shortfall(0.99) > found.value_at_risk(0.99)
    assert found.standard_error(0.99, block_length=24, seed=1) > 0.0
    with pytest.raises(ParameterError, match="horizon"):
        found.standard_error(0.99, block_length=3, seed=1)
    with pytest.raises(ParameterError):
        overlapping_tail(fitted, horizon=0)


def test_horizon_volatility_of_a_garch_is_its_summed_forecast() -> None:
    fitted = Garch().fit(LOSSES)
    found = overlapping_tail(fitted, horizon=8)
    assert found.volatility == pytest.approx(np.sqrt(fitted.forecast(8).sum()), rel=1e-12)
