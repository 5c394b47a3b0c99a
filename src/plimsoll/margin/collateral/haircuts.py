"""Collateral values in columns: valued, capped, cut; debts weighted up.

For a holding of value ``v`` (dollars) at its counted price::

    eligible  e = min(v, account cap, account share x all collateral) x min(1, venue cap / deposits)
    haircut   H(e) = integral from 0 to e of min(largest, first + slope max(0, x - free) / 1e6) dx
    counts    e - H(e)

so the average haircut never falls with size and what counts never falls either. The counted price
is the market's, and for what can be redeemed at most ``(1 - d)`` times the redemption value; a debt
is at the dearer of market and redemption. Page: ``docs/models/collateral.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.collateral.parameters import CollateralParameters, CollateralRules
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.underlying import parameters_by_unit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_MILLION = 1e6
_UNCAPPED = 1e15


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CollateralValues:
    """Cross collateral of A accounts in C currencies, in the numeraire.

    Parameters
    ----------
    market : (A, C) float64
        At market prices: what a model without collateral rules counts.
    counted : (A, C) float64
        After valuation, caps, haircuts and liability weights; never above ``market``.
    initial_extra : (A, C) float64
        What of ``counted`` does not count for new risk.
    reason : (A,) int64
        `MarginReason` codes.
    currencies : tuple of C str
    """

    market: FloatArray
    counted: FloatArray
    initial_extra: FloatArray
    reason: IntArray
    currencies: tuple[str, ...]

    @property
    def haircut(self) -> FloatArray:
        """(A, C) what is not counted, not negative."""
        out: FloatArray = self.market - self.counted
        return out

    def about(self, account: int) -> str:
        """Say what each currency of an account counts."""
        said = [
            f"{currency} {market:,.2f} counts {counted:,.2f}"
            for currency, market, counted in zip(
                self.currencies,
                self.market[account].tolist(),
                self.counted[account].tolist(),
                strict=True,
            )
            if market != 0.0
        ]
        return "; ".join(said)


def collateral_values(
    book: Book,
    rules: CollateralRules,
    pricing: CurrencyPricing,
    snapshot: MarketSnapshot,
    instruments: Mapping[str, Instrument],
) -> CollateralValues:
    """Value the cross collateral of every account.

    Raises
    ------
    UsageError
        For a currency that nothing prices.
    """
    shape = (len(book), len(book.currencies))
    market, counted, extra = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    reason = np.zeros(len(book), dtype=np.int64)
    dollar = pricing.price("USD", snapshot, instruments)
    held = parameters_by_unit(CollateralParameters, rules.parameters, book.currencies)
    prices = [pricing.price(c, snapshot, instruments) for c in book.currencies]
    for column, price in enumerate(prices):
        amount = book.collateral[:, column]
        market[:, column] = np.where(amount == 0.0, 0.0, amount * price)
    total = np.maximum(np.nan_to_num(market), 0.0).sum(axis=1)
    for column, (currency, price) in enumerate(zip(book.currencies, prices, strict=True)):
        own, why = held.get(currency), MarginReason.NONE
        if own is None:
            why = MarginReason.NO_PARAMETERS
        elif not (np.isfinite(price) and price > 0.0):
            why = MarginReason.NO_COLLATERAL_PRICE
        elif np.isnan(_venue_scale(currency, own, rules)):
            why = MarginReason.NO_PARAMETERS
        if own is None or why:
            affected = (book.collateral[:, column] != 0.0) & (reason == 0)
            reason[affected] = int(why)
            counted[:, column] = np.where(market[:, column] == 0.0, 0.0, np.nan)
            continue
        redeemed = _redeemed(currency, rules, pricing, snapshot, instruments)
        worth = _worth(market[:, column], price, redeemed, own)
        value = _counted(worth / dollar, total / dollar, own, _venue_scale(currency, own, rules))
        if currency in rules.own_tokens:
            value = np.minimum(value, 0.0)
        counted[:, column] = np.minimum(value * dollar, market[:, column])
        extra[:, column] = float(own.initial_extra) * np.maximum(counted[:, column], 0.0)
    return CollateralValues(
        market=market,
        counted=counted,
        initial_extra=extra,
        reason=reason,
        currencies=book.currencies,
    )


def haircut_amount(value_usd: FloatArray, own: CollateralParameters) -> FloatArray:
    """(A,) haircut of holdings worth ``value_usd`` (A,), not negative, in dollars.

    >>> from decimal import Decimal
    >>> own = CollateralParameters(haircut=Decimal("0.1"), slope_per_million=Decimal("0.01"))
    >>> haircut_amount(np.array([1e6, 3e6]), own).tolist()  # 3e6: 300,000 + 0.01 x 2^2 / 2 x 1e6
    [100000.0, 320000.0]
    """
    first, largest = own.first_haircut, float(own.largest_haircut)
    slope = float(own.slope_per_million) / _MILLION
    beyond = np.maximum(value_usd - float(own.free_usd), 0.0)
    rising = np.minimum(beyond, (largest - first) / slope) if slope > 0.0 else beyond
    return first * value_usd + slope * rising * (beyond - 0.5 * rising)


def next_dollar_factor(value_usd: float, own: CollateralParameters) -> float:
    """Return what the next dollar of a holding worth ``value_usd`` counts: what a deposit cures.

    >>> from decimal import Decimal
    >>> own = CollateralParameters(haircut=Decimal("0.1"), slope_per_million=Decimal("0.01"))
    >>> round(next_dollar_factor(3e6, own), 12)
    0.88
    """
    beyond = max(value_usd - float(own.free_usd), 0.0) / _MILLION
    marginal = own.first_haircut + float(own.slope_per_million) * beyond
    return 1.0 - min(marginal, float(own.largest_haircut))


def _counted(
    worth_usd: FloatArray, total_usd: FloatArray, own: CollateralParameters, venue: float
) -> FloatArray:
    share = float(own.account_share)
    asset = np.maximum(worth_usd, 0.0)
    cap = np.minimum(float(own.account_cap_usd), share * total_usd if share < 1.0 else np.inf)
    eligible = np.minimum(asset, cap) * venue
    kept = eligible - haircut_amount(eligible, own)
    return np.where(worth_usd < 0.0, worth_usd * float(own.liability_weight), kept)


def _venue_scale(currency: str, own: CollateralParameters, rules: CollateralRules) -> float:
    """Share of deposits that counts under the venue's cap; NaN where deposits are not known."""
    cap = float(own.venue_cap_usd)
    if cap >= _UNCAPPED:
        return 1.0
    deposits = float(rules.deposits_usd.get(currency, np.nan))
    return min(1.0, cap / deposits) if deposits > 0.0 else 1.0 if deposits == 0.0 else np.nan


def _redeemed(
    currency: str,
    rules: CollateralRules,
    pricing: CurrencyPricing,
    snapshot: MarketSnapshot,
    instruments: Mapping[str, Instrument],
) -> float:
    """Redemption value of one unit in the numeraire; infinite where it cannot be redeemed."""
    into = rules.redemption.get(currency)
    if into is None:
        return float("inf")
    return into.amount * pricing.price(into.currency, snapshot, instruments)


def _worth(
    market: FloatArray, price: float, redeemed: float, own: CollateralParameters
) -> FloatArray:
    """(A,) value at the counted price: assets at the lower, debts at the dearer."""
    if not np.isfinite(redeemed):
        return market
    broken = price / redeemed < float(own.lowest_peg)
    low = 0.0 if broken else min(price, redeemed * (1.0 - float(own.redemption_discount)))
    return np.where(market > 0.0, market * (low / price), market * (max(price, redeemed) / price))
