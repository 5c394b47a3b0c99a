"""Prices of settlement and collateral currencies in one numeraire; none is ever assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from plimsoll.domain.instrument import Instrument
from plimsoll.domain.market import MarketSnapshot
from plimsoll.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyPricing:
    """Where the price of each currency comes from.

    Parameters
    ----------
    numeraire : str
        Currency of equity and requirements; its price is 1 by definition.
    pricing_markets : mapping of str to str
        Market whose *index* prices a coin, e.g. ``{"BTC": "BTCUSD_PERP"}``. A dollar coin takes
        the snapshot's ``stable_price_usd``.
    """

    numeraire: str = "USD"
    pricing_markets: Mapping[str, str] = field(default_factory=dict)

    def price(
        self, currency: str, snapshot: MarketSnapshot, instruments: Mapping[str, Instrument]
    ) -> float:
        """Return the price of one unit of ``currency`` in the numeraire.

        NaN where nothing prices the currency, or its market has no finite index, or a stale one:
        whoever holds it, or a contract that settles in it, then has a reason instead of a number.

        Raises
        ------
        UsageError
            For markets that price currencies in a circle, or another currency than they are named
            for, and for a quote from after the snapshot.
        """
        if currency == self.numeraire:
            return 1.0
        in_usd = self._usd(currency, snapshot, instruments, ())
        if self.numeraire == "USD":
            return in_usd
        return in_usd / self._usd(self.numeraire, snapshot, instruments, ())

    def _usd(
        self,
        currency: str,
        snapshot: MarketSnapshot,
        instruments: Mapping[str, Instrument],
        asked: tuple[str, ...],
    ) -> float:
        if currency == "USD":
            return 1.0
        if currency in snapshot.stable_price_usd:
            return float(snapshot.stable_price_usd[currency])
        market = self.pricing_markets.get(currency)
        if market is None:
            return float("nan")
        if currency in asked:
            raise UsageError(
                "must have a price",
                found=f"a circle through {', '.join(asked)}",
                field=f"currency {currency}",
                remedy="put a dollar coin into MarketSnapshot.stable_price_usd and name the "
                "market whose index prices any other coin in pricing_markets",
            )
        pair = _pricing_instrument(currency, market, instruments).pair
        quoted = self._usd(pair.quote, snapshot, instruments, (*asked, currency))
        if market not in snapshot.quotes or snapshot.is_stale(market):
            return float("nan")
        return float(snapshot.quotes[market].index) / pair.base_units * quoted


def _pricing_instrument(
    currency: str, market: str, instruments: Mapping[str, Instrument]
) -> Instrument:
    instrument = instruments.get(market)
    if instrument is None or instrument.pair.base != currency:
        raise UsageError(
            f"must be a market of {currency} among the instruments",
            found=market,
            field="pricing_markets",
        )
    return instrument
