"""A venue with every section beside its ratios: published, reproducible, blind to the future."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import plimsoll
from plimsoll.config.loader import load_venue
from plimsoll.domain.parameters import Origin
from plimsoll.errors import ConfigurationError
from plimsoll.journeys.init import init
from plimsoll.sandbox import generate

AS_OF = datetime(2023, 6, 1, tzinfo=UTC)
DAYS = 620
COLUMNS = """    format: parquet
    path: {path}
    columns: {{time: ts, close: close, symbol: symbol}}
"""
SECTIONS = """
liquidation: {window_days: 365}
add_ons: {window_days: 365, depeg_symbols: [DOLLAR]}
collateral:
  watched_years: {reserves: 15}
  lending: true
  borrowing: {assets: [{name: DOLLAR, reference_rate_annual: 0.06, withdrawn_share: 0.2}]}
  assets:
    - {name: KEEL, kind: coin, symbol: "KEEL/USDT:USDT", class: major, adv_usd: 9e9,
       spread: 0.0004, depth_usd: 1e7, venues: 9}
    - {name: ROPE, kind: coin, symbol: ROPE, class: major, adv_usd: 1e9, spread: 0.001,
       depth_usd: 1e7, venues: 9}
    - {name: DOLLAR, kind: stable, symbol: DOLLAR, class: stable, adv_usd: 1e9, spread: 0.0004,
       depth_usd: 1e7, venues: 9}
    - {name: HOUSE, kind: own, symbol: "HELM/USDT:USDT", class: major, adv_usd: 3e8,
       spread: 0.001, depth_usd: 1e7, venues: 9}
    - {name: GONE, kind: coin, symbol: NOWHERE, class: other, adv_usd: 3e8, spread: 0.001}
fund:
  available_usd: 1e12
  ruin_probability_annual: 0.01
  population:
    open_interest_usd: {large: 1e9, mid: 1e8, thin: 1e6}
    accounts_per_market: 500
fees:
  base_taker: 0.0004
  base_maker: 0.0001
  steps: 2
  funding_clamp:
    rates: {format: csv, path: rates.csv, columns: {time: ts, rate: rate, symbol: symbol},
            unit: fraction}
operations: {outage_hours: [3], watched_hours: 17_520, stress: 2}
counterparties:
  institutions: [{name: desk, grade: BB}, {name: unrated}]
"""


def _prices() -> pl.DataFrame:
    """The sandbox's markets, a coin that is no market, and a dollar that slips now and then."""
    sandbox = generate(3, days=DAYS)
    frames = [
        pl.DataFrame({"ts": bars.time_ns, "close": bars.close, "symbol": name})
        for name, bars in sandbox.bars.items()
    ]
    times = np.unique(np.concatenate([bars.time_ns for bars in sandbox.bars.values()]))
    draw = np.random.default_rng(5)
    rope = 10.0 * np.exp(np.cumsum(0.005 * draw.standard_t(4, times.size)))
    dollar = 1.0 - 0.001 * np.abs(draw.standard_normal(times.size))
    for name, close in (("ROPE", rope), ("DOLLAR", dollar)):
        frames.append(pl.DataFrame({"ts": times, "close": close, "symbol": name}))
    return pl.concat(frames)


def _write(folder: Path, prices: pl.DataFrame, sections: str = SECTIONS) -> Path:
    folder.mkdir(exist_ok=True)
    stamped = prices.with_columns(pl.col("ts").cast(pl.Datetime("ns", "UTC")))
    stamped.write_parquet(folder / "prices.parquet")
    text = init(folder, name="venue").read_text()
    text = text.replace("    format: sandbox\n", COLUMNS.format(path="prices.parquet"), 1)
    text = text.replace("compare: [garch_t]", "compare: []")
    text = text.replace("  from: 2023-01-01", "  from: 2022-06-01")
    (folder / "venue.yaml").write_text(text + sections)
    _rates().write_csv(folder / "rates.csv")
    return folder


def _rates() -> pl.DataFrame:
    """Funding of one market: 10 bp, and what came later a hundred times as much."""
    times = np.arange(np.datetime64("2023-01-01", "h"), np.datetime64("2023-09-01", "h"), 8)
    late = times >= np.datetime64("2023-06-02", "h")
    return pl.DataFrame(
        {
            "ts": [f"{at}:00:00Z" for at in times.astype(str)],
            "rate": np.where(late, 0.1, 0.001),
            "symbol": "KEEL/USDT:USDT",
        }
    )


@pytest.fixture(scope="module")
def prices() -> pl.DataFrame:
    return _prices()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, prices: pl.DataFrame) -> Path:
    return _write(tmp_path_factory.mktemp("parts") / "venue", prices)


@pytest.fixture(scope="module")
def result(folder: Path) -> plimsoll.CalibrationResult:
    return plimsoll.calibrate(folder, as_of=AS_OF, workers=1)


def test_every_section_is_published_and_explained(result: plimsoll.CalibrationResult) -> None:
    found = {p.key: p for p in result.parameters}
    for key in (
        "KEEL/USDT:USDT/liquidation.close_out_need", "KEEL/USDT:USDT/liquidation.call_multiple",
        "KEEL/liquidity.daily_volatility", "KEEL/gap.share", "depeg/band[0].rate[0]",
        "KEEL/haircut", "KEEL/lending.loan_to_value", "ROPE/haircut", "DOLLAR/haircut",
        "fund/target_usd", "fees/fee[0].taker", "KEEL/USDT:USDT/risk_fee.trade",
        "DOLLAR/borrowing.optimal_utilisation", "KEEL/USDT:USDT/funding_clamp",
        "class:large/outage_multiplier", "counterparty:unrated/margin_multiplier.large",
    ):  # fmt: skip
        assert key in found, key
    assert not [key for key in found if key.startswith(("HOUSE/haircut", "GONE/haircut"))]
    tables = {table.name: table for table in result.evidence.tables}
    refused = {row[0]: row[1] for row in tables["collateral_admission"].rows}
    assert refused["HOUSE"] == "own token"
    assert "GONE" in refused
    reasons = {row[1] for row in tables["fees_missing"].rows}
    assert "no_data" in reasons  # of markets without rates: each clamp says so
    # What was paid before the set, in eight hours of ten basis points each; nothing later.
    assert float(found["KEEL/USDT:USDT/funding_clamp"].value) == 0.001
    assert float(found["DOLLAR/borrowing.optimal_utilisation"].value) == 0.8
    assert {"Size of the fund", "Inflow of the fund"} <= {c.name for c in result.evidence.checks}


def test_what_is_estimated_has_an_error_and_what_is_stated_says_so(
    result: plimsoll.CalibrationResult,
) -> None:
    named = ("liquidation.close_out_need", "wrong_way.move", "gap.share")
    for parameter in result.parameters:
        if parameter.name in named and parameter.origin is Origin.CALIBRATED:
            assert parameter.standard_error is not None, parameter.key


def test_loans_bear_the_stress_that_haircuts_bear(result: plimsoll.CalibrationResult) -> None:
    found = {p.key: float(p.value) for p in result.parameters}
    threshold = found["KEEL/lending.liquidation_threshold"]
    bonus = found["KEEL/lending.liquidation_bonus"]
    rows = {row[0]: row for row in _table(result, "lending_terms").rows}
    floors = {row[0]: row[5] for row in _table(result, "collateral_haircuts").rows}
    assert threshold * (1.0 + bonus) <= 1.0 - floors["KEEL"]
    assert rows["KEEL"][7] >= floors["KEEL"]
    assert found["KEEL/lending.loan_to_value"] < threshold


def _table(result: plimsoll.CalibrationResult, name: str) -> plimsoll.domain.table.Table:
    return next(table for table in result.evidence.tables if table.name == name)


def test_neither_workers_nor_the_future_change_a_byte(
    folder: Path, result: plimsoll.CalibrationResult, prices: pl.DataFrame, tmp_path: Path
) -> None:
    again = plimsoll.calibrate(folder, as_of=AS_OF, workers=2)
    assert again.parameters.canonical() == result.parameters.canonical()
    cut = int(np.datetime64("2023-06-01", "ns").astype(np.int64))
    draw = np.random.default_rng(9)
    noise = np.exp(0.3 * draw.standard_normal(prices.height))
    scrambled = prices.with_columns(
        pl.when(pl.col("ts") >= cut)
        .then(pl.col("close") * pl.Series(noise))
        .otherwise(pl.col("close"))
        .alias("close")
    )
    assert not scrambled["close"].equals(prices["close"])  # there is a future to scramble
    other = plimsoll.calibrate(_write(tmp_path / "venue", scrambled), as_of=AS_OF, workers=1)
    assert other.parameters.canonical() == result.parameters.canonical()


FAULTS = (
    ("fees: {base_taker: 0.0004, base_maker: 0.0001}\n", "fees", "must stand with a fund"),
    (
        "appetite: {profile: moderate}\nfund: {cover_members: 3, population: {open_interest_usd: "
        "{large: 1e9, mid: 1e8, thin: 1e6}}}\n",
        "fund.cover_members",
        "left out beside appetite",
    ),
    (
        "fund: {population: {open_interest_usd: {large: 1e9, mid: 1e8}}}\n",
        "fund.population.open_interest_usd",
        "must hold the class thin",
    ),
    (
        "collateral: {assets: [{name: S, kind: staked, symbol: S, class: s, adv_usd: 1e6, "
        "spread: 0.01}]}\n",
        "collateral.assets[0]",
        "must say what it redeems into",
    ),
    ("liquidation: {too_late: 5 %}\n", "liquidation.too_late", "must be a number"),
    ("operations: {stres: 2}\n", "operations.stres", "key"),
)


@pytest.mark.parametrize(("section", "path", "problem"), FAULTS)
def test_a_faulty_section_is_told_where_and_why(
    tmp_path: Path, section: str, path: str, problem: str
) -> None:
    text = init(tmp_path, name="venue").read_text()
    (tmp_path / "venue.yaml").write_text(text + "\n" + section)
    with pytest.raises(ConfigurationError) as caught:
        load_venue(tmp_path)
    found = {fault.path: fault for fault in caught.value.faults}
    assert path in found
    assert problem in found[path].problem
    assert found[path].remedy


def test_without_sections_the_problem_is_as_it_was(tmp_path: Path) -> None:
    from plimsoll.config.convert import to_problem

    assert to_problem(load_venue(init(tmp_path, name="venue")).config).beside is None
