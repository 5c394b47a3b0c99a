"""The Article 28 tools: off is nothing, never below the margin, no look-ahead."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from plimsoll.calibration.anti_procyclicality import (
    buffered,
    floored,
    stress_weighted,
    trailing_median,
    with_tools,
)
from plimsoll.domain.anti_procyclicality import AntiProcyclicality

Path = NDArray[np.float64]
MARGIN = st.one_of(st.floats(0.001, 2.0), st.sampled_from([0.05, 0.1, float("nan")]))
COMPILING = settings(deadline=None)  # the first call of a kernel compiles it
PATHS = hnp.arrays(np.float64, st.integers(1, 40), elements=MARGIN)
TOOLS = st.builds(
    AntiProcyclicality,
    buffer=st.sampled_from([0.0, 0.25, 0.6]),
    stress_weight=st.sampled_from([0.0, 0.25, 1.0]),
    long_floor=st.booleans(),
)


@COMPILING
@given(PATHS, st.integers(1, 50))
def test_tools_that_are_off_change_nothing(path: Path, rows: int) -> None:
    np.testing.assert_array_equal(with_tools(path, AntiProcyclicality()), path)
    np.testing.assert_array_equal(buffered(path, 0.0, reference_rows=rows), path)
    np.testing.assert_array_equal(stress_weighted(path, np.full_like(path, 0.7), 0.0), path)
    np.testing.assert_array_equal(floored(path, np.full_like(path, 1e-9)), path)


@COMPILING
@given(PATHS, st.floats(0.0, 1.0), st.integers(1, 12))
def test_buffer_lies_between_the_margin_and_the_whole_buffer(
    path: Path, buffer: float, rows: int
) -> None:
    out, has = buffered(path, buffer, reference_rows=rows), np.isfinite(path)
    np.testing.assert_array_equal(np.isfinite(out), has)
    assert np.all(out[has] >= path[has])
    assert np.all(out[has] <= (1.0 + buffer) * path[has])


@COMPILING
@given(PATHS, st.data())
def test_floor_is_never_below_either(path: Path, data: st.DataObject) -> None:
    long = data.draw(hnp.arrays(np.float64, path.size, elements=MARGIN))
    out, has = floored(path, long), np.isfinite(path) & np.isfinite(long)
    np.testing.assert_array_equal(np.isfinite(out), has)
    assert np.all(out[has] >= path[has])
    assert np.all(out[has] >= long[has])


@COMPILING
@given(PATHS, TOOLS, st.data())
def test_a_day_uses_no_later_day(
    path: Path, tools: AntiProcyclicality, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, path.size))
    other = data.draw(hnp.arrays(np.float64, path.size, elements=MARGIN))
    scrambled = np.concatenate((path[:cut], other[cut:]))
    outs = [with_tools(p, tools, stressed=0.4, long_margin=0.08) for p in (path, scrambled)]
    np.testing.assert_array_equal(outs[0][:cut], outs[1][:cut])


@COMPILING
@given(PATHS, TOOLS, st.floats(0.1, 10.0))
def test_tools_scale_with_the_unit(path: Path, tools: AntiProcyclicality, factor: float) -> None:
    one = with_tools(path, tools, stressed=0.4, long_margin=0.08, reference_rows=5)
    many = with_tools(
        factor * path, tools, stressed=factor * 0.4, long_margin=factor * 0.08, reference_rows=5
    )
    np.testing.assert_allclose(many, factor * one, rtol=1e-12)


@COMPILING
@given(PATHS, st.integers(1, 12))
def test_trailing_median_is_numpys_on_each_window(path: Path, rows: int) -> None:
    expected = [
        np.nan if np.isnan(path[t]) else np.nanmedian(path[max(0, t - rows + 1) : t + 1])
        for t in range(path.size)
    ]
    np.testing.assert_allclose(trailing_median(path, rows), expected, rtol=1e-15)


@COMPILING
@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 20), st.integers(1, 4)), elements=MARGIN))
def test_columns_are_paths_of_their_own(panel: Path) -> None:
    whole = buffered(panel, 0.25, reference_rows=4)
    for column in range(panel.shape[1]):
        alone = buffered(panel[:, column], 0.25, reference_rows=4)
        np.testing.assert_array_equal(whole[:, column], alone)
