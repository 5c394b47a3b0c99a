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

from collections.abc import Mapping, Sequence
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
from plimsoll.maths.collateral_values import CurrencyTerms, counted_collateral, haircuts_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_MILLION = 1e6
_UNCAPPED = 1e15
_UNKNOWN = (np.nan,) * (len(CurrencyTerms._fields) - 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CollateralValues:
    """Cross collateral of A accounts in C currencies, in the numeraire.

    Parameters
    ----------
    market : (A, C) float64
        At market prices: what a model without collateral rules counts.
    counted : (A, C) float64
        After valuation, caps, haircuts and liability weights; never above ``market``.
    haircut_of_account : (A,) float64
        What is not counted of all currencies, not negative.
    initial_extra : (A, C) float64
        What of ``counted`` does not count for new risk.
    reason : (A,) int64
        `MarginReason` codes.
    currencies : tuple of C str
    """

    market: FloatArray
    counted: FloatArray
    haircut_of_account: FloatArray
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
        Where pricing markets go in a circle.
    """
    currencies = book.currencies
    held = parameters_by_unit(CollateralParameters, rules.parameters, currencies)
    prices = {c: pricing.price(c, snapshot, instruments) for c in currencies}
    dollar = pricing.price("USD", snapshot, instruments)
    lacks = [_lack(held.get(c), price, c, rules) for c, price in prices.items()]

    def terms(currency: str) -> tuple[float, ...]:
        redeemed = _redeemed(currency, rules, pricing, snapshot, instruments)
        return _terms(currency, prices[currency], redeemed, held[currency], rules, dollar)

    rows = [_UNKNOWN if why else terms(c) for c, why in zip(currencies, lacks, strict=True)]
    price = np.array(list(prices.values()), dtype=np.float64)
    columns = np.array(rows, dtype=np.float64).reshape(len(rows), len(_UNKNOWN))
    found = counted_collateral(book.collateral, CurrencyTerms(price, *columns.T.copy()))
    extra = [
        0.0 if why else float(held[c].initial_extra) for c, why in zip(prices, lacks, strict=True)
    ]
    return CollateralValues(
        market=_market(book, price),
        counted=found.counted,
        haircut_of_account=found.haircut,
        initial_extra=_initial_extra(found.counted, np.array(extra, dtype=np.float64)),
        reason=_reasons(book, lacks),
        currencies=currencies,
    )


def _market(book: Book, price: FloatArray) -> FloatArray:
    """(A, C) value at market prices (C,); nothing is worth nothing even without a price."""
    return np.where(book.collateral == 0.0, 0.0, book.collateral * price)


def _initial_extra(counted: FloatArray, share: FloatArray) -> FloatArray:
    """(A, C) the share (C,) of what counts that does not count for new risk."""
    if not share.any():
        return np.zeros(counted.shape)
    return np.where(share > 0.0, share * np.maximum(counted, 0.0), 0.0)


def _reasons(book: Book, lacks: Sequence[MarginReason]) -> IntArray:
    """(A,) reason of the first currency that an account holds and that has no terms."""
    reason = np.zeros(len(book), dtype=np.int64)
    for column, why in enumerate(lacks):
        if why:
            reason[(book.collateral[:, column] != 0.0) & (reason == 0)] = int(why)
    return reason


def _lack(
    own: CollateralParameters | None, price: float, currency: str, rules: CollateralRules
) -> MarginReason:
    """Why a currency cannot be counted."""
    if own is None:
        return MarginReason.NO_PARAMETERS
    if not (np.isfinite(price) and price > 0.0):
        return MarginReason.NO_COLLATERAL_PRICE
    unknown = np.isnan(_venue_scale(currency, own, rules))
    return MarginReason.NO_PARAMETERS if unknown else MarginReason.NONE


def _terms(
    currency: str,
    price: float,
    redeemed: float,
    own: CollateralParameters,
    rules: CollateralRules,
    dollar: float,
) -> tuple[float, ...]:
    """`CurrencyTerms` but the price; parameters are in dollars, terms in the numeraire."""
    low, high = _worth(price, redeemed, own)
    slope = float(own.slope_per_million) / (_MILLION * dollar)
    return (
        low,
        high,
        float(own.account_cap_usd) * dollar,
        float(own.account_share),
        _venue_scale(currency, own, rules),
        own.first_haircut,
        slope,
        float(own.free_usd) * dollar,
        _room(own) * dollar,
        float(own.liability_weight),
        0.0 if currency in rules.own_tokens else np.inf,
    )


def _room(own: CollateralParameters) -> float:
    """Dollars over which the marginal haircut rises to the largest one."""
    slope = float(own.slope_per_million) / _MILLION
    rise = float(own.largest_haircut) - own.first_haircut
    return rise / slope if slope > 0.0 else np.inf


def haircut_amount(value_usd: FloatArray, own: CollateralParameters) -> FloatArray:
    """(A,) haircut of holdings worth ``value_usd`` (A,), not negative, in dollars.

    >>> from decimal import Decimal
    >>> own = CollateralParameters(haircut=Decimal("0.1"), slope_per_million=Decimal("0.01"))
    >>> haircut_amount(np.array([1e6, 3e6]), own).tolist()  # 3e6: 300,000 + 0.01 x 2^2 / 2 x 1e6
    [100000.0, 320000.0]
    """
    slope, out = float(own.slope_per_million) / _MILLION, np.empty(value_usd.size)
    haircuts_of(np.array(value_usd), own.first_haircut, slope, float(own.free_usd), _room(own), out)
    return out


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


def _worth(price: float, redeemed: float, own: CollateralParameters) -> tuple[float, float]:
    """Counted over market price: of assets at the lower, of debts at the dearer."""
    if not np.isfinite(redeemed):
        return 1.0, 1.0
    broken = price / redeemed < float(own.lowest_peg)
    low = 0.0 if broken else min(price, redeemed * (1.0 - float(own.redemption_discount)))
    return low / price, max(price, redeemed) / price
