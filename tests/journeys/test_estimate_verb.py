"""``plimsoll estimate``: the calibration's own path at its last day, and what it adds to it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import plimsoll
from command_line import Done, plimsoll_cli
from plimsoll.calibration.forecast import ForecastTask, forecast_market
from plimsoll.calibration.problem import CalibrationProblem, ModelSettings, VolatilityModel
from plimsoll.domain.market import DAY_NS, HOUR_NS, Bars, PriceKind
from plimsoll.errors import PlimsollError
from plimsoll.estimators.horizon.price_record import boundaries, price_record
from plimsoll.marketdata.assembly import assemble

START_S = 1_640_995_200  # 2022-01-01
DAYS = 420


def hours(market: str = "KEEL", seed: int = 1) -> Bars:
    """SYNTHETIC hourly closes with Student-t steps; a spike that reverts is in it."""
    steps = 0.006 * np.random.default_rng(seed).standard_t(4, 24 * DAYS)
    close = 100.0 * np.exp(np.cumsum(steps))
    close[9_000] *= 3.0
    times = (START_S + 3600 * np.arange(close.size)) * 1_000_000_000
    return Bars(
        market=market,
        time_ns=times,
        close=close,
        interval_ns=HOUR_NS,
        price_kind=PriceKind.SYNTHETIC_MARK,
    )


def frame(*all_bars: Bars) -> pl.DataFrame:
    parts = [
        pl.DataFrame({"coin": [b.market] * len(b), "when": b.time_ns // 10**9, "price": b.close})
        for b in all_bars
    ]
    return pl.concat(parts)


def problem() -> CalibrationProblem:
    return CalibrationProblem(venue="", label="", markets=(), classes={})


@pytest.mark.parametrize(
    "model", [VolatilityModel.EWMA_T, VolatilityModel.GARCH_T, VolatilityModel.GJR_T]
)
@pytest.mark.parametrize("horizon", [1, 8])
def test_equals_the_calibration_on_the_same_data(model: VolatilityModel, horizon: int) -> None:
    bars = hours()
    history = assemble({"KEEL": bars}).history.before(START_S * 10**9 + DAYS * DAY_NS - DAY_NS)
    days = boundaries(history)
    task = ForecastTask(
        market="KEEL",
        record=price_record(history, "KEEL"),
        boundaries=days,
        maintenance_bars=horizon,
        reaction_bars=24,
    )
    forecast = forecast_market(task, problem(), model)
    found = plimsoll.estimate(bars, "KEEL", horizon_hours=horizon, model=model)
    risk = found.risk
    assert risk.time_ns == days.time_ns[-1]
    assert risk.volatility_daily == forecast.volatility_daily[-1]
    assert risk.observations == forecast.maintenance.observations[-1]
    scaled = forecast.volatility[-1]
    for side, mine in enumerate((risk.fall, risk.rise)):
        assert mine.value_at_risk == scaled * forecast.maintenance.quantile[-1, side]
        error = scaled * forecast.maintenance.standard_error[-1, side]
        assert mine.value_at_risk_error == error
        # The tail shown is the tail used: its own quantile is the value-at-risk. Relative 1e-12:
        # the threshold is interpolated in another order of operations.
        own = scaled * mine.tail.quantile(0.99)
        assert own == pytest.approx(mine.value_at_risk, rel=1e-12)
        assert mine.expected_shortfall > mine.value_at_risk
    assert "reverting_spike" in str(found.table())


def test_files_and_frames_agree(tmp_path: Path) -> None:
    keel, helm = hours("KEEL"), hours("HELM", 2)
    both = frame(keel, helm)
    both.write_csv(tmp_path / "prices.csv")
    both.write_parquet(tmp_path / "prices.parquet")
    ohlcv = [
        [int(t) // 10**6, *[float(c)] * 4, 1.0]
        for t, c in zip(keel.time_ns, keel.close, strict=True)
    ]
    (tmp_path / "KEEL.json").write_text(json.dumps(ohlcv))
    names: dict[str, Any] = {"time": "when", "close": "price", "symbol": "coin"}
    expected = plimsoll.estimate(keel, "KEEL").risk.fall.value_at_risk
    for source in (both, both.to_pandas(), tmp_path / "prices.csv", tmp_path / "prices.parquet"):
        assert plimsoll.estimate(source, "KEEL", **names).risk.fall.value_at_risk == expected
    assert plimsoll.estimate(helm, "HELM").risk.fall.value_at_risk != expected
    one = plimsoll.estimate(tmp_path / "KEEL.json", "KEEL")
    assert one.risk.fall.value_at_risk == expected


def test_as_of_sees_nothing_later() -> None:
    bars = hours()
    early = datetime(2023, 1, 10, tzinfo=UTC)
    midnight = int(early.timestamp()) * 10**9
    later = bars.time_ns >= midnight
    factor = np.random.default_rng(4).uniform(0.2, 5.0, len(bars))
    other = replace(bars, close=np.where(later, bars.close * factor, bars.close))
    true, false = (plimsoll.estimate(b, "KEEL", as_of=early) for b in (bars, other))
    assert true.risk.time_ns == midnight
    assert true.table().rows == false.table().rows


def test_losses_by_payoff() -> None:
    linear = plimsoll.estimate(hours(), "KEEL")
    inverse = plimsoll.estimate(hours(), "KEEL", payoff="inverse")
    fall, rise = linear.risk.fall.value_at_risk, linear.risk.rise.value_at_risk
    assert linear.loss == pytest.approx((1.0 - np.exp(-fall), np.exp(rise) - 1.0), rel=1e-12)
    assert inverse.loss == pytest.approx((np.exp(fall) - 1.0, 1.0 - np.exp(-rise)), rel=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"confidence": 99.0}, r"confidence: must lie in \(0.5, 1\), found 99.0"),
        ({"model": "arch"}, r"model: must be one of \['ewma_t', 'garch_t', 'gjr_t'\]"),
        ({"model": "log_blend"}, "model: must be one of .* log_blend pools all markets"),
        ({"payoff": "cubic"}, "payoff: must be one of"),
        ({"price_kind": "guess"}, "price_kind: must be one of"),
        ({"as_of": datetime(2023, 1, 1, 5, tzinfo=UTC)}, "as_of: must be a midnight"),
        ({"as_of": datetime(2022, 1, 20, tzinfo=UTC)}, "KEEL: must hold 30 days of moves"),
        ({"as_of": datetime(2021, 1, 20, tzinfo=UTC)}, "must"),
    ],
)
def test_refusals(options: dict[str, Any], message: str) -> None:
    with pytest.raises(PlimsollError, match=message):
        plimsoll.estimate(hours(), "KEEL", **options)


def test_many_markets_read_as_one_are_refused(tmp_path: Path) -> None:
    both = frame(hours("KEEL"), hours("HELM", 2))
    with pytest.raises(PlimsollError, match=r"must hold one market.*--symbol"):
        plimsoll.estimate(both, "KEEL", time="when", close="price")


def test_bars_longer_than_the_horizon_are_refused() -> None:
    bars = hours()
    daily = Bars(
        market="KEEL",
        time_ns=bars.time_ns[::24],
        close=bars.close[::24],
        interval_ns=DAY_NS,
        price_kind=PriceKind.MARK,
    )
    with pytest.raises(PlimsollError, match="horizon_hours: must be a multiple of the bar length"):
        plimsoll.estimate(daily, "KEEL", horizon_hours=8)


def test_settings_reach_the_filter() -> None:
    slow = plimsoll.estimate(hours(), "KEEL", settings=ModelSettings(half_life_days=60.0))
    assert slow.risk.volatility != plimsoll.estimate(hours(), "KEEL").risk.volatility


def test_command_line(tmp_path: Path) -> None:
    frame(hours()).write_csv(tmp_path / "prices.csv")
    columns = ["--time", "when", "--close", "price", "--symbol", "coin", "--price", "mark"]

    def run(*arguments: str) -> Done:
        asked = ["estimate", "prices.csv", "--market", "KEEL", *columns, *arguments]
        return plimsoll_cli(*asked, folder=tmp_path)

    # In a process of its own, where nothing is imported beforehand; the others in this one.
    asked = ["estimate", "prices.csv", "--market", "KEEL", *columns, "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "plimsoll.cli", *asked],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)["result"]
    long, short = result["estimate"]["rows"]
    expected = plimsoll.estimate(hours(), "KEEL").risk
    assert long["value_at_risk"] == expected.fall.value_at_risk
    assert short["expected_shortfall_error"] == expected.rise.expected_shortfall_error
    assert result["volatility"]["rows"][0]["daily"] == expected.volatility_daily
    plain = run("--as-of", "2023-02-01")
    assert "2023-02-01 00:00" in plain.stdout
    assert "Mark prices; no funding" in plain.stdout
    missing = run("--symbol", "nothing")
    assert (missing.returncode, missing.stdout) == (3, "")
    assert "must have the column 'nothing'" in missing.stderr


@pytest.mark.parametrize(
    "given",
    [["--confidence", "0.975"], ["--model", "garch_t"], ["--payoff", "inverse"], ["--alone"]],
)
def test_options_of_one_market_are_refused_over_all(tmp_path: Path, given: list[str]) -> None:
    """They would be ignored: wrong use, named."""
    file = tmp_path / "prices.csv"
    file.write_text("ts,symbol,close\n2024-01-01T00:00:00Z,A,1.0\n")
    result = plimsoll_cli("estimate", file, *given)
    assert result.returncode == 2
    assert given[0] in result.stderr
