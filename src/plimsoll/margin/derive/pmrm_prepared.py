"""Preparation that both versions share: markets, hedging collateral, one table per risk unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument
from plimsoll.domain.listing import Listing
from plimsoll.domain.market import MarketSnapshot
from plimsoll.errors import UsageError
from plimsoll.margin.derive.cash_pricing import CashPricing
from plimsoll.margin.derive.option_inputs import expiry_confidences
from plimsoll.margin.derive.pmrm_book import PreparedMarkets
from plimsoll.margin.derive.pmrm_rule import PmrmRule
from plimsoll.margin.derive.pmrm_table import (
    HedgingAsset,
    OptionProfits,
    option_profits,
    pmrm_table,
)
from plimsoll.margin.derive.risk_units import DeriveMarkets, derive_markets, options_of
from plimsoll.margin.underlying import underlying
from plimsoll.margin.units.instrument_columns import named_column
from plimsoll.margin.units.kept_rows import kept_rows, rows_taken

IntArray = NDArray[np.int64]


def prepared_markets(
    snapshot: MarketSnapshot,
    instruments: Mapping[str, Instrument],
    rules: Mapping[str, PmrmRule],
    hedging: Mapping[str, Sequence[str]],
    pricing: CashPricing,
    spot_markets: Mapping[str, str],
    *,
    oldest_surface_ns: int,
) -> PreparedMarkets:
    """Revalue all risk units.

    Parameters
    ----------
    rules : mapping of str to PmrmRule
        By risk unit; at least one.
    hedging : mapping of str to sequence of str
        Collateral currencies that take part in the scenarios, by risk unit.

    Raises
    ------
    UsageError
    """
    if not rules:
        raise UsageError("must hold a risk unit", found="nothing", field="parameters")
    discounted = {rule.discounted for rule in rules.values()}
    assert len(discounted) == 1  # one version of the margin at a time
    markets = derive_markets(
        snapshot,
        instruments,
        tuple(rules),
        pricing,
        spot_markets,
        discounted=discounted.pop(),
        oldest_surface_ns=oldest_surface_ns,
    )
    options = options_of(markets.rows.listing)
    confidence = expiry_confidences(snapshot, options)
    tables = []
    for index, (unit, rule) in enumerate(rules.items()):
        prices = {c: pricing.price(c, snapshot, instruments) for c in hedging[unit]}
        assets = [
            HedgingAsset(currency=currency, price=price)
            for currency, price in prices.items()
            if np.isfinite(price)
        ]
        profits = _kept_profits(markets, options, snapshot, unit, rule, oldest_surface_ns)
        tables.append(pmrm_table(markets, index, rule, assets, confidence, profits))
    return PreparedMarkets(
        snapshot=snapshot,
        pricing=pricing,
        markets=markets,
        tables=tuple(tables),
        stable_price=pricing.stable_price(snapshot),
    )


def _kept_profits(
    markets: DeriveMarkets,
    options: Listing,
    snapshot: MarketSnapshot,
    unit: str,
    rule: PmrmRule,
    oldest_surface_ns: int,
) -> OptionProfits:
    """Profits of all options, NaN of those of other units; kept where nothing changed."""
    rows = options.column(("rows_of_unit", unit), lambda: _rows_of_unit(options, unit))
    own = options.column(("unit", unit), lambda: options.take(rows.tolist()))
    found = kept_rows(
        own,
        snapshot,
        ("option_profits", rule, oldest_surface_ns),
        lambda _, at: option_profits(rows_taken(markets.options, rows[at]), rule),
    )
    return found.spread(rows, len(options))


def _rows_of_unit(options: Listing, unit: str) -> IntArray:
    names = named_column(options, "underlying", underlying)
    return np.flatnonzero(names.spread(name == unit for name in names.names) > 0.0)


def peg_shortfall(stable_price: float, threshold: float, factor: float) -> float:
    """Return what is added to the factor of the loss while the cash is below ``threshold``."""
    return max(threshold - stable_price, 0.0) * factor
