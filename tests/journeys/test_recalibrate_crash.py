"""One market from a warm state after a crash: tightenings, the venue's order, institutions' rates.

A is six times as volatile since the calibration, B a little more, C (the riskier class) is calmer
than both and lifted by the order.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from small_venue import SYMBOLS, VENUE, prices

from plimsoll.domain.evidence import Verdict
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.parameters import ParameterSet
from plimsoll.journeys.calibrate import calibrate
from plimsoll.journeys.recalibrate import RecalibrationResult, recalibrate
from plimsoll.journeys.recalibrate_state import read_state
from plimsoll.journeys.result import CalibrationResult

MADE, DAY = "2023-07-05", "2023-07-14"
BEFORE = {"AUSDT": 1.0, "BUSDT": 1.0, "CUSDT": 0.6}
AFTER = {"AUSDT": 6.0, "BUSDT": 1.15, "CUSDT": 0.6}
MORE = """\
  thin:
    {maintenance_horizon_hours: 1, reaction_horizon_hours: 8, liquidation_cost: 0.0005,
     liquidation_fee: 0.001, adv_usd: 1e9, tier_caps_usd: [50_000]}
structure: {order: {classes: [large, thin]}}
counterparties:
  institutions: [{name: unrated}]
evidence:"""
MAINTENANCE = "tier[0].maintenance_rate"


@pytest.fixture(scope="module")
def crash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crash")
    cut = np.datetime64(MADE, "ns").astype(np.int64)
    for seed, symbol in enumerate(SYMBOLS):
        bars = prices(seed).with_columns(ts=pl.col("ts") - 100 * DAY_NS)
        step = np.diff(np.log(bars["close"].to_numpy()), prepend=np.log(bars["close"][0]))
        step *= np.where(bars["ts"].to_numpy() >= cut, AFTER[symbol], BEFORE[symbol])
        bars.with_columns(close=100.0 * np.exp(np.cumsum(step))).write_parquet(
            folder / f"{symbol}.parquet"
        )
    text = VENUE.replace("2023-06-01", "2023-01-01").replace("evidence:", MORE)
    thin = ('instrument: "C/USDT:USDT", class: large', 'instrument: "C/USDT:USDT", class: thin')
    (folder / "venue.yaml").write_text(text.replace(*thin))
    return folder


@pytest.fixture(scope="module")
def parent(crash: Path) -> CalibrationResult:
    return calibrate(crash, as_of=MADE, out=crash / "out")


def _warm(crash: Path, market: str) -> RecalibrationResult:
    return recalibrate(crash, market=market, state=crash / "out", as_of=DAY)


def _rate(parameters: ParameterSet, market: str) -> Decimal:
    return parameters.get(market, MAINTENANCE).value


def test_a_crash_lets_tightenings_through_as_a_calibration_does(
    crash: Path, parent: CalibrationResult
) -> None:
    """Losses of all markets since reject the parent's rates, whose own coverage had held."""
    assert not read_state(crash / "out")[0].coverage_rejected
    cold = calibrate(crash, as_of=DAY, incumbent=parent.parameters).parameters
    for market in ("AUSDT", "BUSDT"):
        warm = _warm(crash, market)
        for name in (MAINTENANCE, "tier[0].initial_rate", "price_risk.maintenance"):
            found, full = (one.get(market, name) for one in (warm.parameters, cold))
            assert (found.value, found.origin) == (full.value, full.origin), name
        assert _rate(warm.parameters, market) > _rate(parent.parameters, market)
        assert any("rejected, tightenings go through" in limit for limit in warm.evidence.limits)


def test_the_order_is_held_against_the_markets_that_stay(
    crash: Path, parent: CalibrationResult
) -> None:
    order = "Order between tables"
    risen = next(c for c in _warm(crash, "AUSDT").evidence.checks if c.name == order)
    assert risen.verdict is Verdict.BREACH
    assert "CUSDT below AUSDT" in risen.found
    assert "plimsoll calibrate" in risen.found
    calm = _warm(crash, "CUSDT")
    check = next(c for c in calm.evidence.checks if c.name == order)
    assert check.verdict is Verdict.HOLDS
    assert check.found.startswith("2 pairs")
    safer = max(_rate(parent.parameters, market) for market in ("AUSDT", "BUSDT"))
    assert _rate(calm.parameters, "CUSDT") == safer
    need = calm.parameters.get("CUSDT", "price_risk.maintenance").value
    assert need < Decimal("0.8") * safer  # its own need alone would have let it fall


def test_institutions_bear_the_new_price_risk(crash: Path, parent: CalibrationResult) -> None:
    """Price risk x (multiplier - 1), up to the grid; published price risk is rounded up itself."""
    warm, step = _warm(crash, "AUSDT").parameters, Decimal("0.0001")
    added = warm.get("counterparty:unrated", "margin_multiplier.large").value - 1
    risk = warm.get("AUSDT", "price_risk.maintenance").value
    rate = warm.get("AUSDT", "counterparty_add_on.unrated")
    assert added * (risk - step) <= rate.value <= added * risk + step
    old = parent.parameters.get("AUSDT", "counterparty_add_on.unrated")
    assert rate.value > Decimal("1.5") * old.value > 0
    other = warm.get("BUSDT", "counterparty_add_on.unrated")
    assert other == parent.parameters.get("BUSDT", "counterparty_add_on.unrated")
