"""SPAN's sixteen scenarios, what is read off their losses, and composite delta.

Price moves by 0, thirds and the whole of the price scan range, each with volatility up and down by
its own range; two extreme moves, of which a share counts, hold volatility. All look one day ahead,
so that options decay (LPU/NSE table of scenarios; Euronext/LCH page on SPAN).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument, Option, OptionRight
from plimsoll.domain.market import DAY_NS
from plimsoll.margin.grids.underlying_tables import UnitGrid
from plimsoll.maths.black76_greeks import main_greeks
from plimsoll.scenarios.grid_table import GridTable
from plimsoll.scenarios.option_expiries import stated_units
from plimsoll.scenarios.risk_grid import RiskGrid, VolMove, VolRule

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LOOK_AHEAD_NS = DAY_NS
_THIRDS = (0, 1, -1, 2, -2, 3, -3)
_REGULAR = 2 * len(_THIRDS)

COMPOSITE_WEIGHTS = (0.270, 0.217, 0.217, 0.110, 0.110, 0.037, 0.037)
"""Of price moves 0, +1/3, -1/3, +2/3, -2/3, +1, -1; they add up to 0.998 and are scaled to 1."""

NAMES = (
    *(f"price {third:+d}/3, vol {vol}" for third in _THIRDS for vol in ("up", "down")),
    "extreme rise",
    "extreme fall",
)


class Extremes(StrEnum):
    """Which of the two published pairs of extreme moves."""

    DOUBLE = "double"  # twice the range, 35 % of the loss (NSE)
    TRIPLE = "triple"  # three times the range, 33 % of the loss (the usual CME set)

    @property
    def multiple(self) -> float:
        """Move over price scan range."""
        return 2.0 if self is Extremes.DOUBLE else 3.0

    @property
    def share(self) -> float:
        """Share of the loss that counts."""
        return 0.35 if self is Extremes.DOUBLE else 0.33


class PriceRiskMethod(StrEnum):
    """How the weighted futures price risk of inter-commodity credits is found."""

    PAIRED = "paired"  # paired-scenario loss less time risk, over composite delta
    SCAN_RANGE = "scan_range"  # the price scan range itself
    CAPPED = "capped"  # paired, but at most the price scan range


def risk_array_grid(price_scan_range: float, vol_scan_range: float, extremes: Extremes) -> UnitGrid:
    """Return the sixteen scenarios; volatility moves by a relative range for all expiries."""
    far = extremes.multiple * price_scan_range
    moves = [third / 3.0 * price_scan_range for third in _THIRDS for _ in range(2)]
    grid = RiskGrid(
        names=NAMES,
        price_moves=np.array([*moves, far, -far]),
        vol_moves=(*(VolMove.UP, VolMove.DOWN) * len(_THIRDS), VolMove.NONE, VolMove.NONE),
        fraction=np.array([*np.ones(_REGULAR), extremes.share, extremes.share]),
    )
    flat = VolRule(
        range_up=vol_scan_range, range_down=vol_scan_range, short_power=0.0, long_power=0.0
    )
    return UnitGrid(grid=grid, rule=flat)


def scan_risk(losses: FloatArray) -> tuple[FloatArray, IntArray]:
    """Largest loss (C,), not below 0, and its scenario; -1 where none of ``losses`` (C, S) is one.

    Of equal losses the first scenario counts.
    """
    binding = np.argmax(losses, axis=1)
    worst = losses[np.arange(losses.shape[0]), binding]
    return np.maximum(worst, 0.0), np.where(worst > 0.0, binding, -1)


def paired_price_risk(losses: FloatArray, binding: IntArray, delta: FloatArray) -> FloatArray:
    """(C,) weighted futures price risk: loss per unit of net delta that price alone makes.

    The volatility-adjusted scan risk is the mean of the active scenario and the one with the same
    price and the other volatility (an extreme scenario is its own pair). Time risk is the mean of
    the two scenarios in which the price stands still. Negative price risk counts as none.

    Parameters
    ----------
    losses : (C, 16) float64
    binding : (C,) int64
        Active scenario, -1 for none.
    delta : (C,) float64
        Net composite delta.
    """
    row, active = np.arange(losses.shape[0]), np.maximum(binding, 0)
    partner = np.where(active < _REGULAR, active ^ 1, active)
    adjusted = 0.5 * (losses[row, active] + losses[row, partner])
    time_risk = 0.5 * (losses[:, 0] + losses[:, 1])
    risk = np.maximum(adjusted - time_risk, 0.0)
    size = np.abs(delta)
    alive = (binding >= 0) & (size > 0.0)
    return np.where(alive, risk / np.where(alive, size, 1.0), 0.0)


def composite_delta(
    table: GridTable,
    instruments: Mapping[str, Instrument],
    price_scan_range: FloatArray,
    quote_price: FloatArray,
) -> FloatArray:
    """(N + 1,) composite delta of one contract in cash, one day ahead; 0 where a row has a reason.

    The delta of an option is the mean of N(d1) over the price moves at `COMPOSITE_WEIGHTS`, that
    of anything else is its own.

    Parameters
    ----------
    price_scan_range, quote_price : (N,) float64
        Of each row's risk unit, and of its quote currency in the numeraire.
    """
    held = list(instruments.values())
    good = table.reason == 0
    units = np.where(good, table.delta, 0.0)
    options = np.array([isinstance(i, Option) for i in held], dtype=np.bool_) & good
    if options.any():
        units[options] = _option_deltas(table, held, price_scan_range, options)
    cash = units * np.where(good, table.floating, 0.0) * quote_price
    return np.append(cash, 0.0)


def _option_deltas(
    table: GridTable,
    held: list[Instrument],
    price_scan_range: FloatArray,
    options: NDArray[np.bool_],
) -> FloatArray:
    """Composite deltas of the options among the rows, in underlyings."""
    weights = np.array(COMPOSITE_WEIGHTS) / sum(COMPOSITE_WEIGHTS)
    chosen = [held[row] for row in np.flatnonzero(options).tolist()]
    contracts = [i for i in chosen if isinstance(i, Option)]
    moves = price_scan_range[options, None] * np.array(_THIRDS) / 3.0
    forward = table.forward[options, None] + table.floating[options, None] * moves
    later = np.maximum(table.tau_years[options] - LOOK_AHEAD_NS / (365.0 * DAY_NS), 0.0)
    shape = forward.shape
    calls = np.array([i.right is OptionRight.CALL for i in contracts], dtype=np.bool_)
    delta = main_greeks(
        forward.ravel(),
        np.broadcast_to(np.array([[float(i.strike)] for i in contracts]), shape).ravel(),
        np.broadcast_to(later[:, None], shape).ravel(),
        np.broadcast_to(table.sigma[options, None], shape).ravel(),
        np.broadcast_to(calls[:, None], shape).ravel(),
    ).delta.reshape(shape)
    units = np.array([stated_units(i) for i in contracts]) * table.discount[options]
    # Not a matrix product, whose last bits depend on how many rows there are.
    return np.asarray(units * (delta * weights).sum(axis=1), dtype=np.float64)
