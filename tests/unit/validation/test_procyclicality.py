"""Procyclicality of paths worked by hand, and against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from plimsoll.errors import ParameterError, UsageError
from plimsoll.validation.procyclicality import procyclicality, trailing_peak_to_trough

Path = NDArray[np.float64]
NAN = float("nan")
MARGIN = st.one_of(st.floats(0.01, 1.0), st.just(NAN))


def test_a_path_by_hand() -> None:
    # 10 12 9 18: peak to trough 2; one-day calls 20 %, -25 %, 100 %; two-day -10 %, 50 %.
    found = procyclicality([0.10, 0.12, 0.09, 0.18], call_days=(1, 2, 3), year_days=2)
    assert found.peak_to_trough[0] == pytest.approx(2.0)
    assert found.largest_call[1][0] == pytest.approx(1.0)
    assert found.largest_call[2][0] == pytest.approx(0.5)
    assert found.largest_call[3][0] == pytest.approx(0.8)
    # Two-day windows complete from the second day: 12/10, 12/9, 18/9.
    assert found.trailing_peak_to_trough[0] == pytest.approx((1.2 + 12 / 9 + 2.0) / 3)
    assert found.large_call_share[0] == pytest.approx(2 / 3)
    changes = np.log([1.2, 0.75, 2.0])
    assert found.log_change_sd[0] == pytest.approx(changes.std(ddof=1))
    assert found.mean_margin[0] == pytest.approx(0.1225)
    assert (found.scored_days[0], found.missing_days[0]) == (4, 0)


def test_a_constant_margin_is_not_procyclical() -> None:
    found = procyclicality(np.full(400, 0.3))
    assert found.peak_to_trough[0] == found.trailing_peak_to_trough[0] == 1.0
    assert [found.largest_call[n][0] for n in (1, 5, 20)] == [0.0, 0.0, 0.0]
    assert found.log_change_sd[0] == 0.0
    assert found.large_call_share[0] == 0.0


def test_a_margin_that_only_fell_has_a_negative_largest_call() -> None:
    found = procyclicality([0.4, 0.2, 0.1], call_days=(1,))
    assert found.largest_call[1][0] == pytest.approx(-0.5)


def test_days_without_a_number_are_skipped_and_counted() -> None:
    # Leading and trailing holes are not missing days: the market was not there.
    found = procyclicality([NAN, 0.1, NAN, 0.3, 0.2, NAN], call_days=(1, 2), year_days=4)
    assert (found.scored_days[0], found.missing_days[0]) == (3, 1)
    assert found.peak_to_trough[0] == pytest.approx(3.0)
    assert found.largest_call[1][0] == pytest.approx(0.2 / 0.3 - 1.0)  # only 0.3 -> 0.2 has both
    assert found.largest_call[2][0] == pytest.approx(2.0)
    assert found.mean_margin[0] == pytest.approx(0.2)
    assert found.trailing_peak_to_trough[0] == pytest.approx(3.0)


def test_a_path_too_short_for_a_figure_has_none() -> None:
    found = procyclicality([0.1])
    assert found.peak_to_trough[0] == 1.0
    assert np.isnan(found.largest_call[1][0])
    assert np.isnan(found.log_change_sd[0])
    assert np.isnan(found.large_call_share[0])
    assert np.isnan(found.trailing_peak_to_trough[0])
    empty = procyclicality([NAN, NAN])
    assert np.isnan(empty.peak_to_trough[0])
    assert np.isnan(empty.mean_margin[0])
    assert (empty.scored_days[0], empty.missing_days[0]) == (0, 0)


def test_a_trailing_year_may_be_asked_to_count_earlier() -> None:
    path = np.linspace(0.1, 0.2, 300)
    assert np.isnan(procyclicality(path).trailing_peak_to_trough[0])
    found = procyclicality(path, minimum_days=1).trailing_peak_to_trough[0]
    assert found == pytest.approx(np.mean(path / 0.1))


def test_rows_within_a_day() -> None:
    # Three rows a day: the one-day call is over three rows.
    path = [0.1, 0.5, 0.1, 0.2, 0.1, 0.1]
    found = procyclicality(path, steps_per_day=3, call_days=(1,))
    assert found.largest_call[1][0] == pytest.approx(1.0)


def test_cost_against_a_benchmark_is_taken_on_common_days() -> None:
    margin, benchmark = [0.1, 0.2, NAN, 0.9], [0.2, 0.4, 0.4, NAN]
    assert procyclicality(margin, benchmark=benchmark).cost_ratio[0] == pytest.approx(0.5)
    assert np.isnan(procyclicality(margin).cost_ratio[0])


@pytest.mark.parametrize("bad", [0.0, -0.1, np.inf])
def test_margins_that_are_not_positive_are_refused(bad: float) -> None:
    with pytest.raises(UsageError, match="positive and finite") as caught:
        procyclicality([0.1, bad])
    assert caught.value.row == 1


def test_other_refusals() -> None:
    with pytest.raises(UsageError, match="margin's shape"):
        procyclicality([0.1, 0.2], benchmark=[0.1])
    with pytest.raises(ParameterError):
        procyclicality([0.1], steps_per_day=0)
    with pytest.raises(UsageError, match="times, markets"):
        procyclicality([])


@settings(deadline=None)  # the first call of a kernel compiles it
@given(
    hnp.arrays(np.float64, st.tuples(st.integers(1, 25), st.integers(1, 3)), elements=MARGIN),
    st.integers(1, 9),
    st.integers(1, 9),
)
def test_trailing_peak_to_trough_is_that_of_each_window(
    panel: Path, window: int, minimum: int
) -> None:
    found = trailing_peak_to_trough(np.ascontiguousarray(panel.T), window, minimum)
    for column, path in enumerate(panel.T):
        present = np.flatnonzero(np.isfinite(path))
        ratios = [
            np.nanmax(path[max(0, t - window + 1) : t + 1])
            / np.nanmin(path[max(0, t - window + 1) : t + 1])
            for t in present
            if t - present[0] + 1 >= minimum
        ]
        expected = np.mean(ratios) if ratios else NAN
        np.testing.assert_allclose(found[column], expected, rtol=1e-12)


@settings(deadline=None)
@given(hnp.arrays(np.float64, st.integers(2, 30), elements=st.floats(0.01, 1.0)), st.floats(0.1, 9))
def test_figures_do_not_depend_on_the_size_of_the_position(path: Path, factor: float) -> None:
    one, many = (procyclicality(p, year_days=5) for p in (path, factor * path))
    for name in ("peak_to_trough", "trailing_peak_to_trough", "log_change_sd"):
        np.testing.assert_allclose(getattr(many, name), getattr(one, name), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(many.largest_call[1], one.largest_call[1], atol=1e-12)
