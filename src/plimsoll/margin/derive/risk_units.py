"""Which risk unit a market belongs to, and what stands in for its spot price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument, Option, Payoff, Perpetual
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.errors import UsageError
from plimsoll.margin.derive.cash_pricing import CashPricing
from plimsoll.margin.derive.option_inputs import option_inputs, option_prices
from plimsoll.margin.underlying import underlying
from plimsoll.margin.units.market_rows import MarketRows, market_rows
from plimsoll.scenarios.grid_options import OptionRows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_NOTHING = 1e-200


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Price of an underlying in cash and the confidence of its source; NaN: there is none."""

    price: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeriveMarkets:
    """All markets with their risk units.

    Parameters
    ----------
    rows : MarketRows
        Marks of options are their values by forward and volatility; reasons are final.
    units : tuple of R str
    unit_of_row : (N + 1,) int64
        -1 where a market has none.
    spots : tuple of R Spot
    option_at : (N + 1,) int64
        Row of ``options``; -1 for others.
    options : OptionRows
    confidence : (N + 1,) float64
        Of each market's own quote.
    """

    rows: MarketRows
    units: tuple[str, ...]
    unit_of_row: IntArray
    spots: tuple[Spot, ...]
    option_at: IntArray
    options: OptionRows
    confidence: FloatArray


def derive_markets(
    snapshot: MarketSnapshot,
    instruments: Mapping[str, Instrument],
    units: Sequence[str],
    pricing: CashPricing,
    spot_markets: Mapping[str, str],
    *,
    discounted: bool,
    oldest_surface_ns: int,
) -> DeriveMarkets:
    """Lay out markets; perpetuals and options settled in cash belong to their base coin's unit.

    Raises
    ------
    UsageError
        For a risk unit without a market that tells its spot price, and as `market_rows`.
    """
    rows = market_rows(snapshot, instruments, pricing)
    options = {m: i for m, i in instruments.items() if isinstance(i, Option)}
    inputs = option_inputs(options, snapshot, oldest_surface_ns=oldest_surface_ns)
    spots = tuple(_spot(unit, snapshot, pricing, spot_markets) for unit in units)
    at = np.full(len(instruments) + 1, -1, dtype=np.int64)
    at[[r for r, i in enumerate(rows.instruments) if isinstance(i, Option)]] = np.arange(
        len(options)
    )
    place = {unit: index for index, unit in enumerate(units)}
    of = np.array([*(place.get(underlying(i), -1) for i in rows.instruments), -1], dtype=np.int64)
    value = option_prices(inputs, np.ones(1), inputs.sigma[:, None], discounted=discounted)[:, 0]
    mark, reason = rows.mark.copy(), rows.reason.copy()
    is_option = at >= 0
    mark[is_option] = value[at[is_option]]
    sized = ~np.isnan(rows.size[is_option])
    reason[is_option] = np.where(
        sized, inputs.reason[at[is_option]], int(MarginReason.NO_CONTRACT_SIZE)
    )
    for row, instrument in enumerate(rows.instruments):
        fault = _fault(instrument, int(of[row]), spots, pricing.numeraire)
        if fault is not MarginReason.NONE:
            reason[row] = int(fault)
    quotes = snapshot.quotes
    return DeriveMarkets(
        rows=replace(rows, mark=_per_unit(mark, rows.size, is_option), reason=reason),
        units=tuple(units),
        unit_of_row=of,
        spots=spots,
        option_at=at,
        options=inputs,
        confidence=np.array(
            [*(quotes[m].confidence if m in quotes else 1.0 for m in instruments), 1.0]
        ),
    )


def _per_unit(value: FloatArray, size: FloatArray, is_option: NDArray[np.bool_]) -> FloatArray:
    """Marks are per unit of the underlying, values of options per contract."""
    each = value / np.where(is_option, size, 1.0)
    # Whoever divides by a mark must not overflow: what is worth less than 1e-200 is worth nothing.
    return np.where(is_option & (each < _NOTHING), 0.0, each).astype(np.float64)


def _fault(instrument: Instrument, unit: int, spots: Sequence[Spot], cash: str) -> MarginReason:
    """Why a contract is no business of Derive's margin; NONE where it is."""
    if not isinstance(instrument, Perpetual | Option):
        return MarginReason.NOT_MARGINED
    if instrument.payoff is not Payoff.LINEAR or instrument.settle != cash:
        return MarginReason.WRONG_SETTLEMENT
    if unit < 0:
        return MarginReason.NO_PARAMETERS
    return MarginReason.NONE if spots[unit].price > 0.0 else MarginReason.NO_MARK


def _spot(
    unit: str, snapshot: MarketSnapshot, pricing: CashPricing, spot_markets: Mapping[str, str]
) -> Spot:
    market = spot_markets.get(unit, pricing.pricing_markets.get(unit))
    if market is None:
        raise UsageError(
            "must have a market whose index is its spot price",
            found="none",
            field=f"risk unit {unit}",
            remedy="name it in spot_markets or pricing_markets",
        )
    quote = snapshot.quotes.get(market)
    if quote is None or not np.isfinite(quote.index):
        return Spot(price=float("nan"), confidence=0.0)
    return Spot(price=float(quote.index), confidence=float(quote.confidence))
