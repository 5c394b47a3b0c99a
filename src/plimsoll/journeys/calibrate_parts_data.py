"""Prices beside those of the markets: assets of collateral, dollar coins, the other leg."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.adapters.files import (
    ColumnMap,
    FundingColumns,
    TimeUnit,
    read_bars,
    read_funding,
)
from plimsoll.adapters.files.digest import bars_digest
from plimsoll.calibration.add_ons.basis import BasisMoves, basis_moves
from plimsoll.calibration.evidence import Proof
from plimsoll.calibration.parts.add_ons import FurtherPrices
from plimsoll.calibration.parts.fund_replay import StatedPopulation
from plimsoll.calibration.parts.market_moves import MarketMoves, as_of_ns, known_prices
from plimsoll.config.data_section import INTERVAL_MINUTES, FundingData
from plimsoll.config.loader import VenueFile
from plimsoll.config.parts_section import LegSection
from plimsoll.domain.finding import FindingPolicy
from plimsoll.domain.market import Bars, MarketHistory
from plimsoll.journeys.prices import Payments, PriceData, further_bars
from plimsoll.journeys.reproduction import payments_digest
from plimsoll.marketdata.assembly import assemble
from plimsoll.marketdata.checking import closed_by

FloatArray = NDArray[np.float64]
_MINUTE_NS = 60_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PartsData:
    """Checked histories of what the sections name.

    Parameters
    ----------
    assets : MarketHistory or None
        Symbols that are no markets.
    legs : MarketHistory or None
        Other legs, under the markets' symbols.
    pegs : tuple of str
        Dollar coins among ``assets``.
    digests : mapping of str to str
    clamp_rates, withdrawals : mapping of str to (times, rates), or None
        Funding for the clamp alone, by market; net withdrawals of lent assets.
    """

    assets: MarketHistory | None = None
    legs: MarketHistory | None = None
    pegs: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    clamp_rates: Payments | None = None
    withdrawals: Payments | None = None


def parts_data(
    file: VenueFile,
    prices: PriceData,
    data: Any,
    policy: FindingPolicy,
    *,
    until_ns: int | None,
    known_ns: int,
) -> PartsData:
    """Read and check what the sections name; nothing where there are no sections.

    Parameters
    ----------
    until_ns : int or None
        Bars that closed later are left out.
    known_ns : int
        Digests are of what was known by then.
    """
    config = file.config
    assets = () if config.collateral is None else config.collateral.assets
    pegs = () if config.add_ons is None else config.add_ons.depeg_symbols
    symbols = tuple(dict.fromkeys((*(a.symbol for a in assets), *pegs)))
    markets = {market.symbol for market in config.markets}
    further = further_bars(file, [s for s in symbols if s not in markets], prices, data)
    leg = None if config.add_ons is None else config.add_ons.basis
    legs = {} if leg is None else _leg_bars(file, leg)
    read = {"further prices": further, "prices of the other leg": legs}
    clamp = None if config.fees is None else config.fees.funding_clamp
    lent = None if config.collateral is None else config.collateral.borrowing
    rates = None if clamp is None else _rates(file, clamp.rates, tuple(markets), known_ns)
    drawn = None if lent is None else _rates(
        file, lent.withdrawals, tuple(one.name for one in lent.assets), known_ns
    )  # fmt: skip
    further_rates = {"rates of the clamp": rates, "withdrawals": drawn}
    return PartsData(
        assets=_checked(further, policy, until_ns),
        legs=_checked(legs, policy, until_ns),
        pegs=tuple(pegs),
        digests={
            name: bars_digest({m: closed_by(b, known_ns) for m, b in bars.items()})
            for name, bars in read.items()
            if bars
        }
        | {
            name: payments_digest(found, known_ns)
            for name, found in further_rates.items()
            if found is not None
        },
        clamp_rates=rates,
        withdrawals=drawn,
    )


def _rates(
    file: VenueFile, source: FundingData | None, symbols: tuple[str, ...], known_ns: int
) -> Payments | None:
    """Rates that were known at an instant; None where no file is named."""
    if source is None:
        return None
    found = read_funding(
        file.resolve(source.path),
        source.format,
        columns=FundingColumns(
            unit=source.unit,
            time_unit=None if source.time_unit is None else TimeUnit(source.time_unit),
            **source.columns.model_dump(exclude_none=True),
        ),
        symbols=symbols,
    )
    kept = {name: one.time_ns <= known_ns for name, one in found.items()}
    return {
        name: (one.time_ns[kept[name]].copy(), one.rate[kept[name]].copy())
        for name, one in found.items()
    }


def _checked(
    bars: Mapping[str, Bars], policy: FindingPolicy, until_ns: int | None
) -> MarketHistory | None:
    return assemble(bars, policy, until_ns=until_ns).history if bars else None


def _leg_bars(file: VenueFile, leg: LegSection) -> dict[str, Bars]:
    unit = None if leg.time_unit is None else TimeUnit(leg.time_unit)
    columns = leg.columns.model_dump(exclude_none=True)
    return read_bars(
        file.resolve(leg.path),
        leg.format,
        price_kind=file.config.data.prices.price_kind,
        columns=ColumnMap(**columns, time_unit=unit),
        interval_ns=INTERVAL_MINUTES[leg.interval] * _MINUTE_NS,
        symbols=tuple(market.symbol for market in file.config.markets),
    )


def add_on_prices(
    proof: Proof,
    data: PartsData,
    moves: Sequence[MarketMoves],
    population: StatedPopulation | None,
) -> FurtherPrices:
    """Return what add-ons need beside the markets' moves, as known at the instant of the set."""
    stated = {} if population is None else {
        one.market: population.interest(one.market, one.risk_class) for one in moves
    }  # fmt: skip
    return FurtherPrices(
        basis=_basis(proof, data, moves),
        pegs=_pegs(proof, data),
        holder_shares=() if population is None else population.holder_shares,
        open_interest_usd=stated,
    )


def _pegs(proof: Proof, data: PartsData) -> tuple[FloatArray, ...]:
    last = as_of_ns(proof)
    known = [h.before(last) for h in (proof.history, data.assets) if h is not None]
    return tuple(
        one.usable_close()[:, one.markets.index(symbol)]
        for symbol in data.pegs
        for one in known
        if symbol in one.markets
    )


def _basis(
    proof: Proof, data: PartsData, moves: Sequence[MarketMoves]
) -> dict[str, tuple[BasisMoves, ...]]:
    """Of a perpetual and spot: nothing lies between their expiries."""
    if data.legs is None:
        return {}
    last = as_of_ns(proof)
    other = data.legs.before(last)
    history = proof.history.before(last)
    _, price = known_prices(proof)
    far = np.log(other.usable_close())
    row = np.searchsorted(other.time_ns, history.time_ns)
    inside = row < other.time_ns.size
    inside[inside] = other.time_ns[row[inside]] == history.time_ns[inside]
    found: dict[str, tuple[BasisMoves, ...]] = {}
    for one in moves:
        if one.market not in other.markets or one.underlying in found:
            continue
        column = np.full(history.time_ns.size, np.nan)
        column[inside] = far[row[inside], other.markets.index(one.market)]
        near = price[:, history.markets.index(one.market)]
        apart = np.zeros(near.size)
        found[one.underlying] = (
            basis_moves(near, column, apart, one.close_out_bars, one.bars_per_day),
        )
    return found
