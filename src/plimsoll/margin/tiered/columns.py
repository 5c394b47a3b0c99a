"""Tier tables and contract terms of the tier model, laid out in columns for the kernel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Future, Instrument, Payoff, Perpetual, stated_size
from plimsoll.domain.magnitudes import is_price
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import UsageError
from plimsoll.margin.contracts.open_interest import OpenInterestCaps, risen_share
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.sided_tiers import SidedTiers
from plimsoll.margin.units.instrument_columns import PAYOFF_CODES
from plimsoll.margin.units.market_rows import mark_of
from plimsoll.maths import tiered_margin
from plimsoll.maths.tiered_margin import MarketColumns

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class TierMeasure(StrEnum):
    """What the caps of a tier table count; ``cap_usd`` is read in that unit."""

    NOTIONAL = "notional"  # quote currency, settlement currency for quanto (Binance, Gate)
    CONTRACTS = "contracts"  # OKX
    COINS = "coins"  # base coins of linear and inverse contracts (Bybit's inverse ones)


MEASURE_CODES = {
    TierMeasure.NOTIONAL: tiered_margin.NOTIONAL,
    TierMeasure.CONTRACTS: tiered_margin.CONTRACTS,
    TierMeasure.COINS: tiered_margin.COINS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TierReading:
    """How a venue reads its tables.

    Parameters
    ----------
    marginal_maintenance, marginal_initial : bool
        Whether each tier's rate holds for its slice only, or the reached tier's for all of it.
    measure : mapping of str to TierMeasure
        By market; notional where it says nothing.
    open_interest : mapping of str to OpenInterestCaps
        By market: where initial rates rise with open interest.
    """

    marginal_maintenance: bool
    marginal_initial: bool
    measure: Mapping[str, TierMeasure]
    open_interest: Mapping[str, OpenInterestCaps]


def market_columns(
    contracts: Mapping[str, Perpetual | Future],
    tables: Sequence[SidedTiers | None],
    apart: Sequence[int],
    reading: TierReading,
    *,
    pricing: CurrencyPricing,
    snapshot: MarketSnapshot,
    instruments: Mapping[str, Instrument],
) -> MarketColumns:
    """Return the columns of N contracts, two rows more, and one for each table of shorts.

    The two are those of the unknown, and of what is not of this model. ``apart`` are the contracts
    with a table of shorts, `rows_apart`.
    """
    mark = [mark_of(snapshot, market) for market in contracts]
    price = [pricing.price(c.settle, snapshot, instruments) for c in contracts.values()]
    stale = [snapshot.is_stale(market) for market in contracts]
    risen = [risen_share(snapshot, market, reading.open_interest) for market in contracts]
    reason = [
        _reason(contract, *row, at_ns=snapshot.at_ns)
        for contract, row in zip(
            contracts.values(), zip(mark, stale, price, tables, risen, strict=True), strict=True
        )
    ]
    measure = [reading.measure.get(m, TierMeasure.NOTIONAL) for m in contracts]
    terms = zip(contracts, contracts.values(), measure, mark, strict=True)
    payoff = [PAYOFF_CODES[contract.payoff] for contract in contracts.values()]
    rows = _table_rows(tables, risen, apart)
    counts = [0, *(0 if row is None else len(row.table.tiers) for row in rows)]
    return MarketColumns(
        payoff=_codes(payoff, (0, 0), apart),
        contract_size=_floats([stated_size(contract) for contract in contracts.values()], apart),
        mark=_floats(mark, apart),
        settle_price=_floats(price, apart),
        reason=_codes(reason, (MarginReason.UNKNOWN_INSTRUMENT, MarginReason.NOT_MARGINED), apart),
        measure=_codes([MEASURE_CODES[m] for m in measure], (0, 0), apart),
        unit_value=_floats([_unit_value(*row) for row in terms], apart),
        tier_offsets=np.array(counts, dtype=np.int64).cumsum(),
        **_tier_columns(rows, reading),
    )


def rows_apart(tables: Sequence[SidedTiers | None]) -> list[int]:
    """Return the contracts whose shorts have a table of their own, in the order of its rows."""
    return [row for row, table in enumerate(tables) if table is not None and table.apart]


class _TableRow(NamedTuple):
    """The table of one row, the share that its open interest adds, and how its rates hold."""

    table: TierTable
    risen: float
    marginal: bool | None


def _table_rows(
    tables: Sequence[SidedTiers | None], risen: Sequence[float], apart: Sequence[int]
) -> list[_TableRow | None]:
    """Return what stands in each row of the columns."""
    longs = [
        None if table is None else _TableRow(table.long, share, table.marginal_maintenance)
        for table, share in zip(tables, risen, strict=True)
    ]
    shorts = [
        _TableRow(table.short, risen[row], table.marginal_maintenance)
        for row in apart
        if (table := tables[row]) is not None
    ]
    return [*longs, None, None, *shorts]


def _reason(
    contract: Perpetual | Future,
    mark: float,
    stale: bool,
    price: float,
    table: SidedTiers | None,
    risen: float,
    *,
    at_ns: int,
) -> MarginReason:
    if np.isnan(stated_size(contract)):
        return MarginReason.NO_CONTRACT_SIZE
    if isinstance(contract, Future) and contract.expiry_ns <= at_ns:
        return MarginReason.EXPIRED
    if np.isnan(mark):
        return MarginReason.NO_MARK
    if stale:
        return MarginReason.STALE_MARK
    if not is_price(price):
        return MarginReason.NO_CURRENCY_PRICE
    if table is None:
        return MarginReason.NO_TIERS
    return MarginReason.NO_OPEN_INTEREST if np.isnan(risen) else MarginReason.NONE


def _unit_value(
    market: str, contract: Perpetual | Future, measure: TierMeasure, mark: float
) -> float:
    """Value of one unit of the measure in the currency of the tier table."""
    size, inverse = stated_size(contract), contract.payoff is Payoff.INVERSE
    if measure is TierMeasure.NOTIONAL:
        return 1.0
    if measure is TierMeasure.CONTRACTS:
        return size if inverse else size * mark
    if contract.payoff is Payoff.QUANTO:
        raise UsageError(
            "must count notional or contracts: a quanto contract is of no number of coins",
            found=measure.value,
            field=f"measure of {market}",
        )
    return mark


def _tier_columns(
    tables: Iterable[_TableRow | None], reading: TierReading
) -> dict[str, FloatArray]:
    rows = [
        _row(tier, float(low), float(high), one, reading)
        for one in tables
        if one is not None
        for tier, low, high in zip(
            one.table.tiers,
            one.table.deductions_usd,
            one.table.initial_deductions_usd,
            strict=True,
        )
    ]
    names = (
        "cap",
        "maintenance_rate",
        "deduction",
        "initial_rate",
        "initial_deduction",
        "max_leverage",
    )
    columns = np.array(rows, dtype=np.float64).reshape(len(rows), len(names)).T
    return {name: np.ascontiguousarray(column) for name, column in zip(names, columns, strict=True)}


def _row(
    tier: Tier, deduction: float, initial_deduction: float, of: _TableRow, reading: TierReading
) -> tuple[float, ...]:
    rate, risen = float(tier.initial_rate), of.risen
    marginal = reading.marginal_maintenance if of.marginal is None else of.marginal
    # Each slice's rate rises to r + (1 - r) s, so the deduction shrinks to (1 - s) of itself.
    return (
        np.inf if tier.cap_usd is None else float(tier.cap_usd),
        float(tier.maintenance_rate),
        deduction if marginal else 0.0,
        rate if risen == 0.0 else rate + (1.0 - rate) * risen,
        initial_deduction * (1.0 - risen) if reading.marginal_initial else 0.0,
        float(tier.max_leverage),
    )


def _floats(values: list[float], apart: Sequence[int]) -> FloatArray:
    """Values of the contracts, nothing for the two rows more, and those of tables of shorts."""
    more = [values[row] for row in apart] if apart else ()
    return np.array([*values, np.nan, np.nan, *more], dtype=np.float64)


def _codes(values: Sequence[int], more: tuple[int, int], apart: Sequence[int]) -> IntArray:
    shorts = [values[row] for row in apart] if apart else ()
    return np.array([*values, *more, *shorts], dtype=np.int64)
