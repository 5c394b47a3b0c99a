"""What a calibration says went in: the command, the funding covered, the digests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from small_venue import DAYS, END, FIRST_NS, VENUE, as_bars, seen_by, write_venue

import plimsoll
from plimsoll.adapters.files import bars_digest
from plimsoll.calibration.run import CalibrationInputs
from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.domain.parameters import ParameterSet, parameter_set

FUNDING = """\
  funding:
    {format: parquet, path: funding.parquet, unit: fraction,
     columns: {time: ts, rate: rate, symbol: symbol}}
markets:
"""


@pytest.fixture
def venue(tmp_path: Path) -> Path:
    return write_venue(tmp_path)


@pytest.fixture
def inputs_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., CalibrationInputs]:
    """What a calibration would run on."""
    return lambda *given, **options: seen_by(monkeypatch, *given, **options)[1]


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
