"""Which risk unit a market belongs to, and what stands in for its spot price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument, Option
from plimsoll.domain.listing import Listing, listing_of
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.quote_columns import quote_columns
from plimsoll.errors import UsageError
from plimsoll.margin.derive.cash_pricing import CashPricing
from plimsoll.margin.derive.option_inputs import option_inputs, option_prices
from plimsoll.margin.underlying import underlying
from plimsoll.margin.units.instrument_columns import instrument_columns, named_column
from plimsoll.margin.units.kept_rows import kept_rows, rows_taken
from plimsoll.margin.units.market_rows import MarketRows, market_rows
from plimsoll.maths import payoffs
from plimsoll.scenarios.grid_options import OptionRows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_NOTHING = 1e-200


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Price of an underlying in cash and the confidence of its source; NaN: there is none."""

    price: float
    confidence: float
    is_stale: bool = False


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
    listing, terms = rows.listing, instrument_columns(rows.listing)
    inputs, value = _options(listing, snapshot, discounted, oldest_surface_ns)
    spots = tuple(_spot(unit, snapshot, pricing, spot_markets) for unit in units)
    is_option = np.append(terms.is_option, False)
    at = np.full(len(listing) + 1, -1, dtype=np.int64)
    at[is_option] = np.arange(value.size)
    place = {unit: index for index, unit in enumerate(units)}
    names = named_column(listing, "underlying", underlying)
    of = np.append(names.spread(place.get(name, -1) for name in names.names), -1)
    mark, reason = rows.mark.copy(), rows.reason.copy()
    mark[is_option] = value
    stale = reason[is_option] == MarginReason.STALE_MARK
    reason[is_option] = np.where(stale, reason[is_option], inputs.reason)
    fault = _faults(listing, of[:-1].astype(np.int64), spots, pricing.numeraire)
    reason[:-1] = np.where(fault == 0, reason[:-1], fault)
    quotes = quote_columns(snapshot, listing)
    unquoted = np.array([quote is None for quote in quotes.held], dtype=np.bool_)
    trust = np.where(unquoted, 1.0, quotes.column("confidence"))
    return DeriveMarkets(
        rows=replace(rows, mark=_per_unit(mark, rows.size, is_option), reason=reason),
        units=tuple(units),
        unit_of_row=of.astype(np.int64),
        spots=spots,
        option_at=at,
        options=inputs,
        confidence=np.append(trust, 1.0),
    )


def options_of(instruments: Mapping[str, Instrument]) -> Listing:
    """Return the options among instruments, in their order."""
    return listing_of(instruments).part("options", lambda i: isinstance(i, Option))


def _options(
    listing: Listing, snapshot: MarketSnapshot, discounted: bool, oldest_surface_ns: int
) -> tuple[OptionRows, FloatArray]:
    """What options start from, and their values (O,)."""

    def inputs(few: Listing, _: IntArray) -> OptionRows:
        own = {m: i for m, i in few.items() if isinstance(i, Option)}
        return option_inputs(own, snapshot, oldest_surface_ns=oldest_surface_ns)

    def values(_: Listing, at: IntArray) -> _Values:
        own = rows_taken(found, at)
        worth = option_prices(own, np.ones(1), own.sigma[:, None], discounted=discounted)
        return _Values(value=worth[:, 0])

    options, key = options_of(listing), (discounted, oldest_surface_ns)
    found = kept_rows(options, snapshot, ("option_inputs", oldest_surface_ns), inputs)
    return found, kept_rows(options, snapshot, ("option_values", key), values).value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Values:
    """(O,) values of options."""

    value: FloatArray


def _per_unit(value: FloatArray, size: FloatArray, is_option: NDArray[np.bool_]) -> FloatArray:
    """Marks are per unit of the underlying, values of options per contract."""
    each = value / np.where(is_option, size, 1.0)
    # Whoever divides by a mark must not overflow: what is worth less than 1e-200 is worth nothing.
    return np.where(is_option & (each < _NOTHING), 0.0, each).astype(np.float64)


def _faults(listing: Listing, unit: IntArray, spots: Sequence[Spot], cash: str) -> IntArray:
    """(N,) why a contract is no business of Derive's margin; 0 where it is."""
    terms = instrument_columns(listing)
    known = np.append([spot.price > 0.0 for spot in spots], False)  # the last: of no unit
    stale = np.append([spot.is_stale for spot in spots], False)
    in_cash = terms.settle.spread(name == cash for name in terms.settle.names) > 0.0
    faults = {
        MarginReason.NOT_MARGINED: ~terms.is_option & (terms.is_spot | terms.expires),
        MarginReason.WRONG_SETTLEMENT: (terms.payoff != payoffs.LINEAR) | ~in_cash,
        MarginReason.NO_PARAMETERS: unit < 0,
        MarginReason.STALE_MARK: stale[unit],
        MarginReason.NO_MARK: ~known[unit],
    }
    codes = [int(reason) for reason in faults]
    return np.select(list(faults.values()), codes, int(MarginReason.NONE)).astype(np.int64)


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
    if snapshot.is_stale(market):
        return Spot(price=float("nan"), confidence=0.0, is_stale=True)
    if quote is None or not np.isfinite(quote.index):
        return Spot(price=float("nan"), confidence=0.0)
    return Spot(price=float(quote.index), confidence=float(quote.confidence))
