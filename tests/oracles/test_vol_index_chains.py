"""The volatility index on all 426 shared chains; realised volatility against implied.

Oracles: the venue's own mark volatility, interpolated; the chain's quotes against the prices of
its fitted surface at the same strikes; volatility realised afterwards, from other files. The
shared DVOL history ends on 12 November 2025, before the chains begin on 30 December, so that the
two cannot be compared; DVOL is used for the long check of the risk premium alone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from chain_features import Chains, all_chains, of_coin
from numpy.typing import NDArray

from plimsoll.estimators.implied.realised import PricePath, following_variance
from plimsoll.estimators.implied.risk_premium import summarise_premium, variance_risk_premium
from plimsoll.estimators.implied.vol_index import IndexReason
from plimsoll.maths.block_resampling import block_counts
from worked_out_once import Once

pytestmark = pytest.mark.slow

Array = NDArray[np.float64]
HOUR = 3_600 * 10**9
DAY = 24 * HOUR
BROKEN = "2026-01-13T09:21"
COINS = ("BTC", "ETH")


def series(folder: Chains, coin: str, *, broken: bool = False) -> dict[str, Array]:
    """Indices and mark volatility of a coin's chains, points, in order of time."""
    rows = [
        one
        for one in of_coin(folder, coin)
        if broken or not str(np.datetime64(one.at_ns, "ns")).startswith(BROKEN)
    ]
    return {
        "at": np.array([one.at_ns for one in rows]),
        "mark": np.array([one.mark_vol_30 for one in rows]),
        "atm": np.array([100 * one.features.atm_vol[4] for one in rows]),
        "quotes": np.array([one.index.value for one in rows]),
        "tails": np.array([one.index_tails.value for one in rows]),
        "surface": np.array([one.index_surface.value for one in rows]),
        "refitted": np.array([one.index_refitted.value for one in rows]),
        "butterfly": np.array([100 * one.features.butterfly_25[4] for one in rows]),
    }


@pytest.fixture(scope="module")
def chains(market_data_dir: Path, once: Once) -> Chains:
    return Chains(folder=market_data_dir / "options", once=once)


def test_every_chain_has_an_index_but_the_broken_one(chains: Chains) -> None:
    """13 January 2026 09:21: a third of BTC's quotes are wider than 20 points or one-sided; no
    expiry beyond 30 days has a strip, and the reason says so. Its surface still has an index."""
    found = all_chains(chains)
    assert len(found) == 426
    without = [one for one in found if one.index.reason is not None]
    assert [(one.coin, one.index.reason) for one in without] == [
        ("BTC", IndexReason.NO_EXPIRY_AFTER)
    ]
    assert str(np.datetime64(without[0].at_ns, "ns")).startswith(BROKEN)
    assert all(one.index_surface.reason is None for one in found)


@pytest.mark.parametrize(("coin", "bias", "correlation"), [("BTC", 5.2, 0.98), ("ETH", 5.8, 0.993)])
def test_index_against_mark_volatility(
    chains: Chains, coin: str, bias: float, correlation: float
) -> None:
    """A strip prices the whole smile, so the index lies above the money by what skew and wings are
    worth: always, by 5 to 6 points on average (error by blocks of ten days 0.3 to 0.5), and the
    more the greater the butterfly."""
    found = series(chains, coin)
    gap = found["tails"] - found["mark"]
    counts = block_counts(gap.size, block_length=14, replicates=300, seed=1)
    error = float(np.std(counts @ gap / gap.size, ddof=1))
    assert 0.15 < error < 0.7
    assert abs(gap.mean() - bias) < 2 * error
    assert gap.min() > 2.0
    assert np.corrcoef(found["tails"], found["mark"])[0, 1] > correlation - 0.002
    assert np.corrcoef(found["butterfly"], gap)[0, 1] > 0.8


@pytest.mark.parametrize("coin", COINS)
def test_daily_changes_follow_mark_volatility(chains: Chains, coin: str) -> None:
    found = series(chains, coin)
    daily = np.abs(np.diff(found["at"]) / DAY - 1.0) < 0.1
    changes = [np.diff(found[name])[daily] for name in ("tails", "mark")]
    assert np.corrcoef(*changes)[0, 1] > 0.94


@pytest.mark.parametrize("coin", COINS)
def test_the_surface_at_the_money_is_the_marks(chains: Chains, coin: str) -> None:
    """Constant-maturity volatility of our surfaces, fitted to quotes alone, against the venue's
    marks: within a tenth of a point on average and half a point always."""
    found = series(chains, coin)
    gap = found["atm"] - found["mark"]
    assert abs(gap.mean()) < 0.12
    assert np.abs(gap).max() < 0.5
    assert np.corrcoef(found["atm"], found["mark"])[0, 1] > 0.9998


@pytest.mark.parametrize("coin", COINS)
def test_quotes_and_surface_agree_at_the_same_strikes(chains: Chains, coin: str) -> None:
    """The same sum over the same strikes, at mids and at the surface's prices: a tenth of a point
    in the median, half a point in 19 of 20. What index and surface differ by otherwise is the
    wings beyond the last two-sided quotes."""
    found = series(chains, coin)
    gap = np.abs(found["quotes"] - found["refitted"])
    assert np.median(gap) < 0.2
    assert np.quantile(gap, 0.95) < 0.7


@pytest.mark.parametrize("coin", COINS)
def test_what_lies_beyond_the_quotes(chains: Chains, coin: str) -> None:
    """Flat tails hold 1.4 % of the variance in the median. The surface's own wings go on rising,
    which adds 0.3 to 0.9 points of index on average: the price of extrapolation, and its doubt."""
    found = series(chains, coin)
    share = [one.index_tails.beyond_share for one in of_coin(chains, coin)]
    assert 0.01 < float(np.nanmedian(share)) < 0.02
    assert 0.3 < float(np.mean(found["surface"] - found["tails"])) < 0.9
    assert float(np.median(np.abs(found["surface"] - found["tails"]))) < 0.8


def hourly_btc(folder: Path) -> PricePath:
    """Binance spot, hourly closes at the time they closed: 2021 to 2026 from two files."""
    first = pl.read_parquet(folder / "hourly/binance_spot_close_1h_2021_2025.parquet")
    second = pl.read_parquet(folder / "hourly/binance_spot_ohlcv_1h.parquet")
    early, late = (
        frame.filter(pl.col("symbol") == "BTCUSDT")
        .select(closed=pl.col("ts").dt.epoch("ns") + HOUR, price=pl.col("close"))
        .sort("closed")
        for frame in (first, second)
    )
    bars = pl.concat([early.filter(pl.col("closed") < late["closed"][0]), late])
    return PricePath(time_ns=bars["closed"].to_numpy(), price=bars["price"].to_numpy())


def test_dvol_paid_over_realised(market_data_dir: Path) -> None:
    """DVOL daily, November 2022 to November 2025, against the 30 days that followed: sellers of
    volatility were paid 6.8 points (error 1.6 by blocks of 45 days) on three days in four."""
    frame = pl.read_parquet(market_data_dir / "vol/deribit_dvol_BTC_1d.parquet").sort("ts")
    assert str(frame["ts"][-1].date()) == "2025-11-12"
    at, implied = frame["ts"].dt.epoch("ns").to_numpy(), frame["dvol"].to_numpy() / 100
    hourly = hourly_btc(market_data_dir)
    premium = variance_risk_premium(at, implied, hourly, longest_gap_ns=6 * HOUR)
    found = summarise_premium(premium, block_length=45, seed=1)
    assert (found.count, premium.uncovered) == (1102, 0)
    assert found.vol_gap == pytest.approx(0.068, abs=0.001)
    assert found.vol_gap > 3 * found.vol_gap_error
    assert found.paid_share == pytest.approx(0.76, abs=0.01)
    midnights = hourly.time_ns % DAY == 0
    daily = PricePath(time_ns=hourly.time_ns[midnights], price=hourly.price[midnights])
    by_closes = summarise_premium(
        variance_risk_premium(at, implied, daily, longest_gap_ns=36 * HOUR),
        block_length=45,
        seed=1,
    )
    assert abs(by_closes.vol_gap - found.vol_gap) < 0.01
    assert by_closes.log_correlation < found.log_correlation  # thirty squares are noisier


def test_realised_volatility_by_sampling(market_data_dir: Path) -> None:
    """Windows of 30 days, January to November 2025: 5-minute bars bounce (45.5 %), hourly bars
    less (44.1 %), daily closes least (42.1 %): within a tenth of each other."""
    bars = pl.read_parquet(market_data_dir / "minute/binance_spot_BTCUSDT_5m.parquet").sort("ts")
    fine = PricePath(
        time_ns=bars["ts"].dt.epoch("ns").to_numpy() + HOUR // 12, price=bars["close"].to_numpy()
    )
    hourly = hourly_btc(market_data_dir)
    midnights = hourly.time_ns % DAY == 0
    daily = PricePath(time_ns=hourly.time_ns[midnights], price=hourly.price[midnights])
    starts = np.arange(fine.time_ns[0] + DAY, fine.time_ns[0] + 315 * DAY, DAY)
    vols = []
    for path, gap in ((fine, 2 * HOUR), (hourly, 6 * HOUR), (daily, 36 * HOUR)):
        found = following_variance(path, starts, 30.0, longest_gap_ns=gap)
        assert bool(found.covered.all())
        vols.append(float(np.sqrt(found.variance.mean())))
    assert vols[0] > vols[1] > vols[2]
    assert vols[0] / vols[2] < 1.12


@pytest.mark.parametrize("coin", COINS)
def test_no_premium_is_visible_in_the_months_of_the_chains(chains: Chains, coin: str) -> None:
    """Seven-day volatility at the money against the week that followed, by the chains' own index:
    180 covered windows around two sharp falls; the gap is within 1.5 errors of nothing, and
    windows over the holes of the data are counted, not filled."""
    rows = of_coin(chains, coin)
    at = np.array([one.at_ns for one in rows])
    path = PricePath(time_ns=at, price=np.array([one.features.index for one in rows]))
    implied = np.array([one.features.atm_vol[2] for one in rows])
    premium = variance_risk_premium(at, implied, path, horizon_days=7.0, longest_gap_ns=36 * HOUR)
    found = summarise_premium(premium, block_length=14, seed=1)
    assert (found.count, premium.uncovered) == (180, 33)
    assert abs(found.vol_gap) < 1.5 * found.vol_gap_error
    assert found.log_correlation > 0.3
