"""A venue of three short markets, one file each, and what a calibration of it would run on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import plimsoll.journeys.calibrate as module
from plimsoll.calibration.problem import CalibrationProblem
from plimsoll.calibration.run import CalibrationInputs
from plimsoll.domain.market import HOUR_NS, Bars, PriceKind

SYMBOLS = ("AUSDT", "BUSDT", "CUSDT")
DAYS = 300
FIRST_NS = 1_672_531_200 * 10**9  # 2023-01-01
END = "2023-10-28"
VENUE = """\
version: 1
venue: {name: test}
data:
  prices:
    format: parquet
    path: "{symbol}.parquet"
    columns: {time: ts, close: close}
    price_kind: mark
markets:
  - {symbol: AUSDT, instrument: "A/USDT:USDT", class: large}
  - {symbol: BUSDT, instrument: "B/USDT:USDT", class: large}
  - {symbol: CUSDT, instrument: "C/USDT:USDT", class: large}
classes:
  large:
    {maintenance_horizon_hours: 1, reaction_horizon_hours: 8, liquidation_cost: 0.0005,
     liquidation_fee: 0.001, adv_usd: 1e9, tier_caps_usd: [50_000]}
evidence: {from: 2023-06-01}
"""


def prices(seed: int) -> pl.DataFrame:
    """Hourly closes of one market."""
    steps = np.random.default_rng(seed).standard_t(4, 24 * DAYS) * 0.005
    times = FIRST_NS + HOUR_NS * np.arange(24 * DAYS)
    return pl.DataFrame({"ts": times, "close": 100.0 * np.exp(np.cumsum(steps))})


def write_venue(folder: Path) -> Path:
    """Write the venue file and its price files."""
    for seed, symbol in enumerate(SYMBOLS):
        prices(seed).write_parquet(folder / f"{symbol}.parquet")
    (folder / "venue.yaml").write_text(VENUE)
    return folder


def as_bars(kind: PriceKind = PriceKind.MARK) -> dict[str, Bars]:
    """The same prices as bars."""
    return {
        symbol: Bars(
            market=symbol,
            time_ns=prices(seed)["ts"].to_numpy(),
            close=prices(seed)["close"].to_numpy(),
            interval_ns=HOUR_NS,
            price_kind=kind,
        )
        for seed, symbol in enumerate(SYMBOLS)
    }


class Seen(Exception):
    """Stops a calibration once its problem and inputs are known."""


def seen_by(
    monkeypatch: pytest.MonkeyPatch, journey: Callable[..., object], *arguments: Any, **options: Any
) -> tuple[CalibrationProblem, CalibrationInputs]:
    """Return what a calibration would run on, without running it."""
    seen: list[tuple[CalibrationProblem, CalibrationInputs]] = []

    def stop(problem: CalibrationProblem, inputs: CalibrationInputs, **_: object) -> None:
        seen.append((problem, inputs))
        raise Seen

    monkeypatch.setattr(module, "run_calibration", stop)
    with pytest.raises(Seen):
        journey(*arguments, **options)
    return seen[0]
