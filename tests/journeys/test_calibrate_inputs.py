"""What a calibration takes in: bad files, days, frames, funding; and what it says went in."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import plimsoll
import plimsoll.journeys.calibrate as module
from plimsoll.adapters.files import bars_digest
from plimsoll.calibration.run import CalibrationInputs
from plimsoll.cli.main import application
from plimsoll.domain.finding import Reason
from plimsoll.domain.market import DAY_NS, HOUR_NS, Bars, PriceKind
from plimsoll.domain.parameters import ParameterSet, parameter_set
from plimsoll.errors import DataError, InsufficientDataError, UsageError
from plimsoll.journeys.init import init

SYMBOLS = ("AUSDT", "BUSDT", "CUSDT")
DAYS = 300
FIRST_NS = 1_672_531_200 * 10**9  # 2023-01-01
END = "2023-10-28"
VENUE = """\
version: 1
venue: {name: test}
data:
  prices:
    format: parquet
    path: "{symbol}.parquet"
    columns: {time: ts, close: close}
    price_kind: mark
markets:
  - {symbol: AUSDT, instrument: "A/USDT:USDT", class: large}
  - {symbol: BUSDT, instrument: "B/USDT:USDT", class: large}
  - {symbol: CUSDT, instrument: "C/USDT:USDT", class: large}
classes:
  large:
    {maintenance_horizon_hours: 1, reaction_horizon_hours: 8, liquidation_cost: 0.0005,
     liquidation_fee: 0.001, adv_usd: 1e9, tier_caps_usd: [50_000]}
evidence: {from: 2023-06-01}
"""
FUNDING = """\
  funding:
    {format: parquet, path: funding.parquet, unit: fraction,
     columns: {time: ts, rate: rate, symbol: symbol}}
markets:
"""


def prices(seed: int) -> pl.DataFrame:
    steps = np.random.default_rng(seed).standard_t(4, 24 * DAYS) * 0.005
    times = FIRST_NS + HOUR_NS * np.arange(24 * DAYS)
    return pl.DataFrame({"ts": times, "close": 100.0 * np.exp(np.cumsum(steps))})


@pytest.fixture
def venue(tmp_path: Path) -> Path:
    for seed, symbol in enumerate(SYMBOLS):
        prices(seed).write_parquet(tmp_path / f"{symbol}.parquet")
    (tmp_path / "venue.yaml").write_text(VENUE)
    return tmp_path


class Seen(Exception):
    """Stops a calibration once its inputs are known."""


@pytest.fixture
def inputs_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., CalibrationInputs]:
    """What a calibration would run on, without running it."""

    def inputs(journey: Callable[..., object], *arguments: Any, **options: Any) -> Any:
        seen: list[Any] = []

        def stop(problem: object, found: object, **_: object) -> None:
            seen.append((problem, found))
            raise Seen

        monkeypatch.setattr(module, "run_calibration", stop)
        with pytest.raises(Seen):
            journey(*arguments, **options)
        inputs.problem = seen[0][0]  # type: ignore[attr-defined]
        return seen[0][1]

    return inputs


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
        assert told.startswith("no_data (impossible_price on 7,200 bars"), told


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


def as_bars(kind: PriceKind = PriceKind.MARK) -> dict[str, Bars]:
    return {
        symbol: Bars(
            market=symbol,
            time_ns=prices(seed)["ts"].to_numpy(),
            close=prices(seed)["close"].to_numpy(),
            interval_ns=HOUR_NS,
            price_kind=kind,
        )
        for seed, symbol in enumerate(SYMBOLS)
    }


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
    tmp_path: Path, venue: Path, inputs_of: Callable[..., CalibrationInputs]
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
    inputs_of(plimsoll.calibrate, template, data=long_frame(), price_kind="mark")
    assert inputs_of.problem.label == "mark prices"  # type: ignore[attr-defined]
    inputs_of(plimsoll.calibrate, template, data=as_bars(PriceKind.INDEX))
    assert inputs_of.problem.label == PriceKind.INDEX.label  # type: ignore[attr-defined]
    inputs_of(plimsoll.calibrate, venue, data=as_bars(PriceKind.SYNTHETIC_MARK))
    assert "SYNTHETIC" in inputs_of.problem.label  # type: ignore[attr-defined]


# --- what is said to have gone in ---------------------------------------------------------------


def earlier() -> ParameterSet:
    return parameter_set(
        venue="test", valid_from="2023-05-01T00:00:00Z", parameters=(), seed=1, data_digest="d",
        problem_digest="p", code_version="0", label="mark prices",
    )  # fmt: skip


def test_the_command_is_that_of_the_run(
    venue: Path, tmp_path: Path, inputs_of: Callable[..., CalibrationInputs]
) -> None:
    assert inputs_of(plimsoll.calibrate, venue).command == (
        "plimsoll calibrate venue.yaml --as-of 2023-10-27"
    )
    (venue / "venue.yaml").rename(venue / "my venue.yaml")
    file = venue / "my venue.yaml"
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "parameters.json").write_bytes(earlier().canonical())
    for given in (earlier(), tmp_path / "old"):
        found = inputs_of(plimsoll.calibrate, file, as_of=END, incumbent=given).command
        assert found == (
            "plimsoll calibrate 'my venue.yaml' --as-of 2023-10-28 "
            f"--incumbent '<set {earlier().id}>'"
        )
    found = inputs_of(plimsoll.calibrate, file, data=as_bars(), price_kind="mark").command
    assert found == (
        "plimsoll.calibrate('my venue.yaml', data=..., as_of='2023-10-27', price_kind='mark')"
    )


def test_the_demo_names_itself(inputs_of: Callable[..., CalibrationInputs]) -> None:
    assert inputs_of(plimsoll.demo).command == "plimsoll demo"


def funding(venue: Path, paid: dict[str, np.ndarray[Any, Any]], rate: float = 1e-4) -> None:
    frames = [
        pl.DataFrame({"ts": FIRST_NS + hours * HOUR_NS, "symbol": symbol, "rate": rate})
        for symbol, hours in paid.items()
    ]
    pl.concat(frames).write_parquet(venue / "funding.parquet")
    (venue / "venue.yaml").write_text(VENUE.replace("markets:\n", FUNDING))


def test_funding_says_what_it_covers(
    venue: Path, inputs_of: Callable[..., CalibrationInputs]
) -> None:
    funding(venue, {"AUSDT": np.array([8, 16, 32])})
    inputs = inputs_of(plimsoll.calibrate, venue, as_of=END)
    assert inputs.funded_markets == 1
    # Two of AUSDT's 300 days have a payment.
    assert inputs.notes == (
        "Funding for 1 of 3 markets; on 0.7% of their days (fewest: AUSDT, 0.7%). "
        "Elsewhere losses are of the price alone.",
        "No funding data for: BUSDT, CUSDT.",
    )
    every = 8 * np.arange(1, 3 * DAYS + 1)
    funding(venue, {"AUSDT": every, "BUSDT": every[: 3 * DAYS // 2], "CUSDT": every})
    inputs = inputs_of(plimsoll.calibrate, venue, as_of=END)
    assert inputs.funded_markets == 3
    # BUSDT: payments at hours 8 to 3600 = 150 days, the last at the midnight that opens day 151.
    assert inputs.notes[0].startswith(
        f"Funding for 3 of 3 markets; on {751 / 900:.1%} of their days (fewest: BUSDT, 50.3%)."
    )
    assert len(inputs.notes) == 1


def test_every_table_says_how_many_markets_are_funded(venue: Path) -> None:
    funding(venue, {"AUSDT": np.array([8, 16, 32])})
    result = plimsoll.calibrate(venue)
    for name in ("parameters", "coverage", "coverage_pooled", "procyclicality", "models"):
        assert any("funding for 1 of 3 markets" in n for n in result.table(name).notes), name
    assert any("Funding for 1 of 3 markets" in limit for limit in result.evidence.limits)
    assert result.evidence.provenance["command"].startswith("plimsoll calibrate venue.yaml")
    assert len(result.evidence.provenance["bars digest"]) == 64


def test_the_digest_covers_all_that_went_in(
    venue: Path, inputs_of: Callable[..., CalibrationInputs]
) -> None:
    every = 8 * np.arange(1, 3 * DAYS)

    def digests(**options: Any) -> tuple[str, dict[str, str]]:
        found = inputs_of(plimsoll.calibrate, venue, as_of="2023-10-01", **options)
        return found.data_digest, dict(found.digests)

    plain, parts = digests()
    assert parts == {"bars": parts["bars"], "funding": "none", "incumbent": "none"}
    midnight_ns = FIRST_NS + 273 * DAY_NS
    known = {s: b.take(b.time_ns < midnight_ns) for s, b in as_bars().items()}
    assert parts["bars"] == bars_digest(known)
    canonical = f'{{"bars":"{parts["bars"]}","funding":"none","incumbent":"none"}}'
    assert plain == hashlib.sha256(canonical.encode()).hexdigest()

    funding(venue, {"AUSDT": every})
    paid, paid_parts = digests()
    funding(venue, {"AUSDT": every}, rate=2e-4)
    other, _ = digests()
    assert len({plain, paid, other}) == 3
    assert paid_parts["bars"] == parts["bars"]
    # What is paid after the day is not known on it.
    before = every[every <= 273 * 24]
    funding(venue, {"AUSDT": before})
    assert digests()[0] == paid
    funding(venue, {"AUSDT": before[:-1]})
    assert digests()[0] != paid

    held, held_parts = digests(incumbent=earlier())
    assert held != digests()[0]
    assert held_parts["incumbent"] == earlier().id
    assert digests(incumbent=replace(earlier(), seed=2))[0] != held


def test_the_file_of_the_tiers_in_force_is_in_the_digest(
    venue: Path, market_data_dir: Path, inputs_of: Callable[..., CalibrationInputs]
) -> None:
    source = market_data_dir / "tiers" / "binance_usdm_leverage_tiers_2024-10.json"
    (venue / "tiers.json").write_bytes(source.read_bytes())
    text = VENUE.replace(
        "evidence: {",
        "evidence: {incumbent: {path: tiers.json, format: binance_usdm_tiers, "
        "valid_from: 2023-06-01}, ",
    )
    (venue / "venue.yaml").write_text(text)
    inputs = inputs_of(plimsoll.calibrate, venue)
    assert inputs.parent is None
    assert inputs.digests["incumbent"] == hashlib.sha256(source.read_bytes()).hexdigest()
