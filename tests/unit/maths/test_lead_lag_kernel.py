"""The contrast's one pass against the double sum it stands for."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.maths import lead_lag
from plimsoll.maths.lead_lag import contrast_by_block


def _path(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    times = np.sort(rng.choice(1000, size=count, replace=False)).astype(np.int64)
    return times, np.cumsum(rng.standard_normal(count))


def _double_sum(
    x_time: np.ndarray, x: np.ndarray, y_time: np.ndarray, y: np.ndarray, lag: int
) -> float:
    total = 0.0
    for i in range(1, x.size):
        for j in range(1, y.size):
            begin, end = y_time[j - 1] - lag, y_time[j] - lag
            if x_time[i - 1] < end and begin < x_time[i]:
                total += (x[i] - x[i - 1]) * (y[j] - y[j - 1])
    return total


@pytest.mark.parametrize(("first", "second"), [(40, 40), (10, 80), (80, 3), (2, 2)])
def test_the_pass_is_the_double_sum(first: int, second: int) -> None:
    x_time, x = _path(1, first)
    y_time, y = _path(2, second)
    lags = np.array([-1500, -700, -100, -1, 0, 1, 3, 250, 999, 1500], dtype=np.int64)
    block = np.arange(first - 1) % 3
    found = contrast_by_block(x_time, x, y_time, y, lags, block, 3)
    expected = [_double_sum(x_time, x, y_time, y, int(lag)) for lag in lags]
    np.testing.assert_allclose(found.sum(axis=1), expected, rtol=1e-10, atol=1e-10)


def test_compiled_and_plain_python_agree() -> None:
    (x_time, x), (y_time, y) = _path(3, 30), _path(4, 30)
    lags, block = np.array([-5, 0, 5]), np.zeros(29, dtype=np.int64)
    compiled = contrast_by_block(x_time, x, y_time, y, lags, block, 1)
    plain = np.zeros((3, 1))
    lead_lag._contrast_by_block.py_func(x_time, x, y_time, y, lags, block, plain)
    np.testing.assert_array_equal(compiled, plain)


def test_synchronous_paths_without_lag_give_their_covariation() -> None:
    rng = np.random.default_rng(5)
    times, moves = np.arange(200, dtype=np.int64), rng.standard_normal((2, 200))
    x, y = np.cumsum(moves, axis=1)
    found = contrast_by_block(times, x, times, y, np.array([0]), np.zeros(199, dtype=np.int64), 1)
    assert found[0, 0] == pytest.approx(float(moves[0, 1:] @ moves[1, 1:]), rel=1e-10)
