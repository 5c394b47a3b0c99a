"""Deribit's portfolio margin, segregated (S:PM) and cross (X:PM).

    risk matrix  = worst case + roll shock + delta shock + correlation contingency
    initial      = risk matrix + spot + market-maker protection + open orders
    maintenance  = maintenance factor x risk matrix

Segregated: one currency's account, everything in that currency; what settles in another has a
reason. Cross: everything together in dollars, with coin collateral moved like a spot position.
Equation, sources and what is not published: ``docs/models/deribit-portfolio.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.choice import chosen
from plimsoll.domain.instrument import Instrument, Pair, Spot
from plimsoll.domain.listing import Listing, listing_of
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.errors import UsageError
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.deribit.portfolio_books import collateral_market
from plimsoll.margin.deribit.portfolio_mode import PortfolioMode
from plimsoll.margin.deribit.portfolio_parameters import (
    DeribitParameters,
    general_parameters,
    pair_parameters,
)
from plimsoll.margin.deribit.portfolio_prepared import AccountCharges, PreparedPortfolio
from plimsoll.margin.deribit.portfolio_scenarios import BUCKETS, EXTENDED_MOVES, matrix_scenarios
from plimsoll.margin.deribit.portfolio_shocks import DeltaRamp, RollRamp
from plimsoll.margin.deribit.portfolio_table import PairTable, pair_name, pair_table
from plimsoll.margin.quote_scope import OwnQuotes
from plimsoll.margin.units.instrument_columns import named_column
from plimsoll.margin.units.market_rows import MarketRows, market_rows
from plimsoll.scenarios.grid_rules import DEFAULT_GRID_RULES, GridRules

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeribitPortfolioMargin(OwnQuotes):
    """The model of an account under portfolio margin.

    Parameters
    ----------
    pricing : CurrencyPricing
        Segregated: the numeraire is the account's currency (BTC, ETH, USDC, ...), and its index
        in dollars must be known. Cross: USD.
    mode : PortfolioMode
    buckets : int
        Steps of the matrix on each side.
    extended_moves : tuple of float
    roll_ramp : RollRamp
    delta_ramp : DeltaRamp
    grid_rules : GridRules
    worst_case_decimals : int or None
        Digits to which the venue rounds the worst case before it adds to it; None: it is not.
    charges : mapping of str to AccountCharges
        By account, what a book does not tell.

    Raises
    ------
    UsageError
        For a mode or ramp that is none, and cross margin in another currency than USD.
    """

    pricing: CurrencyPricing = field(default_factory=CurrencyPricing)
    mode: PortfolioMode = PortfolioMode.SEGREGATED
    buckets: int = BUCKETS
    extended_moves: tuple[float, ...] = EXTENDED_MOVES
    roll_ramp: RollRamp = RollRamp.LINEAR
    delta_ramp: DeltaRamp = DeltaRamp.WHOLE
    grid_rules: GridRules = DEFAULT_GRID_RULES
    worst_case_decimals: int | None = 9
    charges: Mapping[str, AccountCharges] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, kind in (
            ("mode", PortfolioMode),
            ("roll_ramp", RollRamp),
            ("delta_ramp", DeltaRamp),
        ):
            object.__setattr__(self, name, chosen(kind, getattr(self, name), name))
        if self.mode is PortfolioMode.CROSS and self.pricing.numeraire != "USD":
            raise UsageError(
                "must be USD for cross margin",
                found=self.pricing.numeraire,
                field="pricing.numeraire",
            )

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: DeribitParameters,
        instruments: Mapping[str, Instrument],
    ) -> PreparedPortfolio:
        """Revalue every contract under its pair's scenarios; see `MarginModel.prepare`.

        Raises
        ------
        UsageError
            Where pricing markets go in a circle.
        """
        segregated = self.mode is PortfolioMode.SEGREGATED
        numeraire = self.pricing.numeraire
        listing = own = listing_of(instruments)
        if segregated:
            own = listing.part(("settle", numeraire), lambda i: i.settle == numeraire)
        rows = market_rows(snapshot, own, self.pricing)
        per_usd = self.pricing.price("USD", snapshot, instruments)
        coins = () if segregated else _coins(self.pricing, parameters)
        held = own.column(("with_coins", coins), lambda: _with_coins(own, coins))
        settle_price = np.ones(len(held))
        settle_price[: len(own)] = rows.settle_price[:-1]
        pairs = self._pairs(
            _with_coin_quotes(snapshot, coins, self.pricing, instruments),
            parameters,
            held,
            settle_price,
            per_usd,
        )
        return PreparedPortfolio(
            pairs=pairs,
            rows=_with_reasons(rows, held, pairs),
            foreign=listing.column(
                ("foreign", segregated, numeraire), lambda: frozenset(listing) - frozenset(own)
            ),
            coins=coins,
            segregated=segregated,
            general=general_parameters(parameters),
            pricing=self.pricing,
            snapshot=snapshot,
            per_usd=per_usd,
            ramp=self.delta_ramp,
            decimals=self.worst_case_decimals,
            charges=self.charges,
        )

    def _pairs(
        self,
        snapshot: MarketSnapshot,
        parameters: DeribitParameters,
        instruments: Listing,
        settle_price: FloatArray,
        per_usd: float,
    ) -> tuple[PairTable, ...]:
        """Tables of the pairs that have parameters, in order of their names."""
        tables = []
        for name, at in sorted(_rows_by_pair(instruments).items()):
            pair = pair_parameters(parameters, name)
            if pair is None:
                continue
            tables.append(
                pair_table(
                    name,
                    pair,
                    matrix_scenarios(pair, self.buckets, self.extended_moves),
                    instruments.column(("pair", name), partial(instruments.take, at.tolist())),
                    snapshot,
                    settle_price[at],
                    numeraire=self.pricing.numeraire,
                    per_usd=per_usd,
                    rules=self.grid_rules,
                    ramp=self.roll_ramp,
                )
            )
        return tuple(tables)


def _coins(pricing: CurrencyPricing, parameters: DeribitParameters) -> tuple[str, ...]:
    """Coins that have a price and a pair with the dollar."""
    return tuple(
        coin
        for coin in sorted(pricing.pricing_markets)
        if pair_parameters(parameters, pair_name(_coin(coin))) is not None
    )


def _coin(currency: str) -> Spot:
    return Spot(pair=Pair(base=currency, quote="USD"))


def _with_coin_quotes(
    snapshot: MarketSnapshot,
    coins: tuple[str, ...],
    pricing: CurrencyPricing,
    instruments: Mapping[str, Instrument],
) -> MarketSnapshot:
    prices = {c: pricing.price(c, snapshot, instruments) for c in coins}
    quotes = {collateral_market(c): Quote(mark=p, index=p) for c, p in prices.items()}
    return replace(snapshot, quotes={**snapshot.quotes, **quotes}) if coins else snapshot


def _with_coins(own: Listing, coins: tuple[str, ...]) -> Listing:
    """Add the positions that coins held as collateral are."""
    return Listing({**own, **{collateral_market(coin): _coin(coin) for coin in coins}})


def _rows_by_pair(instruments: Listing) -> dict[str, IntArray]:
    """Rows of the instruments of each pair."""
    pairs = named_column(instruments, "pair_name", pair_name)

    def rows() -> dict[str, IntArray]:
        return {name: np.flatnonzero(pairs.code == k) for k, name in enumerate(pairs.names)}

    return instruments.column("rows_by_pair", rows)


def _with_reasons(rows: MarketRows, held: Listing, pairs: tuple[PairTable, ...]) -> MarketRows:
    """Reasons of the tables; what stands in none has no parameters."""
    reason = np.full(len(held), int(MarginReason.NO_PARAMETERS), dtype=np.int64)
    at = _rows_by_pair(held)
    for pair in pairs:
        reason[at[pair.name]] = pair.table.reason
    return replace(rows, reason=rows.with_reasons(reason[: len(rows.listing)]))
