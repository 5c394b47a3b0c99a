"""The other leg of the basis add-on: real perpetuals against real spot, five minutes apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from made_proof import proof_of
from plimsoll.calibration.add_ons.basis import BasisMoves
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.parts.add_ons import AddOnSettings, add_ons_part
from plimsoll.calibration.parts.market_moves import as_of_ns, market_moves
from plimsoll.config.loader import VenueFile, load_venue
from plimsoll.domain.finding import FindingPolicy
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.parameters import Origin
from plimsoll.journeys.calibrate_parts_data import PartsData, add_on_prices, parts_data
from plimsoll.journeys.init import init
from plimsoll.journeys.prices import PriceData, read_prices
from plimsoll.marketdata.assembly import assemble

SINCE, DAYS = "2025-01-01", 60
START_NS = int(np.datetime64(SINCE, "ns").astype(np.int64))
AS_OF_NS = START_NS + DAYS * DAY_NS
CLOSE_OUT = 12
"""Bars of five minutes in the hour of a close-out."""
COLUMNS = {"time": "ts", "close": "close"}
NAMES = ("BTCUSDT", "ETHUSDT")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, market_data_dir: Path) -> VenueFile:
    """A venue of two perpetuals whose other legs are named by symbol."""
    source = init(tmp_path_factory.mktemp("legs"), name="venue")
    venue = yaml.safe_load(source.read_text())
    minute = str(market_data_dir / "minute")
    venue["markets"] = [
        {"symbol": s, "instrument": f"{s[:3]}/USDT:USDT", "class": "large"} for s in NAMES
    ]
    venue["data"]["prices"] = {
        "format": "parquet", "path": f"{minute}/binance_perp_{{symbol}}_5m.parquet",
        "columns": COLUMNS, "interval": "5m", "price_kind": "last_trade",
    }  # fmt: skip
    venue["data"].pop("funding", None)
    leg = f"{minute}/binance_spot_{{symbol}}_5m.parquet"
    venue["add_ons"] = {
        "basis": {"format": "parquet", "path": leg, "columns": COLUMNS, "interval": "5m"}
    }
    source.write_text(yaml.safe_dump(venue))
    return load_venue(source)


@pytest.fixture(scope="module")
def prices(file: VenueFile) -> PriceData:
    return read_prices(file)


@pytest.fixture(scope="module")
def data(file: VenueFile, prices: PriceData) -> PartsData:
    """Read twenty days beyond the day of the set, which nothing may see."""
    until = AS_OF_NS + 20 * DAY_NS
    return parts_data(file, prices, None, FindingPolicy(), until_ns=until, known_ns=AS_OF_NS)


@pytest.fixture(scope="module")
def proof(prices: PriceData) -> Proof:
    until = AS_OF_NS + 20 * DAY_NS
    history = assemble(prices.bars, FindingPolicy(), until_ns=until).history
    first = int(np.searchsorted(history.time_ns, START_NS))
    days = DAYS + (START_NS - int(history.time_ns[0])) // DAY_NS
    assert first > 0
    return proof_of(history, dict.fromkeys(NAMES, "large"), days=int(days))


@pytest.fixture(scope="module")
def basis(proof: Proof, data: PartsData) -> dict[str, BasisMoves]:
    moves = market_moves(proof, window_days=DAYS)
    found = add_on_prices(proof, data, moves, None).basis
    return {name: pair for name, (pair,) in found.items()}


def joined(market_data_dir: Path, symbol: str) -> pl.DataFrame:
    """Closes of both legs at the times that both have, known at the day of the set."""
    frames = {
        kind: pl.read_parquet(
            market_data_dir / f"minute/binance_{kind}_{symbol}_5m.parquet",
            columns=["ts", "close"],
        )
        for kind in ("perp", "spot")
    }
    both = frames["perp"].join(frames["spot"], on="ts", suffix="_spot").sort("ts")
    last = AS_OF_NS - 300 * 10**9
    return both.filter(pl.col("ts").cast(pl.Int64) <= last)


@pytest.mark.parametrize("symbol", NAMES)
def test_moves_are_those_of_the_two_files_joined_by_time(
    basis: dict[str, BasisMoves], proof: Proof, market_data_dir: Path, symbol: str
) -> None:
    """The same number by another path: a join of the files, and a difference of twelve rows."""
    assert as_of_ns(proof) == AS_OF_NS
    both = joined(market_data_dir, symbol)
    apart = np.log(both["close_spot"].to_numpy() / both["close"].to_numpy())
    wanted = np.abs(apart[CLOSE_OUT:] - apart[:-CLOSE_OUT])
    found = basis[symbol[:3]]
    # Logs of prices near 1e5, twice subtracted: an error of 1e-14 at most.
    np.testing.assert_allclose(found.move, wanted, rtol=0.0, atol=1e-13)
    assert found.move.size > 17_000
    assert found.per_day == 288
    assert not found.years_apart.any()  # a perpetual and spot: no expiries between


def test_a_hole_of_the_other_leg_is_left_out_and_not_filled(
    file: VenueFile, prices: PriceData, proof: Proof, market_data_dir: Path, tmp_path: Path
) -> None:
    """A day cut from spot, and one coin without spot: neither is made up."""
    spot = pl.read_parquet(market_data_dir / "minute/binance_spot_BTCUSDT_5m.parquet")
    cut = pl.col("ts").dt.date() == pl.date(2025, 2, 3)
    spot.filter(~cut).with_columns(symbol=pl.lit("BTCUSDT")).write_parquet(tmp_path / "s.parquet")
    leg = file.config.add_ons
    assert leg is not None
    assert leg.basis is not None
    columns = leg.basis.columns.model_copy(update={"symbol": "symbol"})
    named = leg.basis.model_copy(update={"path": str(tmp_path / "s.parquet"), "columns": columns})
    config = file.config.model_copy(update={"add_ons": leg.model_copy(update={"basis": named})})
    held = parts_data(
        replace(file, config=config), prices, None, FindingPolicy(), until_ns=None,
        known_ns=AS_OF_NS,
    )  # fmt: skip
    found = add_on_prices(proof, held, market_moves(proof, window_days=DAYS), None).basis
    assert list(found) == ["BTC"]
    both = joined(market_data_dir, "BTCUSDT")
    apart = np.log(both["close_spot"].to_numpy() / both["close"].to_numpy())
    apart[both.select(cut).to_series().to_numpy()] = np.nan
    wanted = np.abs(apart[CLOSE_OUT:] - apart[:-CLOSE_OUT])
    missing = np.isnan(wanted)
    assert missing.sum() == 288 + CLOSE_OUT
    np.testing.assert_allclose(found["BTC"][0].move, wanted[~missing], rtol=0.0, atol=1e-13)


def test_the_published_basis_covers_the_moves_with_an_error(
    proof: Proof, data: PartsData, basis: dict[str, BasisMoves]
) -> None:
    moves = market_moves(proof, window_days=DAYS)[:1]
    part = add_ons_part(
        moves, add_on_prices(proof, data, moves, None), AddOnSettings(label="real", basis=True)
    )
    found = {p.key: p for p in part.parameters}
    least, seen = found["BTC/basis.least_move"], basis["BTC"].move
    assert least.origin is Origin.CALIBRATED
    assert least.standard_error is not None
    # A quantile and an error of it, rounded up: one in a hundred moves at most is beyond.
    quantile, value = float(np.quantile(seen, 0.99)), float(least.value)
    assert quantile + 0.99 * float(least.standard_error) <= value < 3.0 * quantile
    assert float((seen > value).mean()) <= 0.01


def test_digests_are_of_what_was_known_and_of_both_legs(
    file: VenueFile, prices: PriceData, data: PartsData
) -> None:
    """Another end of what is checked changes no digest; another day of the set does."""
    assert set(data.digests) == {"prices of the other leg"}
    until = START_NS + DAY_NS
    again, earlier = (
        parts_data(file, prices, None, FindingPolicy(), until_ns=until, known_ns=known).digests
        for known in (AS_OF_NS, AS_OF_NS - DAY_NS)
    )
    assert again == data.digests
    assert earlier != data.digests
