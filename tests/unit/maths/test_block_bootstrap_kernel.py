"""Block bootstrap: its resamples and its tail against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.maths import block_bootstrap as bb
from plimsoll.maths.gpd import pot_quantile_pwm

VALUES = np.random.default_rng(4).standard_t(4, 900)


def weights_of(count: int, block: int, seed: int, replicate: int) -> np.ndarray:
    weights = np.empty(count + 1, dtype=np.int64)
    bb._draw_weights(count, block, seed, replicate, weights)
    return weights[:count]


@pytest.mark.parametrize("block", [1, 7, 24, 900])
def test_a_resample_has_the_size_of_the_sample(block: int) -> None:
    for replicate in range(20):
        weights = weights_of(VALUES.size, block, 3, replicate)
        assert weights.min() >= 0
        assert weights.sum() == VALUES.size


def test_one_block_of_full_length_is_the_sample() -> None:
    assert np.all(weights_of(50, 50, 1, 5) == 1)


@pytest.mark.parametrize("pareto", [True, False])
def test_quantiles_equal_those_of_the_explicit_resamples(pareto: bool) -> None:
    found = bb.block_bootstrap_quantiles(VALUES, 0.99, 0.1, pareto, 24, 15, 11)
    for replicate in range(15):
        resample = np.repeat(VALUES, weights_of(VALUES.size, 24, 11, replicate))
        expected = pot_quantile_pwm(resample, 0.1, 0.99) if pareto else np.quantile(resample, 0.99)
        assert found[replicate] == pytest.approx(expected, rel=1e-12)


def test_same_seed_same_bytes_other_seed_other_numbers() -> None:
    args = (VALUES, 0.99, 0.1, True, 24, 20)
    assert np.array_equal(
        bb.block_bootstrap_quantiles(*args, 1), bb.block_bootstrap_quantiles(*args, 1)
    )
    assert not np.array_equal(
        bb.block_bootstrap_quantiles(*args, 1), bb.block_bootstrap_quantiles(*args, 2)
    )


def test_blocks_begin_everywhere_equally_often() -> None:
    """Mean weight of each position over 4,000 resamples is 1 within 5 standard errors."""
    total = np.zeros(60)
    for replicate in range(4000):
        total += weights_of(60, 6, 9, replicate)
    assert np.max(np.abs(total / 4000 - 1.0)) < 5.0 * np.sqrt(1.0 / 4000)
