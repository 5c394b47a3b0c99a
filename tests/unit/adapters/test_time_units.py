"""Times in any form to ns, against the standard library's datetime; mixed units refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.adapters.files.selection import Selection, instant_ns
from plimsoll.adapters.files.time_units import TimeStyle, TimeUnit, times_ns, unit_of
from plimsoll.errors import DataFormatError, UsageError

START = datetime(2024, 2, 29, 23, 30, tzinfo=UTC)
START_NS = 1_709_249_400 * 10**9  # `date -u -d 2024-02-29T23:30 +%s`
STYLE = TimeStyle()
MOMENTS = st.datetimes(
    datetime(2009, 1, 2, tzinfo=UTC).replace(tzinfo=None),
    datetime(2099, 12, 31, tzinfo=UTC).replace(tzinfo=None),
)


def read(values: pl.Series, style: TimeStyle = STYLE, first_row: int = 0) -> list[int]:
    rows = np.arange(first_row, first_row + len(values))
    return list(times_ns(values, rows, style, "ts")[0])


@pytest.mark.parametrize(
    "value",
    [
        1_709_249_400,
        1_709_249_400_000,
        1_709_249_400_000_000,
        1_709_249_400_000_000_000,
        1_709_249_400.0,
        "1709249400",
        "1709249400000.0",
        " 1709249400000 ",
        "2024-02-29T23:30",
        "2024-02-29 23:30:00",
        "2024-02-29T23:30:00.000000000",
        "2024-02-29T23:30:00Z",
        "2024-02-29 23:30:00+00:00",
        "2024-02-29 23:30:00 UTC",
        "2024-03-01T01:00:00+01:30",
        "2024-02-29T18:30:00-0500",
        START,
        START.replace(tzinfo=None),
        START.astimezone(timezone(timedelta(hours=9))),
    ],
)
def test_every_form_of_one_instant_is_one_number(value: object) -> None:
    assert read(pl.Series([value])) == [START_NS]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_timestamps_of_any_resolution_with_and_without_zone(unit: str) -> None:
    plain = pl.Series([START.replace(tzinfo=None)]).dt.cast_time_unit(unit)  # type: ignore[arg-type]
    assert read(plain) == [START_NS]
    assert read(plain.dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo")) == [START_NS]


def test_dates_are_midnight() -> None:
    assert read(pl.Series([date(2024, 2, 29)])) == [START_NS - 84_600 * 10**9]
    assert read(pl.Series(["2024-02-29"])) == [START_NS - 84_600 * 10**9]


def test_fractions_of_a_second_are_kept_to_the_nanosecond() -> None:
    assert read(pl.Series(["2024-02-29T23:30:00.123456789Z"])) == [START_NS + 123_456_789]
    assert read(pl.Series(["2024-02-29T23:30:00.5"])) == [START_NS + 500_000_000]


@settings(deadline=None)
@given(MOMENTS, st.sampled_from(list(TimeUnit)))
def test_a_plausible_integer_tells_its_unit(moment: datetime, unit: TimeUnit) -> None:
    exact = instant_ns(moment)
    value = exact // unit.nanoseconds
    assert unit_of(value) is unit
    assert read(pl.Series([value])) == [value * unit.nanoseconds]


@settings(deadline=None)
@given(MOMENTS)
def test_iso_text_agrees_with_the_standard_library(moment: datetime) -> None:
    since_1970 = moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    exact = since_1970 // timedelta(microseconds=1) * 1_000
    assert read(pl.Series([moment.isoformat()])) == [exact]
    assert instant_ns(moment.isoformat()) == exact


@settings(deadline=None)
@given(
    st.lists(MOMENTS, min_size=1, max_size=5),
    st.sampled_from(["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"]),
    st.sampled_from(["", "Z", "+00:00", "+05:30", "-0800"]),
)
def test_columns_of_one_form_agree_with_the_standard_library(
    moments: list[datetime], form: str, zone: str
) -> None:
    zone = zone if "H" in form else ""  # the standard library knows no date with a zone
    texts = [moment.strftime(form) + zone for moment in moments]
    assert read(pl.Series(texts)) == [instant_ns(text) for text in texts]


@pytest.mark.parametrize(
    "texts",
    [
        ["2024-02-29T23:30:00", "2024-02-29 23:30:00", "2024-02-29T23:30"],
        ["2024-02-29T23:30Z", "2024-02-29T23:30:00+00:00", "2024-03-01T00:30+01:00"],
        ["2024-02-29T23:30:00", "2024-02-29T23:30:00.000"],
    ],
)
def test_columns_of_several_forms(texts: list[str]) -> None:
    assert read(pl.Series(texts)) == [START_NS] * len(texts)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (1_709_249_400, 1_709_249_400_000, "ms"),
        (1_709_249_400_000, 1_709_249_400_000_000, "us"),
        (1_709_249_400_000_000, 1_709_249_400_000, "ms"),
        (1_709_249_400_000_000, 1_709_249_400_000_000_000, "ns"),
        (1_709_249_400_000_000_000, 1_709_249_400, "s"),
    ],
)
def test_the_row_where_the_unit_changes_is_named(first: int, second: int, found: str) -> None:
    for values in (
        pl.Series([first, first, second, first]),
        pl.Series([str(first), str(first), str(second)]),
    ):
        with pytest.raises(DataFormatError, match="one time unit") as caught:
            read(values, first_row=10)
        assert caught.value.row == 12
        assert str(caught.value.found).endswith(f"in {found}")


def test_the_unit_found_in_one_batch_binds_the_next() -> None:
    _, style = times_ns(pl.Series([1_709_249_400]), np.arange(1), STYLE, "ts")
    with pytest.raises(DataFormatError, match="one time unit") as caught:
        read(pl.Series([1_709_249_400_000]), style, first_row=1)
    assert caught.value.row == 1


def test_a_unit_given_is_not_overruled_by_what_the_values_look_like() -> None:
    with pytest.raises(DataFormatError, match="one time unit, s"):
        read(pl.Series([1_709_249_400_000]), TimeStyle(unit=TimeUnit.SECONDS))


@pytest.mark.parametrize(
    ("values", "row", "must"),
    [
        ([1_709_249_400, None], 1, "must not be empty"),
        ([1_709_249_400, 5], 1, "between 2009 and 2100"),
        ([0], 0, "between 2009 and 2100"),
        ([-1_709_249_400], 0, "between 2009 and 2100"),
        ([1_709_249_400.5], 0, "whole numbers"),
        ([1_709_249_400.0, float("nan")], 1, "whole numbers"),
        ([1_709_249_400.0, float("inf")], 1, "whole numbers"),
        (["1709249400", "yesterday"], 1, "numbers like the rows before"),
        (["2024-02-29", "29.02.2024"], 1, "ISO 8601"),
        (["2024-02-30"], 0, "ISO 8601"),
        (["2024-02-29T23:30Z", "2024-02-29T23:30"], 1, "time zone everywhere or nowhere"),
        (["2024-02-29T23:30", "2024-02-29T23:30+01:00"], 1, "time zone everywhere or nowhere"),
        (["1970-01-20T18:47:29"], 0, "between 2009 and 2100"),
        ([datetime(1970, 1, 20, tzinfo=UTC)], 0, "between 2009 and 2100"),
        (["1709249400", ""], 1, "numbers like the rows before"),
    ],
)
def test_unreadable_times_are_refused_with_their_row(
    values: list[object], row: int, must: str
) -> None:
    with pytest.raises(DataFormatError, match=must) as caught:
        read(pl.Series(values))
    assert (caught.value.row, caught.value.field) == (row, "ts")


def test_columns_that_are_no_times_are_refused() -> None:
    with pytest.raises(DataFormatError, match="must be timestamps"):
        read(pl.Series([True]))


def test_no_rows_no_times() -> None:
    for dtype in (pl.Int64, pl.String, pl.Float64, pl.Datetime("us")):
        assert read(pl.Series([], dtype=dtype)) == []


def test_selection_is_half_open_and_checked() -> None:
    chosen = Selection.of(since="2024-02-29T23:30", until=START + timedelta(hours=2))
    times = pl.DataFrame({"t": [START_NS - 1, START_NS, START_NS + 7_200 * 10**9]})
    assert times.filter(chosen.mask("t"))["t"].to_list() == [START_NS]
    with pytest.raises(UsageError, match="before until"):
        Selection.of(since="2024-01-02", until="2024-01-01")
    with pytest.raises(UsageError, match="ISO 8601"):
        Selection.of(since="last week")
    with pytest.raises(UsageError, match="list of names"):
        Selection.of("BTC")
