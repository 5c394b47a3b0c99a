"""Basis shocks, outages and counterparties on real prices: what they add, and whether it holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.add_ons.basis import (
    BasisMoves,
    basis_buckets,
    basis_moves,
    calibrate_basis,
)
from plimsoll.calibration.add_ons.calibrated import CalibratedAddOn
from plimsoll.calibration.add_ons.counterparty import counterparty_margin, rated
from plimsoll.calibration.add_ons.outage import (
    OutageRecord,
    common_outages,
    losses_over,
    outage_extended_level,
)
from plimsoll.domain.market import DAY_NS, HOUR_NS, Bars
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.journeys.backtest_collateral_data import deribit_marks, perpetual_and_spot

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
FRACTION = ColumnKind.FRACTION

BARS_PER_DAY, CLOSE_OUT_BARS = 288, 12
SPOT_SPLIT, DATED_SPLIT = "2025-07-01", "2026-02-20"
"""Basis shocks are calibrated before, and held against moves begun from there on."""
OUTAGE_STRESS = 10.0
"""Venues fail under load: when many liquidate, outages are taken to be so much more frequent."""
LIQUIDATION_HOURS = 8
BUDGET = 2e-6
"""Expected loss by default over a day that a counterparty may leave, per dollar of notional."""
_EXPIRY = re.compile(r"-(\d{1,2})([A-Z]{3})(\d{2})$")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def basis_table(data: Path, coins: Sequence[str] = ("BTC", "ETH")) -> Table:
    """Return basis shocks calibrated on the first part, with what they leave uncovered after."""
    dated, perpetual = deribit_marks(data)
    rows = []
    for coin in coins:
        early, late = _split(_spot_moves(data, coin), _ns(SPOT_SPLIT))
        rows.append(_basis_row(coin, "perpetual against spot, 1 h", [early], [late]))
        pairs = list(_dated_moves(coin, dated, perpetual))
        parts = [_split(pair, _ns(DATED_SPLIT)) for pair in pairs]
        rows.append(
            _basis_row(
                coin, "dated against perpetual, 1 d", [p[0] for p in parts], [p[1] for p in parts]
            )
        )
    return Table(
        name="basis_shocks",
        title="Basis add-on: calibrated at 99 % on the first part, held against the second",
        columns=(
            Column(name="coin", title="Coin"),
            Column(name="legs", title="Legs"),
            Column(name="least", title="Least move", kind=FRACTION),
            Column(name="least_error", title="s.e.", kind=FRACTION),
            Column(name="annual", title="A year apart", kind=FRACTION),
            Column(name="moves", title="Moves before", kind=ColumnKind.COUNT),
            Column(name="probes", title="Moves after", kind=ColumnKind.COUNT),
            Column(name="breaches", title="Not covered after", kind=FRACTION),
            Column(name="worst", title="Worst after", kind=FRACTION),
        ),
        rows=tuple(rows),
        notes=(
            f"Perpetual against spot: 5-minute closes, split at {SPOT_SPLIT}; 10 October 2025 lies"
            f" after. Dated: marks at snapshots, split at {DATED_SPLIT}.",
            "One standard error is added to each quantile; the default parameter of the class is"
            " 0.50 % and 10.00 % a year.",
        ),
    )


def _basis_row(
    coin: str, legs: str, early: Sequence[BasisMoves], late: Sequence[BasisMoves]
) -> tuple[Cell, ...]:
    found: CalibratedAddOn = calibrate_basis(coin, basis_buckets(early))
    least, annual = float(found.parameters.least_move), float(found.parameters.annual_move)
    years = np.concatenate([p.years_apart for p in late])
    moves = np.concatenate([p.move for p in late])
    return (
        coin,
        legs,
        least,
        found.standard_error.get("least_move"),
        annual,
        int(sum(p.move.size for p in early)),
        int(moves.size),
        float((moves > least + annual * years).mean()) if moves.size else None,
        float(moves.max()) if moves.size else None,
    )


def _spot_moves(data: Path, coin: str) -> tuple[IntArray, BasisMoves]:
    perpetual, spot = perpetual_and_spot(data, coin)
    time_ns, at, other = np.intersect1d(perpetual.time_ns, spot.time_ns, return_indices=True)
    near, far = np.log(spot.close[other]), np.log(perpetual.close[at])
    moves = basis_moves(near, far, np.zeros(near.size), CLOSE_OUT_BARS, BARS_PER_DAY)
    return time_ns[:-CLOSE_OUT_BARS], moves


def _dated_moves(
    coin: str, dated: Mapping[str, Bars], perpetual: Mapping[str, Bars]
) -> Iterator[tuple[IntArray, BasisMoves]]:
    base = perpetual[f"{coin}-PERPETUAL"]
    for name, bars in dated.items():
        expiry_ns = _expiry_ns(name)
        if not name.startswith(f"{coin}-") or expiry_ns is None:
            continue
        time_ns, at, other = np.intersect1d(bars.time_ns, base.time_ns, return_indices=True)
        basis = np.log(bars.close[at] / base.close[other])
        later = np.searchsorted(time_ns, time_ns + 20 * HOUR_NS)
        inside = later < time_ns.size
        start, end = np.flatnonzero(inside), later[inside]
        near = time_ns[end] - time_ns[start] <= 28 * HOUR_NS
        start, end = start[near], end[near]
        move = np.abs(basis[end] - basis[start])
        years = (expiry_ns - time_ns[start]) / (365.0 * DAY_NS)
        known = np.isfinite(move) & (years > 0.0)
        yield time_ns[start[known]], BasisMoves(years_apart=years[known], move=move[known])


def _expiry_ns(name: str) -> int | None:
    found = _EXPIRY.search(name)
    if found is None:
        return None
    day, month, year = found.groups()
    text = f"20{year}-{_MONTHS.index(month) + 1:02d}-{int(day):02d}T08:00"
    return int(np.datetime64(text, "ns").astype(np.int64))


def _split(timed: tuple[IntArray, BasisMoves], at_ns: int) -> tuple[BasisMoves, BasisMoves]:
    time_ns, moves = timed
    return tuple(  # type: ignore[return-value]
        BasisMoves(
            years_apart=moves.years_apart[kept], move=moves.move[kept], per_day=moves.per_day
        )
        for kept in (time_ns < at_ns, time_ns >= at_ns)
    )


def level_table(panel: ReturnsPanel, coins: Sequence[str] = ("BTC", "ETH", "SOL")) -> Table:
    """Return 99 % levels with and without outages, and the multipliers of counterparties."""
    outages = common_outages(panel.price, interval_hours=1.0)
    hours = float(panel.price.shape[1])
    rows = [_level_row(panel, coin, outages, hours) for coin in coins]
    grades = ("A", "BB", "B", "CCC")
    return Table(
        name="credit_and_outages",
        title="Levels with outages, and multipliers of counterparties",
        columns=(
            Column(name="coin", title="Coin (long)"),
            Column(name="level", title=f"99 %, {LIQUIDATION_HOURS} h", kind=FRACTION),
            Column(name="with", title="With outages as seen", kind=FRACTION),
            Column(name="stressed", title=f"At {OUTAGE_STRESS:g} times", kind=FRACTION),
            Column(name="longest", title="Each of the longest", kind=FRACTION),
            *(Column(name=grade, title=f"{grade}, x", digits=3, kind=ColumnKind.NUMBER)
              for grade in grades),
        ),
        rows=tuple(rows),
        notes=(
            f"{len(outages)} common outages of {min(outages, default=0):g} to"
            f" {max(outages, default=0):g} h in {hours / 8760:.1f} years of hourly closes.",
            "The last level is that of a liquidation that always meets the longest outage.",
            f"Counterparty: stressed default probability times loss, at most {BUDGET:g} of notional"
            " a day is left to be lost; multiplier on the 24 h level.",
            "Unconditional history 2021-2025, not the forecast of a day: the effect, not a margin.",
        ),
    )  # fmt: skip


def _level_row(
    panel: ReturnsPanel, coin: str, outages: tuple[float, ...], hours: float
) -> tuple[Cell, ...]:
    price = panel.price[panel.markets.index(f"{coin}USDT")]
    alone = losses_over(price, LIQUIDATION_HOURS, 0)
    longer = [losses_over(price, LIQUIDATION_HOURS + round(d), 0) for d in outages]
    levels = [
        outage_extended_level(
            alone,
            longer,
            OutageRecord(hours=outages, watched_hours=hours, stress=stress),
            horizon_hours=LIQUIDATION_HOURS,
        )
        for stress in (1.0, OUTAGE_STRESS)
    ]
    worst = losses_over(price, LIQUIDATION_HOURS + round(max(outages, default=0.0)), 0)
    daily = losses_over(price, 24, 0)
    daily = daily[np.isfinite(daily)]
    base = float(np.quantile(daily, 0.99))
    multipliers = [
        counterparty_margin(daily, rated(grade), base_margin=base, budget=BUDGET).multiplier
        for grade in ("A", "BB", "B", "CCC")
    ]
    return (
        coin,
        levels[0].without,
        levels[0].level,
        levels[1].level,
        float(np.nanquantile(worst, 0.99)),
        *multipliers,
    )


def _ns(day: str) -> int:
    return int(np.datetime64(day, "ns").astype(np.int64))
