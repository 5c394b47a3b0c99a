"""Corrections for many trials, against closed forms, simulation and another library."""

from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import SPA, StationaryBootstrap
from numpy.typing import NDArray

from plimsoll.calibration.folds.block_standard_error import block_standard_error
from plimsoll.calibration.folds.deflation import deflated_objective, expected_maximum
from plimsoll.errors import EstimationError, InsufficientDataError, UsageError
from plimsoll.validation.overlap.block_indices import BlockResampling, Blocks
from plimsoll.validation.ranking.superior_predictive_ability import (
    long_run_variance,
    superior_predictive_ability,
)

Matrix = NDArray[np.float64]


@pytest.mark.parametrize(
    ("trials", "expected"),
    # Order statistics of the normal law: closed forms to 3, tables (Harter, 1961) beyond.
    [
        (2, 1.0 / np.sqrt(np.pi)),
        (3, 1.5 / np.sqrt(np.pi)),
        (5, 1.16296),
        (10, 1.53875),
        (100, 2.50759),
        (400, 2.96818),
    ],
)
def test_expected_maximum_of_normals(trials: int, expected: float) -> None:
    assert expected_maximum(trials) == pytest.approx(expected, abs=6e-6)


def test_expected_maximum_rises_and_is_near_bailey_and_lopez_de_prado() -> None:
    """Their formula mixes two quantiles; they state it for many trials: within 2 % from 10 on."""
    from scipy.stats import norm

    for n in (10, 50, 200, 1000):
        euler = float(np.euler_gamma)
        mixed = (1 - euler) * norm.ppf(1 - 1 / n) + euler * norm.ppf(1 - 1 / (n * np.e))
        assert expected_maximum(n) == pytest.approx(mixed, rel=0.025)
    values = [expected_maximum(n) for n in (1.0, 1.2, 1.9, 2.5, 7.0)]
    assert values == sorted(values)
    assert values[0] == 0.0


@pytest.mark.parametrize("kind", ["independent", "common", "groups"])
def test_luck_of_the_best_of_correlated_trials(kind: str) -> None:
    """Mean luck over 300 data sets against the mean found; error of that mean is about 2 %.

    Groups: 60 trials that are near copies (correlation .95 within) of 6. Counting all 60 as
    independent would overstate the luck by 40 %.
    """
    rng = np.random.default_rng(8)
    found, expected, effective = [], [], []
    for _ in range(300):
        if kind == "groups":
            leaders = np.repeat(rng.standard_normal((120, 6)), 10, axis=1)
            values = np.sqrt(0.95) * leaders + np.sqrt(0.05) * rng.standard_normal((120, 60))
        else:
            common = 2.0 if kind == "common" else 0.0
            values = common * rng.standard_normal((120, 1)) + rng.standard_normal((120, 60))
        one = deflated_objective(values, resampling=BlockResampling(length=1.0, replications=200))
        found.append(values.mean() - one.found)
        expected.append(one.luck)
        effective.append(one.effective_trials)
    if kind == "groups":
        assert 8.0 < float(np.mean(effective)) < 25.0
    else:
        assert float(np.mean(effective)) > 45.0
    assert np.mean(expected) == pytest.approx(np.mean(found), rel=0.06)


def scores(seed: int, spread: float) -> tuple[Matrix, Matrix]:
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((260, 10))
    for t in range(1, 260):
        noise[t] += 0.4 * noise[t - 1]
    scale = np.linspace(0.5, 2.0, 9)
    return noise[:, 0], noise[:, 1:] * scale + np.linspace(-spread, spread, 9)


@pytest.mark.parametrize(("seed", "spread"), [(1, 0.0), (2, 0.1), (3, 0.3), (5, 0.2)])
def test_p_values_are_those_of_arch(seed: int, spread: float) -> None:
    """arch 8 does not divide by the standard errors; given scores divided beforehand it does.

    4,000 resamples each: a difference has an error of at most .011 (p = .5); tolerance 4 of them.
    """
    base, models = scores(seed, spread)
    how = BlockResampling(length=6.0, replications=4_000, seed=1)
    gap = base[:, None] - models
    error = np.sqrt(long_run_variance(gap - gap.mean(0), how))
    for studentised in (False, True):
        divided = gap / error if studentised else gap
        peer = SPA(np.zeros(260), -divided, block_size=6, reps=4_000, seed=9)
        peer.compute()
        np.testing.assert_allclose(
            np.sqrt(peer._loss_diff_var), 1.0 if studentised else error, rtol=1e-10
        )
        mine = superior_predictive_ability(
            base, models, list("abcdefghi"), studentised=studentised, resampling=how
        )
        assert mine.p_lower <= mine.p_value <= mine.p_upper
        np.testing.assert_allclose(
            [mine.p_lower, mine.p_value, mine.p_upper], peer.pvalues, atol=0.045
        )


def simulated_rejections(shift: float, handicap: float, runs: int = 400) -> tuple[float, float]:
    """Shares rejected at 5 % by the consistent and by the upper p-value; model 0 has the shift."""
    rng = np.random.default_rng(11)
    names = [str(i) for i in range(10)]
    hits = np.zeros(2)
    for seed in range(runs):
        models = rng.standard_normal((200, 10))
        models[:, 1:] += handicap
        models[:, 0] -= shift
        how = BlockResampling(length=1.0, replications=199, seed=seed)
        found = superior_predictive_ability(rng.standard_normal(200), models, names, resampling=how)
        hits += (found.p_value <= 0.05, found.p_upper <= 0.05)
    return float(hits[0] / runs), float(hits[1] / runs)


def test_size_and_power() -> None:
    """Size at equality is 5 %: error of 400 runs 1.1 points. Power: a gap of .3 is 3 errors.

    Nine clearly worse models cost the upper p-value (White) power, the consistent one less:
    Hansen's point.
    """
    size, upper = simulated_rejections(0.0, 0.0)
    assert 0.05 - 0.033 <= upper <= size <= 0.05 + 0.033
    power, power_upper = simulated_rejections(0.3, 0.8, runs=200)
    assert power > power_upper + 0.05
    assert power > 0.7


def test_degenerate_scores() -> None:
    same = np.random.default_rng(0).standard_normal(30)
    with pytest.raises(EstimationError, match="differ"):
        superior_predictive_ability(same, same[:, None], ["a"])
    with pytest.raises(EstimationError, match="by day"):
        superior_predictive_ability(same, same[:, None] - 1.0, ["a"])
    with pytest.raises(InsufficientDataError):
        superior_predictive_ability(same[:5], same[:5, None] + 1.0, ["a"])
    with pytest.raises(UsageError, match="one name a model"):
        superior_predictive_ability(same, same[:, None], ["a", "b"])
    noise = np.random.default_rng(1).standard_normal((30, 2))
    one = superior_predictive_ability(same, np.column_stack((same, noise)), ["twin", "b", "c"])
    assert 0.0 < one.p_value <= 1.0
    assert one.best != "twin"
    worse = superior_predictive_ability(same, same[:, None] + 1.0 + noise**2, ["a", "b"])
    assert (worse.p_value, worse.statistic) == (1.0, 0.0)


def test_block_error_of_a_mean_of_dependent_days() -> None:
    """AR(1) at .6: the long-run error is 1 / ((1 - .6) sqrt(n)); blocks of 40 lose a few per cent.

    Independent draws would see half of it.
    """
    rng = np.random.default_rng(5)
    series = np.zeros(6_000)
    for t, shock in enumerate(rng.standard_normal(6_000)):
        series[t] = 0.6 * series[t - 1] + shock
    truth = 2.5 / np.sqrt(6_000)
    found = block_standard_error(lambda x: float(x.mean()), series, 40.0, 800, 1)
    assert found.standard_error == pytest.approx(truth, rel=0.12)
    alone = block_standard_error(lambda x: float(x.mean()), series, 1.0, 800, 1)
    assert alone.standard_error < 0.6 * truth


def pooled_quantile(values: Matrix) -> float:
    return float(np.quantile(values, 0.95))


def test_block_error_of_a_quantile_is_that_of_arch() -> None:
    """2,000 draws each: an error of 1.6 % of the standard error; tolerance 7 %."""
    values = np.random.default_rng(6).standard_t(4, (400, 3))
    mine = block_standard_error(pooled_quantile, values, 5.0, 2_000, 3)
    peer = (
        StationaryBootstrap(5, values, seed=4)
        .apply(lambda x: np.array([pooled_quantile(x)]), 2_000)
        .std(ddof=1)
    )
    assert mine.standard_error == pytest.approx(float(peer), rel=0.07)
    circular = block_standard_error(pooled_quantile, values, 5, 2_000, 3, kind=Blocks.CIRCULAR)
    assert circular.standard_error == pytest.approx(float(peer), rel=0.10)
    again = block_standard_error(pooled_quantile, values, 5.0, 2_000, 3)
    assert again == mine


def test_block_error_faults() -> None:
    with pytest.raises(InsufficientDataError):
        block_standard_error(lambda x: float(x.mean()), np.ones(4), 1.0)
    with pytest.raises(EstimationError, match="finite"):
        block_standard_error(lambda _: float("nan"), np.ones(40), 1.0)
