"""From a venue file to a signed set: files, frames, workers, labels, incumbents."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import plimsoll
from plimsoll.adapters.files.output_folder import verify_output
from plimsoll.config.loader import load_venue
from plimsoll.domain.canonical import canonical_json
from plimsoll.domain.parameters import Origin
from plimsoll.errors import UsageError
from plimsoll.journeys.init import init
from plimsoll.journeys.params import read_parameters
from plimsoll.sandbox import generate

AS_OF = datetime(2023, 4, 1, tzinfo=UTC)
COLUMNS = """    format: parquet
    path: {path}
    columns: {{time: ts, close: close, symbol: symbol}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A venue on a Parquet file of generated prices, scored from mid-2022, without rivals."""
    place = tmp_path_factory.mktemp("venue")
    sandbox = generate(3, days=460)
    frames = [
        pl.DataFrame({"ts": bars.time_ns, "close": bars.close, "symbol": name})
        for name, bars in sandbox.bars.items()
    ]
    pl.concat(frames).with_columns(pl.col("ts").cast(pl.Datetime("ns", "UTC"))).write_parquet(
        place / "prices.parquet"
    )
    text = init(place).read_text()
    text = text.replace("    format: sandbox\n", COLUMNS.format(path="prices.parquet"), 1)
    text = text.replace("compare: [garch_t]", "compare: []")
    text = text.replace("  from: 2023-01-01", "  from: 2022-06-01")
    (place / "venue.yaml").write_text(text)
    return place


@pytest.fixture(scope="module")
def result(folder: Path) -> plimsoll.CalibrationResult:
    return plimsoll.calibrate(folder, as_of=AS_OF, out=folder / "out", workers=1)


def test_the_id_is_the_hash_of_the_stored_bytes(
    folder: Path, result: plimsoll.CalibrationResult
) -> None:
    import hashlib

    stored = (folder / "out" / "parameters.json").read_bytes()
    assert hashlib.sha256(stored).hexdigest() == result.parameters.id
    assert stored == canonical_json(json.loads(stored))
    assert read_parameters(folder / "out") == result.parameters
    assert verify_output(folder / "out") == ()


def test_two_workers_give_the_same_bytes(folder: Path, result: plimsoll.CalibrationResult) -> None:
    plimsoll.calibrate(folder, as_of=AS_OF, out=folder / "two", workers=2)
    for name in ("parameters.json", "evidence.json", "report.html", "report.md"):
        assert (folder / "two" / name).read_bytes() == (folder / "out" / name).read_bytes(), name


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_of_a_notebook_give_the_same_set(
    folder: Path, result: plimsoll.CalibrationResult, library: str
) -> None:
    path = folder / "prices.parquet"
    frame = pd.read_parquet(path) if library == "pandas" else pl.read_parquet(path)
    again = plimsoll.calibrate(folder, data=frame, as_of=AS_OF)
    assert again.parameters == result.parameters
    assert "<table>" in again._repr_html_()


def test_every_table_says_where_its_prices_come_from(
    result: plimsoll.CalibrationResult,
) -> None:
    assert "SYNTHETIC" in result.evidence.label
    for name in ("parameters", "coverage", "coverage_pooled", "procyclicality", "models"):
        assert any("SYNTHETIC" in note for note in result.table(name).notes), name
    assert any("1 h" in limit and "cannot be tested" in limit for limit in result.evidence.limits)


def test_every_parameter_of_the_model_carries_a_standard_error(
    result: plimsoll.CalibrationResult,
) -> None:
    for parameter in result.parameters:
        if parameter.name.endswith(("_rate", "maintenance", "reaction")):
            assert parameter.standard_error is not None, parameter.key
            assert parameter.standard_error > 0, parameter.key


def test_a_dead_market_says_why_it_has_no_number(result: plimsoll.CalibrationResult) -> None:
    rows = [row for row in result.table("parameters") if row["market"] == "HULK/USDT:USDT"]
    assert [row["origin"] for row in rows] == ["no number: delisted"]
    assert "HULK/USDT:USDT" not in result.parameters.markets
    # It died in the sample, and stays in it: dead markets are scored.
    assert "HULK/USDT:USDT" in result.table("coverage").column("market")


def test_the_next_set_supersedes_and_freezes_what_is_noise(
    folder: Path, result: plimsoll.CalibrationResult
) -> None:
    later = datetime(2023, 4, 2, tzinfo=UTC)
    following = plimsoll.calibrate(folder, as_of=later, incumbent=folder / "out")
    assert following.parameters.parent == result.parameters.id
    assert following.parameters.id != result.parameters.id
    frozen = [p for p in following.parameters if p.origin is Origin.FROZEN]
    assert frozen, "one day later most changes are noise"
    for parameter in frozen:
        old = result.parameters.get(parameter.market, parameter.name)
        assert parameter.value == old.value


def test_another_seed_or_level_is_another_problem(
    folder: Path, result: plimsoll.CalibrationResult, tmp_path: Path
) -> None:
    text = (folder / "venue.yaml").read_text()
    text = text.replace("path: prices.parquet", f"path: {folder / 'prices.parquet'}")
    changed = text.replace("maintenance_level: 0.99 ", "maintenance_level: 0.995 ")
    (tmp_path / "venue.yaml").write_text(changed)
    other = plimsoll.calibrate(tmp_path, as_of=AS_OF)
    assert other.parameters.problem_digest != result.parameters.problem_digest
    assert other.parameters.data_digest == result.parameters.data_digest
    for market in result.parameters.markets:
        name = "price_risk.maintenance"
        higher = other.parameters.get(market, name).value
        assert higher > result.parameters.get(market, name).value


def test_an_hour_of_the_day_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="midnight"):
        plimsoll.calibrate(folder, as_of=datetime(2023, 4, 1, 8, tzinfo=UTC))


def test_tools_raise_the_margin_and_are_named(folder: Path, tmp_path: Path) -> None:
    text = (folder / "venue.yaml").read_text()
    text = text.replace("path: prices.parquet", f"path: {folder / 'prices.parquet'}")
    means = {}
    for name, line in {
        "none": "",
        "buffer 25%": "buffer: 0.25",
        "stress weight 25%": "stress_weight: 0.25",
        "long floor": "long_floor: true",
    }.items():
        place = tmp_path / name
        place.mkdir()
        changed = text
        if line:
            key = line.split(":")[0]
            old = next(part for part in text.splitlines() if part.strip().startswith(f"{key}:"))
            changed = text.replace(old, f"  {line}")
        (place / "venue.yaml").write_text(changed)
        found = plimsoll.calibrate(load_venue(place), as_of=AS_OF)
        assert found.evidence.provenance["anti_procyclicality"] == name
        pooled = next(iter(found.table("coverage_pooled")))
        assert pooled["scope"] == "maintenance, model"
        means[name] = float(str(pooled["mean_margin"]))
    assert all(means[name] > means["none"] for name in means if name != "none")
    assert np.isfinite(list(means.values())).all()
