"""Article 28 tools on paths worked by hand, and their refusals."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.calibration.anti_procyclicality import buffered, stress_weighted, with_tools
from plimsoll.domain.anti_procyclicality import AntiProcyclicality
from plimsoll.errors import ParameterError, UsageError


def test_buffer_is_used_up_in_a_rise_and_rebuilt_when_the_median_follows() -> None:
    # m doubles on day 4. Median of 3: 10 10 10 10 20 20. The cap (1.25 m) never binds here.
    path = np.array([10.0, 10.0, 10.0, 20.0, 20.0, 20.0]) / 100.0
    expected = np.array([12.5, 12.5, 12.5, 20.0, 25.0, 25.0]) / 100.0
    np.testing.assert_allclose(buffered(path, 0.25, reference_rows=3), expected, rtol=1e-15)


def test_after_a_fall_the_buffer_is_capped_at_a_quarter_of_the_margin() -> None:
    # m halves; the median is still 0.20, so 1.25 * 0.20 = 0.25 is capped at 1.25 * 0.10.
    out = buffered([0.20, 0.20, 0.10], 0.25, reference_rows=3)
    np.testing.assert_allclose(out, [0.25, 0.25, 0.125], rtol=1e-15)


def test_a_small_rise_is_taken_out_of_the_buffer_alone() -> None:
    # m rises by 10 %, less than the buffer: the margin that users see does not move.
    out = buffered([0.10] * 5 + [0.11], 0.25, reference_rows=6)
    np.testing.assert_allclose(out, [0.125] * 6, rtol=1e-15)


def test_a_day_without_a_number_stays_without_one() -> None:
    out = buffered([0.10, np.nan, 0.12], 0.25, reference_rows=2)
    np.testing.assert_allclose(out, [0.125, np.nan, 0.15], rtol=1e-15)


def test_order_of_the_tools() -> None:
    # Stress: 0.75 * 0.08 + 0.25 * 0.20 = 0.11; buffer: 0.1375; the floor of 0.15 comes last.
    tools = AntiProcyclicality(buffer=0.25, stress_weight=0.25, long_floor=True)
    out = with_tools([0.08], tools, stressed=[0.20], long_margin=[0.15])
    np.testing.assert_allclose(out, [0.15], rtol=1e-15)
    lower = with_tools([0.08], tools, stressed=[0.20], long_margin=[0.12])
    np.testing.assert_allclose(lower, [0.1375], rtol=1e-15)


@pytest.mark.parametrize(
    ("tools", "field"),
    [
        (AntiProcyclicality(stress_weight=0.25), "stressed"),
        (AntiProcyclicality(long_floor=True), "long_margin"),
    ],
)
def test_a_tool_without_its_path_is_refused(tools: AntiProcyclicality, field: str) -> None:
    with pytest.raises(UsageError, match="must be given") as caught:
        with_tools([0.1], tools)
    assert caught.value.field == field


@pytest.mark.parametrize("bad", [0.0, -0.1, np.inf])
def test_margins_must_be_positive(bad: float) -> None:
    with pytest.raises(UsageError, match="positive and finite") as caught:
        with_tools([0.1, bad], AntiProcyclicality(buffer=0.25))
    assert caught.value.row == 1


def test_sizes_of_tools_are_checked() -> None:
    with pytest.raises(ParameterError):
        buffered([0.1], -0.1)
    with pytest.raises(ParameterError):
        buffered([0.1], 0.25, reference_rows=0)
    with pytest.raises(ParameterError):
        stress_weighted([0.1], [0.2], 1.5)


def test_a_year_of_many_markets_is_cheap_enough_to_agree_with_a_plain_loop() -> None:
    generator = np.random.default_rng(1)
    panel = 0.1 * np.exp(np.cumsum(generator.normal(0.0, 0.03, (400, 3)), axis=0))
    out = buffered(panel)
    for t in (0, 1, 249, 250, 399):
        median = np.median(panel[max(0, t - 249) : t + 1], axis=0)
        expected = np.minimum(1.25 * panel[t], np.maximum(panel[t], 1.25 * median))
        np.testing.assert_allclose(out[t], expected, rtol=1e-15)
