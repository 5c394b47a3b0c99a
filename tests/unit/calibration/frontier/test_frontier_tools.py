"""Speed limit, cap and floor, dominance, level rule: against what is worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.calibration.frontier.level import LevelRule, scale_of_rate
from plimsoll.calibration.frontier.pareto import dominates, non_dominated
from plimsoll.errors import ParameterError, UsageError
from plimsoll.maths.pooled_level_tails import log_quantile_of_counts
from plimsoll.maths.speed_and_range_limits import capped_row, limited_row

NONE = np.full(6, np.nan)


def _limited(margin: list[float], loss: np.ndarray) -> np.ndarray:
    out = np.empty(len(margin))
    limited_row(np.array(margin), loss, 0.10, 0.05, 0.5, out)
    return out


def test_speed_limit_holds_both_ways() -> None:
    found = _limited([0.10, 0.20, 0.20, 0.05, 0.05, np.nan], NONE)
    expected = [0.10, 0.11, 0.121, 0.121 * 0.95, 0.121 * 0.95**2, np.nan]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_breach_gap_lifts_the_limit_that_day_alone() -> None:
    loss = NONE.copy()
    loss[1] = 0.151
    found = _limited([0.10, 0.20, 0.40, 0.40, 0.40, 0.40], loss)
    assert found[1] == 0.20
    assert found[2] == pytest.approx(0.22)
    loss[1] = 0.149  # less than half more than the margin held
    assert _limited([0.10, 0.20, 0.40, 0.40, 0.40, 0.40], loss)[1] == pytest.approx(0.11)


def test_breach_gap_never_frees_the_fall() -> None:
    loss = NONE.copy()
    loss[1] = 1.0
    found = _limited([0.10, 0.02, 0.02, 0.02, 0.02, 0.02], loss)
    np.testing.assert_allclose(found, 0.10 * 0.95 ** np.arange(6), rtol=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.01, 0.5), min_size=2, max_size=60), st.integers(0, 10**6))
def test_no_step_falls_by_more_than_the_limit_whatever_is_lost(
    values: list[float], seed: int
) -> None:
    loss = np.random.default_rng(seed).uniform(0.0, 2.0, size=len(values))
    found = _limited(values, loss)
    assert (found[1:] >= found[:-1] * 0.95 * (1.0 - 1e-12)).all()


def test_cap_falls_on_a_breach_and_comes_back() -> None:
    margin = np.array([0.1, 0.1, 0.1, 0.1, 0.4, 0.4, 0.1])
    loss = np.full(7, np.nan)
    out = np.empty(7)
    capped_row(margin, loss, 0.0, 0.5, 3, 1, out)
    assert out[4] == 0.1  # capped at the median of its past
    loss[4] = 0.2
    capped_row(margin, loss, 0.0, 0.5, 3, 1, out)
    assert out[4] == 0.4
    assert out[5] == 0.1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.01, 0.5), min_size=2, max_size=60), st.integers(0, 10**6))
def test_tools_do_not_look_ahead(values: list[float], seed: int) -> None:
    margin = np.array(values)
    rng = np.random.default_rng(seed)
    cut = margin.size // 2
    other = margin.copy()
    other[cut:] = rng.uniform(0.01, 0.5, size=margin.size - cut)
    loss = rng.uniform(0.0, 0.6, size=margin.size)
    limited, capped = np.empty((2, margin.size)), np.empty((2, margin.size))
    for k, path in enumerate((margin, other)):
        limited_row(path, loss, 0.1, 0.05, 0.25, limited[k])
        capped_row(path, loss, 0.1, 0.9, 5, 3, capped[k])
    np.testing.assert_array_equal(limited[0, :cut], limited[1, :cut])
    np.testing.assert_array_equal(capped[0, :cut], capped[1, :cut])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
def test_dominance_is_its_definition(points: list[tuple[int, int]]) -> None:
    found = non_dominated(np.array(points, dtype=np.float64))
    for i, (a, b) in enumerate(points):
        better = any(x <= a and y <= b and (x < a or y < b) for x, y in points)
        assert found[i] == (not better)


def test_dominance_refuses_what_is_no_table() -> None:
    with pytest.raises(UsageError):
        non_dominated([[np.nan, 1.0]])
    assert dominates([[1.0, 1.0]], [1.0, 1.0]).tolist() == [False]


def test_level_rule_between_its_ends() -> None:
    assert LevelRule(prior_days=0.0).target(0.003, 10.0) == 0.003
    assert LevelRule(prior_days=float("inf")).target(0.003, 10.0) == pytest.approx(0.00512)
    with pytest.raises(ParameterError):
        LevelRule(prior_days=-1.0)


@settings(max_examples=50, deadline=None)
@given(st.integers(10, 400), st.floats(0.01, 0.5), st.integers(0, 10**6))
def test_scale_gives_the_rate(count: int, rate: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    margin, loss = rng.uniform(0.05, 0.2, count), np.abs(rng.standard_normal(count)) * 0.1
    scale = scale_of_rate(margin, loss, rate)
    broke = float((loss > scale * margin * (1 + 1e-12)).mean())
    assert broke <= rate + 1e-12
    assert broke > rate - 1.0 / count - 1e-9


def test_log_quantile_of_counts_against_sorted_values() -> None:
    rng = np.random.default_rng(3)
    size = np.abs(rng.standard_t(4, size=20_000))
    edges = np.log(0.2) + (np.log(60.0) - np.log(0.2)) / 300 * np.arange(301)
    counts = np.histogram(np.log(size), bins=edges)[0].astype(np.float64)
    found = log_quantile_of_counts(counts, counts, 0.0, 0.01 * size.size)
    # A bin is 1.9 % wide and the quantile is interpolated within it.
    assert np.exp(found) == pytest.approx(np.quantile(size, 0.99), rel=0.02)
