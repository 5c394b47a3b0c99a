"""Both tails, clusters, extremal index, mean excess, stability and choice of the threshold."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from plimsoll.errors import EstimationError, InsufficientDataError, ParameterError
from plimsoll.estimators import (
    PeaksOverThreshold,
    TwoSidedTail,
    choose_threshold,
    decluster,
    extremal_index,
    mean_excess,
    threshold_stability,
)

RETURNS = np.random.default_rng(8).standard_t(4, 6000)


def max_autoregression(phi: float, count: int, seed: int) -> np.ndarray:
    """``X_t = max(phi X_(t-1), (1 - phi) Z_t)``, Z unit Frechet: extremal index ``1 - phi``."""
    noise = -1.0 / np.log(np.random.default_rng(seed).random(count))
    values = np.empty(count)
    values[0] = noise[0]
    for t in range(1, count):
        values[t] = max(phi * values[t - 1], (1.0 - phi) * noise[t])
    return values


def test_both_tails_are_those_of_either_sign() -> None:
    tails = TwoSidedTail(rises=PeaksOverThreshold(tail_fraction=0.1)).fit(RETURNS)
    assert tails.falls.xi == PeaksOverThreshold().fit(-RETURNS).xi
    assert tails.rises.xi == PeaksOverThreshold(tail_fraction=0.1).fit(RETURNS).xi
    for probability in (1e-4, 0.02, 0.93, 0.9999):
        assert tails.cdf(tails.quantile(probability)) == pytest.approx(probability, rel=1e-9)
    low, high = tails.body
    assert low < 0.0 < high
    with pytest.raises(ParameterError, match="between the thresholds"):
        tails.quantile(0.5)
    with pytest.raises(ParameterError, match="between the thresholds"):
        tails.cdf(0.0)


def test_infinite_variance_is_flagged_as_data() -> None:
    light = PeaksOverThreshold(tail_fraction=0.1).fit(RETURNS)
    heavy = PeaksOverThreshold(tail_fraction=0.1).fit(
        stats.genpareto(0.8).rvs(4000, random_state=np.random.default_rng(0))
    )
    assert not light.variance_is_infinite
    assert heavy.variance_is_infinite
    assert np.isfinite(heavy.expected_shortfall(0.99))


def test_probability_of_exceedance_inverts_the_quantile() -> None:
    tail = PeaksOverThreshold().fit(RETURNS)
    assert tail.exceedance_probability(tail.quantile(0.999)) == pytest.approx(0.001, rel=1e-9)
    bounded = PeaksOverThreshold(tail_fraction=0.4).fit(
        stats.genpareto(-0.3).rvs(800, random_state=np.random.default_rng(0))
    )
    assert bounded.xi < 0.0
    assert bounded.exceedance_probability(50.0) == 0.0
    with pytest.raises(ParameterError, match="threshold"):
        tail.exceedance_probability(0.0)


def test_clusters_by_hand() -> None:
    losses = [0.0, 3.0, 2.0, 0.0, 5.0, 0.0, 0.0, 4.0, 0.0]
    clusters = decluster(losses, threshold=1.0, run_length=2)
    assert clusters.peaks.tolist() == [5.0, 4.0]
    assert clusters.rows.tolist() == [4, 7]
    assert clusters.sizes.tolist() == [3, 1]
    assert clusters.extremal_index == pytest.approx(0.5)
    apart = decluster(losses, threshold=1.0, run_length=1)
    assert apart.rows.tolist() == [1, 4, 7]
    with pytest.raises(InsufficientDataError):
        decluster(losses, threshold=5.0, run_length=1)
    with pytest.raises(ParameterError):
        decluster(losses, threshold=1.0, run_length=0)


@pytest.mark.parametrize("phi", [0.0, 0.4, 0.7])
def test_extremal_index_of_a_known_process(phi: float) -> None:
    """Twenty series of 5,000 at their 97 % quantile; three standard errors and 0.03 of bias."""
    series = [max_autoregression(phi, 5000, seed) for seed in range(20)]
    found = [extremal_index(x, threshold=float(np.quantile(x, 0.97))).value for x in series]
    error = float(np.std(found, ddof=1)) / np.sqrt(20)
    assert np.mean(found) == pytest.approx(1.0 - phi, abs=3.0 * error + 0.03)


def test_intervals_estimator_by_hand() -> None:
    """Gaps 1, 1, 6, 1: ``2 (5)**2 / (4 * 5 * 4)`` = 0.625; three parts of it lie between."""
    losses = np.zeros(12)
    losses[[1, 2, 3, 9, 10]] = 1.0
    found = extremal_index(losses, threshold=0.5)
    assert found.value == pytest.approx(0.625)
    assert found.exceedances == 5
    assert found.mean_cluster_size == pytest.approx(1.6)
    with pytest.raises(InsufficientDataError):
        extremal_index([0.0, 1.0, 0.0, 1.0], threshold=0.5)


def test_declustered_fit_takes_the_peaks_only() -> None:
    losses = max_autoregression(0.6, 6000, 1)
    plain = PeaksOverThreshold().fit(losses)
    parted = PeaksOverThreshold(run_length=3).fit(losses)
    peaks = decluster(losses, threshold=plain.threshold, run_length=3)
    assert parted.threshold == plain.threshold
    assert parted.exceedances == plain.exceedances
    assert parted.excesses == pytest.approx(np.sort(peaks.peaks) - plain.threshold)
    assert losses[parted.rows] - parted.threshold == pytest.approx(parted.excesses)
    with pytest.raises(InsufficientDataError, match="clusters"):
        PeaksOverThreshold(run_length=500).fit(losses)
    with pytest.raises(ParameterError):
        PeaksOverThreshold(run_length=-1)


def test_mean_excess_of_a_pareto_tail_is_a_line() -> None:
    """``(beta + xi u) / (1 - xi)`` within four standard errors."""
    law = stats.genpareto(0.2, scale=1.5)
    curve = mean_excess(law.rvs(40_000, random_state=np.random.default_rng(3)))
    expected = (1.5 + 0.2 * curve.thresholds) / 0.8
    trusted = curve.exceedances > 200
    assert np.all(np.abs(curve.means - expected)[trusted] < 4.0 * curve.errors[trusted])
    at = mean_excess([float(i) for i in range(40)], thresholds=[29.0, 38.0])
    assert at.means.tolist() == [5.5]  # the mean of 1 to 10; one loss above 38 is too few
    assert at.exceedances.tolist() == [10]
    with pytest.raises(InsufficientDataError, match="10 exceedances"):
        mean_excess(RETURNS, thresholds=[1e9])


def test_stability_is_level_for_a_pareto_sample() -> None:
    losses = stats.genpareto(0.25).rvs(8000, random_state=np.random.default_rng(5))
    table = threshold_stability(losses)
    assert np.all(np.abs(table.xi - 0.25) < 3.5 * table.xi_errors)
    assert np.all(np.abs(table.modified_scale - 1.0) < 3.5 * table.modified_scale_errors)
    assert np.all(np.diff(table.thresholds) > 0.0)
    assert not table.refused
    assert table.tail_fractions[0] == 0.2


def test_choice_of_the_threshold() -> None:
    """A pure Pareto sample keeps the largest fraction; a body of another shape is left out."""
    rng = np.random.default_rng(7)
    pure = stats.genpareto(0.25).rvs(8000, random_state=rng)
    assert choose_threshold(pure).tail_fraction == 0.2
    body, tail = (
        rng.uniform(0.0, 3.0, 18_600),
        3.0 + stats.genpareto(0.4, scale=0.3).rvs(1400, random_state=rng),
    )
    mixed = choose_threshold(np.concatenate([body, tail]))
    assert mixed.tail_fraction <= 0.125
    assert mixed.contrasts[0] > mixed.critical[0]
    assert mixed.tail.xi == pytest.approx(0.4, abs=0.15)
    with pytest.raises(ParameterError):
        choose_threshold(pure, level=0.0)


def test_short_samples_are_refused_with_the_reason() -> None:
    with pytest.raises(EstimationError, match="exceedances are needed"):
        threshold_stability(RETURNS[:60])
    table = threshold_stability(RETURNS[:400])
    assert table.refused
    assert "30 exceedances" in table.refused[-1][1]
