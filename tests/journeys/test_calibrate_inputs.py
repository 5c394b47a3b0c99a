"""What a calibration takes in: bad files, days the data do not reach, data in memory."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from small_venue import DAYS, END, FIRST_NS, SYMBOLS, VENUE, as_bars, prices, seen_by, write_venue
from typer.testing import CliRunner

import plimsoll
from plimsoll.calibration.run import CalibrationInputs
from plimsoll.cli.main import application
from plimsoll.domain.finding import Reason
from plimsoll.domain.market import DAY_NS, PriceKind
from plimsoll.domain.parameters import Origin
from plimsoll.errors import DataError, InsufficientDataError, UsageError
from plimsoll.journeys.init import init


@pytest.fixture
def venue(tmp_path: Path) -> Path:
    return write_venue(tmp_path)


@pytest.fixture
def inputs_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., CalibrationInputs]:
    """What a calibration would run on."""
    return lambda *given, **options: seen_by(monkeypatch, *given, **options)[1]


def spoil(path: Path, how: str) -> None:
    path.unlink()
    if how == "directory":
        path.mkdir()
    elif how != "missing":
        path.write_bytes(b"" if how == "empty" else b"PAR1 no Parquet at all")


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["malformed", "missing", "empty", "directory"])
def test_one_bad_file_costs_one_market_its_number(
    venue: Path, inputs_of: Callable[..., CalibrationInputs], how: str
) -> None:
    spoil(venue / "BUSDT.parquet", how)
    inputs = inputs_of(plimsoll.calibrate, venue)
    assert inputs.history.markets == ("AUSDT", "CUSDT")
    assert inputs.refused == {"BUSDT": Reason.UNREADABLE_DATA}
    (note,) = inputs.notes
    assert note.startswith("No bars of BUSDT: BUSDT.parquet: must ")
    assert str(venue) not in note


def test_the_reason_is_in_its_row_and_the_error_among_the_limits(venue: Path) -> None:
    spoil(venue / "BUSDT.parquet", "malformed")
    result = plimsoll.calibrate(venue)
    rows = {row["market"]: row["origin"] for row in result.table()}
    assert rows["BUSDT"] == "no number: unreadable_data"
    assert set(result.parameters.markets) == {"AUSDT", "CUSDT"}
    assert any("No bars of BUSDT: BUSDT.parquet" in limit for limit in result.evidence.limits)
    assert repr(result).count("\n") == 0
    assert len(repr(result)) < 200
    assert result.parameters.id[:12] in repr(result)


def test_a_file_without_bars_of_the_stretch_is_no_data(
    venue: Path, inputs_of: Callable[..., CalibrationInputs]
) -> None:
    prices(1).head(0).write_parquet(venue / "BUSDT.parquet")
    assert inputs_of(plimsoll.calibrate, venue).refused == {"BUSDT": Reason.NO_DATA}


def test_a_market_without_data_takes_its_class_default_by_name(venue: Path) -> None:
    prices(1).head(0).write_parquet(venue / "BUSDT.parquet")
    result = plimsoll.calibrate(venue)
    row = {row["market"]: row for row in result.table()}
    assert row["BUSDT"]["origin"] == "class_floor"
    highest = max(float(str(row[m]["maintenance_rate"])) for m in ("AUSDT", "CUSDT"))
    assert row["BUSDT"]["maintenance_rate"] == highest
    remark = {row["market"]: row["reason"] for row in result.table("before_after")}
    assert remark["BUSDT"] == "no_data: class default"
    for told in (result.table().notes, result.evidence.limits):
        assert any("default of their class" in t and "BUSDT (no_data)" in t for t in told)
    assert result.parameters.get("BUSDT", "price_risk.maintenance").origin is Origin.CLASS_FLOOR


def test_where_no_file_can_be_read_the_run_ends_with_bad_data(venue: Path) -> None:
    for symbol, how in zip(SYMBOLS, ("malformed", "missing", "empty"), strict=True):
        spoil(venue / f"{symbol}.parquet", how)
    with pytest.raises(DataError, match="at least one market") as caught:
        plimsoll.calibrate(venue)
    assert isinstance(caught.value.found, dict)
    assert set(caught.value.found) == set(SYMBOLS)
    done = CliRunner().invoke(
        application(), ["calibrate", str(venue), "--out", str(venue / "out"), "--json"]
    )
    assert done.exit_code == 3
    assert json.loads(done.stdout)["error"]["type"] == "DataError"


def test_data_that_are_bad_throughout_say_how(venue: Path) -> None:
    for seed, symbol in enumerate(SYMBOLS):
        prices(seed).with_columns(close=pl.lit(0.0)).write_parquet(venue / f"{symbol}.parquet")
    with pytest.raises(InsufficientDataError) as caught:
        plimsoll.calibrate(venue)
    assert isinstance(caught.value.found, dict)
    for symbol in SYMBOLS:
        told = caught.value.found[symbol]
        assert told.startswith("impossible_prices (impossible_price on 7,200 bars"), told


# --- days ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["2099-01-01", "2023-10-30", "2023-01-01", "1999-01-01"])
@pytest.mark.parametrize("form", ["file", "frame"])
def test_a_day_that_the_data_do_not_reach(venue: Path, day: str, form: str) -> None:
    data = {s: pl.read_parquet(venue / f"{s}.parquet") for s in SYMBOLS}
    with pytest.raises(UsageError, match="at most one day after") as caught:
        plimsoll.calibrate(venue, data=data if form == "frame" else None, as_of=day)
    assert caught.value.field == "as_of"
    assert "2023-01-01 00:00 to 2023-10-28 00:00" in caught.value.remedy


def test_a_day_that_the_sandbox_does_not_reach(tmp_path: Path) -> None:
    init(tmp_path)
    with pytest.raises(UsageError, match="at most one day after"):
        plimsoll.calibrate(tmp_path, as_of="2099-01-01")


@pytest.mark.parametrize(
    "day", [END, date(2023, 10, 28), datetime(2023, 10, 28, tzinfo=UTC), "2023-10-28T00:00Z"]
)
def test_forms_of_a_day(venue: Path, inputs_of: Callable[..., CalibrationInputs], day: Any) -> None:
    assert inputs_of(plimsoll.calibrate, venue, as_of=day).as_of_ns == FIRST_NS + DAYS * DAY_NS


# --- data in memory -----------------------------------------------------------------------------


def long_frame() -> pl.DataFrame:
    frames = [prices(n).with_columns(symbol=pl.lit(s)) for n, s in enumerate(SYMBOLS)]
    return pl.concat(frames)


def test_every_form_of_the_same_prices_has_the_same_digest(
    venue: Path, inputs_of: Callable[..., CalibrationInputs]
) -> None:
    expected = inputs_of(plimsoll.calibrate, venue).data_digest
    frame = long_frame()
    each = {s: frame.filter(pl.col("symbol") == s) for s in SYMBOLS}
    forms: list[Any] = [
        {s: f.drop("symbol") for s, f in each.items()},
        {s: f.drop("symbol").to_pandas().set_index("ts") for s, f in each.items()},
        {s: f.drop("symbol").to_arrow() for s, f in each.items()},
        {s: f.drop("symbol").lazy() for s, f in each.items()},
        as_bars(),
    ]
    text = VENUE.replace("close: close}", "close: close, symbol: symbol}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for data in forms:
            assert inputs_of(plimsoll.calibrate, venue, data=data).data_digest == expected
        (venue / "venue.yaml").write_text(text)
        for data in (frame, frame.lazy(), frame.to_arrow(), frame.to_pandas(), each):
            assert inputs_of(plimsoll.calibrate, venue, data=data).data_digest == expected


def test_a_bad_frame_costs_one_market_its_number(
    venue: Path, inputs_of: Callable[..., CalibrationInputs]
) -> None:
    data = {s: prices(n) for n, s in enumerate(SYMBOLS)}
    data["CUSDT"] = data["CUSDT"].rename({"close": "price"})
    inputs = inputs_of(plimsoll.calibrate, venue, data=data)
    assert inputs.refused == {"CUSDT": Reason.UNREADABLE_DATA}


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"data": [1]}, "data"),
        ({"data": "x.csv"}, "data"),
        ({"data": 7}, "data"),
        ({"data": pl.Series([1.0])}, "data"),
        ({"data": {"AUSDT": [1.0, 2.0]}}, "data['AUSDT']"),
        ({"data": {"ts": [1, 2], "close": [1.0, 2.0]}}, "data['ts']"),
        ({"data": {1: prices(0)}}, "data"),
        ({"data": prices(0)}, "data"),
        ({"data": prices(0), "price_kind": "guess"}, "price_kind"),
        ({"data": as_bars(), "price_kind": "index"}, "price_kind"),
        ({"price_kind": "mark"}, "price_kind"),
        ({"workers": 0}, "workers"),
        ({"workers": 1.5}, "workers"),
        ({"as_of": "someday"}, "as_of"),
        ({"as_of": 20231028}, "as_of"),
    ],
)
def test_wrong_use_says_what_to_do(venue: Path, options: dict[str, Any], field: str) -> None:
    with pytest.raises(UsageError) as caught:
        plimsoll.calibrate(venue, **options)
    assert caught.value.field == field


def test_real_prices_are_never_called_synthetic(
    tmp_path: Path, venue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The template's own prices are the sandbox's; whoever brings others says what they are."""
    (tmp_path / "t").mkdir()
    template = init(tmp_path / "t")
    text = template.read_text()
    for old, new in zip(
        ("KEEL/USDT:USDT", "MAST/USDT:USDT", "HELM/USDT:USDT"), SYMBOLS, strict=True
    ):
        text = text.replace(f'symbol: "{old}"', f"symbol: {new}")
    template.write_text(text)
    with pytest.raises(UsageError, match="price_kind: must be given"):
        plimsoll.calibrate(template, data=long_frame())

    def label(place: Path, **options: Any) -> str:
        return seen_by(monkeypatch, plimsoll.calibrate, place, **options)[0].label

    assert label(template, data=long_frame(), price_kind="mark") == "mark prices"
    assert label(template, data=as_bars(PriceKind.INDEX)) == PriceKind.INDEX.label
    assert "SYNTHETIC" in label(venue, data=as_bars(PriceKind.SYNTHETIC_MARK))
