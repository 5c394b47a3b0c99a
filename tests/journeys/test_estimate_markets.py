"""``plimsoll estimate`` over all markets: tables, deep view, page, document, books, refusals."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from command_line import Done, plimsoll_cli
from plimsoll.domain.finding import Reason
from plimsoll.errors import DataFormatError, PlimsollError, UsageError
from plimsoll.estimators.nightly import NightlySettings
from plimsoll.estimators.reference.default_model import REVISIONS, revision_at
from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.reference.panel import returns_panel
from plimsoll.journeys.estimate_markets import estimate_markets
from plimsoll.journeys.estimate_markets_result import MarketEstimates
from plimsoll.journeys.estimate_scenarios import estimate_scenarios
from plimsoll.sandbox import generate
from plimsoll.scenarios.joint_history import Marginals

FAST = NightlySettings(copula_replicates=2)


@cache
def sandbox() -> dict[str, Any]:
    return dict(generate(0, days=300).bars)


@cache
def estimated() -> MarketEstimates:
    return estimate_markets(sandbox(), settings=FAST)


def frame(**columns: str) -> pl.DataFrame:
    """The sandbox as a long frame, its columns under other names where asked."""
    parts = []
    for market, bars in sandbox().items():
        values = {
            "symbol": [market] * len(bars),
            "ts": bars.time_ns // 10**9,
            "close": bars.close,
            "high": bars.close * 1.002,
            "low": bars.close / 1.002,
            "volume": np.full(len(bars), 1e4),
        }
        parts.append(pl.DataFrame(values))
    return pl.concat(parts).rename(columns)


def with_numbers(result: MarketEstimates) -> list[str]:
    rows = zip(result.found.markets, result.found.reasons, strict=True)
    return [market for market, reason in rows if reason is None]


def test_every_market_has_a_row_in_every_table() -> None:
    result = estimated()
    risk_8h, risk_24h, tails = result.tables[:3]
    assert (risk_8h.name, risk_24h.name, tails.name) == ("risk_8h", "risk_24h", "tails_and_costs")
    everywhere = ("parameter_fits", "liquidation", "findings")
    others = [table for table in result.tables if table.name in everywhere]
    assert len(others) == 3
    for table in (risk_8h, risk_24h, tails, *others):
        assert set(result.found.markets) <= set(table.column("market"))
    for row in risk_8h:
        numbers = [row["var_long"], row["var_short"], row["es_long"], row["volatility_annual"]]
        if None in numbers:
            assert row["reason"] in [reason.value for reason in Reason]
        else:
            assert 0.0 < row["var_long"] < row["es_long"] < 1.0
    assert any(row["reason"] == "delisted" for row in risk_8h)
    dead = next(r["market"] for r in risk_8h if r["reason"] == "delisted")
    assert all(cell is None for cell in list(result.market(dead)[0].rows[0])[2:6])


def test_deep_view_has_the_numbers_of_the_tables() -> None:
    market = with_numbers(estimated())[0]
    result = estimate_markets(sandbox(), settings=FAST, markets=(market,))
    reference, tails, stability, costs, closest = result.market(market)[:5]
    row = next(r for r in result.tables[0] if r["market"] == market)
    assert next(iter(reference))["value_at_risk"] == row["var_long"]
    assert [r["side"] for r in tails] == ["falls", "rises"]
    at = [r for r in stability if r["side"] == "falls" and r["tail_fraction"] == 0.05]
    assert at[0]["xi"] == next(iter(tails))["xi"]
    assert len(closest) >= 3
    assert len(costs) == 0 or costs.column("source")[0] in ("bars", "class")
    with pytest.raises(UsageError, match="must be one of the markets"):
        result.market("NOBODY")


def test_page_and_document(tmp_path: Path) -> None:
    classes = {market: "large" if i < 3 else "small" for i, market in enumerate(sandbox())}
    prices = frame()
    result = estimate_markets(
        prices, settings=FAST, classes=classes, price_kind="synthetic_mark", out=tmp_path / "a"
    )
    page = (tmp_path / "a" / "estimate.html").read_text("utf-8")
    assert "SYNTHETIC" in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert "default-src 'none'" in page
    shown = with_numbers(result)
    assert page.count('<details class="market"') == len(shown) == len(result.shown)
    assert page.count('class="drawing"') == 6 * len(shown) + 1
    for words in ("volatilities of a bar", "% a year", "basis points of the position", "[USD]"):
        assert words in page
    drawn = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    assert not re.search(r"\b(nan|inf)\b", re.sub(r'base64,[^"]*', "", drawn))
    document = json.loads((tmp_path / "a" / "estimate.json").read_text("utf-8"))
    assert document["schema"] == "plimsoll.reference_distribution"
    revision = result.found.revision
    assert revision is not None
    since = str(np.datetime64(revision.from_ns, "ns").astype("datetime64[D]"))
    assert document["forecaster_revision"] == {"name": revision.model.name, "from": since}
    assert f"those of {since}" in page
    first = document["markets"][shown[0]]
    risk = result.found.horizon(8)
    at = result.found.column(shown[0])
    assert first["risk"]["8h"]["long"]["value_at_risk"] == risk.value_at_risk[at, 0]
    assert first["liquidity"]["source"] == "bars"
    matrix = np.array(document["dependence"]["correlation"])
    np.testing.assert_allclose(matrix, result.found.dependence.correlation, atol=1e-6)
    again = estimate_markets(
        prices,
        settings=FAST,
        classes=classes,
        price_kind="synthetic_mark",
        out=tmp_path / "b",
        workers=3,
    )
    assert again.files != result.files
    for name in ("estimate.html", "estimate.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_as_of_sees_nothing_later() -> None:
    bars = sandbox()
    ends = max(int(b.time_ns[-1]) for b in bars.values())
    day = np.datetime64(ends, "ns").astype("datetime64[D]") - 40
    midnight = int(day.astype("datetime64[ns]").astype(np.int64))
    shaken = {
        m: replace(b, close=np.where(b.time_ns >= midnight, b.close[::-1], b.close))
        for m, b in bars.items()
    }
    true, false = (estimate_markets(b, settings=FAST, as_of=str(day)) for b in (bars, shaken))
    assert true.found.as_of_ns == midnight
    assert true.found.revision is revision_at(midnight)
    assert [t.rows for t in true.tables] == [t.rows for t in false.tables]


def test_scenarios_on_demand() -> None:
    joint = estimated().scenarios(horizon_hours=8, count=200, seed=1)
    assert joint.scenarios.shocks.shape[0] == 200
    assert joint.scenarios.shocks.shape[1] >= 4
    assert np.isfinite(joint.scenarios.shocks).all()
    again = estimated().scenarios(horizon_hours=8, count=200, seed=1)
    np.testing.assert_array_equal(joint.scenarios.shocks, again.scenarios.shocks)


def test_scenarios_take_the_marginals_asked_for() -> None:
    result = estimated()
    for marginals in Marginals:
        drawn = result.scenarios(horizon_hours=8, count=200, seed=1, marginals=marginals.value)
        assert drawn.marginals is marginals
        plain = estimate_scenarios(
            result.history, result.found, count=200, seed=1, marginals=marginals
        )
        np.testing.assert_array_equal(drawn.scenarios.shocks, plain.scenarios.shocks)
    assert result.scenarios(count=200).marginals is Marginals.FORECAST
    with pytest.raises(UsageError, match="marginals"):
        result.scenarios(marginals="guess")


def test_columns_by_other_names() -> None:
    names = {"close": "price", "high": "top", "low": "bottom", "volume": "traded"}
    ranges = {"high": "top", "low": "bottom", "volume": "traded"}
    renamed = estimate_markets(frame(**names), settings=FAST, close="price", ranges=ranges)
    plain = estimate_markets(frame(), settings=FAST)
    assert renamed.tables[2].rows == plain.tables[2].rows
    with pytest.raises(UsageError, match="ranges: must be among"):
        estimate_markets(frame(), ranges={"open": "o"})


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"markets": ("NOBODY",)}, UsageError, "must be one of the markets"),
        ({"exclude": ("NOBODY",)}, UsageError, "must be markets of the data"),
        ({"price_kind": "guess"}, PlimsollError, "price_kind"),
        ({"as_of": "1999-01-01"}, UsageError, "must lie after the first bar"),
        ({"classes": "nothing.csv"}, DataFormatError, "must be a readable CSV file"),
        ({"books": ("nothing.gz",)}, PlimsollError, "nothing.gz"),
        ({"workers": 0}, PlimsollError, "workers"),
    ],
)
def test_refusals(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        estimate_markets(sandbox(), settings=FAST, **options)


def run(folder: Path, *arguments: str) -> Done:
    return plimsoll_cli("estimate", "prices.parquet", *arguments, folder=folder)


def test_command_line(tmp_path: Path) -> None:
    frame().write_parquet(tmp_path / "prices.parquet")
    markets = list(sandbox())
    (tmp_path / "classes.csv").write_text(
        "market,class\n" + "".join(f"{m},coin\n" for m in markets)
    )
    done = run(tmp_path, "--json", "--classes", "classes.csv", "--exclude", markets[-1])
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)["result"]
    rows = result["risk_8h"]["rows"]
    assert markets[-1] not in [row["market"] for row in rows]
    assert {row["class"] for row in rows if row["market"] in markets} == {"coin"}
    assert result["reference_distribution"]["excluded"] == [markets[-1]]
    assert result["tails_and_costs"]["rows"][0]["source"] == "bars"
    assert "volatility and risk" in done.stderr

    deep = run(tmp_path, "--market", markets[0], "--symbol", "symbol", "--out", "out")
    assert deep.returncode == 0, deep.stderr
    for words in ("by the reference distribution", "Shape by threshold", "Cost of closing"):
        assert words in deep.stdout
    page = (tmp_path / "out" / "estimate.html").read_text("utf-8")
    assert page.count('<details class="market"') == 1
    alone = run(tmp_path, "--market", markets[0], "--symbol", "symbol", "--alone")
    assert deep.stdout.startswith(f"1. {markets[0]}: the product's numbers")
    own = deep.stdout[deep.stdout.index(f"2. {markets[0]} as `calibrate` filters it") :]
    assert own.endswith(alone.stdout)
    assert "by the reference distribution" not in alone.stdout

    for arguments, words in (
        (("--symbol", "nothing"), "must have the column 'nothing'"),
        (("--market", "NOBODY", "--symbol", "symbol"), "must be one of the markets"),
        (("--market", "NOBODY", "--symbol", "symbol", "--alone"), "check the names in symbols"),
        (("--horizon", "0"), "greater than or equal to 1"),
        (("--classes", "absent.csv"), "must be a readable CSV file"),
    ):
        refused = run(tmp_path, *arguments)
        assert refused.returncode not in (0, 1)
        assert words in refused.stderr


def test_real_markets(market_data_dir: Path) -> None:
    """Hourly closes of 2022-06 to 2025-06: the shipped forecaster, calibrated within errors."""
    path = market_data_dir / "hourly" / "binance_spot_close_1h_2021_2025.parquet"
    names = [f"{coin}USDT" for coin in ("BTC", "ETH", "SOL", "DOGE", "ADA", "AVAX", "OM", "LUNA")]
    names += ["FTTUSDT", "TRUMPUSDT", "BERAUSDT", "USDCUSDT"]
    since = pl.datetime(2022, 6, 1, time_zone="UTC")
    prices = pl.read_parquet(path).filter(
        pl.col("symbol").is_in(names) & (pl.col("ts").dt.replace_time_zone("UTC") >= since)
    )
    result = estimate_markets(prices, settings=FAST, price_kind="spot_close", as_of="2025-06-01")
    found = result.found
    assert result.excluded == ("USDCUSDT",)
    assert found.revision is REVISIONS[-1]  # of 2025
    panel = returns_panel(result.history, every_hours=8)
    theirs = LogBlend().fit(panel, 8).risk()[0]
    own = found.horizon(8).own
    assert own.sum() >= 8
    np.testing.assert_array_equal(found.horizon(8).value_at_risk[own], theirs[own])
    # Breaches of the recent past, pooled: 1 % allowed, and two clustered errors of about .25 %.
    risk = found.horizon(8)
    moves = np.expm1(risk.moves[:, own])
    bounds = risk.value_at_risk_path[:, own]
    known = np.isfinite(moves) & np.isfinite(bounds).all(axis=2)
    beyond = ((moves < -bounds[..., 0]) | (moves > bounds[..., 1])) & known
    assert 0.010 < beyond.sum() / known.sum() < 0.030  # of both sides
    assert np.nanstd(found.residuals[:, own]) == pytest.approx(1.1, abs=0.3)
    btc = found.column("BTCUSDT")
    assert 0.2 < found.volatility_annual[btc] < 0.9
    eth = found.dependence.markets.index("ETHUSDT")
    assert found.dependence.correlation[found.dependence.markets.index("BTCUSDT"), eth] > 0.6
    for tails, reason in zip(found.tails, found.reasons, strict=True):
        if reason is None and tails.falls.tail is not None:
            assert -0.2 < tails.falls.tail.xi < 0.9


def test_recorded_books(market_data_dir: Path) -> None:
    prices = market_data_dir / "hourly" / "binance_perp_ohlcv_1h.parquet"
    books = market_data_dir / "books"
    recording = books / "hftbacktest_usdm_btcusdt_20240808.gz"
    result = estimate_markets(prices, settings=FAST, books=(f"BTCUSDT={recording}",))
    liquidity = result.found.liquidity.estimates
    assert liquidity["BTCUSDT"].source == "books"
    assert liquidity["ETHUSDT"].source == "bars"
    # Six minutes of Binance's book (docs/liquidity.md): 1M dollars cost 1.48 bps.
    at = list(liquidity["BTCUSDT"].notional_usd).index(1e6)
    assert 1e4 * liquidity["BTCUSDT"].cost[at] == pytest.approx(1.48, abs=0.1)
    with pytest.raises(UsageError, match="books: must name a market of the prices"):
        estimate_markets(prices, settings=FAST, books=(f"NOBODY={recording}",))
