"""Studies of one market: each number against the library's own, by hand, or planted in the data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plimsoll.domain.finding import Reason
from plimsoll.domain.market import HOUR_NS
from plimsoll.domain.order_book import OrderBook
from plimsoll.errors import DataFormatError, InsufficientDataError, UsageError
from plimsoll.estimators.liquidity.estimate import LiquidityEstimate, Source
from plimsoll.estimators.volatility import Egarch, Garch, GjrGarch
from plimsoll.journeys.estimate_books import _check_coin, coin
from plimsoll.journeys.estimate_breaks import breaks_table
from plimsoll.journeys.estimate_holdings import holdings_table
from plimsoll.journeys.estimate_jumps import jump_tables
from plimsoll.journeys.estimate_manipulation import manipulation_table
from plimsoll.journeys.estimate_open_interest import OpenInterest, read_open_interest
from plimsoll.journeys.estimate_price_files import price_format
from plimsoll.journeys.estimate_replayed_moves import replayed_moves
from plimsoll.journeys.estimate_returns import RecentReturns
from plimsoll.journeys.estimate_unwind import unwind_table
from plimsoll.journeys.estimate_volatility_models import Reference, model_tables

REFERENCE = Reference(horizon_hours=8, title="blend", volatility_annual=0.5, long=0.05, short=0.06)


def recent(returns: np.ndarray, reason: Reason | None = None) -> RecentReturns:
    known = returns[np.isfinite(returns)]
    return RecentReturns(
        market="KEEL",
        interval_ns=HOUR_NS,
        open_ns=1_640_995_200_000_000_000 + HOUR_NS * np.arange(returns.size),
        returns=returns,
        residuals=known / known.std(),
        reason=reason,
    )


def steps(count: int = 1500, seed: int = 3) -> np.ndarray:
    return np.asarray(0.006 * np.random.default_rng(seed).standard_t(5, count))


def liquidity(source: Source = Source.BARS, volume: float = 1e8) -> LiquidityEstimate:
    sizes = np.array([1e5, 1e6, 1e7])
    cost = 1e-4 + 0.04 * np.sqrt(sizes / 1e8)
    return LiquidityEstimate(
        market="KEEL", source=source, at_ns=0, observations=10, relative_spread=2e-4,
        spread_low=0.0, spread_high=4e-4, daily_volatility=0.04, daily_volume_usd=volume,
        impact=1.0, impact_low=0.5, impact_high=1.5, depth_usd=float("nan"), depth_bps=10.0,
        notional_usd=sizes, cost=cost, cost_low=0.5 * cost, cost_high=1.5 * cost,
        cost_worst=1.5 * cost, extrapolated=np.ones(3),
    )  # fmt: skip


@pytest.mark.parametrize("estimator", [Garch(), GjrGarch(), Egarch()])
def test_replayed_moves_follow_the_models_own_stream(estimator: Garch | GjrGarch | Egarch) -> None:
    """One step is the filtered quantile of the model; further ones its own update, step by step."""
    fitted = estimator.fit(steps(600))
    one = replayed_moves(fitted, 1)
    # Relative 1e-12: products of the same numbers in another order.
    assert -np.quantile(one, 0.01) == pytest.approx(
        fitted.filtered_value_at_risk(0.99, convention="type7"), rel=1e-12
    )
    three = replayed_moves(fitted, 3)
    assert three.size == 598
    start, total, model = 17, 0.0, fitted
    for k in range(3):
        shock = np.sqrt(model.variance_next) * fitted.standardised_residuals[start + k]
        move = fitted.mean_return + shock
        total, model = total + move, model.update(float(move))
    assert three[start] == pytest.approx(total, rel=1e-10)
    with pytest.raises(InsufficientDataError):
        replayed_moves(fitted, 601)


def test_models_stand_beside_the_reference() -> None:
    values = steps()
    comparison, parameters = model_tables(recent(values), REFERENCE)
    rows = {row["model"]: row for row in comparison}
    assert list(rows) == ["reference", "garch_t", "gjr_t", "egarch_t", "two_regimes_t"]
    assert rows["reference"]["var_long"] == 0.05
    fitted = Garch().fit(values)
    assert rows["garch_t"]["log_likelihood"] == fitted.log_likelihood
    assert rows["garch_t"]["persistence"] == fitted.parameters.persistence
    assert rows["garch_t"]["rule"] == "capped at 0.995"
    half = rows["gjr_t"]["half_life_hours"]
    assert rows["gjr_t"]["persistence"] ** half == pytest.approx(0.5, rel=1e-12)
    # Independent returns: every model must come near the plain quantile of eight of them.
    moves = np.convolve(values, np.ones(8), "valid")
    plain = -np.expm1(np.quantile(moves, 0.01))
    for name in list(rows)[1:]:
        assert rows[name]["var_long"] == pytest.approx(plain, rel=0.35)
    alpha = next(r for r in parameters if (r["model"], r["parameter"]) == ("garch_t", "alpha"))
    assert (alpha["value"], alpha["se"]) == (
        fitted.parameters.alpha,
        fitted.standard_errors().alpha,
    )


def test_planted_jumps_and_breaks_are_found() -> None:
    values = np.concatenate([steps(1000), 3.0 * steps(1000, seed=4)])
    values[300], values[700] = 0.2, -0.15
    tables = {table.name: table for table in jump_tables(recent(values))}
    (row,) = tables["jumps"]
    assert row["flagged"] >= 2
    share = row["variance_share"]
    assert share > (0.2**2 + 0.15**2) / float(np.sum(values**2)) - 1e-12
    assert 0.5 < row["bipower_ratio"] < 1.0
    returns = tables["last_jumps"].column("log_return")
    assert returns[-1] in (0.2, -0.15) or len(returns) == 5
    merton, kou = tables["jump_laws"]
    assert merton["reason"] is None
    assert kou["per_day"] > 0.0
    assert 0.0 < next(iter(tables["clustering"]))["branching_ratio"] < 1.0
    squares, level = breaks_table(recent(values))
    for row in (squares, level):
        assert 0.0 <= row["size"] < row["power"] <= 1.0
    clusters = next(iter(tables["clustering"]))
    for name in ("residual_power", "residual_size", "spread_residual_power"):
        assert 0.0 <= clusters[name] <= 1.0
    assert squares["breaks"] >= 1
    start = int(recent(values).open_ns[0])
    for found in (squares, level):
        # The break stands at row 1,000; three days about it.
        assert abs((found["last"] - start) / HOUR_NS - 1000) < 72
        assert found["after"] / found["before"] == pytest.approx(3.0, rel=0.35)


def test_without_data_every_row_has_its_reason() -> None:
    none = recent(steps(40), Reason.TOO_SHORT_HISTORY)
    tables = [*model_tables(none, REFERENCE), breaks_table(none), *jump_tables(none)]
    for table in tables:
        for row in table:
            assert row["reason"] == "too_short_history"
    assert {r["reason"] for r in unwind_table("KEEL", None, None)} == {"no_data"}
    assert next(iter(holdings_table("KEEL", None, None)))["reason"] == "no_data"
    assert next(iter(manipulation_table("KEEL", None, None, None)))["reason"] == "no_data"


def test_stale_bars_fail_with_a_reason_and_say_why() -> None:
    values = np.where(np.random.default_rng(1).random(1500) < 0.7, 0.0, steps())
    comparison, _ = model_tables(recent(values), REFERENCE)
    assert next(r for r in comparison if r["model"] == "garch_t")["reason"] == "fit_failed"
    assert any("at most 30% of the returns may be 0" in note for note in comparison.notes)


def test_unwind_by_hand() -> None:
    table = unwind_table("KEEL", liquidity(), None)
    row = next(r for r in table if r["size_usd"] == 1e7)
    # A tenth of turnover, at a tenth of it: a day; eta sigma (Q / V h)^0.6, z sigma sqrt(h / 3).

    assert row["horizon_hours"] == pytest.approx(24.0, rel=1e-12)
    risk = 2.326 * 0.04 * np.sqrt(1.0 / 3.0)
    expected = risk + 1e-4 + 0.142 * 0.04 * 0.1**0.6
    assert row["unwind_bps"] == pytest.approx(1e4 * expected, rel=1e-12)
    assert row["unwind_low_bps"] < row["unwind_bps"] < row["unwind_high_bps"]
    assert row["cost_bps"] == pytest.approx(1e4 * (1e-4 + 0.04 * np.sqrt(0.1)), rel=1e-12)
    assert "From bars alone, no books" in table.notes[0]
    none = np.full(3, np.nan)
    one_book = replace(liquidity(Source.BOOKS), cost_low=none, cost_high=none)
    few = next(iter(unwind_table("KEEL", one_book, None)))
    assert (few["cost_low_bps"], few["cost_high_bps"]) == (None, None), "no error, no band"
    assert few["cost_bps"] > 0.0
    blind = unwind_table("KEEL", liquidity(Source.BOOKS, float("nan")), None)
    assert [r["reason"] for r in blind] == ["no_data"] * 3
    assert all(r["cost_bps"] > 0.0 for r in blind)


def test_holdings_by_hand() -> None:
    held = OpenInterest(total_usd=5e7, longs=(4e7, 1e7), shorts=(2e7, 2e7))
    table = holdings_table("KEEL", held, liquidity())
    rows = {row["side"]: row for row in table}
    assert rows["all"]["days_to_liquidate"] == 5.0
    assert rows["long"]["effective_holders"] == pytest.approx(1.0 / (0.8**2 + 0.2**2))
    assert rows["long"]["top_share"] == 0.8
    assert any("differ" in note for note in table.notes)


def test_manipulation_of_a_book_and_by_the_law() -> None:
    book = OrderBook(
        market="KEEL", at_ns=0,
        bid_price=np.array([99.0, 95.0]), bid_size=np.array([1.0, 2.0]),
        ask_price=np.array([101.0, 105.0]), ask_size=np.array([3.0, 4.0]),
    )  # fmt: skip
    held = OpenInterest(total_usd=1e4)
    up, down, law = manipulation_table("KEEL", held, liquidity(), book)
    # Mid 100 to 101: the best ask has to go, 3 coins one dollar above mid.
    assert (up["taken_usd"], up["loss_usd"], up["reached"]) == (300.0, 3.0, True)
    assert up["loss_over_gain"] == pytest.approx(3.0 / 100.0)
    assert down["loss_usd"] == 1.0
    assert law["taken_usd"] == pytest.approx(1e8 * (0.01 / 0.04) ** 2)
    assert law["taken_low_usd"] < law["taken_usd"] < law["taken_high_usd"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("market,usd\nKEEL,1\n", "must have the columns market, open_interest_usd"),
        ("market,open_interest_usd\nKEEL,-1\n", "none negative"),
        ("market,open_interest_usd\nKEEL,many\n", "must be dollars"),
        ("market,open_interest_usd\nKEEL,1\nKEEL,2\n", "each market once"),
        ("market,open_interest_usd\nHELM,1\n", "must name markets as the prices do"),
        ("market,side,position_usd\nKEEL,flat,1\n", "long or short"),
    ],
)
def test_open_interest_files_that_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "oi.csv").write_text(text)
    with pytest.raises(DataFormatError, match=message):
        read_open_interest(tmp_path / "oi.csv", ["KEEL"])


def test_open_interest_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("market,open_interest_usd\nKEEL,5\nHELM,6\n")
    assert read_open_interest(tmp_path / "a.csv", ["KEEL"])["KEEL"].total_usd == 5.0
    (tmp_path / "b.csv").write_text("market,side,position_usd\nKEEL,long,5\nKEEL,short,3\n")
    found = read_open_interest(tmp_path / "b.csv", ["KEEL"])["KEEL"]
    assert found == OpenInterest(total_usd=5.0, longs=(5.0,), shorts=(3.0,))


def test_coins_of_symbols() -> None:
    for name in ("BTCUSDT", "BTCUSD_PERP", "BTC-PERPETUAL", "XBTUSD", "btc", "BTC/USDT:USDT"):
        assert coin(name) == "BTC"
    assert coin("USDTUSD") == "USDT"
    _check_coin("BTCUSDT", "BTCUSD_PERP")
    with pytest.raises(UsageError, match=r"must be a recording of BTCUSDT.*XRPUSDT, of XRP"):
        _check_coin("BTCUSDT", "XRPUSDT")


def test_formats_by_name(tmp_path: Path) -> None:
    assert price_format("prices.csv.gz") == "csv"
    assert price_format("p.parquet") == "parquet"
    assert price_format("no_suffix") is None
    other = tmp_path / "notes.md"
    other.write_text("# notes")
    with pytest.raises(DataFormatError, match=r"whose name tells the format.*--format"):
        price_format(other)


def test_recent_returns_are_replaceable() -> None:
    """Holes stay holes: they are passed over, not closed up, by what looks at neighbours."""
    values = steps(400)
    values[50:60] = np.nan
    whole = recent(values)
    assert whole.known.size == 390
    assert replace(whole, reason=None).span.startswith("390 returns of 1 h, 2022-01-01")
