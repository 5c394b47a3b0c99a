"""The 24 scenarios of Paradex's portfolio margin and the table of their weighted profits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument, Option, Perpetual
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.paradex.parameters import ParadexUnderlying
from plimsoll.margin.underlying import underlying
from plimsoll.margin.units.index_prices import index_prices
from plimsoll.margin.units.instrument_columns import named_column
from plimsoll.margin.units.kept_rows import kept_rows
from plimsoll.margin.units.market_rows import MarketRows
from plimsoll.scenarios.grid_rules import GridRules
from plimsoll.scenarios.grid_table import grid_table
from plimsoll.scenarios.risk_grid import RiskGrid, VolMove, VolRule

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TAILS = {
    "weight_down_66": -0.66,
    "weight_down_33": -0.33,
    "weight_up_50": 0.5,
    "weight_up_100": 1.0,
    "weight_up_200": 2.0,
    "weight_up_300": 3.0,
    "weight_up_400": 4.0,
    "weight_up_500": 5.0,
}
_STEPS = (4, 3, 2, 1, 0, -1, -2, -3, -4)
_QUARTERS = 4


def scan_grid(parameters: ParadexUnderlying) -> RiskGrid:
    """Build the scenarios: a range in quarters, its ends with volatility up only, and tails."""
    reach = float(parameters.price_range)
    near = [
        (step, move)
        for step in _STEPS
        for move in (VolMove.UP, VolMove.DOWN)
        if abs(step) < _QUARTERS or move is VolMove.UP
    ]
    far = list(TAILS.values())
    return RiskGrid(
        names=(
            *(f"step {step:+d} of {_QUARTERS}, vol {move.value}" for step, move in near),
            *(f"tail {move:+.0%}, vol up" for move in far),
        ),
        price_moves=np.array([*(reach * step / _QUARTERS for step, _ in near), *far]),
        vol_moves=(*(move for _, move in near), *([VolMove.UP] * len(far))),
        fraction=np.array(
            [*([1.0] * len(near)), *(float(getattr(parameters, name)) for name in TAILS)]
        ),
    )


def vol_rule(parameters: ParadexUnderlying) -> VolRule:
    """Build the rule of volatility."""
    return VolRule(
        range_up=float(parameters.volatility_range_up),
        range_down=float(parameters.volatility_range_down),
        short_power=float(parameters.short_vega_power),
        long_power=float(parameters.long_vega_power),
        floor_days=float(parameters.vega_floor_hours) / 24.0,
        minimum_vol_up=float(parameters.minimum_vol_up),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScanTable:
    """N contracts of U underlyings under the scenarios, per long contract, in the numeraire.

    Parameters
    ----------
    underlyings : tuple of U str
    parameters : tuple of U ParadexUnderlying
    grids : tuple of U RiskGrid
    underlying : (N,) int64
        Of each contract; U where it has no parameters.
    profit : (N, S) float64
        From the *mark*, weighted; NaN where a reason stands.
    price, weight : (N, S) float64
        Value under each scenario, and the scenario's weight: what orders are filled against.
    value : (N,) float64
        At the mark.
    delta_worth : (N,) float64
        Delta times price, of what still floats within a settlement window.
    funding, fee : (N,) float64
        Of holding one contract; funding is what a long pays.
    reason : (N,) int64
    """

    underlyings: tuple[str, ...]
    parameters: tuple[ParadexUnderlying, ...]
    grids: tuple[RiskGrid, ...]
    underlying: IntArray
    profit: FloatArray
    price: FloatArray
    weight: FloatArray
    value: FloatArray
    delta_worth: FloatArray
    funding: FloatArray
    fee: FloatArray
    reason: IntArray


def scan_table(
    rows: MarketRows,
    snapshot: MarketSnapshot,
    parameters: Mapping[str, ParadexUnderlying],
    rules: GridRules,
) -> ScanTable:
    """Revalue every contract under its underlying's scenarios.

    Parameters
    ----------
    rows : MarketRows
    snapshot : MarketSnapshot
    parameters : mapping of str to ParadexUnderlying
        By underlying; contracts of others have the reason NO_PARAMETERS.
    rules : GridRules
    """
    units = [underlying(instrument) for instrument in rows.instruments]
    names = tuple(sorted(set(units) & set(parameters)))
    count, scenarios = len(rows.markets), 16 + len(TAILS)
    index = {name: number for number, name in enumerate(names)}
    at = np.array([index.get(unit, len(names)) for unit in units], dtype=np.int64)
    empty = {n: np.full(count, np.nan) for n in ("value", "delta_worth", "funding", "fee")}
    found = ScanTable(
        underlyings=names,
        parameters=tuple(parameters[name] for name in names),
        grids=tuple(scan_grid(parameters[name]) for name in names),
        underlying=at,
        profit=np.full((count, scenarios), np.nan),
        price=np.full((count, scenarios), np.nan),
        weight=np.full((count, scenarios), np.nan),
        reason=np.full(count, int(MarginReason.NO_PARAMETERS), dtype=np.int64),
        **empty,
    )
    markets, instruments = np.array(rows.markets, dtype=object), rows.instruments
    for number in range(len(names)):
        held = np.flatnonzero(at == number)
        mine = {str(markets[row]): instruments[row] for row in held}
        _fill(found, number, held, mine, rows, snapshot, rules)
    return found


def kept_scan_table(
    rows: MarketRows,
    snapshot: MarketSnapshot,
    parameters: Mapping[str, ParadexUnderlying],
    rules: GridRules,
) -> ScanTable:
    """Return `scan_table`, rows of a listing kept where they are what they were."""
    units = named_column(rows.listing, "underlying", underlying)
    found = kept_rows(
        rows.listing,
        snapshot,
        ("scan_table", tuple(parameters.items()), rules),
        lambda few, at: scan_table(rows.of(few, at), snapshot, parameters, rules),
        beside=(rows.settle_price[:-1],),
    )
    # Underlyings are numbered among all instruments, not among those made again.
    index = {name: number for number, name in enumerate(found.underlyings)}
    number = units.spread(index.get(name, len(index)) for name in units.names)
    return replace(found, underlying=number.astype(np.int64))


def _fill(
    found: ScanTable,
    number: int,
    held: IntArray,
    instruments: Mapping[str, Instrument],
    rows: MarketRows,
    snapshot: MarketSnapshot,
    rules: GridRules,
) -> None:
    """Write the rows ``held``: the contracts of one underlying."""
    parameters, grid = found.parameters[number], found.grids[number]
    table = grid_table(instruments, snapshot, grid, vol_rule(parameters), rules=rules)
    price = rows.settle_price[held]
    mark = rows.mark[held] * rows.size[held]
    valued = rows.has_value[held]
    lacks = (table.reason == 0) & valued & ~np.isfinite(mark)
    found.reason[held] = np.where(lacks, int(MarginReason.NO_MARK), table.reason)
    # From the mark, as the venue counts: what is settled daily has it as its price.
    start = np.where(valued, table.value, table.forward * rows.size[held])
    worth = (start[:, None] + table.profit) * price[:, None]
    found.value[held] = np.where(valued, mark, 0.0) * price
    found.price[held], found.weight[held] = worth, grid.fraction
    found.profit[held] = (worth - (mark * price)[:, None]) * grid.fraction
    spot = index_prices(instruments, snapshot, table.forward) * price
    # Of a price that a settlement average has fixed in part, only the rest moves.
    whole = np.where(valued, table.delta * spot, mark * price)
    found.delta_worth[held] = whole * table.floating_share
    found.fee[held] = _fees(instruments, parameters, spot, mark * price, rows.size[held])
    funding = _funding(instruments, parameters, snapshot, spot * rows.size[held])
    unknown = (found.reason[held] == 0) & ~np.isfinite(funding)
    found.reason[held] = np.where(unknown, int(MarginReason.NO_FUNDING), found.reason[held])
    found.funding[held] = funding


def _fees(
    instruments: Mapping[str, Instrument],
    parameters: ParadexUnderlying,
    spot: FloatArray,
    mark: FloatArray,
    size: FloatArray,
) -> FloatArray:
    """(N,) fee of closing one contract."""
    is_option = np.array([isinstance(i, Option) for i in instruments.values()], dtype=np.bool_)
    capped = np.minimum(
        float(parameters.option_fee_rate) * spot * size, float(parameters.option_fee_cap) * mark
    )
    return np.where(is_option, capped, float(parameters.future_fee_rate) * mark)


def _funding(
    instruments: Mapping[str, Instrument],
    parameters: ParadexUnderlying,
    snapshot: MarketSnapshot,
    notional: FloatArray,
) -> FloatArray:
    """(N,) what a long pays over the hours provided for; rates are of eight hours."""
    share = float(parameters.funding_hours) / 8.0
    rate = np.array(
        [
            snapshot.quotes[m].funding_rate
            if isinstance(i, Perpetual) and m in snapshot.quotes
            else 0.0
            for m, i in instruments.items()
        ]
    )
    return rate * share * notional
