"""Dated futures named in a venue file: their prices become the basis rates of its buckets.

Prices are synthetic: the sandbox's, and futures whose basis is a white noise around them.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from plimsoll.calibration.publication import expiry_parameters
from plimsoll.config.convert import to_problem
from plimsoll.config.loader import VenueFile, load_venue
from plimsoll.domain.finding import FindingPolicy, Reason
from plimsoll.domain.market import MarketHistory
from plimsoll.domain.parameters import Origin
from plimsoll.errors import ConfigurationError
from plimsoll.journeys.calibrate import calibrate
from plimsoll.journeys.calibrate_expiries import with_expiry_prices
from plimsoll.journeys.init import init
from plimsoll.journeys.prices import read_prices
from plimsoll.marketdata.assembly import assemble

SPREAD = 0.001
"""Standard deviation of the log basis: its moves have the 99 % quantile 2.576 sqrt(2) of it."""
ASKED = [{"up_to_days": 3660, "basis_rate": "calibrated", "default_basis_rate": 0.009}]


def written(folder: Path, buckets: list[dict[str, object]], **structure: object) -> Path:
    source = init(folder, name="venue")
    venue = yaml.safe_load(source.read_text())
    name = venue["markets"][0]["class"]
    venue["classes"][name]["expiry_buckets"] = buckets
    venue["structure"] |= structure
    source.write_text(yaml.safe_dump(venue))
    return source


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> VenueFile:
    folder = tmp_path_factory.mktemp("expiries")
    plain = load_venue(written(folder, ASKED))
    history = of(plain)
    market = plain.config.markets[0].symbol
    close = history.usable_close()[:, history.markets.index(market)]
    drawn = np.random.default_rng(5).normal(0.01, SPREAD, close.size)
    pl.DataFrame(
        {"ts": history.time_ns, "close": close * np.exp(drawn), "symbol": "F"}
    ).with_columns(pl.from_epoch("ts", time_unit="ns").dt.replace_time_zone("UTC")).write_parquet(
        folder / "futures.parquet"
    )
    last = np.datetime64(int(history.time_ns[-1]) + 30 * 86_400 * 10**9, "ns")
    source = written(
        folder / "named",
        ASKED,
        expiry_prices={
            "format": "parquet",
            "path": str(folder / "futures.parquet"),
            "columns": {"time": "ts", "close": "close", "symbol": "symbol"},
            "interval": "1h",
            "futures": [{"symbol": "F", "underlying": market, "expiry": f"{last}"[:19] + "Z"}],
        },
    )
    return load_venue(source)


def of(file: VenueFile) -> MarketHistory:
    return assemble(read_prices(file).bars, FindingPolicy()).history


def test_the_rate_is_the_quantile_of_the_futures_moves_and_is_published_as_calibrated(
    venue: VenueFile,
) -> None:
    problem, history = to_problem(venue.config), of(venue)
    until = int(history.time_ns[-1]) + 1
    found, digests = with_expiry_prices(venue, problem, history, until)
    assert found.plan is not None
    ((bucket,),) = found.plan.expiry_buckets.values()
    assert bucket.estimate is not None
    exact = 2.575829 * np.sqrt(2.0) * SPREAD
    assert abs(float(bucket.basis_rate) - exact) < 4.0 * bucket.estimate.standard_error + 1e-4
    rate = next(p for p in expiry_parameters("B#3660d", "risk", bucket) if "basis" in p.name)
    assert rate.origin is Origin.CALIBRATED
    assert rate.value == bucket.basis_rate
    assert rate.standard_error is not None
    assert set(digests) == {"dated futures"}


def test_a_calibration_reads_them_and_names_their_digest(venue: VenueFile) -> None:
    found = calibrate(venue)
    rates = [p for p in found.parameters if p.name == "expiry.basis_rate"]
    assert rates
    assert {rate.origin for rate in rates} == {Origin.CALIBRATED}
    assert any("dated futures" in name for name in found.evidence.provenance)


def test_without_the_prices_the_default_holds_and_says_why(venue: VenueFile) -> None:
    problem = to_problem(venue.config)
    assert problem.plan is not None
    ((bucket,),) = problem.plan.expiry_buckets.values()
    assert bucket.basis_rate == Decimal("0.009")
    assert bucket.reason is Reason.NO_DATA
    early, _ = with_expiry_prices(venue, problem, of(venue), int(of(venue).time_ns[40]))
    assert early.plan is not None
    ((few,),) = early.plan.expiry_buckets.values()
    assert few == replace(bucket, reason=Reason.TOO_SHORT_HISTORY)
    rate = next(p for p in expiry_parameters("B#3660d", "risk", few) if "basis" in p.name)
    assert rate.origin is Origin.CLASS_FLOOR


def test_a_calibrated_rate_needs_a_default_and_a_stated_one_has_none(tmp_path: Path) -> None:
    faulty: tuple[dict[str, object], ...] = (
        {"up_to_days": 30, "basis_rate": "calibrated"},
        {"up_to_days": 30, "basis_rate": 0.002, "default_basis_rate": 0.003},
    )
    for number, bucket in enumerate(faulty):
        with pytest.raises(ConfigurationError, match="default_basis_rate"):
            load_venue(written(tmp_path / str(number), [bucket]))


def test_classes_that_are_ordered_must_exist_once(tmp_path: Path) -> None:
    for number, names in enumerate((["large", "nobody"], ["large", "large"])):
        with pytest.raises(ConfigurationError, match=r"structure\.order\.classes"):
            load_venue(written(tmp_path / str(number), [], order={"classes": names}))
