"""What the numeric verbs run, in small and SYNTHETIC: so their kernels need no list.

Each exercise runs its verb by the front door; the kernels that numba compiles meanwhile are those
that the verb needs, for the types that it meets in earnest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.resources import as_file, files
from typing import Any

import numpy as np

from plimsoll import presets
from plimsoll.calibration.problem import VolatilityModel
from plimsoll.config.loader import load_venue
from plimsoll.config.venue import AntiProcyclicalitySection, EvidenceSection
from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.journeys.calibrate import calibrate
from plimsoll.journeys.compare import compare
from plimsoll.journeys.demo import CHAIN_SEED, demo
from plimsoll.journeys.estimate import estimate
from plimsoll.journeys.estimate_markets import estimate_markets
from plimsoll.journeys.margin import margin_book
from plimsoll.journeys.result import CalibrationResult
from plimsoll.journeys.surface import surface
from plimsoll.sandbox.generator import generate
from plimsoll.sandbox.option_chain import option_chain

DAYS = 480
"""Length of the synthetic history: long enough for a scored day after the first year."""
_COIN = "BTC"
"""Coin whose parameters every portfolio preset has; the sandbox's chain takes its name."""


def run_demo() -> None:
    """The demo as it stands: it is small by itself."""
    demo()


def run_calibrate() -> None:
    """Calibrate one market by every volatility model."""
    _calibrated()


def run_estimate() -> None:
    """Estimate one market by every filter of one, and all markets with the deep view of one."""
    bars = generate(0, days=DAYS).bars
    symbol = next(iter(bars))
    for model in VolatilityModel:
        if model is not VolatilityModel.LOG_BLEND:  # it pools markets: below
            estimate(bars[symbol], symbol, model=model)
    night = estimate_markets(bars, markets=(symbol,))
    night.found.update(np.zeros(len(night.found.markets)))
    night.scenarios(count=10)


def run_compare() -> None:
    """Compare every forecaster on the sandbox's markets, from as early as they have numbers."""
    bars = generate(0, days=DAYS).bars
    compare(bars, horizon_hours=(8,), seasoned_days=60, scored_days=5)


def run_margin() -> None:
    """Margin a position under a parameter set, and a book with options under every preset."""
    parameters = _calibrated().parameters
    market = parameters.markets[0]
    position = Position(market=market, quantity=1.0, entry_price=1.0)
    tiers = Book.from_accounts([Account(name="synthetic", positions=(position,))])
    margin_book(tiers, parameters, {market: 1.0})
    chain = _chain()
    names = chain["instrument_name"]
    book = {f"{_COIN}-PERPETUAL": 10, names[0]: -5, names[len(names) // 2]: 4}
    for preset in presets.names():
        found = margin_book(book, preset=preset, market=chain, collateral={_COIN: 3})
        found.explain(found.accounts[0])
        found.what_if(simulated_positions={f"{_COIN}-PERPETUAL": 1})


def run_surface() -> None:
    """Fit one option chain."""
    surface(_chain())


EXERCISES: Mapping[str, Callable[[], None]] = {
    "demo": run_demo,
    "calibrate": run_calibrate,
    "estimate": run_estimate,
    "compare": run_compare,
    "margin": run_margin,
    "surface": run_surface,
}
"""By verb."""


def _calibrated() -> CalibrationResult:
    with as_file(files("plimsoll.config").joinpath("template.yaml")) as path:
        file = load_venue(path)
    config = file.config
    update = {
        "markets": config.markets[:1],
        "anti_procyclicality": AntiProcyclicalitySection(
            buffer=0.25, stress_weight=0.25, long_floor=True
        ),
        "evidence": EvidenceSection(compare=tuple(VolatilityModel)),
    }
    small = config.model_copy(update=update)
    return calibrate(replace(file, config=small), data=generate(0, days=DAYS).bars, workers=1)


def _chain() -> Any:
    """The sandbox's option chain as a frame, under the coin's name."""
    # Not at the head: polars is not needed by the other exercises.
    from polars import col

    from plimsoll.sandbox.option_chain_table import chain_table

    made = chain_table([option_chain(CHAIN_SEED).chain])
    renamed = col("currency", "instrument_name").str.replace("HELM", _COIN)
    return made.with_columns(renamed)
