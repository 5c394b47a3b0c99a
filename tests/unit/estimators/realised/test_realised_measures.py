"""Realised measures: closed forms, simulated laws, holes, degenerate blocks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from plimsoll.errors import DataFormatError, InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.realised.blocks import blocks_of
from plimsoll.estimators.realised.measures import realised_measures
from plimsoll.estimators.realised.noise_robust import realised_kernel, subsampled_variance
from plimsoll.maths.realised_noise import parzen_variance

BAR = 300 * 10**9
PER_DAY = 288


def simulated(days: int, *, jump: float = 0.0, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Normal returns of variance 1 a day, with a jump in the middle of every day."""
    generator = np.random.default_rng(seed)
    returns = generator.standard_normal((days, PER_DAY)) / np.sqrt(PER_DAY)
    returns[:, PER_DAY // 2] += jump
    return np.arange(days * PER_DAY) * BAR, returns.ravel()


def plain_loop(r: np.ndarray) -> dict[str, float]:
    """Written from the papers, in plain numpy: nothing shared with the kernel."""
    a, m = np.abs(r), r.size
    mu = stats.norm.expect(lambda z: np.abs(z) ** (4 / 3))
    triples = np.stack([a[2:], a[1:-1], a[:-2]])
    pairs = np.stack([a[1:], a[:-1]])
    return {
        "variance": float(np.sum(r**2)),
        "bipower": float(np.pi / 2 * np.sum(a[1:] * a[:-1])),
        "tripower_quarticity": float(
            m * mu**-3 * m / (m - 2) * np.sum(np.prod(triples, axis=0) ** (4 / 3))
        ),
        "med": float(
            np.pi / (6 - 4 * 3**0.5 + np.pi) * m / (m - 2) * np.sum(np.median(triples, axis=0) ** 2)
        ),
        "min": float(np.pi / (np.pi - 2) * m / (m - 1) * np.sum(pairs.min(axis=0) ** 2)),
        "fall_semivariance": float(np.sum(r[r < 0] ** 2)),
        "rise_semivariance": float(np.sum(r[r >= 0] ** 2)),
    }


def test_against_numpy_for_many_series_at_once() -> None:
    time, _ = simulated(6)
    returns = np.random.default_rng(2).standard_t(3, (4, time.size))
    blocks = blocks_of(time)
    found = realised_measures(returns, blocks)
    for i in range(4):
        for b, (first, last) in enumerate(zip(blocks.first, blocks.last, strict=True)):
            for name, value in plain_loop(returns[i, first:last]).items():
                # 1e-8: the moment of the normal law is integrated numerically here.
                assert getattr(found, name)[i, b] == pytest.approx(value, rel=1e-8), name


def test_without_jumps_all_estimate_one_and_the_ratio_is_standard_normal() -> None:
    found = realised_measures(simulated(3000)[1], blocks_of(simulated(3000)[0]))
    for name in ("variance", "bipower", "med", "min"):
        values = getattr(found, name)
        error = values.std() / np.sqrt(values.size)
        # Bipower without a finite-sample factor is low by 1 / m.
        low = 1.0 / PER_DAY if name == "bipower" else 0.0
        assert values.mean() == pytest.approx(1.0 - low, abs=4 * error), name
    assert found.tripower_quarticity.mean() == pytest.approx(1.0, abs=0.02)
    rejected = np.mean(found.ratio_p < 0.05)
    # Binomial error 0.4 points; the statistic is skewed in finite samples: 5 to 6.5 per cent.
    assert 0.04 < rejected < 0.075


def test_a_jump_stays_out_of_bipower_and_is_found() -> None:
    time, returns = simulated(400, jump=1.0)
    found = realised_measures(returns, blocks_of(time))
    assert found.variance.mean() == pytest.approx(2.0, abs=0.05)
    assert found.med.mean() == pytest.approx(1.0, abs=0.03)
    # Two products of 288 hold the jump: pi E|z| / sqrt(288) more; three parts of 288 less.
    low = 1.0 + np.pi * np.sqrt(2.0 / np.pi) / np.sqrt(PER_DAY) - 3.0 / PER_DAY
    assert found.bipower.mean() == pytest.approx(low, abs=0.03)
    assert np.mean(found.ratio_p < 0.001) > 0.99
    jump = found.significant_jump(0.001)
    assert jump.mean() == pytest.approx(2.0 - low, abs=0.06)
    calm = realised_measures(simulated(400)[1], blocks_of(time))
    assert np.mean(calm.significant_jump(0.001) > 0) < 0.01


def test_holes_are_closed_up_and_counted() -> None:
    returns = simulated(2)[1]
    holed = np.insert(returns, 100, np.nan)
    found = realised_measures(holed, blocks_of(np.arange(holed.size)), least_returns=3)
    whole = realised_measures(returns, blocks_of(np.arange(returns.size)))
    for name in ("returns", "variance", "bipower", "med", "min", "tripower_quarticity", "ratio_z"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))


@pytest.mark.parametrize(
    "block",
    [
        np.zeros(50),
        np.r_[np.zeros(25), 1.0, np.zeros(24)],
        np.full(50, 0.01),
        np.r_[0.5, -0.5, 0.5],
        np.r_[1e-160, -1e-160, 1e-160, 0.0],
    ],
    ids=["zeros", "spike", "constant", "three", "tiny"],
)
def test_degenerate_blocks_have_numbers(block: np.ndarray) -> None:
    found = realised_measures(block, blocks_of(np.arange(block.size)))
    assert bool(found.covered[0])
    for name in ("variance", "bipower", "tripower_quarticity", "med", "min", "jump"):
        assert np.isfinite(getattr(found, name)[0])
        assert getattr(found, name)[0] >= 0.0
    assert np.isfinite(found.ratio_z[0])
    assert 0.0 <= found.ratio_p[0] <= 1.0


def test_a_block_that_is_too_short_is_not_covered() -> None:
    found = realised_measures([0.1, np.nan, 0.2], blocks_of([0, 1, 2]))
    assert not found.covered[0]
    assert np.isnan(found.variance[0])
    assert np.isnan(found.jump[0])


def test_wrong_use_is_refused() -> None:
    with pytest.raises(DataFormatError, match="rise"):
        blocks_of([0, 0])
    with pytest.raises(DataFormatError, match="at least one"):
        blocks_of([])
    with pytest.raises(ParameterError):
        blocks_of([0], span_ns=0)
    blocks = blocks_of(np.arange(10))
    with pytest.raises(DataFormatError):
        realised_measures(np.zeros(9), blocks)
    with pytest.raises(DataFormatError, match="finite"):
        realised_measures(np.r_[np.zeros(9), np.inf], blocks)
    with pytest.raises(UsageError):
        realised_measures(np.zeros(10), blocks, least_returns=2)
    with pytest.raises(InsufficientDataError):
        subsampled_variance(np.zeros(10), blocks, every=6)


def noisy(days: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """A minute a bar, variance 1 a day, and noise of the prices."""
    generator = np.random.default_rng(5)
    price = np.cumsum(generator.standard_normal(days * 1440) / np.sqrt(1440))
    price = price + noise * generator.standard_normal(price.size)
    return np.arange(days * 1440) * 60 * 10**9, np.diff(price, prepend=0.0)


def test_noise_biases_variance_and_leaves_the_robust_estimates() -> None:
    time, returns = noisy(300, 0.02)
    blocks = blocks_of(time)
    plain = realised_measures(returns, blocks).variance
    # Closed form of the bias: 2 n omega^2 = 2 * 1440 * 0.0004.
    assert plain.mean() == pytest.approx(1.0 + 2 * 1440 * 0.0004, rel=0.02)
    assert subsampled_variance(returns, blocks, every=30).mean() == pytest.approx(
        1.0 + 2 * 48 * 0.0004, abs=0.05
    )
    kernel = realised_kernel(returns, blocks)
    assert kernel.mean() == pytest.approx(1.0, abs=0.06)
    assert kernel.std() < 0.35


def test_kernel_and_subsample_in_closed_form() -> None:
    r = np.array([1.0, -2.0, 3.0, 1.0])
    # H = 1: weight k(1/2) = 1 - 6/4 + 6/8 = 1/4 on the first autocovariance -2 - 6 + 3.
    assert parzen_variance(r, 1) == pytest.approx(15.0 + 2 * 0.25 * -5.0, rel=1e-15)
    blocks = blocks_of(np.arange(4))
    # Offsets 0 and 1: (1 - 2)^2 + (3 + 1)^2 over 4 of 4 bars, (-2 + 3)^2 over 2 of 4.
    expected = 0.5 * (17.0 + 1.0 * 2.0)
    assert subsampled_variance(r, blocks, every=2)[0] == pytest.approx(expected, rel=1e-15)
    np.testing.assert_array_equal(realised_kernel(np.zeros(100), blocks_of(np.arange(100))), [0.0])


def test_threads_change_no_bit() -> None:
    time = np.arange(20_000)
    returns = np.random.default_rng(8).standard_normal((12, time.size))
    blocks = blocks_of(time, span_ns=500)
    together = realised_measures(returns, blocks)
    for row in range(12):
        alone = realised_measures(returns[row], blocks)
        np.testing.assert_array_equal(together.variance[row], alone.variance)
        np.testing.assert_array_equal(together.ratio_z[row], alone.ratio_z)
