"""OKX portfolio margin: one risk unit per underlying, contracts and spot of all currencies in it.

    MMR of a unit = max(max(MR1, MR2, MR6) + MR3 + MR4 + MR5, MR7) + MR9
    MMR of an account = sum over units + MR8,       IMR = 1.3 MMR

(OKX help centre, portfolio margin mode). Charges: `plimsoll.margin.okx.unit_charges`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.choice import chosen
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.listing import Latest, Listing, listing_of
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.parameters import ParameterSet
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.governed import from_set
from plimsoll.margin.grids.underlying_cells import UnderlyingCells
from plimsoll.margin.grids.underlying_tables import (
    CoinProfit,
    UnitGrid,
    extended,
    kept_sensitivities,
    quote_prices,
    unit_tables,
    with_quote_reasons,
)
from plimsoll.margin.okx.parameters import FIRST_CLASS, OkxAccountParameters, OkxParameters
from plimsoll.margin.okx.prepared import PreparedOkx
from plimsoll.margin.okx.scenarios import (
    ELAPSED_NS,
    MOVED,
    TIME_DECAY,
    decay_grid,
    full_grid,
    moved_grid,
)
from plimsoll.margin.okx.unit_charges import ordered_legs
from plimsoll.margin.quote_scope import OwnQuotes
from plimsoll.margin.underlying import (
    DOLLAR,
    UnderlyingGroups,
    parameters_by_unit,
    underlying_groups,
    value_currency,
)
from plimsoll.margin.units.instrument_columns import named_column
from plimsoll.margin.units.market_rows import MarketRows, market_rows
from plimsoll.scenarios.grid_rules import GridRules
from plimsoll.scenarios.grid_table import GridTable
from plimsoll.scenarios.risk_grid import RiskGrid

FloatArray = NDArray[np.float64]

ACCOUNT = "ACCOUNT"
"""Market name under which a parameter set holds what is not any risk unit's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OkxMargin(OwnQuotes):
    """OKX portfolio margin.

    Parameters
    ----------
    pricing : CurrencyPricing
    account : OkxAccountParameters
        Where a parameter set holds none under `ACCOUNT`.
    coin_profit : CoinProfit
    rules : GridRules
        Source of volatility and age of surfaces; the time to scenarios is the model's own.

    Raises
    ------
    UsageError
        For a text that names no choice.
    """

    pricing: CurrencyPricing = field(default_factory=CurrencyPricing)
    account: OkxAccountParameters = field(default_factory=OkxAccountParameters)
    coin_profit: CoinProfit = CoinProfit.SHOCKED
    rules: GridRules = field(default_factory=GridRules)

    def __post_init__(self) -> None:
        object.__setattr__(self, "coin_profit", chosen(CoinProfit, self.coin_profit, "coin_profit"))

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: ParameterSet | Mapping[str, OkxParameters],
        instruments: Mapping[str, Instrument],
    ) -> PreparedOkx:
        """Revalue every instrument under the grid of its underlying; see `MarginModel.prepare`.

        Parameters
        ----------
        snapshot : MarketSnapshot
        parameters : ParameterSet or mapping of str to OkxParameters
            By underlying (`plimsoll.margin.underlying`); of a set, the governed fields, with the
            published brackets.
        instruments : mapping of str to Instrument

        Raises
        ------
        UsageError
            Where pricing markets go in a circle.
        """
        instruments = listing_of(instruments)
        rows = market_rows(snapshot, instruments, self.pricing)
        groups = underlying_groups(instruments, snapshot.at_ns)
        units = parameters_by_unit(OkxParameters, parameters, groups.units)
        grids = _grids(instruments, units, groups.units)
        moved, decayed = self._tables(snapshot, instruments, rows, groups, grids)
        quoted = quote_prices(instruments, snapshot, self.pricing)
        moved = with_quote_reasons(moved, quoted)
        cash = kept_sensitivities(moved, instruments, snapshot, quoted)
        pegs = named_column(instruments, "value_currency", value_currency)
        legs = ordered_legs([DOLLAR, *pegs.names])
        usd = self.pricing.price(DOLLAR, snapshot, instruments)
        return PreparedOkx(
            snapshot=snapshot,
            pricing=self.pricing,
            risk=UnderlyingCells(
                rows=replace(rows, reason=rows.with_reasons(moved.reason)),
                groups=groups,
                grids=grids.full,
                profit=extended(np.hstack([_counted(moved, groups, grids), decayed.profit])),
                value=cash.value,
            ),
            units=tuple(_of(units, unit) for unit in groups.units),
            account=self._account(parameters),
            cash=cash,
            legs=legs,
            leg_of_row=np.append(pegs.spread(map(legs.index, pegs.names)), -1).astype(np.int64),
            peg={leg: self.pricing.price(leg, snapshot, instruments) / usd for leg in legs},
            usd_price=usd,
        )

    def _tables(
        self,
        snapshot: MarketSnapshot,
        instruments: Mapping[str, Instrument],
        rows: MarketRows,
        groups: UnderlyingGroups,
        grids: _Grids,
    ) -> tuple[GridTable, GridTable]:
        """Profits of MR1 and MR6, and of MR2."""
        now = replace(self.rules, elapsed_ns=0)
        later = replace(self.rules, elapsed_ns=ELAPSED_NS)
        shared = (instruments, snapshot, rows, groups)
        return (
            unit_tables(*shared, grids.moved, MOVED, rules=now, coin_profit=self.coin_profit),
            unit_tables(
                *shared, grids.decayed, TIME_DECAY, rules=later, coin_profit=self.coin_profit
            ),
        )

    def _account(
        self, parameters: ParameterSet | Mapping[str, OkxParameters]
    ) -> OkxAccountParameters:
        if isinstance(parameters, ParameterSet) and ACCOUNT in parameters.markets:
            return from_set(OkxAccountParameters, parameters, ACCOUNT)
        return self.account


def _of(units: Mapping[str, OkxParameters], unit: str) -> OkxParameters:
    """Parameters of a unit; where it has none its markets have a reason, and nobody reads these."""
    return units.get(unit, FIRST_CLASS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Grids:
    """Scenarios of the units that have parameters, and those told of each underlying."""

    units: Mapping[str, OkxParameters]
    underlyings: tuple[str, ...]
    moved: Mapping[str, UnitGrid]
    decayed: Mapping[str, UnitGrid]
    full: tuple[RiskGrid, ...]


def _grids(
    listing: Listing, units: Mapping[str, OkxParameters], underlyings: tuple[str, ...]
) -> _Grids:
    """Return the scenarios; the listing keeps the last ones."""
    latest = listing.column("okx grids", Latest)
    before = latest.value
    if isinstance(before, _Grids) and (before.underlyings, before.units) == (underlyings, units):
        return before
    found = _Grids(
        units=dict(units),
        underlyings=underlyings,
        moved={name: moved_grid(own) for name, own in units.items()},
        decayed={name: decay_grid(own) for name, own in units.items()},
        full=tuple(full_grid(_of(units, unit)) for unit in underlyings),
    )
    latest.value = found
    return found


def _counted(table: GridTable, groups: UnderlyingGroups, grids: _Grids) -> FloatArray:
    """(N, S) profits, the extreme scenarios' at the share that counts."""
    moved, whole = grids.moved, np.ones(len(MOVED))
    of_unit = [moved[u].grid.fraction if u in moved else whole for u in groups.units]
    shares = np.array(of_unit).reshape(len(of_unit), len(MOVED))
    return table.profit * shares[groups.unit_of_row]
