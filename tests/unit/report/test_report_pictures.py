"""What the pictures show: intervals, thinning, order, scales."""

from __future__ import annotations

import base64
import itertools
import math
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.proportion import proportion_confint

from plimsoll.domain.evidence import CoverageSeries, Evidence
from plimsoll.domain.table import ColumnKind
from plimsoll.report.cost_drawings import calls_drawing, cost_drawing
from plimsoll.report.cost_figures import calls_figure, cost_figure
from plimsoll.report.cost_points import (
    LARGEST_NAMES,
    CostPicture,
    CostPoint,
    Side,
    axis_range,
    cost_picture,
    largest_calls,
    named_points,
)
from plimsoll.report.coverage_drawing import coverage_drawing
from plimsoll.report.coverage_figure import coverage_figure
from plimsoll.report.coverage_points import (
    coverage_groups,
    coverage_rows,
    series_key,
    wilson_interval,
    worst_first,
)
from plimsoll.report.embedding import array_from_base64
from plimsoll.report.explorer import packed_series
from plimsoll.report.small_multiples import PANELS, small_multiples
from plimsoll.report.svg import ticks
from plimsoll.report.thinning import kept_rows
from report_evidence import HOSTILE, sample_evidence
from report_scores import TARGET, drawn_series

VALUES = st.floats(-1.0, 1.0, width=32) | st.just(math.nan)


def series_of(margin: np.ndarray, loss: np.ndarray) -> CoverageSeries:
    times = np.arange(margin.size, dtype=np.int64) * 3_600_000_000_000
    return CoverageSeries(
        market="M", side="long", horizon="1 h", time_ns=times, margin=margin, loss=loss
    )


def ordered(evidence: Evidence) -> tuple[CoverageSeries, ...]:
    return worst_first(evidence.series, coverage_rows(evidence))


@given(st.integers(1, 5_000), st.data())
@settings(max_examples=50)
def test_interval_is_that_of_statsmodels(count: int, data: st.DataObject) -> None:
    breaches = data.draw(st.integers(0, count))
    expected = proportion_confint(breaches, count, alpha=0.05, method="wilson")
    # Same closed form in another order of operations: a few units in the last place.
    assert wilson_interval(breaches, count) == pytest.approx(expected, abs=1e-12)


def test_interval_without_observations_is_unknown() -> None:
    assert all(math.isnan(end) for end in wilson_interval(0, 0))


@given(st.integers(1, 12), st.integers(1, 300), st.data())
@settings(max_examples=60)
def test_thinning_keeps_breaches_ends_and_both_envelopes(
    buckets: int, count: int, data: st.DataObject
) -> None:
    margin, loss = (data.draw(arrays(np.float64, count, elements=VALUES)) for _ in range(2))
    series = series_of(margin, loss)
    rows = kept_rows(series, buckets)
    assert np.all(np.diff(rows) > 0)
    assert {0, count - 1} <= set(rows.tolist())
    assert set(np.flatnonzero(series.breaches).tolist()) <= set(rows.tolist())
    kept = np.zeros(count, dtype=bool)
    kept[rows] = True
    edges = np.linspace(0, count, buckets + 1).astype(int)
    for low, high in pairwise(edges):
        for values in (loss[low:high], margin[low:high]):
            mine = values[kept[low:high]]
            if np.isfinite(values).any():
                assert np.nanmax(mine) == np.nanmax(values)
                assert np.nanmin(mine) == np.nanmin(values)


def test_long_series_is_thinned_within_its_bound() -> None:
    series = drawn_series("M", 3, 20_000)[0]
    rows = kept_rows(series, 500)
    assert rows.size <= 4 * 500 + int(series.breaches.sum()) + 2
    assert kept_rows(drawn_series("M", 3, 2_000)[0], 500).size == 2_000


def test_packed_series_decides_breaches_before_rounding() -> None:
    margin = np.full(4, 0.1)
    loss = np.array([0.1, np.nextafter(0.1, 1.0), 0.05, 0.2])
    packed = packed_series(series_of(margin, loss), None)
    positions = np.frombuffer(base64.b64decode(str(packed["breaches"])), "<u4")
    assert positions.tolist() == [1, 3]
    assert packed["worst"] == pytest.approx(10.0)
    assert packed["worst_minute"] == 180


def test_worst_first_orders_by_excess_over_expectation() -> None:
    evidence, _ = sample_evidence(markets=12)
    counts = [int(item.breaches.sum()) for item in ordered(evidence)]
    assert counts == sorted(counts, reverse=True)  # equal n and target: the count decides
    assert len(counts) == len(evidence.series)


def test_coverage_points_repeat_the_table() -> None:
    evidence, _ = sample_evidence()
    group, _ = coverage_groups(evidence)
    table = evidence.table("coverage")
    assert (group.horizons, group.target) == (("8 h",), TARGET)
    assert [p.breaches for p in group.points] == list(table.column("breaches"))
    assert [p.rate for p in group.points] == pytest.approx(table.column("breach_rate"))
    assert all(p.low <= p.rate <= p.high for p in group.points)


def test_rows_without_numbers_stay_out_of_the_pictures() -> None:
    evidence, _ = sample_evidence()
    table = evidence.table("coverage")
    at = [c.name for c in table.columns].index("n")
    first = table.rows[0]
    holed = replace(table, rows=((*first[:at], None, *first[at + 1 :]), *table.rows[1:]))
    (group,) = coverage_groups(replace(evidence, tables=(holed,)))
    assert len(group.points) == len(table) - 1


def test_two_horizons_give_two_pictures() -> None:
    evidence, _ = sample_evidence()
    table = evidence.table("coverage")
    at = [c.name for c in table.columns].index("horizon_hours")
    other = tuple((*row[:at], 24.0, *row[at + 1 :]) for row in table.rows)
    both = replace(evidence, tables=(replace(table, rows=(*table.rows, *other)),))
    assert [group.horizons for group in coverage_groups(both)] == [("8 h",), ("24 h",)]


def test_live_and_printed_coverage_show_one_mark_per_row() -> None:
    evidence, _ = sample_evidence(markets=20)
    group, _ = coverage_groups(evidence)
    figure = coverage_figure(group, evidence.label)
    live = [x for trace in figure["data"] for x in trace["x"] if x is not None]  # type: ignore[union-attr,index,call-overload]
    assert len(live) == len(group.points) == 40
    drawn = coverage_drawing(group, evidence.label)
    key = 5  # marks of the key above the picture
    assert len(re.findall(r"<path [^>]*Z\"", drawn)) == len(group.points) + key


def test_a_mark_at_zero_is_whole() -> None:
    evidence, _ = sample_evidence()
    group, *_ = coverage_groups(evidence)
    none = replace(group, points=tuple(replace(p, breaches=0, low=0.0) for p in group.points))
    shown: Any = coverage_figure(none, "spot")["layout"]
    low, high = shown["xaxis"]["range"]
    pixels = 700.0 / (high - low)  # plots are wider than that
    assert -low * pixels >= 7.0 / 2.0  # half the size of a mark


def test_drawings_escape_names_and_say_the_price_source() -> None:
    evidence, _ = sample_evidence(hostile=True)
    picture = cost_picture(evidence)
    assert picture is not None
    group, _ = coverage_groups(evidence)
    for drawn in (
        small_multiples(ordered(evidence), coverage_rows(evidence), evidence.label),
        coverage_drawing(group, evidence.label),
        cost_drawing(picture, evidence.label),
        calls_drawing(picture, evidence.label),
    ):
        assert HOSTILE not in drawn
        assert "<script" not in drawn
        assert "NaN" not in drawn
        assert "nan" not in re.sub(r">[^<]*<", "><", drawn)
        assert "SYNTHETIC" in drawn


def test_small_multiples_show_the_worst_and_every_breach_of_them() -> None:
    evidence, _ = sample_evidence(markets=12)
    worst = ordered(evidence)
    drawn = small_multiples(worst, coverage_rows(evidence), evidence.label)
    breaches = sum(int(item.breaches.sum()) for item in worst[:PANELS])
    assert drawn.count('fill="#c2410c"') == breaches + 1  # and one in the key


def test_series_without_a_finite_number_is_drawn_empty() -> None:
    hole = np.full(10, math.nan)
    drawn = small_multiples([series_of(hole, hole)], {}, "spot")
    assert "0 of 10 points" in drawn
    assert small_multiples([], {}, "spot") == ""


def test_sides_that_are_called_alike_share_a_row() -> None:
    def point(market: str, side: str, call: float) -> CostPoint:
        calls = (call, call, call)
        return CostPoint(market=market, side=side, mean_margin=0.1, peak_to_trough=2.0, calls=calls)

    same = [point("A", "long", 0.2), point("A", "short", 0.2)]
    other = [point("B", "long", 0.3), point("B", "short", 0.1), point("C", "long", math.nan)]
    names = [item.name for item in largest_calls([*same, *other])]
    assert names == ["B long", "A both sides", "B short"]


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 10))
def test_ticks_are_even_within_the_axis_and_about_as_many(
    low: float, span: float, count: int
) -> None:
    found = ticks(low, low + span, count)
    slack = 1e-6 * span + 1e-9 * abs(low)
    assert all(low - slack <= tick <= low + span + slack for tick in found)
    assert len(found) <= 2 * count + 1
    steps = np.diff(found)
    if steps.size:
        assert np.allclose(steps, steps[0], rtol=1e-6, atol=slack)


def test_expectations_need_the_horizons_that_the_table_counts() -> None:
    evidence, _ = sample_evidence()
    series, rows = evidence.series[0], coverage_rows(evidence)
    row = rows[series_key(series)]
    assert packed_series(series, row)["is_counted"] is True
    thrice = replace(row, count=3 * row.count)
    assert packed_series(series, thrice)["is_counted"] is False
    assert packed_series(series, None)["is_counted"] is False
    told = {"count": row.count, "breaches": row.breaches, "target": row.target}
    assert packed_series(series, row)["tested"] == told


def test_counts_beside_small_multiples_are_those_of_the_table() -> None:
    evidence, _ = sample_evidence()
    series, rows = evidence.series[0], coverage_rows(evidence)
    row = replace(rows[series_key(series)], breaches=77, count=12_345)
    assert "77 of 12,345" in small_multiples([series], {series_key(series): row}, "spot")


def test_worst_first_puts_series_without_a_row_last() -> None:
    evidence, _ = sample_evidence()
    rows = dict(coverage_rows(evidence))
    del rows[series_key(evidence.series[0])]
    assert worst_first(evidence.series, rows)[-1] is evidence.series[0]


def test_cost_is_shown_in_the_units_and_words_of_its_columns() -> None:
    evidence, _ = sample_evidence()
    table = evidence.table("procyclicality")
    picture = cost_picture(evidence)
    assert picture is not None
    assert picture.margin_title == "mean margin [%]"
    assert picture.peak_title == "peak to trough, whole period [ratio]"
    assert picture.call_title == "largest call [%]"
    means = [100.0 * float(str(value)) for value in table.column("mean_margin")]
    assert [point.mean_margin for point in picture.points] == pytest.approx(means)
    ratio = tuple(
        replace(c, kind=ColumnKind.NUMBER, unit="x") if c.name == "call_5d" else c
        for c in table.columns
    )
    other = cost_picture(replace(evidence, tables=(replace(table, columns=ratio),)))
    assert other is not None
    assert other.call_title == "largest call [x]"
    assert other.points[0].calls[1] == table.column("call_5d")[0]


def test_every_side_has_a_mark_and_an_entry() -> None:
    evidence, _ = sample_evidence()
    picture = cost_picture(evidence)
    assert picture is not None
    assert picture.sides == ("long", "short", "published")
    drawn = cost_drawing(picture, "spot")
    assert all(f">{side}</text>" in drawn for side in picture.sides)
    traces = cost_figure(picture, "spot")["data"]
    symbols = [trace["marker"]["symbol"] for trace in traces]  # type: ignore[union-attr,index,call-overload]
    assert len(set(symbols)) == 3
    names = [trace["name"] for trace in calls_figure(picture, "spot")["data"][1:]]  # type: ignore[union-attr,index,call-overload]
    assert names == ["1 day", "5 days", "20 days"]


def test_names_stay_off_the_marks_of_other_markets() -> None:
    def point(market: str, margin: float, peak: float) -> CostPoint:
        return CostPoint(
            market=market, side="long", mean_margin=margin, peak_to_trough=peak, calls=(0, 0, 0)
        )

    far, below, above = point("FAR", 10.0, 10.0), point("LOW", 5.0, 5.0), point("UP", 5.0, 5.4)
    found = {named.point.market: named.side for named in named_points([far, below, above])}
    assert found == {"FAR": Side.ABOVE, "UP": Side.ABOVE, "LOW": Side.RIGHT}
    assert named_points([]) == []
    twin = replace(far, side="short", mean_margin=1.0)
    assert [named.point for named in named_points([far, twin])] == [far]
    crowd = [point(f"{i}{j}", 5.0 + 0.05 * i, 5.0 + 0.1 * j) for i in range(6) for j in range(6)]
    assert len(named_points([point("FAR", 10.0, 10.0), *crowd])) <= LARGEST_NAMES


def test_no_name_covers_a_mark_or_another_name() -> None:
    """Boxes of letters and marks on the printed picture, measured here from the drawing itself."""
    rng = np.random.default_rng(4)
    for _ in range(20):
        points = tuple(
            CostPoint(
                market=f"MARKET{i}/USDT",
                side="long",
                mean_margin=float(rng.uniform(1.0, 9.0)),
                peak_to_trough=float(rng.uniform(3.0, 5.0)),
                calls=(0.0, 0.0, 0.0),
            )
            for i in range(12)
        )
        picture = CostPicture(points=points, margin_title="", peak_title="", call_title="")
        drawn = cost_drawing(picture, "SYNTHETIC")
        marks = [
            (float(x) + 2.2, float(y)) for x, y in re.findall(r'd="M([\d.]+),([\d.]+)a', drawn)
        ]
        names = re.findall(
            r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)"[^>]*>(MAR[^<]*)', drawn
        )
        boxes = []
        for x, y, anchor, name in names:
            wide = 5.0 * len(name)
            left = float(x) - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
            boxes.append((left, float(y) - 7.0, left + wide, float(y) + 1.0))
        assert len(marks) == 12 + 1  # one in the key
        assert len(boxes) >= 6
        for left, top, right, bottom in boxes:
            assert not any(left < x < right and top < y < bottom for x, y in marks)
        for one, other in itertools.combinations(boxes, 2):
            across = one[2] <= other[0] or other[2] <= one[0]
            assert across or one[3] <= other[1] or other[3] <= one[1]


def test_an_axis_starts_at_zero_unless_that_leaves_most_of_it_empty() -> None:
    assert axis_range([1.0, 4.0]) == pytest.approx((0.0, 4.32))
    assert axis_range([2.4, 3.0]) == pytest.approx((2.31, 3.09))
    assert axis_range([]) == (0.0, 1.0)
    low, high = axis_range([2.0, 2.0])
    assert low < 2.0 < high


def test_points_that_stand_for_several_horizons_are_counted_as_such() -> None:
    evidence, _ = sample_evidence()
    series, rows = evidence.series[0], coverage_rows(evidence)
    row = rows[series_key(series)]
    daily = replace(
        series,
        horizons=np.full(series.time_ns.size, 3, dtype=np.int64),
        broken=2 * series.breaches.astype(np.int64),
    )
    thrice = replace(row, count=3 * row.count)
    packed = packed_series(daily, thrice)
    assert packed["is_counted"] is True
    assert packed["is_horizon"] is False
    held = array_from_base64(str(packed["held"]), "uint32")
    broken = array_from_base64(str(packed["broken"]), "uint32")
    assert held[-1] == 3 * series.time_ns.size
    assert broken[-1] == 2 * series.breaches.sum()
